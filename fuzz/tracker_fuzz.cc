// Trackers: what LCP's tools read is a pure function of a manifest that somebody may have written,
// and where one lies already, whatever it is, it is neither believed nor replaced.
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "base/check.h"
#include "base/hash.h"
#include "base/random.h"
#include "codec/json.h"
#include "storage/stores.h"
#include "vault/candidate.h"
#include "vault/commit.h"
#include "vault/entries.h"
#include "vault/paths.h"
#include "vault/run.h"
#include "vault/tracker.h"
#include "vault/vault_file.h"

namespace {

using namespace lc2;         // NOLINT(google-build-using-namespace): one file, one purpose
using namespace lc2::vault;  // NOLINT(google-build-using-namespace): one file, one purpose

const EnvironmentId kEnv{.project = ProjectId("retail"), .environment = EnvironmentName("prd")};
const RunId kRun("0123456789abcdef0123456789abcdef");
const BackupId kBackup("retail-prd-backup-20251109-143000");
const std::string kSpecDigest = "sha256:" + std::string(64, 'a');
constexpr Time kMade{std::chrono::seconds(1'762'698'600)};  // 2025-11-09T14:30:00Z

void TryManifest(std::string_view bytes) {
  // A checksum is no secret: whoever changes a manifest can make it fit again.
  auto json = codec::ParseJson(bytes);
  if (!json.has_value() || !json->is_object()) return;
  json->as_object().erase("checksum");
  json->as_object()["checksum"] = Sha256Tagged(codec::CanonicalJson(*json));
  const auto manifest = ParseManifest(codec::CompactJson(*json), kEnv, "manifest.json");
  if (!manifest.has_value()) return;
  const std::string text = EncodeTracker(*manifest);
  LC2_CHECK(text == EncodeTracker(*manifest));
  const auto tracker = codec::ParseJson(text);
  LC2_CHECK(tracker.has_value() && codec::CanonicalJson(*tracker) == text);
  LC2_CHECK(tracker->at("backupId").as_string() == manifest->backup_id.str());
  LC2_CHECK(tracker->at("status").as_string() == "success");
  // LCP's tools follow these paths with rights of their own.
  const std::string_view directory = tracker->at("doclib").at("directory").as_string();
  LC2_CHECK(directory.ends_with('/') && IsInside(kEnv, directory.substr(0, directory.size() - 1)));
  if (const auto* dump = tracker->as_object().if_contains("dbDump"))
    LC2_CHECK(IsInside(kEnv, std::string(dump->at("location").as_string())));
}

// A vault with one backup of no objects, committed but for its tracker: key -> bytes.
std::map<std::string, std::string> MakeCommitted(const Context& ctx) {
  const auto store = MakeMemoryStore(ctx.clock());
  SeededRandom random(1);
  const Vault vault{.store = *store,
                    .file = OpenVault(ctx, *store, random, {.create = true}).value(),
                    .random = random,
                    .lcp_trackers = false};
  const StartedRun run = StartRun(ctx, vault, kEnv,
                                  {.first_run = kRun,
                                   .request = {.name_space = "proj-retail-prd", .name = "nightly"},
                                   .spec_digest = kSpecDigest,
                                   .backup_id = kBackup,
                                   .initiator = "alice",
                                   .timestamp = kMade,
                                   .expires_at = kMade + std::chrono::hours(24 * 30),
                                   .who = "control"},
                                  [](const Context&) -> Result<RunChoice> { return RunChoice{}; })
                             .value();
  const AttemptId attempt = StartAttempt(ctx, vault, kEnv, run.run, "control").value();
  const auto writer = LibraryWriter::Make(
      ctx, *store,
      {.env = kEnv, .backup_id = kBackup, .run = run.run, .attempt = attempt, .inherited = {}});
  Candidate candidate{.run_id = run.run,
                      .attempt = attempt,
                      .backup_id = kBackup,
                      .project_id = kEnv.project,
                      .environment = kEnv.environment,
                      .spec_digest = kSpecDigest,
                      .provider = "local",
                      .database = {.type = "none"}};
  candidate.document_library =
      writer->Finish({.store = "FileSystem", .source_bucket = "/srv/library"}).value();
  candidate.consistency.window = MakeWindow(kMade, kMade);
  LC2_CHECK(WriteCandidate(ctx, *store, candidate).has_value());
  const auto checked = CheckCandidate(ctx, *store, kEnv, run.run, attempt);
  LC2_CHECK(Commit(ctx, vault, kEnv, run.run, checked.value(), "control").has_value());

  std::map<std::string, std::string> objects;
  const auto listing = store->List(ctx, {}).value();
  for (auto page = listing->Read().value(); !page.empty(); page = listing->Read().value()) {
    for (const auto& entry : page) objects[entry.key] = store->Get(ctx, entry.key).value();
  }
  LC2_CHECK(!objects.contains(TrackerKey(kBackup)));
  return objects;
}

void FindTracker(std::string_view bytes) {
  static const SystemClock clock;
  static const Context ctx(clock);
  static const std::map<std::string, std::string> committed = MakeCommitted(ctx);
  const std::string before(bytes);
  const auto store = MakeMemoryStore(clock);
  for (const auto& [key, body] : committed)
    LC2_CHECK(store->Put(ctx, {.key = key, .body = body}).has_value());
  LC2_CHECK(store->Put(ctx, {.key = TrackerKey(kBackup), .body = before}).has_value());
  SeededRandom random(2);
  const Vault vault{.store = *store,
                    .file = OpenVault(ctx, *store, random, {}).value(),
                    .random = random,
                    .lcp_trackers = true};
  const auto finished = FinishCommit(ctx, vault, kEnv, kRun);
  LC2_CHECK(finished.has_value() && finished->facts.alive());
  LC2_CHECK(store->Get(ctx, TrackerKey(kBackup)).value() == before);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  TryManifest(bytes);
  FindTracker(bytes);
  return 0;
}
