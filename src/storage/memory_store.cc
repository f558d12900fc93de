#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "storage/byte_range.h"
#include "storage/memory_faults.h"
#include "storage/stores.h"

namespace lc2 {

namespace {

using storage::Damaged;

constexpr std::size_t kBatch = 1000;
constexpr std::size_t kEtagDigits = 32;  // as many as an MD5 has

struct Version {
  std::shared_ptr<const std::string> body;
  ObjectFacts facts;
};
using Versions = std::vector<Version>;  // oldest first, never empty

bool IsDamage(const Fault& fault) {
  return fault.effect == Fault::Effect::kFlipBit || fault.effect == Fault::Effect::kTruncate;
}

Error NotFound(std::string_view key) {
  return Error{.kind = ErrorKind::kNotFound,
               .code = "store.not_found",
               .message = fmt::format("no object '{}' in memory", key)};
}
Error Exists(std::string_view key) {
  return Error{.kind = ErrorKind::kAlreadyExists,
               .code = "store.exists",
               .message = fmt::format("'{}' in memory exists already", key)};
}
Error Changed(std::string_view key) {
  return Error{.kind = ErrorKind::kConflict,
               .code = "store.changed",
               .message = fmt::format("'{}' in memory is not what it was", key),
               .hint = "read it again"};
}

struct Name {
  const char* operation;
  const std::string& key;
};
Name NameOf(const HeadOperation& one) { return {"head", one.key}; }
Name NameOf(const GetOperation& one) { return {"get", one.key}; }
Name NameOf(const PutOperation& one) { return {"put", one.key}; }
Name NameOf(const CopyOperation& one) { return {"copy", one.to_key}; }
Name NameOf(const DeleteOperation& one) { return {"delete", one.key}; }

class Store final : public MemoryStore {
 public:
  Store(const Clock& clock, const MemoryStoreOptions& options) : clock_(clock), options_(options) {}

  StoreFeatures features() const override {
    return {
        .create_only = options_.create_only, .server_copy = true, .versions = options_.versions};
  }
  const std::string& root_name() const override { return root_name_; }

  void Submit(const Context& ctx, Operation operation, Completion done) override {
    done(std::visit([&](const auto& one) { return Run(ctx, one); }, operation));
  }

  Result<std::unique_ptr<ObjectReader>> OpenReader(const Context& ctx, const std::string& key,
                                                   std::optional<ByteRange> range,
                                                   const std::string& version) override;
  Result<std::unique_ptr<ObjectWriter>> OpenWriter(const Context& ctx, const std::string& key,
                                                   PutMode mode) override;
  Result<std::unique_ptr<EntryReader>> List(const Context& ctx, const ListQuery& query) override;

  Result<void> Barrier(const Context& ctx) override {
    LC2_RETURN_IF_ERROR(ctx.Check());
    const std::lock_guard lock(mutex_);
    const std::optional<Fault> fault = Begin("barrier", "");
    if (fault && fault->effect == Fault::Effect::kFailBefore) return Failure(*fault, "barrier", "");
    for (auto& [key, body] : std::exchange(unbarriered_, {})) Keep(key, std::move(body));
    if (fault && fault->effect == Fault::Effect::kFailAfter) return Failure(*fault, "barrier", "");
    return {};
  }

  Result<Time> Now(const Context& ctx) override {
    LC2_RETURN_IF_ERROR(ctx.Check());
    return clock_.Now();
  }
  Result<std::optional<std::int64_t>> FreeBytes(const Context& ctx) override {
    LC2_RETURN_IF_ERROR(ctx.Check());
    return std::optional<std::int64_t>();
  }

  void Plan(Fault fault) override {
    const std::lock_guard lock(mutex_);
    faults_.Add(std::move(fault));
  }
  void DropUnbarriered() override {
    const std::lock_guard lock(mutex_);
    unbarriered_.clear();
  }
  std::vector<std::string> history() const override {
    const std::lock_guard lock(mutex_);
    return history_;
  }

  Result<ObjectFacts> Current(const std::string& key) {
    const std::lock_guard lock(mutex_);
    LC2_ASSIGN_OR_RETURN(const Version* version, Find(key, ""));
    return version->facts;
  }

  // The next entries after `last` that answer the query.
  std::vector<Entry> ListAfter(const ListQuery& query, const std::string& last) {
    const std::lock_guard lock(mutex_);
    std::vector<Entry> batch;
    auto at = objects_.upper_bound(last);
    if (last < query.prefix) at = objects_.lower_bound(query.prefix);
    for (; at != objects_.end() && batch.size() < kBatch; ++at) {
      const bool past_prefix = at->first.compare(0, query.prefix.size(), query.prefix) != 0;
      if (past_prefix || (!query.end_before.empty() && at->first >= query.end_before)) break;
      const ObjectFacts& facts = at->second.back().facts;
      Entry& entry = batch.emplace_back();
      entry.key = at->first;
      entry.size = facts.size;
      entry.etag = facts.etag;
      entry.last_modified = facts.last_modified;
      entry.source_version_id = facts.version;
    }
    return batch;
  }

