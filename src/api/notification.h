#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "api/meta.h"
#include "codec/described.h"

// What an environment's webhook was told and is still to be told: `status.notifications` of a
// LiferayEnvironment, whose definition has the meaning of each field.
namespace lc2::api {

enum class NotificationEvent { kFailed, kRecovered, kDamaged, kMissed };
BOOST_DESCRIBE_ENUM(NotificationEvent, kFailed, kRecovered, kDamaged, kMissed)

enum class DeliveryState { kPending, kDelivered, kGivenUp };
BOOST_DESCRIBE_ENUM(DeliveryState, kPending, kDelivered, kGivenUp)

// What an event happened to: a request, a schedule, or (kind "Backup") a backup.
struct NotificationSubject {
  std::string kind;
  std::string namespace_;
  std::string name;

  auto operator<=>(const NotificationSubject&) const = default;
};
BOOST_DESCRIBE_STRUCT(NotificationSubject, (), (kind, namespace_, name))

// All that the call's body needs is here: what it tells of may be gone when it is made.
struct Delivery {
  std::string id;
  NotificationEvent event = NotificationEvent::kFailed;
  NotificationSubject subject;
  std::string backup_id;
  std::string reason;
  std::string message;
  std::optional<Time> time;
  std::optional<Time> failing_since;
  DeliveryState state = DeliveryState::kPending;
  std::optional<Time> queued_time;
  std::int64_t attempts = 0;
  std::optional<Time> next_try;
  std::optional<Time> ended_time;
  std::string last_error;

  bool operator==(const Delivery&) const = default;
};
BOOST_DESCRIBE_STRUCT(Delivery, (),
                      (id, event, subject, backup_id, reason, message, time, failing_since, state,
                       queued_time, attempts, next_try, ended_time, last_error))

struct NotificationStatus {
  std::optional<Time> since_time;
  std::string since_id;
  std::optional<Time> failing_since;
  std::vector<Delivery> deliveries;

  bool operator==(const NotificationStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(NotificationStatus, (), (since_time, since_id, failing_since, deliveries))

}  // namespace lc2::api
