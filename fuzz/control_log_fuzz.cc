// A control log, one entry a line, as somebody with rights on the bucket could leave it: it is one
// story or it is refused, alone and among the runs that a collection reads.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "storage/stores.h"
#include "vault/backup.h"
#include "vault/collection.h"
#include "vault/control_log.h"
#include "vault/paths.h"

namespace {

using namespace lc2;         // NOLINT(google-build-using-namespace): one file, one purpose
using namespace lc2::vault;  // NOLINT(google-build-using-namespace): one file, one purpose

const EnvironmentId kEnv{.project = ProjectId("retail"), .environment = EnvironmentName("prd")};
const RunId kRun("0123456789abcdef0123456789abcdef");

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (true) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

// What is accepted survives a round trip.
void TryEntry(std::int64_t number, std::string_view bytes) {
  const auto entry = ParseLogEntry(kEnv, kRun, number, bytes);
  if (!entry.has_value()) return;
  LC2_CHECK(entry->number == number);
  const std::string written = EncodeLogEntry(kEnv, kRun, *entry);
  const auto again = ParseLogEntry(kEnv, kRun, number, written);
  LC2_CHECK(again.has_value() && again->body.index() == entry->body.index());
  LC2_CHECK(EncodeLogEntry(kEnv, kRun, *again) == written);
}

// A run has one end, and only what is committed can be deleted.
void CheckStory(const ControlLog& log) {
  const RunFacts facts = Fold(log);
  LC2_CHECK(facts.entries == static_cast<std::int64_t>(log.entries.size()));
  LC2_CHECK(facts.opened.has_value() == !log.entries.empty());
  LC2_CHECK(int{facts.committed.has_value()} + int{facts.abandoned.has_value()} +
                int{facts.finished.has_value()} <=
            1);
  LC2_CHECK(facts.closed() == facts.closed_at.has_value());
  LC2_CHECK(!facts.deleted || facts.committed.has_value());
  LC2_CHECK(!facts.deleted || !facts.hold.has_value());
  if (facts.committed) {
    bool launched = false;
    for (const AttemptId& attempt : facts.attempts)
      launched = launched || attempt == facts.committed->attempt;
    LC2_CHECK(launched);
  }
}

void TryLog(const std::vector<std::string_view>& lines) {
  const SystemClock clock;
  const Context ctx{clock};
  const auto store = MakeMemoryStore(clock);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string key = ControlEntryKey(kEnv, kRun, static_cast<std::int64_t>(i));
    LC2_CHECK(store->Put(ctx, {.key = key, .body = std::string(lines[i])}).has_value());
  }
  const auto log = ReadControlLog(ctx, *store, kEnv, kRun);
  if (log.has_value()) {
    LC2_CHECK(log->entries.size() == lines.size());
    CheckStory(*log);
  } else {
    LC2_CHECK(log.error().kind == ErrorKind::kCorrupt);
  }
  const auto listed = ListAllRuns(ctx, *store, kEnv);
  LC2_CHECK(listed.has_value() && listed->runs.size() + listed->damaged.size() == 1);
  LC2_CHECK(log.has_value() == listed->damaged.empty());
  // What cannot be read may refer to anything: then nothing is garbage.
  const auto plan = PlanCollection(ctx, *store, kEnv, {.full = true});
  LC2_CHECK(plan.has_value() ? log.has_value() : plan.error().kind == ErrorKind::kCorrupt);
  if (plan.has_value()) LC2_CHECK(plan->items.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kEnough = 40;  // entries; a longer log says nothing new
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string_view> lines = Lines(text);
  if (lines.size() > kEnough) lines.resize(kEnough);
  for (std::size_t i = 0; i < lines.size(); ++i) TryEntry(static_cast<std::int64_t>(i), lines[i]);
  TryLog(lines);
  return 0;
}
