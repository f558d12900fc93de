#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "storage/object_store.h"

namespace lc2::library {

// A store that lets a test do something at the moments that matter, on the reading thread.
class HookedStore final : public ObjectStore {
 public:
  explicit HookedStore(ObjectStore& inner) : inner_(inner) {}

  // Called before an object is opened; its number counts from 1 for each key. An error is what
  // opening answers.
  std::function<Result<void>(const std::string& key, int number)> before_open;
  // Called when a reader has come to the end of the object.
  std::function<void(const std::string& key, int number)> after_read;
  std::function<Result<void>()> before_barrier;
  std::function<void()> after_barrier;

  StoreFeatures features() const override { return inner_.features(); }
  const std::string& root_name() const override { return inner_.root_name(); }
  void Submit(const Context& ctx, Operation operation, Completion done) override {
    inner_.Submit(ctx, std::move(operation), std::move(done));
  }
  Result<std::unique_ptr<ObjectReader>> OpenReader(const Context& ctx, const std::string& key,
                                                   std::optional<ByteRange> range,
                                                   const std::string& version) override {
    const int number = Opened(key);
    if (before_open) LC2_RETURN_IF_ERROR(before_open(key, number));
    LC2_ASSIGN_OR_RETURN(std::unique_ptr<ObjectReader> reader,
                         inner_.OpenReader(ctx, key, range, version));
    return std::unique_ptr<ObjectReader>(
        std::make_unique<Reader>(*this, std::move(reader), key, number));
  }
  Result<std::unique_ptr<ObjectWriter>> OpenWriter(const Context& ctx, const std::string& key,
                                                   PutMode mode) override {
    return inner_.OpenWriter(ctx, key, mode);
  }
  Result<std::unique_ptr<EntryReader>> List(const Context& ctx, const ListQuery& query) override {
    return inner_.List(ctx, query);
  }
  Result<void> Barrier(const Context& ctx) override {
    if (before_barrier) LC2_RETURN_IF_ERROR(before_barrier());
    LC2_RETURN_IF_ERROR(inner_.Barrier(ctx));
    if (after_barrier) after_barrier();
    return {};
  }
  Result<Time> Now(const Context& ctx) override { return inner_.Now(ctx); }
  Result<std::optional<std::int64_t>> FreeBytes(const Context& ctx) override {
    return inner_.FreeBytes(ctx);
  }
  int opened(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = opened_.find(key);
    return found == opened_.end() ? 0 : found->second;
  }

 private:
  class Reader final : public ObjectReader {
   public:
    Reader(HookedStore& store, std::unique_ptr<ObjectReader> inner, std::string key, int number)
        : store_(store), inner_(std::move(inner)), key_(std::move(key)), number_(number) {}
    Result<std::size_t> Read(std::span<char> buffer) override {
      LC2_ASSIGN_OR_RETURN(const std::size_t count, inner_->Read(buffer));
      if (count == 0 && store_.after_read) store_.after_read(key_, number_);
      return count;
    }
    Result<ObjectFacts> CurrentFacts() override { return inner_->CurrentFacts(); }

   private:
    HookedStore& store_;
    std::unique_ptr<ObjectReader> inner_;
    const std::string key_;
    const int number_;
  };

  int Opened(const std::string& key) {
    const std::lock_guard lock(mutex_);
    return ++opened_[key];
  }

  ObjectStore& inner_;
  mutable std::mutex mutex_;
  std::map<std::string, int> opened_;
};

}  // namespace lc2::library
