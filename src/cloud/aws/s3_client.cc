#include "cloud/aws/s3_client.h"

#include <fmt/core.h>

#include <algorithm>
#include <future>
#include <utility>

#include "net/http_date.h"

namespace lc2::cloud::aws {

namespace {

constexpr std::chrono::milliseconds kLook{200};

Error Cancelled() {
  return Error{.kind = ErrorKind::kCancelled, .code = "call.cancelled", .message = "cancelled"};
}

// The body, as one of the two checks that guard it says.
bool CameDamaged(const Error& error) {
  return error.provider && (error.provider->code == "BadDigest" ||
                            error.provider->code == "XAmzContentSHA256Mismatch");
}

Error DamagedTwice(Error refusal) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "s3.corrupt",
               .message = "what S3 received is twice not what was sent",
               .hint = "does this machine's memory, or something on the way, change bytes?",
               .cause = Share(std::move(refusal))};
}

// It becomes part of a host's name, to which signed requests go.
bool IsRegion(const std::string& text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !text.empty() && text.size() <= 40 && std::all_of(text.begin(), text.end(), allowed);
}

// What a try may cure that is not worth telling of.
struct Cures {
  bool keys = false;
  bool clock = false;
  bool region = false;
  bool digest = false;
};

}  // namespace

struct S3Client::Place {
  explicit Place(S3Bucket where) : bucket(std::move(where)), signer(bucket.endpoint.region, "s3") {}
  const S3Bucket bucket;
  const Signer signer;
};

struct S3Client::Run {
  Context ctx;
  S3Call call;
  Completion done;
  int tries_left;
  std::chrono::milliseconds pause;
  Cures tried{};
  // Of the last try.
  std::shared_ptr<const Place> place{};
  Credentials keys{};
};

UnsignedRequest RequestOf(const S3Bucket& bucket, const S3Call& call) {
  UnsignedRequest request =
      call.key ? ObjectRequest(bucket, *call.key, call.method) : BucketRequest(bucket, call.method);
  request.query = call.query;
  request.headers = call.headers;
  request.body = call.body;
  return request;
}

S3Client::S3Client(net::Transport& transport, CredentialCache& credentials, S3Bucket bucket,
                   Random& random, const S3ClientOptions& options)
    : transport_(transport),
      credentials_(credentials),
      random_(random),
      options_(options),
      place_(std::make_shared<const Place>(std::move(bucket))) {}

S3Client::~S3Client() {
  stop_.request_stop();
  later_.Hurry();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return under_way_ == 0; });
}

void S3Client::Submit(const Context& ctx, S3Call call, Completion done) {
  {
    const std::lock_guard lock(mutex_);
    ++under_way_;
  }
  Start(std::make_shared<Run>(Run{.ctx = ctx.WithStop(stop_.get_token()),
                                  .call = std::move(call),
                                  .done = std::move(done),
                                  .tries_left = options_.tries,
                                  .pause = options_.first_pause}));
}

Result<net::HttpResponse> S3Client::Call(const Context& ctx, S3Call call) {
  // Shared: the promise is still in use for a moment after it has given its value.
  const auto promise = std::make_shared<std::promise<Result<net::HttpResponse>>>();
  std::future<Result<net::HttpResponse>> answer = promise->get_future();
  Submit(ctx, std::move(call),
         [promise](Result<net::HttpResponse> outcome) { promise->set_value(std::move(outcome)); });
  return answer.get();
}

S3Bucket S3Client::bucket() const { return place()->bucket; }

std::chrono::nanoseconds S3Client::clock_offset() const {
  return std::chrono::nanoseconds(offset_ns_.load());
}

std::shared_ptr<const S3Client::Place> S3Client::place() const {
  const std::lock_guard lock(mutex_);
  return place_;
}

void S3Client::Start(const RunPtr& run) {
  if (const Result<void> wanted = run->ctx.Check(); !wanted.has_value()) {
    return Finish(run, wanted.error());
  }
  if (std::optional<Credentials> keys = credentials_.Peek()) return Send(run, *std::move(keys));
  // Others may have to be waited for, which a transport's thread must not.
  later_.Run({}, [this, run] {
    auto keys = credentials_.Get(run->ctx);
    if (!keys.has_value()) return Finish(run, std::move(keys).error());
    Send(run, std::move(keys).value());
  });
}

void S3Client::Send(const RunPtr& run, Credentials keys) {
  run->place = place();
  run->keys = std::move(keys);
  const Time now = run->ctx.clock().Now() + std::chrono::nanoseconds(signing_offset_ns_.load());
  UnsignedRequest request = RequestOf(run->place->bucket, run->call);
  // Over TLS a checksum in the headers, which are signed, guards the body as well as its hash.
  const bool checked = std::any_of(
      run->call.headers.begin(), run->call.headers.end(),
      [](const net::HttpHeader& header) { return header.name.starts_with("x-amz-checksum-"); });
  if (checked && run->place->bucket.endpoint.scheme == "https") {
    request.payload_hash = kUnsignedPayload;
  }
  transport_.Submit(
      run->ctx, run->place->signer.Sign(std::move(request), run->keys, now), run->call.limits,
      [this, run](Result<net::HttpResponse> answer) { Take(run, std::move(answer)); });
}

void S3Client::Take(const RunPtr& run, Result<net::HttpResponse> answer) {
  --run->tries_left;
  if (!answer.has_value()) return TakeFailure(run, std::move(answer).error());
  NoteDate(*answer, run->ctx.clock().Now());
  auto refusal = RefusalOf(*answer, run->call.what, run->call.promised, run->call.create_only);
  if (!refusal) return Finish(run, std::move(answer));
  TakeRefusal(run, *answer, *std::move(refusal));
}

