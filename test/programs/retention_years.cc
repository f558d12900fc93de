// What retention does to one environment over years, for test/bars/safe.4 to compare with its own.
// Each line of standard input happens next (times are seconds since 1970):
//
//   soft DAYS | rules SCHEDULE LAST HOURLY DAILY WEEKLY MONTHLY YEARLY
//   backup ID AT SCHEDULE EXPIRES    SCHEDULE '-': a person's
//   damaged ID | hold ID | release ID | extend ID EXPIRES | delete ID DUE (a person wants it gone)
//   look AT
//
// Of each look one line: what was requested (+), taken back (-) and deleted (x), in the plan's
// order.
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

#include "control/retention.h"

namespace {

using namespace lc2;           // NOLINT(google-build-using-namespace): a program, no header
using namespace lc2::control;  // NOLINT(google-build-using-namespace)

class World {
 public:
  // False: no such event.
  bool Take(const std::string& line) {
    std::istringstream words(line);
    std::string event;
    words >> event;
    if (event == "soft") {
      policy_.soft_delete = std::chrono::days(Number(words));
    } else if (event == "rules") {
      KeepRules& rules = policy_.schedules[Word(words)];
      for (auto rule : {&KeepRules::last, &KeepRules::hourly, &KeepRules::daily, &KeepRules::weekly,
                        &KeepRules::monthly, &KeepRules::yearly}) {
        rules.*rule = Number(words);
      }
    } else if (event == "backup") {
      Add(words);
    } else if (event == "look") {
      Look(At(words));
    } else {
      return Change(event, words);
    }
    return true;
  }

 private:
  static std::string Word(std::istream& words) {
    std::string word;
    words >> word;
    return word;
  }
  static std::int64_t Number(std::istream& words) { return std::stoll(Word(words)); }
  static Time At(std::istream& words) { return Time(std::chrono::seconds(Number(words))); }

  void Add(std::istream& words) {
    const std::string id = Word(words);
    RunToRetain run{.id = BackupId(id), .run = RunId(id), .made_at = At(words)};
    if (const std::string schedule = Word(words); schedule != "-") run.schedule = schedule;
    run.outcome = RunOutcome::kGood;
    run.expires_at = At(words);
    runs_.emplace(id, std::move(run));
  }

  bool Change(const std::string& event, std::istream& words) {
    const auto found = runs_.find(Word(words));
    if (found == runs_.end()) return true;  // deleted by now
    RunToRetain& run = found->second;
    if (event == "damaged") {
      run.outcome = RunOutcome::kDamaged;
    } else if (event == "hold") {
      run.hold = "bar";
    } else if (event == "release") {
      run.hold.reset();
    } else if (event == "extend") {
      run.expires_at = At(words);
    } else if (event == "delete") {
      const Time due = run.deletion ? run.deletion->not_before : At(words);
      if (!run.hold) run.deletion = PendingDeletion{.not_before = due, .requested_by = "alice"};
    } else {
      return false;
    }
    return true;
  }

  void Look(Time now) {
    std::vector<RunToRetain> runs;
    for (const auto& [id, run] : runs_) runs.push_back(run);
    std::string line;
    for (const RetentionDecision& decision : DecideRetention(runs, policy_, now)) {
      RunToRetain& run = runs_.at(decision.id.str());
      char mark = 0;
      switch (decision.action) {
        case RetentionAction::kRequestDeletion:
          mark = '+';
          run.deletion =
              PendingDeletion{.not_before = *decision.not_before, .requested_by = kRetentionWho};
          break;
        case RetentionAction::kWithdrawDeletion:
          mark = '-';
          run.deletion.reset();
          break;
        case RetentionAction::kDelete:
          mark = 'x';
          runs_.erase(decision.id.str());
          break;
        case RetentionAction::kKeep:
        case RetentionAction::kWait:
          continue;
      }
      if (!line.empty()) line += ' ';
      line += mark + decision.id.str();
    }
    std::cout << line << '\n';
  }

  RetentionPolicy policy_;
  std::map<std::string, RunToRetain> runs_;  // that are not deleted
};

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  World world;
  for (std::string line; std::getline(std::cin, line);) {
    if (world.Take(line)) continue;
    std::cerr << "no such event: " << line << '\n';
    return 2;
  }
  return 0;
}
