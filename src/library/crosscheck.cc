#include "library/crosscheck.h"

#include <fmt/core.h>

#include <algorithm>

#include "codec/described.h"
#include "library/merge_join.h"

namespace lc2 {

namespace {

constexpr std::size_t kMaxNamed = 10;

// Whether a finding alone speaks against the backup (if it was not accepted).
bool IsGrave(const Finding& finding) {
  switch (finding.kind) {
    case FindingKind::kLostAtSource:
    case FindingKind::kLostInBackup:
    case FindingKind::kSizeMismatch:
    case FindingKind::kDamaged:
    case FindingKind::kUnreadable:
      return true;
    case FindingKind::kUnstable:
      return finding.row_id.has_value();
    case FindingKind::kOrphan:
    case FindingKind::kChanged:
    case FindingKind::kVanished:
    case FindingKind::kSkippedName:
      return false;
  }
  return true;
}

}  // namespace

void Verdict::Count(const Finding& finding, bool accepted) {
  switch (finding.kind) {
    case FindingKind::kLostAtSource:
      ++lost_at_source;
      break;
    case FindingKind::kLostInBackup:
    case FindingKind::kDamaged:
      ++lost_in_backup;
      break;
    case FindingKind::kSizeMismatch:
      ++size_mismatches;
      break;
    case FindingKind::kUnstable:
      ++(finding.row_id.has_value() ? unstable : left_out);
      break;
    case FindingKind::kUnreadable:
      ++unreadable;
      break;
    case FindingKind::kOrphan:
      ++orphans;
      break;
    case FindingKind::kChanged:
      ++changed;
      break;
    case FindingKind::kVanished:
      ++left_out;
      break;
    case FindingKind::kSkippedName:
      ++skipped_names;
      break;
  }
  if (accepted) {
    ++known;
  } else if (IsGrave(finding) && named.size() < kMaxNamed) {
    named.push_back(fmt::format("'{}' ({})", finding.key, codec::Word(finding.kind)));
  }
}

void Verdict::Add(const Verdict& part) {
  references += part.references;
  lost_at_source += part.lost_at_source;
  lost_in_backup += part.lost_in_backup;
  size_mismatches += part.size_mismatches;
  orphans += part.orphans;
  recovered += part.recovered;
  in_flight += part.in_flight;
  known += part.known;
  unstable += part.unstable;
  unreadable += part.unreadable;
  changed += part.changed;
  left_out += part.left_out;
  skipped_names += part.skipped_names;
  for (const std::string& name : part.named) {
    if (named.size() < kMaxNamed) named.push_back(name);
  }
}

namespace library {

namespace {

// Of recorded findings, those that explain why an entry is absent or of another size. The skipped
// names at the end of the file are not in key order and must not reach a join.
class RecordedLosses final : public FindingReader {
 public:
  explicit RecordedLosses(FindingReader& all) : all_(all) {}

  Result<std::vector<Finding>> Read() override {
    while (true) {
      LC2_ASSIGN_OR_RETURN(std::vector<Finding> batch, all_.Read());
      if (batch.empty()) return batch;
      std::erase_if(batch, [](const Finding& finding) {
        return finding.kind != FindingKind::kLostAtSource &&
               finding.kind != FindingKind::kSizeMismatch;
      });
      if (!batch.empty()) return batch;
    }
  }

