// Names and times that come from outside: what a check lets through is safe to build paths from,
// and what a parser accepts means the same when it is written and read again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/time_format.h"
#include "library/generated.h"
#include "library/key_filter.h"
#include "storage/key_text.h"
#include "storage/object_store.h"
#include "vault/paths.h"

namespace {

using namespace lc2;         // NOLINT(google-build-using-namespace): one file, one purpose
using namespace lc2::vault;  // NOLINT(google-build-using-namespace): one file, one purpose

const EnvironmentId kEnv{.project = ProjectId("retail"), .environment = EnvironmentName("prd")};
const RunId kRun("0123456789abcdef0123456789abcdef");

bool Starts(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// Whatever an accepted id is, the backup lies in a folder of its own, inside its environment.
void TryBackupId(const std::string& text) {
  const BackupId id(text);
  if (!CheckBackupId(id).has_value()) return;
  for (const std::string& key :
       {ManifestKey(kEnv, id), SignatureKey(kEnv, id), ReservationKey(kEnv, id),
        DumpFolder(kEnv, id, MakeAttemptId(1)) + "x"}) {
    LC2_CHECK(CheckKey(key).has_value() && IsInside(kEnv, key));
  }
  LC2_CHECK(CheckKey(TrackerKey(id)).has_value());
  if (const auto part = TimePartOf(kEnv, id)) {
    LC2_CHECK(Starts(BackupFolder(kEnv, id), "retail/prd/" + *part));
    LC2_CHECK(text == "retail-prd-backup-" + *part);
  } else {
    LC2_CHECK(BackupFolder(kEnv, id) == "retail/prd/id-" + text);
  }
}

void TryEnvironment(const std::string& text) {
  const std::size_t cut = text.find('/');
  if (cut == std::string::npos) return;
  const EnvironmentId env{.project = ProjectId(text.substr(0, cut)),
                          .environment = EnvironmentName(text.substr(cut + 1))};
  if (!CheckEnvironment(env).has_value()) return;
  LC2_CHECK(CheckKey(ControlEntryKey(env, kRun, 0)).has_value());
  LC2_CHECK(!IsVaultFolder(env.project.str()));
  LC2_CHECK(text == "retail/prd" || !IsInside(kEnv, ControlEntryKey(env, kRun, 0)));
}

void TryPaths(const std::string& text) {
  if (IsInside(kEnv, text)) {
    LC2_CHECK(CheckKey(text).has_value() && Starts(text, EnvironmentPrefix(kEnv)));
  }
  if (const auto pool = ParsePoolKey(kEnv, text)) {
    LC2_CHECK(IsInside(kEnv, text) && Starts(text, PoolFolder(kEnv, pool->hh)));
    LC2_CHECK(text == PoolFolder(kEnv, pool->hh) + pool->hash + "-" + pool->run8);
  }
  if (const auto number = ParseNumberedName(text)) {
    LC2_CHECK(ControlEntryKey(kEnv, kRun, *number) == ControlLogPrefix(kEnv, kRun) + text);
  }
  if (CheckRequestName(text).has_value()) {
    LC2_CHECK(CheckKey(RequestRecordKey(kEnv, RunKind::kRestore, text)).has_value());
  }
}

void TryTimes(const std::string& text) {
  if (const auto time = ParseRfc3339(text); time.has_value()) {
    const auto whole = ParseRfc3339(FormatRfc3339(*time));
    LC2_CHECK(whole.has_value() && *whole <= *time && *time - *whole < std::chrono::seconds(1));
    const auto millis = ParseRfc3339(FormatRfc3339Millis(*time));
    LC2_CHECK(millis.has_value() && *time - *millis < std::chrono::milliseconds(1));
  }
  if (const auto time = ParseCompactTime(text); time.has_value()) {
    LC2_CHECK(FormatCompactTime(*time) == text);
  }
}

// "pattern\nkey\nkey...": the keys in the order of their bytes, as a listing gives them.
void TryKeys(std::string_view text) {
  const std::size_t first = text.find('\n');
  const std::string_view pattern = text.substr(0, first);
  KeyClassifier classifier;
  std::string last;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view key = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const bool matches = MatchesGlob(pattern, key);
    if (pattern == "**") LC2_CHECK(matches);
    if (pattern.find_first_of("*?") == std::string_view::npos && !pattern.ends_with('/')) {
      LC2_CHECK(matches == (pattern == key));
    }
    LC2_CHECK(storage::IsPlainText(storage::EscapeName(key)));
    if (!CheckKey(key).has_value() || key <= last) continue;
    // Only what is beside its document may be left out for its ending.
    if (classifier.Classify(key) == KeyClass::kGenerated && key.ends_with(".index") &&
        key.find("/0/") == std::string_view::npos) {
      LC2_CHECK(!last.empty());
    }
    last = key;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  TryBackupId(text);
  TryEnvironment(text);
  TryPaths(text);
  TryTimes(text);
  TryKeys(text);
  return 0;
}
