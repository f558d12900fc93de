#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "base/signing.h"
#include "catalog/catalog.h"
#include "control/platform.h"
#include "provider/provider.h"
#include "resources/resource_store.h"

namespace lc2::control {

// What the control plane works with; wired in main. All of it must outlive its users.
struct Deps {
  ResourceStore& resources;
  provider::Provider& provider;
  Platform& platform;
  catalog::Catalog& catalog;
  Random& random;  // thread-safe
  const SigningKey* signing_key = nullptr;
  std::vector<PublicKey> trusted;  // keys whose backups may be restored
  std::string who;                 // "alice@host": recorded as initiator and in logs
};

// Puts a record into the catalogue, which is derived: where it cannot be written, the decision that
// it shows stands all the same, and a warning says to rebuild it. Errors: kUnavailable and the
// like, after which the same call may succeed.
Result<void> KeepRecord(const Context& ctx, const Deps& deps, const catalog::BackupRecord& record);

// Shows a status as a best effort: the error that it tells of is what the caller gets.
template <typename Request>
void TryUpdateStatus(const Context& ctx, const Deps& deps, const Request& request) {
  const auto shown = UpdateStatusAs(ctx, deps.resources, request);
  if (shown.has_value()) return;
  ctx.log().Warning("status not written",
                    {{"request", request.metadata.name}, {"error", Describe(shown.error())}});
}

// An attempt that vanished is made again so often before its run is given up.
inline constexpr std::size_t kMaxAttempts = 3;

// An error that no repetition gets past.
bool NeedsSomebody(const Error& error);

}  // namespace lc2::control
