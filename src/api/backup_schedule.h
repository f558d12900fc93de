#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "api/backup_request.h"
#include "api/liferay_environment.h"
#include "api/meta.h"
#include "codec/described.h"

// Backups that are made by themselves: api/crds/backupschedules.yaml has the meaning of each field,
// docs/schedules.md the rules in words.
namespace lc2::api {

inline constexpr std::string_view kScheduleLabel = "backup.liferay.cloud/schedule";
inline constexpr std::string_view kScheduledTimeAnnotation = "backup.liferay.cloud/scheduled-time";

enum class ConcurrencyPolicy { kForbid, kReplace, kQueue };
BOOST_DESCRIBE_ENUM(ConcurrencyPolicy, kForbid, kReplace, kQueue)

struct ScheduleRetention {
  std::int64_t last = 0;
  std::int64_t hourly = 0;
  std::int64_t daily = 0;
  std::int64_t weekly = 0;
  std::int64_t monthly = 0;
  std::int64_t yearly = 0;

  bool operator==(const ScheduleRetention&) const = default;
};
BOOST_DESCRIBE_STRUCT(ScheduleRetention, (), (last, hourly, daily, weekly, monthly, yearly))

struct TemplateDatabase {
  std::optional<BackupType> type;

  bool operator==(const TemplateDatabase&) const = default;
};
BOOST_DESCRIBE_STRUCT(TemplateDatabase, (), (type))

struct TemplateLibrary {
  bool exclude_generated_files = true;

  bool operator==(const TemplateLibrary&) const = default;
};
BOOST_DESCRIBE_STRUCT(TemplateLibrary, (), (exclude_generated_files))

// What of a request's spec a schedule may say: nothing that names another place, and nothing that
// deletes data when the history limits remove the request.
struct TemplateSpec {
  TemplateDatabase database;
  TemplateLibrary document_library;
  std::int64_t retention_days = 30;
  VerifyLevel verify = VerifyLevel::kSample;
  Priority priority = Priority::kNormal;

  bool operator==(const TemplateSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(TemplateSpec, (),
                      (database, document_library, retention_days, verify, priority))

struct ScheduleTemplate {
  TemplateSpec spec;

  bool operator==(const ScheduleTemplate&) const = default;
};
BOOST_DESCRIBE_STRUCT(ScheduleTemplate, (), (spec))

struct BackupScheduleSpec {
  std::string schedule;
  std::string time_zone = "UTC";
  bool suspend = false;
  ConcurrencyPolicy concurrency_policy = ConcurrencyPolicy::kForbid;
  std::optional<std::int64_t> starting_deadline_seconds;
  std::int64_t jitter_seconds = 0;
  std::int64_t successful_history_limit = 10;
  std::int64_t failed_history_limit = 3;
  ScheduleRetention retention;
  ScheduleTemplate template_;

  bool operator==(const BackupScheduleSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(BackupScheduleSpec, (),
                      (schedule, time_zone, suspend, concurrency_policy, starting_deadline_seconds,
                       jitter_seconds, successful_history_limit, failed_history_limit, retention,
                       template_))

// Condition type: Ready.
struct BackupScheduleStatus {
  std::int64_t observed_generation = 0;
  std::optional<Time> last_schedule_time;
  std::optional<Time> last_success_time;
  std::optional<Time> last_missed_time;
  std::optional<Time> next_time;
  std::optional<Time> decided_until;
  std::string decided_for;
  std::vector<std::string> active;
  Conditions conditions;

  bool operator==(const BackupScheduleStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(BackupScheduleStatus, (),
                      (observed_generation, last_schedule_time, last_success_time, last_missed_time,
                       next_time, decided_until, decided_for, active, conditions))

struct BackupSchedule {
  static constexpr std::string_view kKind = "BackupSchedule";
  std::string api_version = std::string(kApiVersion);
  std::string kind = std::string(kKind);
  ObjectMeta metadata;
  BackupScheduleSpec spec;
  BackupScheduleStatus status;

  bool operator==(const BackupSchedule&) const = default;
};
BOOST_DESCRIBE_STRUCT(BackupSchedule, (), (api_version, kind, metadata, spec, status))

// The request that the schedule makes in its environment, under this name.
BackupRequest RequestFrom(const BackupSchedule& schedule, const LiferayEnvironment& environment,
                          std::string name);
// The schedule that made the request; empty: a person did.
std::string ScheduleOf(const BackupRequest& request);

}  // namespace lc2::api

namespace lc2::codec {

// Made once, in instances.cc: they are most of what a file that includes this would compile.
extern template Json Encode(const api::BackupSchedule&);
extern template Result<api::BackupSchedule> Decode(const Json&, const Path&);

}  // namespace lc2::codec
