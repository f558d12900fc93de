#include "control/deps.h"

namespace lc2::control {

Result<void> KeepRecord(const Context& ctx, const Deps& deps, const catalog::BackupRecord& record) {
  const Result<void> kept = deps.catalog.Put(ctx, record);
  if (kept.has_value() || FactsOf(kept.error().kind).retryable) return kept;
  ctx.log().Warning("catalogue not written, rebuild it with `lc2 catalog rebuild`",
                    {{"backup", record.backup_id}, {"error", Describe(kept.error())}});
  return {};
}

bool NeedsSomebody(const Error& error) {
  return !FactsOf(error.kind).retryable && error.kind != ErrorKind::kCancelled &&
         error.code != "resource.not_found";
}

}  // namespace lc2::control
