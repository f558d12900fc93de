// Manifests, candidates and indexes come from storage that others may write.
// Nothing in them may crash a reader or lead it out of the environment, and what is accepted must
// survive a round trip.
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "base/check.h"
#include "base/hash.h"
#include "codec/json.h"
#include "storage/object_store.h"
#include "vault/candidate.h"
#include "vault/entries.h"
#include "vault/manifest.h"
#include "vault/paths.h"

namespace {

using namespace lc2;         // NOLINT(google-build-using-namespace): one file, one purpose
using namespace lc2::vault;  // NOLINT(google-build-using-namespace): one file, one purpose

const EnvironmentId kEnv{.project = ProjectId("retail"), .environment = EnvironmentName("prd")};
const std::string kIndexPath = "retail/prd/20251109-143000/library/a1/index.json";

void CheckPaths(const DatabaseFacts& database, const LibraryFacts& library,
                const ConsistencyFacts& consistency) {
  const auto inside = [](const auto& part) { LC2_CHECK(!part || IsInside(kEnv, part->path)); };
  inside(database.dump);
  if (database.dump) inside(database.dump->index);
  inside(database.references);
  inside(consistency.findings);
  inside(library.index);
  std::string last;
  for (const Entry& entry : library.files) {
    LC2_CHECK(IsInside(kEnv, entry.path) && CheckKey(entry.key).has_value());
    LC2_CHECK(last < entry.key && entry.size >= 0);
    last = entry.key;
  }
}

void TryManifest(std::string_view bytes) {
  const auto manifest = ParseManifest(bytes, kEnv, "manifest.json");
  if (!manifest.has_value()) return;
  CheckPaths(manifest->database, manifest->document_library, manifest->consistency);
  const std::string written = EncodeManifest(*manifest);
  const auto again = ParseManifest(written, kEnv, "again");
  LC2_CHECK(again.has_value() && EncodeManifest(*again) == written);
}

// A checksum is no secret: whoever changes a manifest can make it fit again.
void TryManifestWithItsChecksum(std::string_view bytes) {
  auto json = codec::ParseJson(bytes);
  if (!json.has_value() || !json->is_object()) return;
  json->as_object().erase("checksum");
  json->as_object()["checksum"] = Sha256Tagged(codec::CanonicalJson(*json));
  TryManifest(codec::CompactJson(*json));
}

void TryCandidate(std::string_view bytes) {
  const auto candidate = ParseCandidate(bytes, kEnv, "candidate.json");
  if (!candidate.has_value()) return;
  CheckPaths(candidate->database, candidate->document_library, candidate->consistency);
  const auto again = ParseCandidate(EncodeCandidate(*candidate), kEnv, "again");
  LC2_CHECK(again.has_value() && *again == *candidate);
}

void TryIndex(std::string_view bytes) {
  const auto index = ParseIndex(bytes, kEnv, kIndexPath);
  if (!index.has_value()) return;
  for (const ShardFacts& shard : index->shards) LC2_CHECK(IsInside(kEnv, shard.path));
  const std::string written = EncodeIndex(*index);
  const auto again = ParseIndex(written, kEnv, kIndexPath);
  LC2_CHECK(again.has_value() && EncodeIndex(*again) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  TryManifest(bytes);
  TryManifestWithItsChecksum(bytes);
  TryCandidate(bytes);
  TryIndex(bytes);
  return 0;
}
