#include "storage/s3/s3_store.h"

#include <fmt/core.h>

#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/check.h"
#include "storage/s3/s3_place_internal.h"

namespace lc2::storage {

namespace {

namespace aws = cloud::aws;
using net::HttpResponse;

// Who waits for room looks this often at its context, which has nothing to wait on.
constexpr auto kLook = std::chrono::milliseconds(50);

constexpr int kTriesOfDamaged = 3;

// Set while a completion runs: the thread that would wait for room is one that has to make it.
thread_local bool completing = false;

// At most so many operations at once.
class Window {
 public:
  explicit Window(int room) : room_(room) {}

  Result<void> Enter(const Context& ctx) {
    std::unique_lock lock(mutex_);
    while (inside_ >= room_ && !completing) {
      LC2_RETURN_IF_ERROR(ctx.Check());
      changed_.wait_for(lock, kLook);
    }
    ++inside_;
    return {};
  }
  void Leave() {
    const std::lock_guard lock(mutex_);
    --inside_;
    changed_.notify_one();
  }

 private:
  const int room_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int inside_ = 0;  // guarded by mutex_
};

Error TooLarge(const std::string& key, std::int64_t limit) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "io.too_large",
               .message = fmt::format("'{}' has more than {} bytes", key, limit)};
}

Error AlreadyThere(const std::string& key, const std::string& place) {
  return Error{.kind = ErrorKind::kAlreadyExists,
               .code = "s3.exists",
               .message = fmt::format("'{}' in {} is there already", key, place)};
}

class S3Store final : public ObjectStore {
 public:
  S3Store(const S3StoreLinks& links, const S3StoreOptions& options)
      : window_(options.window), place_(links, options) {
    LC2_CHECK(options.prefix.empty() || options.prefix.ends_with('/'));
  }

  StoreFeatures features() const override {
    const S3Capabilities& can = place_.options().can;
    return {.create_only = can.conditional_put,
            .versions = can.versions,
            .object_lock = can.object_lock};
  }
  const std::string& root_name() const override { return place_.name(); }

  void Submit(const Context& ctx, Operation operation, Completion done) override {
    if (const Result<void> may = std::visit([&](auto& one) { return Check(one); }, operation);
        !may.has_value()) {
      return done(may.error());
    }
    if (const Result<void> entered = window_.Enter(ctx); !entered.has_value()) {
      return done(entered.error());
    }
    const auto leave = [this, done = std::move(done)](Result<OperationResult> result) {
      window_.Leave();
      const bool outer = std::exchange(completing, true);
      done(std::move(result));
      completing = outer;
    };
    std::visit([&](auto& one) { Begin(ctx, std::move(one), leave); }, operation);
  }

  Result<std::unique_ptr<ObjectReader>> OpenReader(const Context& ctx, const std::string& key,
                                                   std::optional<ByteRange> range,
                                                   const std::string& version) override {
    LC2_RETURN_IF_ERROR(CheckKey(key));
    return OpenS3Reader(ctx, place_, key, range, version);
  }
  Result<std::unique_ptr<ObjectWriter>> OpenWriter(const Context& ctx, const std::string& key,
                                                   PutMode mode) override {
    LC2_RETURN_IF_ERROR(CheckKey(key));
    LC2_RETURN_IF_ERROR(place_.CheckWritable());
    LC2_RETURN_IF_ERROR(ctx.Check());
    return MakeS3Writer(ctx, place_, key, mode);
  }
  Result<std::unique_ptr<EntryReader>> List(const Context& ctx, const ListQuery& query) override {
    return OpenS3Lister(ctx, place_, query);
  }

  Result<void> Barrier(const Context& ctx) override { return ctx.Check(); }

  // What the service says of itself with any answer.
  Result<Time> Now(const Context& ctx) override {
    LC2_ASSIGN_OR_RETURN(const HttpResponse response,
                         place_.client().Call(ctx, {.method = "HEAD", .what = "ask for the time"}));
    (void)response;
    return ctx.clock().Now() + place_.client().clock_offset();
  }
  Result<std::optional<std::int64_t>> FreeBytes(const Context& ctx) override {
    LC2_RETURN_IF_ERROR(ctx.Check());
    return std::optional<std::int64_t>();
  }

