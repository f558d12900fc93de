// Manifests, candidates, control log entries and indexes come from storage that others may write.
// Nothing in them may crash a reader, and what is accepted must survive a round trip.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "vault/candidate.h"
#include "vault/control_log.h"
#include "vault/entries.h"
#include "vault/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lc2;         // NOLINT(google-build-using-namespace): one function
  using namespace lc2::vault;  // NOLINT(google-build-using-namespace): one function
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const EnvironmentId env{.project = ProjectId("retail"), .environment = EnvironmentName("prd")};
  const RunId run("0123456789abcdef0123456789abcdef");

  if (const auto manifest = ParseManifest(bytes, env, "manifest.json"); manifest.has_value())
    LC2_CHECK(ParseManifest(EncodeManifest(*manifest), env, "again").has_value());
  if (const auto candidate = ParseCandidate(bytes, env, "candidate.json"); candidate.has_value()) {
    const auto again = ParseCandidate(EncodeCandidate(*candidate), env, "again");
    LC2_CHECK(again.has_value() && *again == *candidate);
  }
  if (const auto entry = ParseLogEntry(env, run, 0, bytes); entry.has_value()) {
    const auto again = ParseLogEntry(env, run, 0, EncodeLogEntry(env, run, *entry));
    LC2_CHECK(again.has_value() && again->body.index() == entry->body.index());
  }
  const std::string index_path = "retail/prd/20251109-143000/library/a1/index.json";
  if (const auto index = ParseIndex(bytes, env, index_path); index.has_value())
    LC2_CHECK(ParseIndex(EncodeIndex(*index), env, index_path).has_value());
  return 0;
}
