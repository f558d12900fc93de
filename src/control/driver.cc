#include "control/driver.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "api/backup_request.h"
#include "api/restore_request.h"
#include "control/restore_reconciler.h"

namespace lc2::control {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook{200};
// A store or vault that cannot be reached is asked again with growing pauses, for a few minutes.
constexpr milliseconds kFirstPause{500};
constexpr milliseconds kLongestPause{30'000};
constexpr int kTries = 12;
// Of ErrnoError() and SQLite. Nobody empties or mends a disk while he watches lc2 wait for it; the
// same command goes on where this one stopped.
constexpr std::array<std::string_view, 5> kSomebodyIsNeeded = {
    "file.no_space", "file.no_descriptors", "file.io_error", "sql.no_space", "sql.server_io"};

bool IsSomebodyNeeded(const Error& error) {
  for (const Error* at = &error; at != nullptr; at = at->cause.get()) {
    if (std::ranges::find(kSomebodyIsNeeded, at->code) != kSomebodyIsNeeded.end()) return true;
  }
  return false;
}

Result<Reconciled> Reconcile(const Context& ctx, const Deps& deps, const ResourceRef& ref) {
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

Result<void> RequestCancel(const Context& ctx, const Deps& deps, const ResourceRef& ref) {
  LC2_ASSIGN_OR_RETURN(codec::Json object, deps.resources.Get(ctx, ref));
  object.get_object()["spec"].get_object()["cancel"] = true;
  LC2_RETURN_IF_ERROR(deps.resources.Update(ctx, object));
  return {};
}

}  // namespace

Result<Reconciled> Drive(const Context& ctx, const Deps& deps, const ResourceRef& request) {
  // Ends with the request, not with the caller's patience: a cancelled run must be closed in order.
  const Context own(ctx.clock(), ctx.log());
  bool cancelled = false;
  int failures = 0;
  milliseconds pause = kFirstPause;
  while (true) {
    Result<Reconciled> step = Reconciled{};
    if (ctx.stopped() && !cancelled) {
      const Result<void> told = RequestCancel(own, deps, request);
      cancelled = told.has_value();
      if (!cancelled) step = told.error();
    }
    if (step.has_value()) step = Reconcile(own, deps, request);
    if (step.has_value() && step->terminal) return step;
    // Once it is cancelled there is nothing to wake for: a stopped context would not pause at all.
    const Context& waits = cancelled ? own : ctx;
    if (step.has_value()) {
      failures = 0;
      pause = kFirstPause;
      deps.platform.Wait(waits, kLook);
      continue;
    }
    if (!FactsOf(step.error().kind).retryable || ++failures >= kTries) return step;
    if (IsSomebodyNeeded(step.error())) return step;
    // A stale write: somebody else was here; look again at once.
    if (step.error().kind == ErrorKind::kConflict) continue;
    ctx.log().Warning("reconcile", {{"request", request.str()}, {"error", Describe(step.error())}});
    deps.platform.Wait(waits, pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace lc2::control