 private:
  FindingReader& all_;
};

// Whether somebody accepted this loss: by name since, or by making the backup that records it.
bool IsExplained(const Finding& finding, const Finding* recorded, const EntryCheck& check) {
  const std::optional<KnownLoss> loss = AsKnownLoss(finding);
  if (!loss.has_value()) return false;
  if (recorded != nullptr && AsKnownLoss(*recorded) == loss) return true;
  return check.known != nullptr && check.known->Covers(finding);
}

// What one key shows; nothing if all is well.
std::optional<Finding> FindingOf(const Reference* reference, const Entry* entry,
                                 const Finding* recorded, const EntryCheck& check) {
  if (reference == nullptr) {
    if (entry == nullptr || !check.report_orphans) return std::nullopt;
    return Finding{.key = entry->key, .kind = FindingKind::kOrphan, .actual_size = entry->size};
  }
  if (entry == nullptr) {
    Finding at_source = MakeFinding(*reference, FindingKind::kLostAtSource);
    if (check.live || IsExplained(at_source, recorded, check)) return at_source;
    return MakeFinding(*reference, FindingKind::kLostInBackup);
  }
  if (entry->size == reference->size) return std::nullopt;
  Finding mismatch = MakeFinding(*reference, FindingKind::kSizeMismatch);
  mismatch.actual_size = entry->size;
  return mismatch;
}

}  // namespace

std::optional<KnownLoss> AsKnownLoss(const Finding& finding) {
  const bool acceptable =
      finding.kind == FindingKind::kLostAtSource || finding.kind == FindingKind::kSizeMismatch;
  if (!acceptable || !finding.expected_size.has_value()) return std::nullopt;
  return KnownLoss{.key = finding.key, .kind = finding.kind, .size = *finding.expected_size};
}

KnownLosses::KnownLosses(std::vector<KnownLoss> losses) : sorted_(std::move(losses)) {
  std::sort(sorted_.begin(), sorted_.end());
}

bool KnownLosses::Covers(const Finding& finding) const {
  const std::optional<KnownLoss> loss = AsKnownLoss(finding);
  return loss.has_value() && std::binary_search(sorted_.begin(), sorted_.end(), *loss);
}

Result<void> Judge(const Verdict& verdict, std::int64_t tolerance) {
  const std::int64_t at_source = verdict.lost_at_source + verdict.size_mismatches - verdict.known;
  const std::int64_t never_tolerated =
      verdict.lost_in_backup + verdict.unstable + verdict.unreadable;
  if (at_source <= tolerance && never_tolerated == 0) return {};

  std::string what;
  const auto add = [&what](std::int64_t count, std::string_view words) {
    if (count == 0) return;
    what += fmt::format("{}{} {}", what.empty() ? "" : ", ", count, words);
  };
  add(verdict.lost_at_source, "missing at the source");
  add(verdict.size_mismatches, "of another size");
  add(verdict.lost_in_backup, "lost or damaged in the backup");
  add(verdict.unstable, "changing while they were read");
  add(verdict.unreadable, "not readable");
  std::string names;
  for (const std::string& name : verdict.named) names += (names.empty() ? ": " : ", ") + name;
  const bool only_source = never_tolerated == 0;
  return Error{
      .kind = ErrorKind::kCorrupt,
      .code = "crosscheck.incomplete",
      .message = fmt::format("the library does not hold what {} references of the database ask "
                             "for ({}; {} of them accepted before, {} tolerated){}",
                             verdict.references, what, verdict.known, tolerance, names),
      .hint = only_source ? "restore these files at the source, or accept their loss with "
                            "'lc2 backup accept-missing' and back up again; the findings file "
                            "names all of them"
                          : "look at the findings file for all of them, put right what it names "
                            "and run again"};
}

Result<Verdict> CheckEntries(const Context& ctx, ReferenceReader& references, EntryReader& entries,
                             const EntryCheck& check) {
  constexpr std::int64_t kKeysBetweenChecks = 1'024;
  std::optional<RecordedLosses> recorded;
  if (check.recorded != nullptr) recorded.emplace(*check.recorded);
  MergeJoin<Reference, Entry, Finding> join(&references, &entries,
                                            recorded.has_value() ? &*recorded : nullptr);
  Verdict verdict;
  for (std::int64_t keys = 0;; ++keys) {
    if (keys % kKeysBetweenChecks == 0) LC2_RETURN_IF_ERROR(ctx.Check());
    LC2_ASSIGN_OR_RETURN(const bool more, join.Next());
    if (!more) return verdict;
    if (check.only != nullptr && !check.only->Takes(join.key())) continue;
    if (join.get<0>() != nullptr) ++verdict.references;
    const std::optional<Finding> finding =
        FindingOf(join.get<0>(), join.get<1>(), join.get<2>(), check);
    if (!finding.has_value()) continue;
    const bool explained = IsExplained(*finding, join.get<2>(), check);
    verdict.Count(*finding, explained);
    if (check.findings != nullptr) LC2_RETURN_IF_ERROR(check.findings->Write(*finding));
    if (check.unexplained != nullptr && !explained && finding->kind != FindingKind::kOrphan) {
      LC2_RETURN_IF_ERROR(check.unexplained->Write(*finding));
    }
  }
}

}  // namespace library
}  // namespace lc2
