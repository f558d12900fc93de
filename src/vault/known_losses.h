#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "base/context.h"
#include "base/result.h"
#include "base/strong.h"
#include "vault/vault.h"

// control/known/<000000>.json: losses at the source that somebody accepted (design.md section 6).
namespace lc2::vault {

// What the database says must exist and the library does not have, or has in another size.
enum class LossKind { kMissing, kSizeMismatch };
BOOST_DESCRIBE_ENUM(LossKind, kMissing, kSizeMismatch)

struct KnownLoss {
  std::string key;
  LossKind kind = LossKind::kMissing;
  std::int64_t size = 0;  // that the database expects
  auto operator<=>(const KnownLoss&) const = default;
};
BOOST_DESCRIBE_STRUCT(KnownLoss, (), (key, kind, size))

// Appends losses found by the failed run of `backup_id`. Those known already are left out.
Result<void> AcceptLosses(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                          const BackupId& backup_id, std::vector<KnownLoss> losses,
                          const std::string& who, const std::string& why);

// All of them, sorted by key bytes, each once. Error: kCorrupt "known_losses.invalid".
Result<std::vector<KnownLoss>> ReadKnownLosses(const Context& ctx, ObjectStore& store,
                                               const EnvironmentId& env);

}  // namespace lc2::vault
