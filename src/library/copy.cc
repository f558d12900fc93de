#include "library/copy.h"

#include <utility>

#include "library/ordered_work.h"
#include "library/steady_copy.h"

namespace lc2::library {

namespace {

constexpr std::int64_t kKeysBetweenReports = 256;

// One key on its way from the join to the entries.
struct Job {
  std::string key;
  KeyDecision decision;
  std::optional<Reference> reference;
  std::optional<Entry> entry;  // as listed; carried and copied ones as the backup holds them
  bool base_has_it = false;
  ObjectCopy copy;  // how copying it ended
};

Job MakeJob(const std::string& key, JoinedKey& joined) {
  Job job{.key = key, .decision = joined.decision, .base_has_it = joined.base != nullptr};
  if (joined.reference != nullptr) job.reference = std::move(*joined.reference);
  if (joined.listed != nullptr) job.entry = std::move(*joined.listed);
  if (job.decision.action == CopyAction::kCarry) {
    job.entry->checksum = std::move(joined.base->checksum);
    job.entry->path = std::move(joined.base->path);
    job.entry->pool_version_id = std::move(joined.base->pool_version_id);
    job.entry->locked_until = joined.base->locked_until;
  }
  return job;
}

// A row's object that the backup will not hold, or not as the row wants it.
std::optional<Finding> FindingOfReferenced(const Job& job) {
  const bool copying = job.decision.action == CopyAction::kCopy;
  if (job.decision.standing == Standing::kMissing) {
    return MakeFinding(*job.reference, FindingKind::kLostAtSource,
                       job.base_has_it ? "the backup before this one holds it" : "");
  }
  if (copying && job.copy.end == ObjectCopy::End::kVanished) {
    return MakeFinding(*job.reference, FindingKind::kLostAtSource, job.copy.note);
  }
  if (copying && job.copy.end != ObjectCopy::End::kCopied) {
    const bool unstable = job.copy.end == ObjectCopy::End::kUnstable;
    return MakeFinding(*job.reference, unstable ? FindingKind::kUnstable : FindingKind::kUnreadable,
                       job.copy.note);
  }
  if (job.entry->size == job.reference->size) return std::nullopt;
  Finding mismatch = MakeFinding(*job.reference, FindingKind::kSizeMismatch);
  mismatch.actual_size = job.entry->size;
  return mismatch;
}

std::optional<Finding> FindingOfUnreferenced(const Job& job) {
  if (!job.entry.has_value()) return std::nullopt;
  Finding finding{.key = job.key, .actual_size = job.entry->size};
  if (job.decision.action == CopyAction::kCopy && job.copy.end != ObjectCopy::End::kCopied) {
    finding.note = job.copy.note;
    switch (job.copy.end) {
      case ObjectCopy::End::kVanished:
        finding.kind = FindingKind::kVanished;
        break;
      case ObjectCopy::End::kUnstable:
        finding.kind = FindingKind::kUnstable;
        break;
      default:
        finding.kind = FindingKind::kUnreadable;
        break;
    }
    return finding;
  }
  if (job.decision.standing != Standing::kOrphan) return std::nullopt;
  return finding;
}

std::optional<Finding> FindingOf(const Job& job) {
  std::optional<Finding> finding =
      job.reference.has_value() ? FindingOfReferenced(job) : FindingOfUnreferenced(job);
  const bool taken_later = job.copy.changed && job.copy.end == ObjectCopy::End::kCopied;
  if (!taken_later) return finding;
  if (!finding.has_value()) {
    finding =
        Finding{.key = job.key, .kind = FindingKind::kChanged, .actual_size = job.entry->size};
  }
  finding->note = "it changed after it was listed; this is its later state";
  return finding;
}

class LibraryCopy {
 public:
  LibraryCopy(const Context& ctx, LibraryJoin& join, const CopyRoute& route, const CopySinks& sinks,
              const CopyOptions& options)
      : ctx_(ctx),
        join_(join),
        route_(route),
        sinks_(sinks),
        options_(options),
        copier_(route, options, join.options().certain_before) {}

  Result<CopySummary> Run();

 private:
  Result<void> CopyOne(const Context& ctx, Job& job);
  Result<void> Settle(Job job);
  Result<void> SettleFinding(const Job& job);
  Result<void> SettleKept(Job job);
  void CountLeftOut(const Job& job);
  Result<void> CloseBatch();
  Result<void> ReportSkippedNames();
  void Report() const;