void S3Client::TakeFailure(const RunPtr& run, Error failure) {
  const bool may_pass =
      failure.kind == ErrorKind::kUnavailable || failure.kind == ErrorKind::kTimeout;
  Error error{.kind = failure.kind,
              .code = failure.code,
              .message = "cannot " + run->call.what,
              .hint = failure.hint,
              .cause = Share(std::move(failure))};
  if (may_pass && run->call.repeatable) return TryLater(run, std::move(error));
  Finish(run, std::move(error));
}

void S3Client::TakeRefusal(const RunPtr& run, const net::HttpResponse& response,
                           S3Refusal refusal) {
  Error& error = refusal.error;
  switch (refusal.remedy) {
    case S3Remedy::kNone:
      return Finish(run, std::move(error));
    case S3Remedy::kSlowDown:
      return TryLater(run, std::move(error));  // nothing was done
    case S3Remedy::kRetry:
      if (CameDamaged(error)) {
        if (std::exchange(run->tried.digest, true)) {
          return Finish(run, DamagedTwice(std::move(error)));
        }
      } else if (!run->call.repeatable) {
        return Finish(run, std::move(error));
      }
      return TryLater(run, std::move(error));
    case S3Remedy::kRefreshCredentials:
      if (std::exchange(run->tried.keys, true)) return Finish(run, std::move(error));
      credentials_.Reject(run->keys);
      return later_.Run({}, [this, run, error = std::move(error)]() mutable {
        auto keys = credentials_.Get(run->ctx);
        if (!keys.has_value()) return Finish(run, std::move(keys).error());
        if (keys->Same(run->keys)) return Finish(run, std::move(error));
        Send(run, std::move(keys).value());
      });
    case S3Remedy::kCorrectClock:
      if (net::FindHeader(response, "date") == nullptr || std::exchange(run->tried.clock, true)) {
        return Finish(run, std::move(error));
      }
      signing_offset_ns_ = offset_ns_.load();
      return Start(run);
    case S3Remedy::kChangeRegion:
      if (std::exchange(run->tried.region, true)) return Finish(run, std::move(error));
      if (refusal.region.empty()) return AskForRegion(run, std::move(error));
      if (!MoveTo(refusal.region, *run->place)) return Finish(run, std::move(error));
      return Start(run);
  }
}

void S3Client::TryLater(const RunPtr& run, Error error) {
  if (run->tries_left <= 0) return Finish(run, std::move(error));
  std::chrono::milliseconds pause;
  {
    const std::lock_guard lock(mutex_);
    pause = std::chrono::milliseconds(random_.Between(0, run->pause.count()));
  }
  if (error.retry_after) pause = *error.retry_after;
  run->pause = std::min(run->pause * 2, options_.max_pause);
  // Better the reason than that time was up.
  if (pause > run->ctx.Remaining(std::chrono::milliseconds::max())) {
    return Finish(run, std::move(error));
  }
  run->ctx.log().Debug("s3.try_again", {{"what", run->call.what},
                                        {"code", error.code},
                                        {"pauseMillis", std::to_string(pause.count())}});
  Pause(run, pause);
}

// In pieces: a stop wakes nobody, and a service may ask for an hour.
void S3Client::Pause(const RunPtr& run, std::chrono::milliseconds left) {
  if (left <= kLook || run->ctx.stopped()) {
    return later_.Run(std::min(left, kLook), [this, run] { Start(run); });
  }
  later_.Run(kLook, [this, run, left] { Pause(run, left - kLook); });
}

// Any answer to this names the region, a refusal as well.
void S3Client::AskForRegion(const RunPtr& run, Error error) {
  const S3Call head{.method = "HEAD"};
  transport_.Submit(
      run->ctx,
      run->place->signer.Sign(
          RequestOf(run->place->bucket, head), run->keys,
          run->ctx.clock().Now() + std::chrono::nanoseconds(signing_offset_ns_.load())),
      run->call.limits,
      [this, run, error = std::move(error)](Result<net::HttpResponse> answer) mutable {
        const std::string* region =
            answer.has_value() ? net::FindHeader(*answer, "x-amz-bucket-region") : nullptr;
        if (region == nullptr || !MoveTo(*region, *run->place)) {
          return Finish(run, std::move(error));
        }
        Start(run);
      });
}

// False when it is no region, or the one where the bucket was looked for.
bool S3Client::MoveTo(const std::string& region, const Place& from) {
  if (!IsRegion(region) || region == from.bucket.endpoint.region) return false;
  const std::lock_guard lock(mutex_);
  S3Bucket bucket = place_->bucket;
  Endpoint& endpoint = bucket.endpoint;
  const bool of_amazon = endpoint.host == Endpoint::OfAmazon("s3", endpoint.region).host;
  if (of_amazon) endpoint.host = Endpoint::OfAmazon("s3", region).host;
  endpoint.region = region;
  place_ = std::make_shared<const Place>(std::move(bucket));
  return true;
}

void S3Client::NoteDate(const net::HttpResponse& response, Time now) {
  const std::string* const date = net::FindHeader(response, "date");
  if (date == nullptr) return;
  const Result<Time> theirs = net::ParseHttpDate(*date);
  if (theirs.has_value()) offset_ns_ = (*theirs - now).count();
}

void S3Client::Finish(const RunPtr& run, Result<net::HttpResponse> outcome) {
  if (stop_.stop_requested() && !outcome.has_value()) outcome = Cancelled();
  run->done(std::move(outcome));
  const std::lock_guard lock(mutex_);
  if (--under_way_ == 0) changed_.notify_all();
}

}  // namespace lc2::cloud::aws
