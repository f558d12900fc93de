#pragma once

#include <cstdint>
#include <vector>

#include "base/context.h"
#include "control/retention.h"
#include "control/vault_session.h"

// Retention (control/retention.h) on the backups that a vault holds.
namespace lc2::control {

// What retention does with each backup of an environment at `now`, a time to come included, as its
// logs read today. Nothing is written. Errors: kCorrupt "retention.unreadable_log": what one log
// says decides about other backups, so nothing is decided without it.
Result<std::vector<RetentionDecision>> PlanRetention(const Context& ctx, const Deps& deps,
                                                     EnvironmentVault& at, Time now);

struct RetentionReport {
  std::vector<RetentionDecision> decisions;  // the plan as it was at the start
  std::int64_t requested = 0;                // deletions that were requested
  std::int64_t withdrawn = 0;                // that were taken back
  std::int64_t deleted = 0;                  // backups
  std::int64_t left = 0;                     // somebody decided on it meanwhile: for the next look
};

// Carries out what the plan says. Before each deletion the logs are read and the plan is made
// again, and a decision that somebody was faster with is left alone. Safe to repeat and to cut
// short. Errors: those of PlanRetention and of appending to a log.
Result<RetentionReport> ApplyRetention(const Context& ctx, const Deps& deps, EnvironmentVault& at);

}  // namespace lc2::control