 private:
  template <class One>
  Result<OperationResult> Run(const Context& ctx, const One& one) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    const auto [operation, key] = NameOf(one);
    LC2_RETURN_IF_ERROR(CheckKey(key));
    const std::lock_guard lock(mutex_);
    const std::optional<Fault> fault = Begin(operation, key);
    if (fault && fault->effect == Fault::Effect::kFailBefore) {
      return Failure(*fault, operation, key);
    }
    Result<OperationResult> result = Do(one);
    if (!fault || !result.has_value()) return result;
    if (fault->effect == Fault::Effect::kFailAfter) return Failure(*fault, operation, key);
    result.value().body = Damaged(std::move(result.value().body), fault->effect);
    return result;
  }

  Result<OperationResult> Do(const HeadOperation& head) {
    LC2_ASSIGN_OR_RETURN(const Version* version, Find(head.key, head.version));
    return OperationResult{.facts = version->facts, .body = {}};
  }
  Result<OperationResult> Do(const GetOperation& get) {
    LC2_ASSIGN_OR_RETURN(const Version* version, Find(get.key, get.version));
    LC2_ASSIGN_OR_RETURN(const ByteRange range,
                         storage::ResolveRange(get.range, version->facts.size, get.key));
    if (range.length > get.limit) {
      return Error{.kind = ErrorKind::kInvalid,
                   .code = "io.too_large",
                   .message = fmt::format("'{}' in memory has {} bytes, above the limit of {}",
                                          get.key, range.length, get.limit)};
    }
    return OperationResult{.facts = version->facts,
                           .body = version->body->substr(static_cast<std::size_t>(range.offset),
                                                         static_cast<std::size_t>(range.length))};
  }
  Result<OperationResult> Do(const PutOperation& put) {
    return Write(put.key, put.body, put.mode, put.durability);
  }
  Result<OperationResult> Do(const CopyOperation& copy) {
    LC2_ASSIGN_OR_RETURN(const Version* version, Find(copy.from_key, copy.from_version));
    if (!copy.from_etag.empty() && copy.from_etag != version->facts.etag) {
      return Changed(copy.from_key);
    }
    return Write(copy.to_key, *version->body, copy.mode, copy.durability);
  }
  Result<OperationResult> Do(const DeleteOperation& removal) {
    if (options_.versions && removal.version.empty()) {
      return Error{.kind = ErrorKind::kInvalid,
                   .code = "store.unsupported",
                   .message = fmt::format("cannot delete '{}' in memory: it has versions, and none "
                                          "is named",
                                          removal.key),
                   .hint = "name the version to delete"};
    }
    const auto found = objects_.find(removal.key);
    if (found == objects_.end()) return OperationResult{};
    std::erase_if(found->second,
                  [&](const Version& version) { return version.facts.version == removal.version; });
    if (found->second.empty()) objects_.erase(found);
    return OperationResult{};
  }

  Result<OperationResult> Write(const std::string& key, std::string body, PutMode mode,
                                Durability durability) {
    const bool decides = mode == PutMode::kCreateOnly;
    if (decides && objects_.contains(key)) return Exists(key);
    if (!decides && durability == Durability::kAtBarrier) {
      ObjectFacts facts = FactsOf(body);
      unbarriered_.insert_or_assign(key, std::move(body));
      return OperationResult{.facts = std::move(facts), .body = {}};
    }
    return OperationResult{.facts = Keep(key, std::move(body)), .body = {}};
  }

  ObjectFacts FactsOf(const std::string& body) const {
    return {.size = static_cast<std::int64_t>(body.size()),
            .etag = Sha256Hex(body).substr(0, kEtagDigits),
            .version = {},
            .last_modified = clock_.Now(),
            .folder = {}};
  }

  ObjectFacts Keep(const std::string& key, std::string body) {
    ObjectFacts facts = FactsOf(body);
    Versions& versions = objects_[key];
    if (options_.versions) {
      facts.version = fmt::format("v{}", ++last_version_);
    } else {
      versions.clear();
    }
    versions.push_back({std::make_shared<const std::string>(std::move(body)), facts});
    return facts;
  }

  // The current version where none is named.
  Result<const Version*> Find(const std::string& key, const std::string& version) const {
    const auto found = objects_.find(key);
    if (found == objects_.end()) return NotFound(key);
    if (version.empty()) return &found->second.back();
    for (const Version& one : found->second) {
      if (one.facts.version == version) return &one;
    }
    return NotFound(key);
  }

