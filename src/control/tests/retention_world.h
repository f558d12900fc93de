#pragma once

#include <string>
#include <vector>

#include "base/time_format.h"
#include "control/retention.h"

namespace lc2::control {

// "2026-11-26" (at two in the morning) or a whole time of RFC 3339.
inline Time At(const std::string& text) {
  return ParseRfc3339(text.size() == 10 ? text + "T02:00:00Z" : text).value();
}

// The runs of one environment; what is not said is a good backup of `nightly`, kept for 7 days.
class RetentionWorld {
 public:
  explicit RetentionWorld(const std::string& now) : now_(At(now)) {
    runs_.reserve(100);  // references stay
  }

  RunToRetain& Backup(const std::string& made, const std::string& suffix = {}) {
    const std::string id = FormatCompactTime(At(made)) + suffix;
    return runs_.emplace_back(RunToRetain{.id = BackupId(id),
                                          .run = RunId("run-" + id),
                                          .made_at = At(made),
                                          .outcome = RunOutcome::kGood,
                                          .expires_at = At(made) + std::chrono::days(7),
                                          .hold = {},
                                          .deletion = {},
                                          .schedule = "nightly"});
  }
  KeepRules& rules() { return policy_.schedules["nightly"]; }
  RetentionPolicy& policy() { return policy_; }
  void SetNow(const std::string& now) { now_ = At(now); }

  // "<id> <action>: <reason>; <reason>", newest first.
  std::vector<std::string> Plan() const {
    std::vector<std::string> lines;
    for (const RetentionDecision& decision : Decide()) {
      lines.push_back(decision.id.str() + " " + Word(decision.action) + ": " +
                      Joined(decision.reasons));
    }
    return lines;
  }
  std::vector<RetentionDecision> Decide() const { return DecideRetention(runs_, policy_, now_); }
  // Of one backup: what is done with it, and the reasons.
  std::string Of(const RunToRetain& run) const {
    for (const RetentionDecision& decision : Decide()) {
      if (decision.run == run.run) return Word(decision.action) + ": " + Joined(decision.reasons);
    }
    return "not in the plan";
  }
  // The days ("MMDD") of those that are kept, oldest first.
  std::vector<std::string> Kept() const {
    std::vector<std::string> kept;
    for (const RetentionDecision& decision : Decide()) {
      if (decision.action != RetentionAction::kKeep) continue;
      kept.insert(kept.begin(), decision.id.str().substr(4, 4));
    }
    return kept;
  }
  std::vector<RunToRetain>& runs() { return runs_; }

  static std::string Word(RetentionAction action) {
    switch (action) {
      case RetentionAction::kKeep:
        return "keep";
      case RetentionAction::kWithdrawDeletion:
        return "withdraw";
      case RetentionAction::kRequestDeletion:
        return "request";
      case RetentionAction::kWait:
        return "wait";
      case RetentionAction::kDelete:
        return "delete";
    }
    return "?";
  }

 private:
  static std::string Joined(const std::vector<std::string>& reasons) {
    std::string text;
    for (const std::string& reason : reasons) text += (text.empty() ? "" : "; ") + reason;
    return text;
  }

  std::vector<RunToRetain> runs_;
  RetentionPolicy policy_;
  Time now_;
};

inline PendingDeletion By(const std::string& who, const std::string& due) {
  return {.not_before = At(due), .requested_by = who};
}

}  // namespace lc2::control
