#include "engine/losses.h"

#include "engine/base_entries.h"
#include "library/finding.h"

namespace lc2::engine {

Result<std::vector<vault::KnownLoss>> ReadLosses(const Context& ctx, ObjectStore& vault,
                                                 const vault::ListFacts& findings) {
  LC2_RETURN_IF_ERROR(
      CheckStoredDigest(ctx, vault, findings.path, findings.sha256, "findings.mismatch"));
  LC2_ASSIGN_OR_RETURN(auto stored, vault.OpenReader(ctx, findings.path));
  const auto reader = ReadFindings(std::move(stored));
  std::vector<vault::KnownLoss> losses;
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::vector<Finding> batch, reader->Read());
    if (batch.empty()) return losses;
    for (const Finding& finding : batch) {
      const auto loss = library::AsKnownLoss(finding);
      if (!loss) continue;
      losses.push_back({.key = loss->key,
                        .kind = loss->kind == FindingKind::kLostAtSource
                                    ? vault::LossKind::kMissing
                                    : vault::LossKind::kSizeMismatch,
                        .size = loss->size});
    }
  }
}

Result<library::KnownLosses> ReadAccepted(const Context& ctx, ObjectStore& vault,
                                          const EnvironmentId& env) {
  LC2_ASSIGN_OR_RETURN(const std::vector<vault::KnownLoss> accepted,
                       vault::ReadKnownLosses(ctx, vault, env));
  std::vector<library::KnownLoss> losses;
  for (const vault::KnownLoss& loss : accepted) {
    losses.push_back({.key = loss.key,
                      .kind = loss.kind == vault::LossKind::kMissing ? FindingKind::kLostAtSource
                                                                     : FindingKind::kSizeMismatch,
                      .size = loss.size});
  }
  return library::KnownLosses(std::move(losses));
}

}  // namespace lc2::engine
