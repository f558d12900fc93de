#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "api/meta.h"
#include "api/notification.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/strong.h"

namespace lc2::control {

// What an environment's webhook is told, decided from durable facts alone (docs/notifications.md).
// The record of it lies in the environment's status: whoever finds a fact that is not in the record
// writes it there first and calls afterwards, so that a crash loses nothing and at worst repeats a
// call with the same id. Everything here is pure.

// A request that came to its end.
struct EndedRequest {
  api::NotificationSubject subject;  // BackupRequest or RestoreRequest
  bool succeeded = false;            // else it failed; cancelled ones are none of these
  Time time{};
  std::string backup_id;
  std::string reason;
  std::string message;
};

// A backup whose latest verification found damage.
struct DamagedBackup {
  std::string backup_id;
  std::string level;  // of that verification
  Time verified_at{};
};

// A time of a schedule at which no backup was begun.
struct MissedTime {
  api::NotificationSubject schedule;
  Time time{};
};

struct NotificationFacts {
  std::vector<EndedRequest> ended;
  std::vector<DamagedBackup> damaged;
  std::vector<MissedTime> missed;
  bool complete = true;  // false: something could not be read, so that nothing may be forgotten
};

// Finished deliveries are forgotten beyond so many, oldest first; so many may wait at once.
inline constexpr std::size_t kKeptDeliveries = 50;
inline constexpr std::chrono::hours kGiveUpAfter{24};  // since it was written into the record

// The same for everybody who finds the event, at any time.
std::string NotificationId(const EnvironmentId& env, api::NotificationEvent event,
                           const api::NotificationSubject& subject, Time time);

// The record of a webhook that was just found: what happened before `now` is not told.
api::NotificationStatus BeginNotifications(Time now);

// `record` with the events in `facts` that it does not know, oldest first. Recovered follows a
// failed or missed backup that was told. Events that find no room are left for later.
api::NotificationStatus PlanNotifications(api::NotificationStatus record, const EnvironmentId& env,
                                          const NotificationFacts& facts, Time now);

// Which deliveries are to be tried now, oldest first.
std::vector<api::Delivery> DueDeliveries(const api::NotificationStatus& record, Time now);

// The time between failed attempt `attempt` (from 1) of a delivery and the next one: 5 seconds,
// doubled with each up to an hour, less up to a half that differs from delivery to delivery.
std::chrono::seconds PauseAfter(const std::string& id, std::int64_t attempt);

// `record` with what an attempt came to. One that is not waiting any more is left as it is.
api::NotificationStatus RecordAttempt(api::NotificationStatus record, const std::string& id,
                                      const Result<void>& outcome, Time now);

// The environment's condition Notified.
api::Condition NotifiedCondition(const api::NotificationStatus& record, std::int64_t generation);

}  // namespace lc2::control
