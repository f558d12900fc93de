#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/context.h"
#include "cloud/aws/credential_source.h"

namespace lc2::cloud::aws {

struct CredentialTiming {
  // The end, but no earlier than half of the time for which they were given: others are asked for.
  std::chrono::seconds refresh_before{15 * 60};
  // The end, but no earlier than a quarter: callers wait for the others.
  std::chrono::seconds wait_before{10 * 60};
  int tries = 4;                         // of one refresh, if what failed may pass
  std::chrono::milliseconds pause{200};  // after the first try; then twice as long
  std::chrono::seconds rest{10};         // after a refresh that failed, or brought the same
};

// The credentials of one source, kept and renewed in time by a thread of its own. As long as a
// refresh fails, the last ones are given while they hold. Thread-safe.
class CredentialCache {
 public:
  // The clock and logger must outlive it.
  CredentialCache(CredentialSourcePtr source, const Clock& clock, Logger& log = NullLogger(),
                  const CredentialTiming& timing = {});
  ~CredentialCache() = default;
  CredentialCache(const CredentialCache&) = delete;
  CredentialCache& operator=(const CredentialCache&) = delete;

  // Waits for the first ones, for others in place of those that were rejected, and shortly before
  // their end. Errors: those of the source, and of ctx.Check().
  Result<Credentials> Get(const Context& ctx);

  // What Get() would give without waiting; nothing where it would wait or fail.
  std::optional<Credentials> Peek();

  // A service says that these are no longer good. The next Get() gives what the source has now:
  // the same ones, if it has no others.
  void Reject(const Credentials& keys);

  std::string source() const { return source_->name(); }

 private:
  bool Due() const;      // a refresh
  bool Usable() const;   // what is kept
  bool Resting() const;  // after the last refresh
  bool EndsWithin(std::chrono::nanoseconds margin) const;
  bool EndsSoon() const;
  void Want();
  void Run(const std::stop_token& stop);
  Result<TimedCredentials> Refresh(const Context& ctx, const std::stop_token& stop);
  void Take(Result<TimedCredentials> fetched);
  std::chrono::milliseconds TimeToLook() const;

  const CredentialSourcePtr source_;
  const Clock& clock_;
  Logger& log_;
  const CredentialTiming timing_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_.
  std::optional<TimedCredentials> kept_;
  std::optional<Error> failed_;          // the last refresh
  std::optional<SteadyTime> refreshed_;  // when it ended
  std::uint64_t refreshes_ = 0;          // that ended
  std::chrono::nanoseconds lifetime_{};  // of what is kept, when it came
  bool rejected_ = false;                // what is kept
  bool wanted_ = false;                  // by a caller

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace lc2::cloud::aws
