#include "resources/unreliable_store.h"

#include <fmt/core.h>

#include <algorithm>
#include <mutex>

#include "api/kinds.h"
#include "base/random.h"
#include "resources/object_internal.h"

namespace lc2 {

namespace {

using codec::Json;

constexpr int kMaxStaleInARow = 2;

// The state before the last write through us; nothing: it was not there.
struct Memory {
  std::optional<Json> before;
  int stale_reads = 0;  // in a row
};

class UnreliableWatch final : public ResourceWatch {
 public:
  UnreliableWatch(ResourceStore& store, ResourceQuery query, std::unique_ptr<ResourceWatch> inner,
                  std::uint64_t seed, int resets)
      : store_(store),
        query_(std::move(query)),
        inner_(std::move(inner)),
        random_(seed),
        resets_(resets) {}

  Result<std::optional<WatchEvent>> Next(const Context& ctx,
                                         std::chrono::milliseconds wait) override {
    // Only once it is synced: a set that never becomes complete is no watch.
    if (synced_ && random_.Between(0, 99) < resets_) {
      LC2_ASSIGN_OR_RETURN(inner_, store_.Watch(ctx, query_));
      synced_ = false;
      return std::optional<WatchEvent>(WatchEvent{.type = WatchEventType::kReset});
    }
    Result<std::optional<WatchEvent>> event = inner_->Next(ctx, wait);
    if (event.has_value() && event->has_value()) {
      synced_ = synced_ || (*event)->type == WatchEventType::kSynced;
    }
    return event;
  }

 private:
  ResourceStore& store_;
  const ResourceQuery query_;
  std::unique_ptr<ResourceWatch> inner_;
  SeededRandom random_;
  const int resets_;
  bool synced_ = false;
};

class UnreliableStore final : public ResourceStore {
 public:
  UnreliableStore(ResourceStore& store, std::uint64_t seed, const Unreliability& unreliability)
      : store_(store), random_(seed), unreliability_(unreliability) {}

  Result<Json> Get(const Context& ctx, const ResourceRef& given) override {
    LC2_ASSIGN_OR_RETURN(const ResourceRef ref, Normal(given));
    const std::lock_guard lock(mutex_);
    if (ReadsStale(ref)) {
      const std::optional<Json>& before = memories_.at(ref).before;
      if (before) return *before;
      return Error{.kind = ErrorKind::kNotFound,
                   .code = "resource.not_found",
                   .message = fmt::format("there is no {}", ref.str())};
    }
    memories_.erase(ref);
    return store_.Get(ctx, ref);
  }

  Result<ResourceList> List(const Context& ctx, const ResourceQuery& query) override {
    LC2_ASSIGN_OR_RETURN(ResourceList list, store_.List(ctx, query));
    LC2_ASSIGN_OR_RETURN(const ResourceRef any, Normal(ResourceRef{query.kind, {}, {}}));
    const std::lock_guard lock(mutex_);
    std::vector<ResourceRef> of_query;
    for (const auto& [ref, memory] : memories_) {
      if (ref.kind == any.kind &&
          (query.namespace_.empty() || query.namespace_ == ref.namespace_)) {
        of_query.push_back(ref);
      }
    }
    for (const ResourceRef& ref : of_query) {
      if (!ReadsStale(ref)) {
        memories_.erase(ref);
        continue;
      }
      std::erase_if(list.items, [&](const Json& item) { return RefOf(item) == ref; });
      const std::optional<Json>& before = memories_.at(ref).before;
      if (before && HasLabels(*before, query.labels)) list.items.push_back(*before);
    }
    std::sort(list.items.begin(), list.items.end(),
              [](const Json& a, const Json& b) { return RefOf(a) < RefOf(b); });
    return list;
  }

  Result<std::unique_ptr<ResourceWatch>> Watch(const Context& ctx,
                                               const ResourceQuery& query) override {
    LC2_ASSIGN_OR_RETURN(std::unique_ptr<ResourceWatch> inner, store_.Watch(ctx, query));
    const std::lock_guard lock(mutex_);
    return std::unique_ptr<ResourceWatch>(std::make_unique<UnreliableWatch>(
        store_, query, std::move(inner), random_.Next(), unreliability_.resets));
  }

  Result<Json> Create(const Context& ctx, const Json& object) override {
    const std::lock_guard lock(mutex_);
    Result<Json> created = store_.Create(ctx, object);
    if (created.has_value()) memories_[RefOf(*created)] = Memory{};
    return created;
  }

  Result<Json> Update(const Context& ctx, const Json& object) override {
    return Write(ctx, RefOf(object), [&] { return store_.Update(ctx, object); });
  }
  Result<Json> UpdateStatus(const Context& ctx, const Json& object) override {
    return Write(ctx, RefOf(object), [&] { return store_.UpdateStatus(ctx, object); });
  }
  Result<Json> UpdateFinalizers(const Context& ctx, const Json& object) override {
    return Write(ctx, RefOf(object), [&] { return store_.UpdateFinalizers(ctx, object); });
  }

  Result<void> Delete(const Context& ctx, const ResourceRef& given,
                      const DeletePreconditions& only_if) override {
    LC2_ASSIGN_OR_RETURN(const ResourceRef ref, Normal(given));
    const std::lock_guard lock(mutex_);
    const bool conditional = !only_if.uid.empty() || !only_if.resource_version.empty();
    if (conditional && Happens(unreliability_.conflicts)) return Conflict(ref);
    Result<Json> before = store_.Get(ctx, ref);
    Result<void> deleted = store_.Delete(ctx, ref, only_if);
    if (deleted.has_value() && before.has_value()) Remember(ref, std::move(before).value());
    return deleted;
  }

 private:
  // All below: with the lock held.

  bool Happens(int percent) { return random_.Between(0, 99) < percent; }

  bool ReadsStale(const ResourceRef& ref) {
    const auto memory = memories_.find(ref);
    if (memory == memories_.end() || memory->second.stale_reads == kMaxStaleInARow ||
        !Happens(unreliability_.stale_reads)) {
      return false;
    }
    ++memory->second.stale_reads;
    return true;
  }

  void Remember(const ResourceRef& ref, Json before) {
    memories_[ref] = Memory{.before = std::move(before)};
  }

  template <class Call>
  Result<Json> Write(const Context& ctx, const ResourceRef& ref, const Call& call) {
    const std::lock_guard lock(mutex_);
    if (Happens(unreliability_.conflicts)) return Conflict(ref);
    Result<Json> before = store_.Get(ctx, ref);
    Result<Json> written = call();
    if (written.has_value() && before.has_value()) Remember(ref, std::move(before).value());
    return written;
  }

  static Error Conflict(const ResourceRef& ref) {
    return Error{.kind = ErrorKind::kConflict,
                 .code = "resource.conflict",
                 .message = fmt::format("{} cannot be written: made to conflict", ref.str())};
  }

  static Result<ResourceRef> Normal(const ResourceRef& ref) {
    LC2_ASSIGN_OR_RETURN(const api::Kind* kind, api::RequireKind(ref.kind));
    return ResourceRef{kind->name, ref.namespace_, ref.name};
  }

  ResourceStore& store_;
  std::mutex mutex_;
  SeededRandom random_;
  const Unreliability unreliability_;
  std::map<ResourceRef, Memory> memories_;
};

}  // namespace

std::unique_ptr<ResourceStore> MakeUnreliable(ResourceStore& store, std::uint64_t seed,
                                              const Unreliability& unreliability) {
  return std::make_unique<UnreliableStore>(store, seed, unreliability);
}

}  // namespace lc2
