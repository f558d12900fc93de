#include "cloud/aws/credential_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <future>

#include "testing/fake_clock.h"

namespace lc2::cloud::aws {
namespace {

using namespace std::chrono_literals;
using lc2::testing::FakeClock;

Error Down() {
  return Error{.kind = ErrorKind::kUnavailable, .code = "sts.unavailable", .message = "down"};
}
Error No() { return Error{.kind = ErrorKind::kDenied, .code = "sts.denied", .message = "no"}; }

// Answers as it was told; the last answer again and again. Tells when it is asked.
class Told final : public CredentialSource {
 public:
  std::string name() const override { return "told"; }
  Result<TimedCredentials> Fetch(const Context&) override {
    std::unique_lock lock(mutex_);
    ++asked_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    auto answer = answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    return answer;
  }

  void Keys(const std::string& id, std::optional<Time> expires = {}) {
    Add(TimedCredentials{
        .keys = {.access_key_id = id, .secret_access_key = Secret("s"), .session_token = Secret()},
        .expires = expires});
  }
  void Add(Result<TimedCredentials> answer) {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(answer));
  }
  void Hold(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }
  void WaitUntilAsked(int times) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 20s, [&] { return asked_ >= times; })) << asked_;
  }
  int asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Result<TimedCredentials>> answers_;
  int asked_ = 0;
  bool held_ = false;
};

class CredentialCacheTest : public ::testing::Test {
 protected:
  CredentialCacheTest() : source_(new Told) {
    cache_ = std::make_unique<CredentialCache>(CredentialSourcePtr(source_), clock_, NullLogger(),
                                               CredentialTiming{.pause = 1ms});
  }
  // Of the keys that are given; or the error's code.
  std::string Get() {
    const auto keys = cache_->Get(ctx_);
    return keys.has_value() ? keys->access_key_id : keys.error().code;
  }
  // Until others are there, which are fetched while the old ones are given.
  void GetUntil(const std::string& id) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (Get() != id) ASSERT_LT(std::chrono::steady_clock::now(), until);
  }

  FakeClock clock_;
  Context ctx_{clock_};
  Told* source_;  // the cache's
  std::unique_ptr<CredentialCache> cache_;
};

TEST_F(CredentialCacheTest, AsksOnceForWhatLasts) {
  source_->Keys("A");
  EXPECT_EQ(Get(), "A");
  clock_.Advance(24h * 365);
  EXPECT_EQ(Get(), "A");
  EXPECT_EQ(source_->asked(), 1);
  EXPECT_EQ(cache_->source(), "told");
}

TEST_F(CredentialCacheTest, NobodyWaitsForARefreshInTime) {
  source_->Keys("A", clock_.Now() + 1h);
  source_->Keys("B", clock_.Now() + 2h);
  EXPECT_EQ(Get(), "A");
  clock_.Advance(44min);
  EXPECT_EQ(Get(), "A");
  EXPECT_EQ(source_->asked(), 1);
  clock_.Advance(2min);  // 14 minutes are left
  source_->Hold(true);
  EXPECT_EQ(Get(), "A");
  source_->WaitUntilAsked(2);
  EXPECT_EQ(Get(), "A") << "meanwhile the old ones";
  source_->Hold(false);
  GetUntil("B");
  EXPECT_EQ(source_->asked(), 2);
}

TEST_F(CredentialCacheTest, ShortlyBeforeTheEndTheNewOnesAreWaitedFor) {
  source_->Keys("A", clock_.Now() + 1h);
  source_->Keys("B", clock_.Now() + 2h);
  EXPECT_EQ(Get(), "A");
  clock_.Advance(51min);
  EXPECT_EQ(Get(), "B");
}

TEST_F(CredentialCacheTest, AShortSessionIsNotRenewedAllTheTime) {
  source_->Keys("A", clock_.Now() + 15min);
  source_->Keys("B", clock_.Now() + 30min);
  EXPECT_EQ(Get(), "A");
  clock_.Advance(7min);
  EXPECT_EQ(Get(), "A");
  EXPECT_EQ(source_->asked(), 1) << "until half of its time is over";
  clock_.Advance(1min);
  GetUntil("B");
}

