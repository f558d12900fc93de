#include "control/look.h"

#include <fmt/core.h>

#include "api/backup_request.h"
#include "api/documents.h"
#include "api/restore_request.h"
#include "control/restore_reconciler.h"

namespace lc2::control {

Result<Reconciled> LookAt(const Context& ctx, const Deps& deps, const ResourceRef& ref) {
  if (ref.kind == api::BackupRequest::kKind) {
    return ReconcileBackup(ctx, deps, ref.namespace_, ref.name);
  }
  if (ref.kind == api::RestoreRequest::kKind) {
    return ReconcileRestore(ctx, deps, ref.namespace_, ref.name);
  }
  return Error{.kind = ErrorKind::kInvalid,
               .code = "request.unknown_kind",
               .message = fmt::format("{} is no request", ref.str())};
}

bool IsTerminalRequest(const codec::Json& object) {
  const std::string kind = RefOf(object).kind;
  if (kind == api::BackupRequest::kKind) {
    const auto request = api::DecodeResource<api::BackupRequest>(object);
    return request.has_value() && api::IsTerminal(*request);
  }
  if (kind == api::RestoreRequest::kKind) {
    const auto request = api::DecodeResource<api::RestoreRequest>(object);
    return request.has_value() && api::IsTerminal(*request);
  }
  return false;
}

}  // namespace lc2::control
