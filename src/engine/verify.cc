#include "engine/verify.h"

#include <fmt/core.h>

#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "base/bounded_queue.h"
#include "database/dump_check.h"
#include "engine/base_entries.h"
#include "engine/facts.h"
#include "library/crosscheck.h"
#include "library/finding.h"
#include "library/object_check.h"
#include "library/sample.h"
#include "storage/entry_json.h"
#include "vault/entries.h"

namespace lc2::engine {

namespace {

constexpr int kWorkers = 2;
constexpr std::size_t kQueue = 256;

// Whether an error says that stored data is bad; anything else stops the verification.
bool IsDamage(const Error& error) {
  return error.kind == ErrorKind::kCorrupt || error.kind == ErrorKind::kNotFound;
}

// Collects what is damaged; thread-safe.
class Findings {
 public:
  void Add(Damage damage) {
    const std::lock_guard lock(mutex_);
    ++report_.damaged;
    if (report_.damages.size() < kMaxNamed) report_.damages.push_back(std::move(damage));
  }
  void Checked(std::int64_t bytes) {
    const std::lock_guard lock(mutex_);
    ++report_.objects;
    report_.bytes += bytes;
  }
  // Reports damage and goes on; other errors are handed on.
  Result<void> Take(const std::string& path, const Result<void>& outcome) {
    if (outcome.has_value()) return {};
    if (!IsDamage(outcome.error())) return outcome;
    Add({.path = path, .key = {}, .what = Describe(outcome.error())});
    return {};
  }
  VerifyReport report() {
    const std::lock_guard lock(mutex_);
    return report_;
  }

 private:
  std::mutex mutex_;
  VerifyReport report_;
};

// Checks entries on a few threads. The first error that is no damage stops it.
class EntryChecker {
 public:
  using Check = std::function<Result<void>(const Entry&)>;

  EntryChecker(Check check) : check_(std::move(check)) {
    for (int i = 0; i < kWorkers; ++i) {
      threads_.emplace_back([this] { Work(); });
    }
  }
  ~EntryChecker() {
    queue_.Close();
  }
  // False once it has stopped.
  bool Submit(Entry entry) { return queue_.Push(std::move(entry)); }
  Result<void> Finish() {
    queue_.Close();
    threads_.clear();
    const std::lock_guard lock(mutex_);
    if (failed_) return *failed_;
    return {};
  }

 private:
  void Work() {
    while (std::optional<Entry> entry = queue_.Pop()) {
      const Result<void> done = check_(*entry);
      if (done.has_value()) continue;
      const std::lock_guard lock(mutex_);
      if (!failed_) failed_ = done.error();
      queue_.Close();
    }
  }

  const Check check_;
  BoundedQueue<Entry> queue_{kQueue};
  std::mutex mutex_;
  std::optional<Error> failed_;
  std::vector<std::jthread> threads_;  // last: they use all of the above
};

class Verification {
 public:
  Verification(const Context& ctx, ObjectStore& vault, const BackupContents& contents,
               api::VerifyLevel level, const std::string& seed)
      : ctx_(ctx),
        vault_(vault),
        contents_(contents),
        level_(level),
        sample_(library::SeedFrom(seed)) {}

  Result<VerifyReport> Run() {
    LC2_RETURN_IF_ERROR(CheckList(contents_.consistency.findings));
    LC2_RETURN_IF_ERROR(CheckDump());
    LC2_RETURN_IF_ERROR(CheckEntries());
    LC2_RETURN_IF_ERROR(CheckReferences());
    return findings_.report();
  }

 private:
  Result<void> CheckList(const std::optional<vault::ListFacts>& list) {
    if (!list) return {};
    return findings_.Take(list->path, CheckStoredDigest(ctx_, vault_, list->path, list->sha256,
                                                        "verify.list_damaged"));
  }

  Result<void> CheckDump() {
    if (!contents_.database.dump) return {};
    const vault::DumpFacts& dump = *contents_.database.dump;
    if (dump.index) {
      LC2_RETURN_IF_ERROR(findings_.Take(
          dump.index->path, CheckStoredDigest(ctx_, vault_, dump.index->path, dump.index->sha256,
                                              "verify.dump_index_damaged")));
    }
    if (level_ == api::VerifyLevel::kExists) {
      return findings_.Take(dump.path, CheckSize(dump.path, dump.size_bytes));
    }
    ctx_.Report({.step = "verify dump", .bytes_total = dump.size_bytes});
    const auto checked = database::CheckStoredDump(ctx_, vault_, FromManifest(dump));
    if (checked.has_value()) {
      findings_.Checked(checked->size_bytes);
      return {};
    }
    return findings_.Take(dump.path, checked.error());
  }

