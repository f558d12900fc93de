#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>

#include "base/random.h"
#include "cloud/aws/credential_cache.h"
#include "cloud/aws/s3_call.h"
#include "net/later.h"

namespace lc2::cloud::aws {

struct S3ClientOptions {
  int tries = 5;  // of one call
  // Before the second try, then twice as long; a random part of it, so that clients do not come
  // back all at once.
  std::chrono::milliseconds first_pause{100};
  std::chrono::milliseconds max_pause{20'000};
};

// Calls to one bucket: signed, tried again where that helps, sent to the region where the bucket
// turns out to be, with other credentials when the service says that these have expired, and with
// the service's time when this machine's clock is wrong. A call that was repeated may have taken
// effect twice. Thread-safe; what is given must outlive it.
class S3Client {
 public:
  using Completion = net::Transport::Completion;

  // `random` is used under a lock.
  S3Client(net::Transport& transport, CredentialCache& credentials, S3Bucket bucket, Random& random,
           const S3ClientOptions& options = {});
  // Ends what is under way: it completes as cancelled.
  ~S3Client();
  S3Client(const S3Client&) = delete;
  S3Client& operator=(const S3Client&) = delete;

  // Calls `done` once with a success, or with an error of RefusalOf, of the transport, of the
  // credentials or of ctx.Check(); "s3.corrupt" (kCorrupt) where the service twice says that what
  // arrived is not what was sent. On another thread or before it returns. May be called from a
  // completion.
  void Submit(const Context& ctx, S3Call call, Completion done);
  // Submits and waits.
  Result<net::HttpResponse> Call(const Context& ctx, S3Call call);

  // As far as it is known: the region may have been learned.
  S3Bucket bucket() const;
  // How far the service's clock is ahead of this machine's, as its last answer told.
  std::chrono::nanoseconds clock_offset() const;

 private:
  struct Place;  // the bucket, and who signs for its region
  struct Run;    // a call on its way
  using RunPtr = std::shared_ptr<Run>;

  void Start(const RunPtr& run);
  void StartWithNewKeys(const RunPtr& run);
  void Send(const RunPtr& run, Credentials keys);
  void Take(const RunPtr& run, Result<net::HttpResponse> answer);
  void TakeFailure(const RunPtr& run, Error failure);
  void TakeRefusal(const RunPtr& run, const net::HttpResponse& response, S3Refusal refusal);
  void TryLater(const RunPtr& run, Error error);
  void Pause(const RunPtr& run, std::chrono::milliseconds left);
  void AskForRegion(const RunPtr& run, Error error);
  bool MoveTo(const std::string& region, const Place& from);
  void NoteDate(const net::HttpResponse& response, Time now);
  std::shared_ptr<const Place> place() const;
  void Finish(const RunPtr& run, Result<net::HttpResponse> outcome);

  net::Transport& transport_;
  CredentialCache& credentials_;
  Random& random_;
  const S3ClientOptions options_;
  std::stop_source stop_;
  std::atomic<std::int64_t> offset_ns_ = 0;          // of the service's clock
  std::atomic<std::int64_t> signing_offset_ns_ = 0;  // once it has refused ours

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const Place> place_;  // guarded by mutex_
  std::size_t under_way_ = 0;           // guarded by mutex_

  net::Later later_;  // last: it uses all of the above
};

}  // namespace lc2::cloud::aws
