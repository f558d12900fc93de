#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "provider/provider.h"
#include "storage/object_store.h"

namespace lc2::engine {

// Hands every call on to a store that lives longer; a test may say how much room is left.
class BorrowedStore final : public ObjectStore {
 public:
  BorrowedStore(ObjectStore& inner, std::optional<std::int64_t> free_bytes)
      : inner_(inner), free_bytes_(free_bytes) {}
  StoreFeatures features() const override { return inner_.features(); }
  const std::string& root_name() const override { return inner_.root_name(); }
  void Submit(const Context& ctx, Operation operation, Completion done) override {
    inner_.Submit(ctx, std::move(operation), std::move(done));
  }
  Result<std::unique_ptr<ObjectReader>> OpenReader(const Context& ctx, const std::string& key,
                                                   std::optional<ByteRange> range,
                                                   const std::string& version) override {
    return inner_.OpenReader(ctx, key, range, version);
  }
  Result<std::unique_ptr<ObjectWriter>> OpenWriter(const Context& ctx, const std::string& key,
                                                   PutMode mode) override {
    return inner_.OpenWriter(ctx, key, mode);
  }
  Result<std::unique_ptr<EntryReader>> List(const Context& ctx, const ListQuery& query) override {
    return inner_.List(ctx, query);
  }
  Result<void> Barrier(const Context& ctx) override { return inner_.Barrier(ctx); }
  Result<Time> Now(const Context& ctx) override { return inner_.Now(ctx); }
  Result<std::optional<std::int64_t>> FreeBytes(const Context& ctx) override {
    if (free_bytes_) return free_bytes_;
    return inner_.FreeBytes(ctx);
  }

 private:
  ObjectStore& inner_;
  const std::optional<std::int64_t> free_bytes_;
};

// Gives out stores of the test's own.
class FakeProvider final : public provider::Provider {
 public:
  FakeProvider(ObjectStore& vaults, ObjectStore& libraries) : vault(&vaults), library(&libraries) {}

  Result<std::unique_ptr<ObjectStore>> OpenVault(const api::BackupLocation&,
                                                 provider::VaultAccess) override {
    return Borrow(*vault);
  }
  Result<std::unique_ptr<ObjectStore>> OpenLibrary(const api::LiferayEnvironment&,
                                                   provider::LibraryAccess access) override {
    library_access = access;
    if (library_error) return *library_error;
    return Borrow(*library);
  }
  Result<std::optional<std::int64_t>> FreeBytesForLibrary(const api::LiferayEnvironment&) override {
    return future_free_bytes;
  }
  Result<SecretValues> DatabaseSecret(const api::LiferayEnvironment&) override { return secret; }
  Result<void> CheckApart(const api::LiferayEnvironment&, const api::BackupLocation&) override {
    if (apart_error) return *apart_error;
    return {};
  }

  ObjectStore* vault;
  ObjectStore* library;
  SecretValues secret;
  std::optional<Error> library_error;
  std::optional<Error> apart_error;
  std::optional<std::int64_t> free_bytes;
  std::optional<std::int64_t> future_free_bytes;          // where a library would be made
  std::optional<provider::LibraryAccess> library_access;  // last asked for

 private:
  Result<std::unique_ptr<ObjectStore>> Borrow(ObjectStore& store) const {
    return std::unique_ptr<ObjectStore>(std::make_unique<BorrowedStore>(store, free_bytes));
  }
};

}  // namespace lc2::engine
