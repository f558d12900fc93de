#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "provider/provider.h"
#include "storage/stores.h"

namespace lc2::control::testing {

// What one process does to a vault, and where it dies or pauses.
struct Gate {
  int writes = 0;                         // so far
  int stop_at = 0;                        // the write at which the process dies; 0: none
  bool takes_effect = false;              // whether that write reaches the store
  bool stopped = false;                   // nothing works any more
  std::function<void(int)> before_write;  // called with the write's number

  static Error Stopped() {
    return {.kind = ErrorKind::kInternal, .code = "test.stopped", .message = "the process is dead"};
  }
};

// Somebody's handle on a store that lives elsewhere.
class GatedStore final : public ObjectStore {
 public:
  GatedStore(ObjectStore& inner, Gate* gate) : inner_(inner), gate_(gate) {}

  StoreFeatures features() const override { return inner_.features(); }
  const std::string& root_name() const override { return inner_.root_name(); }
  void Submit(const Context& ctx, Operation operation, Completion done) override {
    if (gate_ == nullptr) return inner_.Submit(ctx, std::move(operation), std::move(done));
    if (gate_->stopped) return done(Gate::Stopped());
    const bool write = std::holds_alternative<PutOperation>(operation) ||
                       std::holds_alternative<DeleteOperation>(operation);
    if (write) {
      const int number = ++gate_->writes;
      if (gate_->before_write) gate_->before_write(number);
      if (number == gate_->stop_at) {
        gate_->stopped = true;
        if (gate_->takes_effect) {
          inner_.Submit(ctx, std::move(operation), [](const Result<OperationResult>&) {});
        }
        return done(Gate::Stopped());
      }
    }
    inner_.Submit(ctx, std::move(operation), std::move(done));
  }
  Result<std::unique_ptr<ObjectReader>> OpenReader(const Context& ctx, const std::string& key,
                                                   std::optional<ByteRange> range,
                                                   const std::string& version) override {
    if (Dead()) return Gate::Stopped();
    return inner_.OpenReader(ctx, key, range, version);
  }
  Result<std::unique_ptr<ObjectWriter>> OpenWriter(const Context& ctx, const std::string& key,
                                                   PutMode mode) override {
    if (Dead()) return Gate::Stopped();
    return inner_.OpenWriter(ctx, key, mode);
  }
  Result<std::unique_ptr<EntryReader>> List(const Context& ctx, const ListQuery& query) override {
    if (Dead()) return Gate::Stopped();
    return inner_.List(ctx, query);
  }
  Result<void> Barrier(const Context& ctx) override {
    if (Dead()) return Gate::Stopped();
    return inner_.Barrier(ctx);
  }
  Result<Time> Now(const Context& ctx) override { return inner_.Now(ctx); }
  Result<std::optional<std::int64_t>> FreeBytes(const Context& ctx) override {
    return inner_.FreeBytes(ctx);
  }

 private:
  bool Dead() const { return gate_ != nullptr && gate_->stopped; }
  ObjectStore& inner_;
  Gate* const gate_;
};

// One vault and one library in memory.
class MemoryProvider final : public provider::Provider {
 public:
  MemoryProvider(ObjectStore& vault, ObjectStore& library, Gate* gate = nullptr)
      : vault_(vault), library_(library), gate_(gate) {}

  std::optional<Error> vault_error;  // what opening answers
  std::optional<Error> library_error;
  std::optional<Error> overlap;  // what CheckApart answers

  Result<std::unique_ptr<ObjectStore>> OpenVault(const api::BackupLocation&,
                                                 provider::VaultAccess) override {
    if (vault_error) return *vault_error;
    return std::unique_ptr<ObjectStore>(std::make_unique<GatedStore>(vault_, gate_));
  }
  Result<std::unique_ptr<ObjectStore>> OpenLibrary(const api::LiferayEnvironment&,
                                                   provider::LibraryAccess) override {
    if (library_error) return *library_error;
    return std::unique_ptr<ObjectStore>(std::make_unique<GatedStore>(library_, nullptr));
  }
  Result<SecretValues> DatabaseSecret(const api::LiferayEnvironment&) override {
    return Error{.kind = ErrorKind::kNotFound, .code = "secret.not_found", .message = "no secret"};
  }
  Result<void> CheckApart(const api::LiferayEnvironment&, const api::BackupLocation&) override {
    if (overlap) return *overlap;
    return {};
  }

 private:
  ObjectStore& vault_;
  ObjectStore& library_;
  Gate* const gate_;
};

}  // namespace lc2::control::testing
