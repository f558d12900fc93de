#include "control/backup_status.h"

#include <fmt/core.h>

#include <algorithm>

#include "api/restore_request.h"
#include "base/time_format.h"
#include "codec/described.h"
#include "control/run_error.h"
#include "control/status_writer.h"

namespace lc2::control {

namespace {

using api::ConditionStatus;

using StatusBuilder = StatusWriter<api::BackupRequest, api::DeriveBackupState>;

void FillRun(StatusBuilder& builder, const vault::RunFacts& run) {
  api::BackupRequestStatus& status = builder.status();
  if (run.opened->backup_id) status.backup_id = run.opened->backup_id->str();
  status.start_time = run.opened->timestamp;
  status.initiator = run.opened->initiator;
  status.attempts = static_cast<std::int64_t>(run.attempts.size());
  status.completion_time = run.closed_at;
  status.expiration_time = run.expires_at;
}

void FillConsistency(StatusBuilder& builder, const vault::ConsistencyFacts& facts) {
  builder.status().consistency = api::ConsistencyStatus{
      .level = facts.level == vault::ConsistencyLevel::kAsOf ? api::ConsistencyLevel::kAsOf
                                                             : api::ConsistencyLevel::kOrdered,
      .missing = facts.missing,
      .orphans = facts.orphans,
      .size_mismatches = facts.size_mismatches,
      .recovered = facts.recovered,
      .in_flight = facts.in_flight};
}

void FillBackup(StatusBuilder& builder, const BackupView& view) {
  const vault::Manifest& manifest = view.backup->manifest;
  api::BackupRequestStatus& status = builder.status();
  status.database = api::BackupDatabaseStatus{
      .snapshot_id = manifest.database.snapshot_id.value_or(""),
      .engine = manifest.database.engine.value_or(""),
      .engine_version = manifest.database.engine_version.value_or(""),
      .size_bytes = manifest.database.dump ? manifest.database.dump->size_bytes : 0};
  status.document_library = api::BackupLibraryStatus{
      .object_count = manifest.document_library.object_count,
      .total_size_bytes = manifest.document_library.total_size_bytes,
      .copied_objects = view.copied_objects.value_or(
          status.document_library ? status.document_library->copied_objects : 0),
      .manifest_path = view.manifest_path};
  FillConsistency(builder, manifest.consistency);

  const bool portable = manifest.database.dump || manifest.database.type == "none";
  builder.Set("Portable", portable ? ConditionStatus::kTrue : ConditionStatus::kFalse,
              portable ? "DumpIncluded" : "SnapshotOnly");
  const std::int64_t lost = manifest.consistency.missing + manifest.consistency.size_mismatches;
  builder.Set("Complete", lost == 0 ? ConditionStatus::kTrue : ConditionStatus::kFalse,
              lost == 0 ? "NothingMissing" : "KnownLosses",
              lost == 0 ? "" : fmt::format("{} documents are missing or of another size", lost));
  switch (view.backup->signature) {
    case vault::SignatureState::kTrusted:
      builder.Set("Signed", ConditionStatus::kTrue, "TrustedKey", view.backup->key_id);
      break;
    case vault::SignatureState::kUntrustedKey:
      builder.Set("Signed", ConditionStatus::kFalse, "UntrustedKey", view.backup->key_id);
      break;
    case vault::SignatureState::kUnsigned:
      builder.Set("Signed", ConditionStatus::kFalse, "Unsigned");
      break;
  }
  builder.Set("Immutable", ConditionStatus::kFalse, "NoObjectLock");
}

void FillVerified(StatusBuilder& builder, const BackupView& view,
                  const api::BackupRequest& request) {
  const vault::RunFacts& run = *view.run;
  if (view.damage != nullptr) {
    builder.Set("Verified", ConditionStatus::kFalse, "Damaged", MessageOf(*view.damage));
    return;
  }
  if (!run.verified) {
    builder.Set("Verified", ConditionStatus::kTrue, "ReadBack",
                fmt::format("level {} when it was made", codec::Word(request.spec.verify)));
    return;
  }
  const bool passed = run.verified->result == "Passed";
  std::string message = fmt::format("level {}", run.verified->level);
  if (run.verified_at) message += " at " + FormatRfc3339(*run.verified_at);
  for (std::size_t i = 0; i < run.verified->damaged.size() && i < 10; ++i) {
    message += (i == 0 ? ": " : ", ") + run.verified->damaged[i];
  }
  builder.Set("Verified", passed ? ConditionStatus::kTrue : ConditionStatus::kFalse,
              passed ? "Passed" : "Damaged", message);
}

void FillAbandoned(StatusBuilder& builder, const vault::Abandoned& abandoned) {
  if (!abandoned.consistency.is_null()) {
    const auto facts = codec::Decode<vault::ConsistencyFacts>(abandoned.consistency);
    if (facts.has_value()) FillConsistency(builder, *facts);
  }
  builder.status().progress.reset();
  builder.Set("Succeeded", ConditionStatus::kFalse, ReasonOf(abandoned),
              MessageOf(DecodeError(abandoned.error)));
}

std::int64_t PercentOf(std::int64_t done, std::int64_t total) {
  if (total <= 0) return 0;
  // In floating point: bytes times a hundred may not fit.
  const double percent = 100.0 * static_cast<double>(done) / static_cast<double>(total);
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(percent), 0, 100);
}

}  // namespace

