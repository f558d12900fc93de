#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "control/tests/unreliable_store.h"

namespace lc2::control::testing {

// A store of which the test says what goes wrong, once for each time that it says so. Thread-safe.
class FaultyStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  enum class Call { kGet, kList, kWatch, kNext };
  enum class Fault { kAway, kThrows, kReset };  // kReset: of kNext alone

  // The next `times` calls about this kind.
  void Plan(Call call, std::string_view kind, Fault fault, int times = 1) {
    const std::lock_guard lock(mutex_);
    planned_[{call, std::string(kind)}] = {fault, times};
  }
  // Called before each Get; may use the store behind this one.
  std::function<void(const ResourceRef&)> before_get;
  // Whether all that was planned has happened.
  bool exhausted() const {
    const std::lock_guard lock(mutex_);
    return planned_.empty();
  }

  Result<codec::Json> Get(const Context& ctx, const ResourceRef& ref) override {
    if (before_get) before_get(ref);
    LC2_RETURN_IF_ERROR(Meet(Call::kGet, ref.kind));
    return inner_.Get(ctx, ref);
  }
  Result<ResourceList> List(const Context& ctx, const ResourceQuery& query) override {
    LC2_RETURN_IF_ERROR(Meet(Call::kList, query.kind));
    return inner_.List(ctx, query);
  }
  Result<std::unique_ptr<ResourceWatch>> Watch(const Context& ctx,
                                               const ResourceQuery& query) override {
    LC2_RETURN_IF_ERROR(Meet(Call::kWatch, query.kind));
    LC2_ASSIGN_OR_RETURN(auto watch, inner_.Watch(ctx, query));
    return std::unique_ptr<ResourceWatch>(
        std::make_unique<FaultyWatch>(*this, query, std::move(watch)));
  }

 private:
  class FaultyWatch final : public ResourceWatch {
   public:
    FaultyWatch(FaultyStore& store, ResourceQuery query, std::unique_ptr<ResourceWatch> watch)
        : store_(store), query_(std::move(query)), watch_(std::move(watch)) {}
    Result<std::optional<WatchEvent>> Next(const Context& ctx,
                                           std::chrono::milliseconds wait) override {
      if (store_.Take(Call::kNext, query_.kind, true)) {
        LC2_ASSIGN_OR_RETURN(watch_, store_.inner_.Watch(ctx, query_));
        return std::optional<WatchEvent>(WatchEvent{.type = WatchEventType::kReset});
      }
      LC2_RETURN_IF_ERROR(store_.Meet(Call::kNext, query_.kind));
      // Not for long: what is planned later is to be met.
      return watch_->Next(ctx, std::min(wait, std::chrono::milliseconds(5)));
    }

   private:
    FaultyStore& store_;
    const ResourceQuery query_;
    std::unique_ptr<ResourceWatch> watch_;
  };

  struct Planned {
    Fault fault;
    int times;
  };
  std::optional<Fault> Take(Call call, const std::string& kind, bool reset) {
    const std::lock_guard lock(mutex_);
    const auto found = planned_.find({call, kind});
    if (found == planned_.end() || (found->second.fault == Fault::kReset) != reset) return {};
    const Fault fault = found->second.fault;
    if (--found->second.times == 0) planned_.erase(found);
    return fault;
  }
  Result<void> Meet(Call call, const std::string& kind) {
    const std::optional<Fault> fault = Take(call, kind, false);
    if (!fault) return {};
    if (*fault == Fault::kThrows) throw std::runtime_error("out of something");
    return Error{.kind = ErrorKind::kUnavailable, .code = "test.away", .message = "away"};
  }

  mutable std::mutex mutex_;
  std::map<std::pair<Call, std::string>, Planned> planned_;
};

}  // namespace lc2::control::testing
