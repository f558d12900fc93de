#pragma once

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "resources/resource_store.h"

namespace lc2::control::testing {

// Hands everything on: for stores that change one thing.
class ForwardingStore : public ResourceStore {
 public:
  explicit ForwardingStore(ResourceStore& inner) : inner_(inner) {}

  Result<codec::Json> Get(const Context& ctx, const ResourceRef& ref) override {
    return inner_.Get(ctx, ref);
  }
  Result<ResourceList> List(const Context& ctx, const ResourceQuery& query) override {
    return inner_.List(ctx, query);
  }
  Result<std::unique_ptr<ResourceWatch>> Watch(const Context& ctx,
                                               const ResourceQuery& query) override {
    return inner_.Watch(ctx, query);
  }
  Result<codec::Json> Create(const Context& ctx, const codec::Json& object) override {
    return inner_.Create(ctx, object);
  }
  Result<codec::Json> Update(const Context& ctx, const codec::Json& object) override {
    return inner_.Update(ctx, object);
  }
  Result<codec::Json> UpdateStatus(const Context& ctx, const codec::Json& object) override {
    return inner_.UpdateStatus(ctx, object);
  }
  Result<codec::Json> UpdateFinalizers(const Context& ctx, const codec::Json& object) override {
    return inner_.UpdateFinalizers(ctx, object);
  }
  Result<void> Delete(const Context& ctx, const ResourceRef& ref,
                      const DeletePreconditions& only_if) override {
    return inner_.Delete(ctx, ref, only_if);
  }

 protected:
  ResourceStore& inner_;
};

// A store as a caller may meet one: reads are as old as some read before, writes are refused as if
// somebody had been faster, are lost, or happen although the answer is lost. By seed.
class UnreliableStore final : public ForwardingStore {
 public:
  UnreliableStore(ResourceStore& inner, std::uint64_t seed)
      : ForwardingStore(inner), random_(seed) {}

  bool calm = false;  // nothing goes wrong any more
  int faults = 0;     // that were injected so far

  Result<codec::Json> Get(const Context& ctx, const ResourceRef& ref) override {
    auto now = inner_.Get(ctx, ref);
    if (!now.has_value()) return now;
    return Stale(gets_[ref.str()], std::move(now).value());
  }
  Result<ResourceList> List(const Context& ctx, const ResourceQuery& query) override {
    if (Happens()) return Away();
    auto now = inner_.List(ctx, query);
    if (!now.has_value()) return now;
    std::string key = query.kind + "/" + query.namespace_;
    for (const auto& [label, value] : query.labels) key += "/" + label + "=" + value;
    return Stale(lists_[key], std::move(now).value());
  }
  Result<codec::Json> Create(const Context& ctx, const codec::Json& object) override {
    return Write([&] { return inner_.Create(ctx, object); });
  }
  Result<codec::Json> Update(const Context& ctx, const codec::Json& object) override {
    return Write([&] { return inner_.Update(ctx, object); });
  }
  Result<codec::Json> UpdateStatus(const Context& ctx, const codec::Json& object) override {
    return Write([&] { return inner_.UpdateStatus(ctx, object); });
  }
  Result<void> Delete(const Context& ctx, const ResourceRef& ref,
                      const DeletePreconditions& only_if) override {
    return Write([&] { return inner_.Delete(ctx, ref, only_if); });
  }

 private:
  // One time in five.
  bool Happens() {
    if (calm || std::uniform_int_distribution(0, 4)(random_) != 0) return false;
    ++faults;
    return true;
  }
  template <class T>
  T Stale(std::optional<T>& before, T now) {
    if (before && Happens()) return *before;
    before = now;
    return now;
  }
  template <class Call>
  auto Write(const Call& call) -> decltype(call()) {
    if (!Happens()) return call();
    switch (std::uniform_int_distribution(0, 2)(random_)) {
      case 0:
        return Error{.kind = ErrorKind::kConflict,
                     .code = "resource.conflict",
                     .message = "somebody else wrote"};
      case 1:
        static_cast<void>(call());
        return Away();
      default:
        return Away();
    }
  }
  static Error Away() {
    return {.kind = ErrorKind::kUnavailable, .code = "test.away", .message = "the store is away"};
  }

  std::mt19937_64 random_;
  std::map<std::string, std::optional<codec::Json>> gets_;
  std::map<std::string, std::optional<ResourceList>> lists_;
};

}  // namespace lc2::control::testing