api::BackupRequestStatus MakeBackupStatus(const api::BackupRequest& request, const BackupView& view,
                                          Time now) {
  StatusBuilder builder(request, now);
  builder.Set("Accepted", ConditionStatus::kTrue, "Accepted");
  if (view.run == nullptr || !view.run->opened) {
    builder.Set("Reconciling", ConditionStatus::kTrue, "Opening");
    return builder.Finish();
  }
  const vault::RunFacts& run = *view.run;
  FillRun(builder, run);
  if (run.open()) {
    builder.Set("Reconciling", ConditionStatus::kTrue, "Running");
    builder.Set("Succeeded", ConditionStatus::kUnknown, "Running");
    if (view.progress) builder.status().progress = ToStatus(*view.progress);
    return builder.Finish();
  }
  builder.Set("Reconciling", ConditionStatus::kFalse, "Done");
  if (run.abandoned) {
    FillAbandoned(builder, *run.abandoned);
    return builder.Finish();
  }
  builder.status().progress.reset();
  builder.Set("Succeeded", ConditionStatus::kTrue, "Committed");
  if (view.backup != nullptr) FillBackup(builder, view);
  FillVerified(builder, view, request);
  if (run.proved) {
    builder.Set("Proved", ConditionStatus::kTrue, "Restored",
                fmt::format("by run {}", run.proved->by.str()));
  }
  if (run.deleted) builder.Set("Expired", ConditionStatus::kTrue, "Deleted");
  return builder.Finish();
}

api::BackupRequestStatus MakeRefusedStatus(const api::BackupRequest& request,
                                           const std::string& reason, const Error& error,
                                           Time now) {
  StatusBuilder builder(request, now);
  builder.Set("Accepted", ConditionStatus::kFalse, reason, MessageOf(error));
  builder.Set("Reconciling", ConditionStatus::kFalse, reason);
  return builder.Finish();
}

api::BackupRequestStatus MakeStalledStatus(const api::BackupRequest& request, const Error& error,
                                           Time now) {
  StatusBuilder builder(request, now);
  builder.Set("Stalled", ConditionStatus::kTrue, std::string(FactsOf(error.kind).name),
              MessageOf(error));
  return builder.Finish();
}

std::string ReasonOf(const vault::Abandoned& abandoned) {
  if (abandoned.reason == vault::AbandonReason::kFailed) {
    return std::string(FactsOf(DecodeError(abandoned.error).kind).name);
  }
  return codec::Word(abandoned.reason);
}

api::ProgressStatus ToStatus(const Progress& progress) {
  const std::int64_t done = progress.bytes_total > 0 ? progress.bytes_done : progress.objects_done;
  const std::int64_t total =
      progress.bytes_total > 0 ? progress.bytes_total : progress.objects_total;
  return {.step = progress.step,
          .objects_done = progress.objects_done,
          .objects_total = progress.objects_total,
          .bytes_done = progress.bytes_done,
          .bytes_total = progress.bytes_total,
          .percent = PercentOf(done, total)};
}

}  // namespace lc2::control
