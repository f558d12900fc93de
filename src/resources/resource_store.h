#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/admission.h"
#include "base/context.h"
#include "base/result.h"
#include "codec/json.h"

namespace lc2 {

// Which object. `namespace_` is empty for kinds of the cluster.
struct ResourceRef {
  std::string kind;
  std::string namespace_;
  std::string name;

  // "BackupRequest proj-retail-prd/nightly"
  std::string str() const;
  auto operator<=>(const ResourceRef&) const = default;
};

// Which objects. All parts must agree.
struct ResourceQuery {
  std::string kind;
  std::string namespace_;                     // empty: all
  std::map<std::string, std::string> labels;  // each with exactly this value
};

struct ResourceList {
  std::vector<codec::Json> items;  // by namespace, then name
  std::string resource_version;
};

enum class WatchEventType {
  kPut,     // new, or changed: `object` is its present state
  kDelete,  // gone, or no longer wanted by the query: `object` is its last known state
  kSynced,  // the initial set is complete; no object
  kReset,   // history was lost: forget everything, the initial set follows again; no object
};

struct WatchEvent {
  WatchEventType type = WatchEventType::kPut;
  codec::Json object;
};

// One follower of a query. Levels, not edges: changes in between may be merged into the last one,
// and an event may come twice. Not thread-safe.
class ResourceWatch {
 public:
  virtual ~ResourceWatch() = default;
  // The next event; nothing when none came within `wait`. First the initial set as kPut, then
  // kSynced, then changes. Errors: those of ctx.Check(), kUnavailable.
  virtual Result<std::optional<WatchEvent>> Next(const Context& ctx,
                                                 std::chrono::milliseconds wait) = 0;
};

struct DeletePreconditions {
  std::string uid;               // empty: any
  std::string resource_version;  // empty: any
};

// Where objects of our kinds live: SQLite on one machine, the Kubernetes API in a cluster. Objects
// travel as JSON in their API form; GetAs<T>() and its like give structs. Defaults, validation and
// what may change belong to the API behind it. A caller may rely on no more than this: reads may be
// stale, a stale write is refused, nothing spans two objects. Thread-safe.
//
// Errors besides those named: kUnavailable (store out of reach), kDenied, those of ctx.Check().
class ResourceStore {
 public:
  virtual ~ResourceStore() = default;

  // kNotFound "resource.not_found".
  virtual Result<codec::Json> Get(const Context& ctx, const ResourceRef& ref) = 0;
  virtual Result<ResourceList> List(const Context& ctx, const ResourceQuery& query) = 0;
  // The store must outlive the watch.
  virtual Result<std::unique_ptr<ResourceWatch>> Watch(const Context& ctx,
                                                       const ResourceQuery& query) = 0;

  // Stores a new object without status and returns it as stored: defaults, uid, resourceVersion,
  // generation 1. kAlreadyExists "resource.already_exists", kInvalid "resource.invalid" (every
  // fault at once).
  virtual Result<codec::Json> Create(const Context& ctx, const codec::Json& object) = 0;

  // Replaces spec, labels, annotations and owners; finalizers and status stay. The generation
  // counts a changed spec. An object that is the same already is not written. Its resourceVersion
  // is required. kNotFound, kConflict "resource.conflict" (stale, or another uid), kInvalid.
  virtual Result<codec::Json> Update(const Context& ctx, const codec::Json& object) = 0;

  // Replaces the status alone; as Update().
  virtual Result<codec::Json> UpdateStatus(const Context& ctx, const codec::Json& object) = 0;

  // Replaces the finalizers alone, those of `object`; as Update(). The last one gone from an object
  // that is being deleted removes it; the object returned is then its last state. While it is
  // being deleted, finalizers can only be taken away (kInvalid).
  virtual Result<codec::Json> UpdateFinalizers(const Context& ctx, const codec::Json& object) = 0;

  // Removes the object; one with finalizers gets its deletionTimestamp instead and goes with the
  // last of them. Doing so again is no error. kNotFound, kConflict (a precondition fails).
  virtual Result<void> Delete(const Context& ctx, const ResourceRef& ref,
                              const DeletePreconditions& only_if) = 0;
};

ResourceRef RefOf(const codec::Json& object);
template <class T>
ResourceRef RefTo(std::string namespace_name, std::string name) {
  return ResourceRef{std::string(T::kKind), std::move(namespace_name), std::move(name)};
}

template <class T>
Result<T> GetAs(const Context& ctx, ResourceStore& store, std::string namespace_name,
                std::string name) {
  auto object = store.Get(ctx, RefTo<T>(std::move(namespace_name), std::move(name)));
  if (!object.has_value()) return std::move(object).error();
  return api::DecodeResource<T>(*object);
}

// All objects of a kind, of one namespace or (empty) of all.
template <class T>
Result<std::vector<T>> ListAs(const Context& ctx, ResourceStore& store,
                              std::string namespace_name = {},
                              std::map<std::string, std::string> labels = {}) {
  auto list = store.List(
      ctx, ResourceQuery{std::string(T::kKind), std::move(namespace_name), std::move(labels)});
  if (!list.has_value()) return std::move(list).error();
  std::vector<T> typed;
  typed.reserve(list->items.size());
  for (const codec::Json& item : list->items) {
    auto resource = api::DecodeResource<T>(item);
    if (!resource.has_value()) return std::move(resource).error();
    typed.push_back(std::move(resource).value());
  }
  return typed;
}

namespace internal {
template <class T>
Result<T> Typed(Result<codec::Json> object) {
  if (!object.has_value()) return std::move(object).error();
  return api::DecodeResource<T>(*object);
}
}  // namespace internal

template <class T>
Result<T> CreateAs(const Context& ctx, ResourceStore& store, const T& resource) {
  return internal::Typed<T>(store.Create(ctx, api::EncodeResource(resource)));
}
template <class T>
Result<T> UpdateAs(const Context& ctx, ResourceStore& store, const T& resource) {
  return internal::Typed<T>(store.Update(ctx, api::EncodeResource(resource)));
}
template <class T>
Result<T> UpdateStatusAs(const Context& ctx, ResourceStore& store, const T& resource) {
  return internal::Typed<T>(store.UpdateStatus(ctx, api::EncodeResource(resource)));
}
template <class T>
Result<T> UpdateFinalizersAs(const Context& ctx, ResourceStore& store, const T& resource) {
  return internal::Typed<T>(store.UpdateFinalizers(ctx, api::EncodeResource(resource)));
}

enum class ApplyOutcome { kCreated, kConfigured, kUnchanged };
struct Applied {
  ApplyOutcome outcome = ApplyOutcome::kUnchanged;
  codec::Json object;
};

// What Apply() would refuse in a document now: so that of several none is stored if one is not
// sound. Nothing for a document that creates an object: whoever read it has checked it.
Result<api::Faults> CheckApply(const Context& ctx, ResourceStore& store,
                               const codec::Json& document);

// What `lc2 apply` does with one document: creates the object, or makes spec, labels and
// annotations of the one that exists say what the document says (labels and annotations that it
// does not name stay). Repeats itself on conflicts, but for a document with a resourceVersion.
Result<Applied> Apply(const Context& ctx, ResourceStore& store, const codec::Json& document);

}  // namespace lc2
