// Retention look after look over simulated years, beside a reference that follows the words of
// docs/retention.md with plain loops and the C library's calendar.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <map>

#include "base/random.h"
#include "base/time_format.h"
#include "control/retention.h"

namespace lc2::control {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr std::array kCalendar{"%Y-%m-%d %H", "%Y-%m-%d", "%G %V", "%Y-%m", "%Y"};
constexpr std::array kCounts{&KeepRules::hourly, &KeepRules::daily, &KeepRules::weekly,
                             &KeepRules::monthly, &KeepRules::yearly};

std::string Period(Time time, const char* form) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), form, &parts);
  return text.data();
}

bool IsNewer(const RunToRetain& a, const RunToRetain& b) {
  return a.made_at != b.made_at ? a.made_at > b.made_at : a.id > b.id;
}
bool ByPerson(const RunToRetain& run) {
  return run.deletion.has_value() && run.deletion->requested_by == "alice";
}

class Reference {
 public:
  Reference(const std::vector<RunToRetain>& runs, const RetentionPolicy& policy, Time now)
      : policy_(policy), now_(now) {
    for (const RunToRetain& run : runs) {
      if (run.deleted || run.made_at > now) continue;
      if (run.outcome == RunOutcome::kGood && !ByPerson(run)) good_.push_back(&run);
    }
    for (std::size_t form = 0; form < kCalendar.size(); ++form) FindNewest(form);
  }

  RetentionAction Of(const RunToRetain& run) const {
    const bool barred = run.hold || run.made_at > now_;
    if (ByPerson(run)) {
      if (barred) return RetentionAction::kKeep;
    } else {
      const bool stays = barred || !run.expires_at || *run.expires_at > now_ || good_.empty() ||
                         IsLastGood(run) || RulesKeep(run);
      if (stays && run.deletion) return RetentionAction::kWithdrawDeletion;
      if (stays) return RetentionAction::kKeep;
      if (!run.deletion) return RetentionAction::kRequestDeletion;
    }
    return now_ < run.deletion->not_before ? RetentionAction::kWait : RetentionAction::kDelete;
  }

  bool HasGood() const { return !good_.empty(); }
  bool IsLastGood(const RunToRetain& run) const {
    return std::find(good_.begin(), good_.end(), &run) != good_.end() && NewerOf(good_, run) == 0;
  }

 private:
  using Some = std::vector<const RunToRetain*>;

  static std::int64_t NewerOf(const Some& runs, const RunToRetain& run) {
    return std::count_if(runs.begin(), runs.end(),
                         [&](const RunToRetain* other) { return IsNewer(*other, run); });
  }
  // By schedule: those that are the newest of their period.
  void FindNewest(std::size_t form) {
    std::map<std::pair<std::string, std::string>, const RunToRetain*> newest;
    for (const RunToRetain* run : good_) {
      if (!run->schedule) continue;
      const RunToRetain*& best = newest[{*run->schedule, Period(run->made_at, kCalendar[form])}];
      if (best == nullptr || IsNewer(*run, *best)) best = run;
    }
    for (const auto& [key, run] : newest) newest_[form][key.first].push_back(run);
  }
  bool RulesKeep(const RunToRetain& run) const {
    if (!run.schedule || std::find(good_.begin(), good_.end(), &run) == good_.end()) return false;
    const auto rules = policy_.schedules.find(*run.schedule);
    if (rules == policy_.schedules.end()) return false;
    Some siblings;
    for (const RunToRetain* other : good_) {
      if (other->schedule == run.schedule) siblings.push_back(other);
    }
    if (NewerOf(siblings, run) < rules->second.last) return true;
    for (std::size_t form = 0; form < kCalendar.size(); ++form) {
      const Some& newest = newest_[form].at(*run.schedule);
      if (std::find(newest.begin(), newest.end(), &run) != newest.end() &&
          NewerOf(newest, run) < rules->second.*kCounts[form]) {
        return true;
      }
    }
    return false;
  }

  const RetentionPolicy& policy_;
  Time now_;
  Some good_;  // those that count
  std::array<std::map<std::string, Some>, kCalendar.size()> newest_;
};

// An environment to which things happen.
class Life {
 public:
  explicit Life(std::uint64_t seed) : random_(seed) {
    for (const char* name : {"nightly", "often"}) {
      policy_.schedules[name] = {.last = Upto(3),
                                 .hourly = Upto(4),
                                 .daily = Upto(7),
                                 .weekly = Upto(5),
                                 .monthly = Upto(6),
                                 .yearly = Upto(3)};
    }
    policy_.schedules["off"] = {};
    policy_.soft_delete = days(Upto(30));
    clock_ += days(Upto(2000)) + minutes(Upto(1440));
  }

  // One look of retention, after some hours in which a few things happened.
  void Look() {
    clock_ += hours(1 + Upto(50));
    // The clock that is read may be a day off.
    const Time now = clock_ + days(OneIn(10) ? 1 : 0) - days(OneIn(10) ? 1 : 0);
    if (OneIn(25)) nothing_before_ = clock_ + days(Upto(60));  // the scheduler is down
    if (clock_ >= nothing_before_) {
      for (std::int64_t i = Upto(3); i > 0; --i) MakeRun(now - minutes(Upto(180)));
    }
    for (std::int64_t i = Upto(3); i > 0 && !runs_.empty(); --i) Happen(Any(), now);
    for (std::size_t i = runs_.size(); i > 1; --i) {
      std::swap(runs_[i - 1], runs_[static_cast<std::size_t>(Upto(static_cast<int>(i) - 1))]);
    }
    const Reference reference(runs_, policy_, now);
    const auto plan = DecideRetention(runs_, policy_, now);
    ASSERT_EQ(plan.size(), runs_.size());
    CheckPlan(reference, plan, now);
    const bool had_good = reference.HasGood();
    for (const RetentionDecision& decision : plan) CarryOut(decision, now);
    ASSERT_EQ(Reference(runs_, policy_, now).HasGood(), had_good);
    std::erase_if(runs_, [](const RunToRetain& run) { return run.deleted; });
  }