  std::optional<Fault> Begin(const char* operation, const std::string& key) {
    history_.push_back(key.empty() ? operation : fmt::format("{} {}", operation, key));
    return faults_.Take(operation, key);
  }
  static Error Failure(const Fault& fault, const char* operation, const std::string& key) {
    return storage::FaultError(fault, operation, key);
  }

  const Clock& clock_;
  const MemoryStoreOptions options_;
  const std::string root_name_ = "memory";
  mutable std::mutex mutex_;  // guards all below
  std::map<std::string, Versions> objects_;
  std::map<std::string, std::string> unbarriered_;
  std::int64_t last_version_ = 0;
  storage::FaultPlan faults_;
  std::vector<std::string> history_;
};

class MemoryReader final : public ObjectReader {
 public:
  MemoryReader(Store& store, std::string key, ObjectFacts facts, std::string bytes)
      : store_(store),
        key_(std::move(key)),
        facts_(std::move(facts)),
        bytes_(std::move(bytes)),
        source_(bytes_) {}

  Result<std::size_t> Read(std::span<char> buffer) override { return source_.Read(buffer); }

  Result<ObjectFacts> CurrentFacts() override {
    const Result<ObjectFacts> now = store_.Current(key_);
    if (!now.has_value()) return Changed(key_);
    const bool same = now.value().etag == facts_.etag && now.value().version == facts_.version &&
                      now.value().last_modified == facts_.last_modified;
    return same ? now : Changed(key_);
  }

 private:
  Store& store_;
  const std::string key_;
  const ObjectFacts facts_;
  const std::string bytes_;
  StringSource source_;
};

class MemoryWriter final : public ObjectWriter {
 public:
  MemoryWriter(const Context& ctx, Store& store, std::string key, PutMode mode)
      : ctx_(ctx), store_(store), put_{.key = std::move(key), .body = {}, .mode = mode} {}

  Result<void> Write(std::string_view bytes) override {
    LC2_CHECK(!finished_);
    put_.body.append(bytes);
    return {};
  }
  Result<ObjectFacts> Finish() override {
    LC2_CHECK(!finished_);
    finished_ = true;
    return store_.Put(ctx_, std::move(put_));
  }

 private:
  const Context ctx_;
  Store& store_;
  PutOperation put_;
  bool finished_ = false;
};

class MemoryLister final : public EntryReader {
 public:
  MemoryLister(Store& store, ListQuery query, std::optional<Error> fails_half_way)
      : store_(store),
        query_(std::move(query)),
        failure_(std::move(fails_half_way)),
        last_(query_.start_after) {}

  Result<std::vector<Entry>> Read() override {
    std::vector<Entry> batch = store_.ListAfter(query_, last_);
    if (failure_) {
      if (failing_ || batch.size() < 2) return *failure_;
      batch.resize(batch.size() / 2);
      failing_ = true;
    }
    if (!batch.empty()) last_ = batch.back().key;
    return batch;
  }

 private:
  Store& store_;
  const ListQuery query_;
  const std::optional<Error> failure_;
  bool failing_ = false;
  std::string last_;
};

Result<std::unique_ptr<ObjectReader>> Store::OpenReader(const Context& ctx, const std::string& key,
                                                        std::optional<ByteRange> range,
                                                        const std::string& version) {
  // A whole Get, history and faults included: what it delivers is what the reader will.
  LC2_ASSIGN_OR_RETURN(
      OperationResult result,
      Run(ctx, GetOperation{.key = key, .version = version, .range = range, .limit = INT64_MAX}));
  return std::unique_ptr<ObjectReader>(
      std::make_unique<MemoryReader>(*this, key, std::move(result.facts), std::move(result.body)));
}

Result<std::unique_ptr<ObjectWriter>> Store::OpenWriter(const Context& ctx, const std::string& key,
                                                        PutMode mode) {
  LC2_RETURN_IF_ERROR(ctx.Check());
  LC2_RETURN_IF_ERROR(CheckKey(key));
  return std::unique_ptr<ObjectWriter>(std::make_unique<MemoryWriter>(ctx, *this, key, mode));
}

Result<std::unique_ptr<EntryReader>> Store::List(const Context& ctx, const ListQuery& query) {
  LC2_RETURN_IF_ERROR(ctx.Check());
  const std::lock_guard lock(mutex_);
  const std::optional<Fault> fault = Begin("list", query.prefix);
  std::optional<Error> failure;
  if (fault && !IsDamage(*fault)) failure = Failure(*fault, "list", query.prefix);
  if (failure && fault->effect == Fault::Effect::kFailBefore) return *std::move(failure);
  return std::unique_ptr<EntryReader>(
      std::make_unique<MemoryLister>(*this, query, std::move(failure)));
}

}  // namespace

std::unique_ptr<MemoryStore> MakeMemoryStore(const Clock& clock,
                                             const MemoryStoreOptions& options) {
  return std::make_unique<Store>(clock, options);
}

}  // namespace lc2
