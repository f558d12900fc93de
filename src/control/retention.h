#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/strong.h"

// Which backups of an environment stay, and why (docs/retention.md). Pure: no log is read and no
// clock is asked here.
namespace lc2::control {

// `who` of the deletion requests that retention itself records. A request by anybody else is a
// person's, which retention neither withdraws nor hurries.
inline constexpr const char* kRetentionWho = "lc2:retention";

enum class RunOutcome {
  kOpen,     // still running: never touched
  kGood,     // committed, and not found damaged by its latest verification
  kDamaged,  // committed, and found damaged
};

// A deletion that is requested and not withdrawn.
struct PendingDeletion {
  Time not_before{};
  std::string requested_by;  // kRetentionWho, else a person
};

// What retention has to know of one backup run. Failed ones are no backups: what they left is
// collection's.
struct RunToRetain {
  BackupId id;
  RunId run;       // unique within the environment
  Time made_at{};  // `opened.timestamp`
  RunOutcome outcome = RunOutcome::kOpen;
  std::optional<Time> expires_at;            // extensions included; nothing: never
  std::optional<std::string> hold;           // the reason, while held
  std::optional<PendingDeletion> deletion;   // committed ones only
  bool deleted = false;                      // such a run is not looked at
  std::optional<std::string> schedule = {};  // whose backup it is; nothing: a person's
};

// How many backups of one schedule stay beyond their own expiry. A period without a backup uses up
// none of its count. 0 and less: the rule is off; all off: only expiry counts.
struct KeepRules {
  std::int64_t last = 0;     // the newest ones
  std::int64_t hourly = 0;   // the newest of each hour, and so on: periods are those of UTC
  std::int64_t daily = 0;    // from midnight
  std::int64_t weekly = 0;   // from Monday: weeks of ISO 8601
  std::int64_t monthly = 0;  // of the calendar
  std::int64_t yearly = 0;
};

struct RetentionPolicy {
  std::map<std::string, KeepRules> schedules;  // by name; one that is not here has no rules
  std::chrono::days soft_delete{30};           // between a request and the deletion
};

enum class RetentionAction {
  kKeep,              // nothing to do; a person's deletion that rests under a hold is this, too
  kWithdrawDeletion,  // kept again: take back the deletion that retention requested
  kRequestDeletion,   // with RetentionDecision::not_before
  kWait,              // requested, not due until RetentionDecision::not_before
  kDelete,            // due now
};

struct RetentionDecision {
  BackupId id;
  RunId run;
  RetentionAction action = RetentionAction::kKeep;
  std::optional<Time> not_before;    // of the deletion, wherever one is or will be requested
  std::vector<std::string> reasons;  // all that apply, for people; never empty
  bool operator==(const RetentionDecision&) const = default;
};

// Decides on every run of one environment that is not deleted, newest first (ties: the greater id
// is the newer). The order of `runs` does not matter. n log n.
//
// A plan is as old as what it was made from: who carries out a deletion plans again from logs that
// were read just before, since the backup that made this one dispensable may be damaged by now.
std::vector<RetentionDecision> DecideRetention(const std::vector<RunToRetain>& runs,
                                               const RetentionPolicy& policy, Time now);

}  // namespace lc2::control