  const std::map<RetentionAction, int>& counts() const { return counts_; }
  int protected_last() const { return protected_last_; }

 private:
  std::int64_t Upto(std::int64_t high) { return random_.Between(0, high); }
  bool OneIn(std::int64_t n) { return Upto(n - 1) == 0; }
  RunToRetain& Any() {
    return runs_[static_cast<std::size_t>(Upto(static_cast<std::int64_t>(runs_.size()) - 1))];
  }
  RunToRetain& Find(const RunId& run) {
    return *std::find_if(runs_.begin(), runs_.end(), [&](const auto& r) { return r.run == run; });
  }

  void MakeRun(Time made) {
    made = std::chrono::floor<hours>(made);  // often equal
    const std::string suffix = random_.Hex(4);
    RunToRetain run{.id = BackupId(FormatCompactTime(made) + "-" + suffix),
                    .run = RunId(random_.Hex(16)),
                    .made_at = made,
                    .outcome = RunOutcome::kGood,
                    .expires_at = made + days(7 + Upto(20)),
                    .hold = {},
                    .deletion = {}};
    const std::array<const char*, 4> schedules{"nightly", "often", "off", "gone"};
    if (!OneIn(5)) run.schedule = schedules[static_cast<std::size_t>(Upto(3))];
    if (OneIn(50)) run.expires_at.reset();
    runs_.push_back(run);
  }

  void Happen(RunToRetain& run, Time now) {
    switch (Upto(6)) {
      case 0:
        run.hold = run.hold || OneIn(2) ? std::nullopt : std::optional<std::string>("case 7");
        break;
      case 1:
        if (run.expires_at && OneIn(3)) *run.expires_at += days(Upto(60));
        break;
      case 2:
        run.outcome = OneIn(3) ? RunOutcome::kGood : RunOutcome::kDamaged;
        break;
      case 3:  // now and then all are damaged
        if (!OneIn(40)) break;
        for (RunToRetain& each : runs_) {
          if (each.outcome == RunOutcome::kGood) each.outcome = RunOutcome::kDamaged;
        }
        break;
      case 4:
        if (!run.hold && !run.deletion) {
          run.deletion = {.not_before = now + policy_.soft_delete, .requested_by = "alice"};
        }
        break;
      default:
        if (OneIn(4)) run.deletion.reset();
    }
  }

  void CheckPlan(const Reference& reference, const std::vector<RetentionDecision>& plan, Time now) {
    for (std::size_t i = 0; i < plan.size(); ++i) {
      const RunToRetain& run = Find(plan[i].run);
      ASSERT_EQ(plan[i].id, run.id);
      ASSERT_FALSE(plan[i].reasons.empty());
      ASSERT_EQ(static_cast<int>(plan[i].action), static_cast<int>(reference.Of(run)))
          << run.id.str() << " at " << FormatRfc3339(now) << ": " << plan[i].reasons.front();
      if (i > 0) {
        ASSERT_TRUE(IsNewer(Find(plan[i - 1].run), run));
      }
      if (reference.IsLastGood(run)) {
        ASSERT_TRUE(plan[i].action == RetentionAction::kKeep ||
                    plan[i].action == RetentionAction::kWithdrawDeletion);
        if (plan[i].reasons == std::vector<std::string>{"the last good backup"}) ++protected_last_;
      }
    }
  }

  // Does what is decided; whatever the reference says, these may not happen.
  void CarryOut(const RetentionDecision& decision, Time now) {
    RunToRetain& run = Find(decision.run);
    ++counts_[decision.action];
    switch (decision.action) {
      case RetentionAction::kRequestDeletion:
        ASSERT_GE(*decision.not_before, now + policy_.soft_delete);
        run.deletion = {.not_before = *decision.not_before, .requested_by = kRetentionWho};
        break;
      case RetentionAction::kWithdrawDeletion:
        ASSERT_FALSE(ByPerson(run));
        run.deletion.reset();
        break;
      case RetentionAction::kDelete:
        ASSERT_FALSE(run.hold.has_value());
        ASSERT_TRUE(run.deletion && run.deletion->not_before <= now);
        ASSERT_TRUE(ByPerson(run) || run.expires_at <= now);
        run.deleted = true;
        break;
      default:
        break;
    }
  }

  SeededRandom random_;
  RetentionPolicy policy_;
  Time clock_ = ParseRfc3339("2019-12-01T00:00:00Z").value();
  Time nothing_before_{};
  std::vector<RunToRetain> runs_;
  std::map<RetentionAction, int> counts_;
  int protected_last_ = 0;
};

TEST(DecideRetention, OverSimulatedYearsDoesWhatTheReferenceSays) {
  std::map<RetentionAction, int> counts;
  int protected_last = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Life life(seed);
    for (int look = 0; look < 400; ++look) {
      ASSERT_NO_FATAL_FAILURE(life.Look());
    }
    for (const auto& [action, count] : life.counts()) counts[action] += count;
    protected_last += life.protected_last();
  }
  // Every kind of decision was taken often; now and then a backup stayed only as the last good one.
  RecordProperty("lastGoodOnly", protected_last);
  ASSERT_EQ(counts.size(), 5U);
  for (const auto& [action, count] : counts) {
    RecordProperty("action" + std::to_string(static_cast<int>(action)), count);
    EXPECT_GT(count, 200) << static_cast<int>(action);
  }
  EXPECT_GT(protected_last, 5);
}

}  // namespace
}  // namespace lc2::control