  Result<void> CheckSize(const std::string& path, std::int64_t size) {
    LC2_ASSIGN_OR_RETURN(const ObjectFacts facts, vault_.Head(ctx_, path));
    if (facts.size == size) return {};
    return Error{.kind = ErrorKind::kCorrupt,
                 .code = "verify.size",
                 .message = fmt::format("'{}' is damaged: expected {} bytes, found {}", path, size,
                                        facts.size)};
  }

  // The one object of an entry, as the level wants it.
  Result<void> CheckOne(const Entry& entry) {
    LC2_RETURN_IF_ERROR(ctx_.Check());
    if (level_ == api::VerifyLevel::kExists) {
      const Result<void> size = CheckSize(entry.path, entry.size);
      findings_.Checked(0);
      if (size.has_value()) return {};
      if (!IsDamage(size.error())) return size;
      findings_.Add({.path = entry.path, .key = entry.key, .what = Describe(size.error())});
      return {};
    }
    LC2_ASSIGN_OR_RETURN(const auto finding, library::CheckObject(ctx_, vault_, entry));
    findings_.Checked(entry.size);
    if (finding) {
      findings_.Add({.path = entry.path,
                     .key = entry.key,
                     .what = fmt::format("{}{}{}", codec::Word(finding->kind),
                                         finding->note.empty() ? "" : ": ", finding->note)});
    }
    return {};
  }

  Result<void> CheckEntries() {
    EntryChecker checker([this](const Entry& entry) { return CheckOne(entry); });
    const Result<void> read = ReadEntries(checker);
    LC2_RETURN_IF_ERROR(findings_.Take(
        contents_.library.index ? contents_.library.index->path : "manifest.json", read));
    if (level_ == api::VerifyLevel::kSample) {
      for (Entry& entry : std::move(sample_).Take()) {
        if (!checker.Submit(std::move(entry))) break;
      }
    }
    return checker.Finish();
  }

  Result<void> ReadEntries(EntryChecker& checker) {
    LC2_ASSIGN_OR_RETURN(const auto entries, vault::OpenEntries(ctx_, vault_, contents_.env,
                                                                contents_.library));
    Progress progress{.step = "verify",
                      .objects_total = contents_.library.object_count,
                      .bytes_total = contents_.library.total_size_bytes};
    while (true) {
      LC2_RETURN_IF_ERROR(ctx_.Check());
      LC2_ASSIGN_OR_RETURN(std::vector<Entry> batch, entries->Read());
      if (batch.empty()) return {};
      for (Entry& entry : batch) {
        progress.objects_done += 1;
        progress.bytes_done += entry.size;
        if (level_ == api::VerifyLevel::kSample) {
          sample_.Add(entry);
        } else if (!checker.Submit(std::move(entry))) {
          return {};  // Finish() says why
        }
      }
      ctx_.Report(progress);
    }
  }

  // Every reference has its entry, but for losses that the backup itself records.
  Result<void> CheckReferences() {
    const std::optional<vault::ListFacts>& list = contents_.database.references;
    LC2_RETURN_IF_ERROR(CheckList(list));
    if (!list || !findings_.report().passed()) return {};
    LC2_ASSIGN_OR_RETURN(auto stored, vault_.OpenReader(ctx_, list->path));
    const auto references = ReadNdjson<Reference>(std::move(stored));
    LC2_ASSIGN_OR_RETURN(const auto entries, vault::OpenEntries(ctx_, vault_, contents_.env,
                                                                contents_.library));
    std::unique_ptr<FindingReader> recorded;
    if (contents_.consistency.findings) {
      LC2_ASSIGN_OR_RETURN(auto bytes,
                           vault_.OpenReader(ctx_, contents_.consistency.findings->path));
      recorded = ReadFindings(std::move(bytes));
    }
    LC2_ASSIGN_OR_RETURN(
        const Verdict verdict,
        library::CheckEntries(ctx_, *references, *entries,
                              {.recorded = recorded.get(), .report_orphans = false}));
    for (const std::string& name : verdict.named) {
      if (verdict.lost_in_backup == 0) break;
      findings_.Add({.path = "manifest.json", .key = name, .what = "referenced, but not held"});
    }
    return {};
  }

  const Context& ctx_;
  ObjectStore& vault_;
  const BackupContents& contents_;
  const api::VerifyLevel level_;
  library::Sample sample_;
  Findings findings_;
};

}  // namespace

Result<VerifyReport> VerifyContents(const Context& ctx, ObjectStore& vault,
                                    const BackupContents& contents, api::VerifyLevel level,
                                    const std::string& seed) {
  return Verification(ctx, vault, contents, level, seed).Run();
}

}  // namespace lc2::engine