 private:
  Result<void> Check(const HeadOperation& head) const { return CheckKey(head.key); }
  Result<void> Check(const GetOperation& get) const {
    LC2_RETURN_IF_ERROR(CheckKey(get.key));
    if (!get.range || (get.range->offset >= 0 && get.range->length > 0)) return {};
    return ResolvedBadly(get);
  }
  Result<void> Check(const PutOperation& put) const {
    LC2_RETURN_IF_ERROR(CheckKey(put.key));
    return place_.CheckWritable();
  }
  Result<void> Check(const CopyOperation&) const {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "store.unsupported",
                 .message = fmt::format("{} does not copy within itself", place_.name())};
  }
  Result<void> Check(const DeleteOperation& removal) const {
    LC2_RETURN_IF_ERROR(CheckKey(removal.key));
    LC2_RETURN_IF_ERROR(place_.CheckWritable());
    if (!place_.options().can.versions || !removal.version.empty()) return {};
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "store.unsupported",
                 .message = fmt::format("cannot delete '{}' in {}: it has versions, and none is "
                                        "named",
                                        removal.key, place_.name()),
                 .hint = "name the version to delete"};
  }
  static Error ResolvedBadly(const GetOperation& get) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "store.bad_range",
                 .message = fmt::format("no part of '{}' is where it is asked for", get.key)};
  }

  void Begin(const Context& ctx, HeadOperation head, Completion done) {
    place_.client().Submit(ctx, aws::HeadObjectCall(place_.Full(head.key), head.version),
                           [done = std::move(done)](Result<HttpResponse> response) {
                             if (!response.has_value()) return done(std::move(response).error());
                             const auto read = aws::ReadObjectHead(*response);
                             if (!read.has_value()) return done(read.error());
                             done(OperationResult{.facts = FactsOf(*read), .body = {}});
                           });
  }

  static void Begin(const Context&, const CopyOperation&, const Completion&) {
    LC2_CHECK(false);  // Check() has refused it
  }

  void Begin(const Context& ctx, GetOperation get, Completion done) {
    Get(ctx, std::move(get), kTriesOfDamaged, std::move(done));
  }

  void Get(const Context& ctx, GetOperation get, int tries, Completion done) {
    aws::GetObject call{.key = place_.Full(get.key), .version = get.version, .limit = get.limit};
    if (get.range) call.range = {get.range->offset, get.range->length};
    place_.client().Submit(
        ctx, aws::GetObjectCall(call),
        [this, ctx, tries, get = std::move(get),
         done = std::move(done)](Result<HttpResponse> response) mutable {
          if (!response.has_value()) return done(GetFailed(get, std::move(response).error()));
          const auto read = aws::ReadObjectHead(*response);
          if (!read.has_value()) return done(read.error());
          if (static_cast<std::int64_t>(response->body.size()) > get.limit) {
            return done(TooLarge(get.key, get.limit));
          }
          if (!get.range && !aws::IsIntact(*read, response->body)) {
            if (tries > 1) return Get(ctx, std::move(get), tries - 1, std::move(done));
            return done(Damaged(get.key));
          }
          done(OperationResult{.facts = FactsOf(*read), .body = std::move(response->body)});
        });
  }
  Error Damaged(const std::string& key) const {
    return Error{.kind = ErrorKind::kCorrupt,
                 .code = "s3.damaged",
                 .message = fmt::format("'{}' in {} comes with other bytes than the service's own "
                                        "checksum is of",
                                        key, place_.name()),
                 .hint = "does this machine's memory, or something on the way, change bytes?"};
  }
  static Error GetFailed(const GetOperation& get, Error error) {
    if (error.code == "net.too_large") return TooLarge(get.key, get.limit);
    if (error.provider && error.provider->http_status == 416) return ResolvedBadly(get);
    return error;
  }

  void Begin(const Context& ctx, PutOperation put, Completion done) {
    const bool create_only = put.mode == PutMode::kCreateOnly;
    if (!create_only) return Put(ctx, std::move(put), false, std::move(done));
    if (place_.options().can.conditional_put)
      return Put(ctx, std::move(put), true, std::move(done));
    // The only way where the service knows no conditions.
    const std::string key = put.key;
    Begin(ctx, HeadOperation{.key = key},
          [this, ctx, put = std::move(put),
           done = std::move(done)](const Result<OperationResult>& there) mutable {
            if (there.has_value()) return done(AlreadyThere(put.key, place_.name()));
            if (there.error().kind != ErrorKind::kNotFound) return done(there.error());
            Put(ctx, std::move(put), false, std::move(done));
          });
  }

  void Put(const Context& ctx, PutOperation put, bool create_only, Completion done) {
    const auto size = static_cast<std::int64_t>(put.body.size());
    aws::PutObject call{.key = place_.Full(put.key),
                        .body = std::move(put.body),
                        .traits = place_.Traits(create_only),
                        .create_only = create_only,
                        .checksum = place_.options().can.checksums};
    const std::string token = create_only ? call.traits.metadata.at(kTokenName) : "";
    place_.client().Submit(
        ctx, aws::PutObjectCall(std::move(call)),
        [this, ctx, size, token, key = std::move(put.key),
         done = std::move(done)](Result<HttpResponse> response) {
          if (response.has_value()) {
            return done(OperationResult{.facts = FactsOf(aws::ReadPut(*response), size)});
          }
          if (response.error().kind != ErrorKind::kAlreadyExists) {
            return done(std::move(response).error());
          }
          TellWhose(ctx, place_, key, token, std::move(response).error(), done);
        });
  }

  void Begin(const Context& ctx, DeleteOperation removal, Completion done) {
    place_.client().Submit(
        ctx, aws::DeleteObjectCall(place_.Full(removal.key), removal.version),
        [done = std::move(done)](Result<HttpResponse> response) {
          if (response.has_value() || response.error().kind == ErrorKind::kNotFound) {
            return done(OperationResult{});
          }
          done(std::move(response).error());
        });
  }

  Window window_;
  S3Place place_;  // last: what is under way uses all of the above
};

}  // namespace

}  // namespace lc2::storage

namespace lc2 {

std::unique_ptr<ObjectStore> MakeS3Store(const S3StoreLinks& links, const S3StoreOptions& options) {
  return std::make_unique<storage::S3Store>(links, options);
}

}  // namespace lc2
