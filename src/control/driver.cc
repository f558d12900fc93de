#include "control/driver.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "api/backup_request.h"
#include "codec/described.h"
#include "control/look.h"

namespace lc2::control {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook{200};
// A store or vault that cannot be reached is asked again with growing pauses, for a few minutes.
constexpr milliseconds kFirstPause{500};
constexpr milliseconds kLongestPause{30'000};
constexpr int kTries = 12;
// Nobody empties, mends or mounts a disk while he watches lc2 wait for it; the same command goes on
// where this one stopped.
constexpr std::array<std::string_view, 7> kSomebodyIsNeeded = {
    "file.no_space", "file.no_descriptors", "file.io_error", "sql.no_space",
    "sql.server_io", "vault.gone",          "vault.other"};

bool IsSomebodyNeeded(const Error& error) {
  for (const Error* at = &error; at != nullptr; at = at->cause.get()) {
    if (std::ranges::find(kSomebodyIsNeeded, at->code) != kSomebodyIsNeeded.end()) return true;
  }
  return false;
}

Result<void> RequestCancel(const Context& ctx, const Deps& deps, const ResourceRef& ref) {
  LC2_ASSIGN_OR_RETURN(codec::Json object, deps.resources.Get(ctx, ref));
  object.get_object()["spec"].get_object()["cancel"] = true;
  LC2_RETURN_IF_ERROR(deps.resources.Update(ctx, object));
  return {};
}

void ReportProgress(const Context& ctx, const codec::Json& object) {
  const codec::Json* status = object.get_object().if_contains("status");
  if (status == nullptr || !status->is_object()) return;
  const codec::Json* found = status->get_object().if_contains("progress");
  if (found == nullptr) return;
  const auto progress = codec::Decode<api::ProgressStatus>(*found);
  if (!progress.has_value()) return;
  ctx.Report({.step = progress->step,
              .objects_done = progress->objects_done,
              .objects_total = progress->objects_total,
              .bytes_done = progress->bytes_done,
              .bytes_total = progress->bytes_total});
}

// How a terminal request ended: only its log knows the whole error.
Result<Reconciled> EndOf(const Context& ctx, const Deps& deps, const ResourceRef& request) {
  for (int tries = 1;; ++tries) {
    Result<Reconciled> look = LookAt(ctx, deps, request);
    if (look.has_value() || look.error().kind != ErrorKind::kConflict || tries == kTries) {
      return look;
    }
  }
}

}  // namespace

Result<Reconciled> Follow(const Context& ctx, const Deps& deps, const ResourceRef& request,
                          const std::function<bool()>& served) {
  const Context own(ctx.clock(), ctx.log());
  LC2_ASSIGN_OR_RETURN(
      const auto watch,
      deps.resources.Watch(own,
                           {.kind = request.kind, .namespace_ = request.namespace_, .labels = {}}));
  bool cancelled = false;
  while (true) {
    if (ctx.stopped() && !cancelled) cancelled = RequestCancel(own, deps, request).has_value();
    LC2_ASSIGN_OR_RETURN(const std::optional<WatchEvent> event, watch->Next(own, kLook));
    if (!event) {
      if (!served()) return Drive(ctx, deps, request);
      continue;
    }
    if (!event->object.is_object() || RefOf(event->object) != request) continue;
    if (event->type == WatchEventType::kDelete) {
      return Error{.kind = ErrorKind::kNotFound,
                   .code = "resource.not_found",
                   .message = fmt::format("{} was deleted before it ended", request.str()),
                   .hint = "create it again under another name"};
    }
    ReportProgress(ctx, event->object);
    if (IsTerminalRequest(event->object)) return EndOf(own, deps, request);
  }
}

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
    if (step.has_value()) step = LookAt(own, deps, request);
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