TEST_F(CredentialCacheTest, TheLastOnesServeWhileTheyHold) {
  source_->Keys("A", clock_.Now() + 1h);
  source_->Add(Down());
  EXPECT_EQ(Get(), "A");
  clock_.Advance(55min);
  EXPECT_EQ(Get(), "A") << "one refresh was waited for, in vain";
  EXPECT_EQ(source_->asked(), 1 + 4) << "and tried four times";
  EXPECT_EQ(Get(), "A");
  EXPECT_EQ(source_->asked(), 1 + 4) << "then it rests";
  clock_.Advance(6min);
  EXPECT_EQ(Get(), "sts.unavailable") << "they have expired";
  source_->Keys("B", clock_.Now() + 1h);
  clock_.Advance(10s);
  // The answer in front is "down"; the next try of the same refresh gets B.
  EXPECT_EQ(Get(), "B");
}

TEST_F(CredentialCacheTest, WhatWillNotPassIsTriedOnce) {
  source_->Add(No());
  EXPECT_EQ(Get(), "sts.denied");
  EXPECT_EQ(source_->asked(), 1);
  EXPECT_EQ(Get(), "sts.denied");
  EXPECT_EQ(source_->asked(), 1);
}

TEST_F(CredentialCacheTest, RejectedOnesAreReplaced) {
  source_->Keys("A");
  source_->Keys("B");
  const auto first = cache_->Get(ctx_);
  ASSERT_TRUE(first.has_value());
  cache_->Reject(*first);
  EXPECT_EQ(Get(), "A") << "they came this very moment: the source has no others";
  clock_.Advance(10s);
  cache_->Reject(*first);
  EXPECT_EQ(Get(), "B");
  clock_.Advance(10s);
  cache_->Reject(*first);
  EXPECT_EQ(Get(), "B") << "a late word about older ones";
  EXPECT_EQ(source_->asked(), 2);
}

TEST_F(CredentialCacheTest, RejectedOnesAreNotGivenAgainWhileTheSourceFails) {
  source_->Keys("A");
  source_->Add(No());
  const auto first = cache_->Get(ctx_);
  ASSERT_TRUE(first.has_value());
  clock_.Advance(10s);
  cache_->Reject(*first);
  EXPECT_EQ(Get(), "sts.denied");
}

TEST_F(CredentialCacheTest, APeekDoesNotWait) {
  source_->Keys("A", clock_.Now() + 1h);
  source_->Keys("B", clock_.Now() + 2h);
  source_->Hold(true);
  EXPECT_FALSE(cache_->Peek().has_value());
  source_->WaitUntilAsked(1);
  source_->Hold(false);
  EXPECT_EQ(Get(), "A") << "the peek asked";
  EXPECT_EQ(source_->asked(), 1);
  EXPECT_EQ(cache_->Peek()->access_key_id, "A");
  clock_.Advance(51min);
  EXPECT_FALSE(cache_->Peek().has_value()) << "one would wait for the next ones";
  EXPECT_EQ(Get(), "B");
  EXPECT_EQ(cache_->Peek()->access_key_id, "B");
}

TEST_F(CredentialCacheTest, ExpiredOnesAreNone) {
  source_->Keys("A", clock_.Now());
  EXPECT_EQ(Get(), "aws.expired");
}

TEST_F(CredentialCacheTest, WhoWaitsMayBeStopped) {
  source_->Keys("A");
  source_->Hold(true);
  std::stop_source stop;
  auto waiting =
      std::async(std::launch::async, [&] { return cache_->Get(ctx_.WithStop(stop.get_token())); });
  source_->WaitUntilAsked(1);
  stop.request_stop();
  const auto ended = waiting.get();
  ASSERT_FALSE(ended.has_value());
  EXPECT_EQ(ended.error().kind, ErrorKind::kCancelled);
  source_->Hold(false);
}

TEST_F(CredentialCacheTest, ManyCallersAreOneQuestion) {
  source_->Keys("A");
  source_->Hold(true);
  std::vector<std::future<std::string>> callers;
  for (int i = 0; i < 8; ++i) {
    callers.push_back(std::async(std::launch::async, [&] { return Get(); }));
  }
  source_->WaitUntilAsked(1);
  source_->Hold(false);
  for (auto& caller : callers) EXPECT_EQ(caller.get(), "A");
  EXPECT_EQ(source_->asked(), 1);
}

}  // namespace
}  // namespace lc2::cloud::aws
