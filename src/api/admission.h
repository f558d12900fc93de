#pragma once

#include "api/fault.h"
#include "base/result.h"
#include "codec/described.h"
#include "codec/json.h"

// What the API behind a ResourceStore does with an object that is handed to it: the work of a
// kube-apiserver with our CRDs, for the embedded one.
namespace lc2::api {

struct Admitted {
  codec::Json object;  // with defaults, without status; meaningful only without faults
  Faults faults;
};

// A new object: its kind is known, metadata well formed, a namespace left out is filled in
// (`proj-<projectId>-<environment>`), the spec fits schema and rules. `status` and the members of
// metadata that the API sets itself are dropped.
Admitted AdmitNew(codec::Json object);

// `object` in place of `before` (same kind, namespace and name). Also holds what may not change.
// uid, generation, times, finalizers and status stay those of `before`.
Admitted AdmitChange(const codec::Json& before, codec::Json object);

// `before` with the status of `object`, which must fit the schema.
Admitted AdmitStatus(const codec::Json& before, const codec::Json& object);

// `before` with the finalizers of `object`. While it is being deleted they can only become fewer.
Admitted AdmitFinalizers(const codec::Json& before, const codec::Json& object);

// An object as JSON the way a store takes it: without members of metadata and status that say
// nothing (empty texts, a generation of 0).
template <class T>
codec::Json EncodeResource(const T& resource);
// Error: kInvalid "json.shape", or "resource.wrong_kind".
template <class T>
Result<T> DecodeResource(const codec::Json& object);

namespace internal {
codec::Json Tidy(codec::Json object);
Result<void> RequireKindOf(const codec::Json& object, std::string_view kind);
}  // namespace internal

template <class T>
codec::Json EncodeResource(const T& resource) {
  return internal::Tidy(codec::Encode(resource));
}

template <class T>
Result<T> DecodeResource(const codec::Json& object) {
  LC2_RETURN_IF_ERROR(internal::RequireKindOf(object, T::kKind));
  return codec::Decode<T>(object);
}

}  // namespace lc2::api
