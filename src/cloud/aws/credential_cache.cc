#include "cloud/aws/credential_cache.h"

#include <algorithm>
#include <utility>

namespace lc2::cloud::aws {

namespace {

// A stop token wakes nobody, and a wall clock may jump: both are looked at this often.
constexpr std::chrono::milliseconds kLook{50};
constexpr std::chrono::milliseconds kLookAtClock{30'000};

}  // namespace

CredentialCache::CredentialCache(CredentialSourcePtr source, const Clock& clock, Logger& log,
                                 const CredentialTiming& timing)
    : source_(std::move(source)), clock_(clock), log_(log), timing_(timing) {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

bool CredentialCache::Usable() const { return kept_ && !rejected_ && !EndsWithin({}); }

bool CredentialCache::EndsWithin(std::chrono::nanoseconds margin) const {
  return kept_->expires && clock_.Now() >= *kept_->expires - margin;
}

bool CredentialCache::Resting() const {
  return refreshed_ && clock_.SteadyNow() - *refreshed_ < timing_.rest;
}

bool CredentialCache::Due() const {
  if (Resting()) return false;
  if (!kept_ || rejected_) return true;
  return EndsWithin(std::min<std::chrono::nanoseconds>(timing_.refresh_before, lifetime_ / 2));
}

bool CredentialCache::EndsSoon() const {
  return kept_ &&
         EndsWithin(std::min<std::chrono::nanoseconds>(timing_.wait_before, lifetime_ / 4));
}

void CredentialCache::Want() {
  if (wanted_) return;
  wanted_ = true;
  changed_.notify_all();
}

Result<Credentials> CredentialCache::Get(const Context& ctx) {
  std::unique_lock lock(mutex_);
  const std::uint64_t before = refreshes_;
  for (;;) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    const bool due = Due();
    if (due) Want();
    // One refresh is waited for; what it brings has to do.
    const bool settled = !due || refreshes_ != before;
    if (Usable() && (!EndsSoon() || settled)) return kept_->keys;
    if (settled && failed_) return *failed_;
    changed_.wait_for(lock, kLook);
  }
}

std::optional<Credentials> CredentialCache::Peek() {
  const std::lock_guard lock(mutex_);
  const bool due = Due();
  if (due) Want();
  if (!Usable() || (EndsSoon() && due)) return std::nullopt;
  return kept_->keys;
}

void CredentialCache::Reject(const Credentials& keys) {
  const std::lock_guard lock(mutex_);
  if (!kept_ || rejected_ || !kept_->keys.Same(keys) || Resting()) return;
  rejected_ = true;
  Want();
}

std::chrono::milliseconds CredentialCache::TimeToLook() const {
  if (!kept_ || !kept_->expires) return kLookAtClock;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      *kept_->expires - timing_.refresh_before - clock_.Now());
  // Also after a refresh that failed, for which nobody waits.
  return std::clamp<std::chrono::milliseconds>(left, std::chrono::seconds(1), kLookAtClock);
}

void CredentialCache::Run(const std::stop_token& stop) {
  const Context ctx = Context(clock_, log_).WithStop(stop);
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    // Nobody is asked before somebody wants to know; from then on they are kept fresh.
    if (wanted_ || (kept_ && Due())) {
      lock.unlock();
      auto fetched = Refresh(ctx, stop);
      lock.lock();
      if (stop.stop_requested()) return;
      Take(std::move(fetched));
    }
    changed_.wait_for(lock, stop, TimeToLook(), [this] { return wanted_; });
  }
}

Result<TimedCredentials> CredentialCache::Refresh(const Context& ctx, const std::stop_token& stop) {
  auto pause = timing_.pause;
  for (int left = timing_.tries;; --left) {
    auto fetched = source_->Fetch(ctx);
    if (fetched.has_value() || left <= 1 || !FactsOf(fetched.error().kind).retryable) {
      return fetched;
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, pause, [] { return false; });
    pause *= 2;
    if (stop.stop_requested()) return fetched;
  }
}

void CredentialCache::Take(Result<TimedCredentials> fetched) {
  wanted_ = false;
  refreshed_ = clock_.SteadyNow();
  ++refreshes_;
  if (fetched.has_value() && fetched->expires && *fetched->expires <= clock_.Now()) {
    fetched = Error{.kind = ErrorKind::kDenied,
                    .code = "aws.expired",
                    .message = "credentials from " + source_->name() + " have already expired",
                    .hint = "is this machine's clock right? else renew them"};
  }
  if (fetched.has_value()) {
    kept_ = std::move(fetched).value();
    lifetime_ = kept_->expires ? *kept_->expires - clock_.Now() : std::chrono::nanoseconds::max();
    failed_.reset();
    rejected_ = false;
  } else {
    failed_ = std::move(fetched).error();
    log_.Warning("credentials.not_refreshed",
                 {{"source", source_->name()}, {"error", Describe(*failed_)}});
  }
  changed_.notify_all();
}

}  // namespace lc2::cloud::aws