  const Context& ctx_;
  LibraryJoin& join_;
  const CopyRoute& route_;
  const CopySinks& sinks_;
  const CopyOptions& options_;
  SteadyCopier copier_;
  CopySummary summary_;
  CopiedBatch batch_;
  std::int64_t batch_bytes_ = 0;
  std::int64_t keys_ = 0;
};

Result<CopySummary> LibraryCopy::Run() {
  OrderedWork<Job> work(ctx_, options_.workers, options_.window,
                        [this](const Context& ctx, Job& job) { return CopyOne(ctx, job); });
  const auto settle_oldest = [&]() -> Result<void> {
    LC2_ASSIGN_OR_RETURN(Job job, work.Pop());
    return Settle(std::move(job));
  };
  for (std::int64_t keys = 0;; ++keys) {
    if (keys % kKeysBetweenReports == 0) LC2_RETURN_IF_ERROR(ctx_.Check());
    LC2_ASSIGN_OR_RETURN(JoinedKey* const joined, join_.Next());
    if (joined == nullptr) break;
    Job job = MakeJob(join_.key(), *joined);
    const bool has_work = job.decision.action == CopyAction::kCopy;
    if (!has_work && work.empty()) {
      LC2_RETURN_IF_ERROR(Settle(std::move(job)));
      continue;
    }
    if (work.full()) LC2_RETURN_IF_ERROR(settle_oldest());
    work.Push(std::move(job), has_work);
  }
  while (!work.empty()) LC2_RETURN_IF_ERROR(settle_oldest());
  LC2_RETURN_IF_ERROR(CloseBatch());
  LC2_RETURN_IF_ERROR(ReportSkippedNames());
  Report();
  return summary_;
}

Result<void> LibraryCopy::CopyOne(const Context& ctx, Job& job) {
  LC2_ASSIGN_OR_RETURN(job.copy, copier_.Copy(ctx, std::move(*job.entry)));
  job.entry = std::move(job.copy.entry);
  return {};
}

Result<void> LibraryCopy::Settle(Job job) {
  if (job.reference.has_value()) ++summary_.verdict.references;
  batch_.last_key = job.key;
  LC2_RETURN_IF_ERROR(SettleFinding(job));
  const bool kept =
      job.decision.action != CopyAction::kLeaveOut && job.copy.end == ObjectCopy::End::kCopied;
  if (kept) {
    LC2_RETURN_IF_ERROR(SettleKept(std::move(job)));
  } else {
    CountLeftOut(job);
  }
  if (++keys_ % kKeysBetweenReports == 0) Report();
  return {};
}

Result<void> LibraryCopy::SettleFinding(const Job& job) {
  const std::optional<Finding> finding = FindingOf(job);
  if (!finding.has_value()) return {};
  const bool accepted = options_.known != nullptr && options_.known->Covers(*finding);
  summary_.verdict.Count(*finding, accepted);
  // A key has one finding; that it changed is told by the note of a graver one.
  if (finding->kind != FindingKind::kChanged && job.copy.changed &&
      job.copy.end == ObjectCopy::End::kCopied) {
    ++summary_.verdict.changed;
  }
  return sinks_.findings == nullptr ? Result<void>() : sinks_.findings->Write(*finding);
}

Result<void> LibraryCopy::SettleKept(Job job) {
  const Entry& entry = *job.entry;
  LC2_RETURN_IF_ERROR(sinks_.entries->Write(entry));
  summary_.kept.Add(entry.size);
  if (job.decision.action == CopyAction::kCarry) {
    summary_.carried.Add(entry.size);
    return {};
  }
  summary_.copied.Add(entry.size);
  if (job.copy.written) summary_.written.Add(entry.size);
  batch_bytes_ += entry.size;
  batch_.copied.push_back(*std::move(job.entry));
  const bool full = static_cast<std::int64_t>(batch_.copied.size()) >= options_.batch_objects ||
                    batch_bytes_ >= options_.batch_bytes;
  return full ? CloseBatch() : Result<void>();
}

void LibraryCopy::CountLeftOut(const Job& job) {
  switch (job.decision.standing) {
    case Standing::kGenerated:
      if (job.decision.action == CopyAction::kLeaveOut) summary_.generated.Add(job.entry->size);
      break;
    case Standing::kStoreOwn:
      ++summary_.store_own;
      break;
    case Standing::kGone:
      ++summary_.gone;
      break;
    default:
      break;
  }
}

// Objects of later keys may be on their way meanwhile: a barrier too early for them does no harm,
// they are settled before a later one.
Result<void> LibraryCopy::CloseBatch() {
  if (batch_.copied.empty()) return {};
  LC2_RETURN_IF_ERROR(route_.destination->Barrier(ctx_));
  if (sinks_.on_batch) LC2_RETURN_IF_ERROR(sinks_.on_batch(batch_));
  batch_.copied.clear();
  batch_bytes_ = 0;
  return {};
}

Result<void> LibraryCopy::ReportSkippedNames() {
  if (options_.skipped == nullptr) return {};
  Verdict& verdict = summary_.verdict;
  const std::int64_t unreadable_files = verdict.unreadable;
  for (const Finding& finding : options_.skipped->Findings()) {
    verdict.Count(finding);
    if (sinks_.findings != nullptr) LC2_RETURN_IF_ERROR(sinks_.findings->Write(finding));
  }
  // The list of names is bounded, the counters are not.
  verdict.unreadable = unreadable_files + options_.skipped->unreadable();
  verdict.skipped_names = options_.skipped->count() - options_.skipped->unreadable();
  return {};
}

void LibraryCopy::Report() const {
  ctx_.Report({.step = "library",
               .objects_done = summary_.kept.objects,
               .objects_total = options_.objects_total,
               .bytes_done = summary_.kept.bytes,
               .bytes_total = options_.bytes_total});
}

}  // namespace

Result<CopySummary> CopyLibrary(const Context& ctx, LibraryJoin& join, const CopyRoute& route,
                                const CopySinks& sinks, const CopyOptions& options) {
  return LibraryCopy(ctx, join, route, sinks, options).Run();
}

}  // namespace lc2::library
