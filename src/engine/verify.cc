#include "engine/verify.h"

#include <fmt/core.h>

#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "base/bounded_queue.h"
#include "base/hash.h"
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

// One entry to check: by the size of its object, or by its bytes.
struct Task {
  Entry entry;
  bool read = false;
};

// Checks entries on a few threads. The first error that is no damage stops it.
class EntryChecker {
 public:
  using Check = std::function<Result<void>(const Task&)>;

  explicit EntryChecker(Check check) : check_(std::move(check)) {
    for (int i = 0; i < kWorkers; ++i) {
      threads_.emplace_back([this] { Work(); });
    }
  }
  ~EntryChecker() { queue_.Close(); }
  // False once it has stopped.
  bool Submit(Task task) { return queue_.Push(std::move(task)); }
  Result<void> Finish() {
    queue_.Close();
    threads_.clear();
    const std::lock_guard lock(mutex_);
    if (failed_) return *failed_;
    return {};
  }

 private:
  void Work() {
    while (const std::optional<Task> task = queue_.Pop()) {
      const Result<void> done = Do(*task);
      if (done.has_value()) continue;
      const std::lock_guard lock(mutex_);
      if (!failed_) failed_ = done.error();
      queue_.Close();
    }
  }

  // No exception may leave a thread.
  Result<void> Do(const Task& task) const {
    try {
      return check_(task);
    } catch (const std::exception& problem) {
      return Error{.kind = ErrorKind::kInternal,
                   .code = "verify.exception",
                   .message = std::string("checking an object failed: ") + problem.what(),
                   .hint = "this is a fault of LC2 or a lack of memory; please report it"};
    }
  }

  const Check check_;
  BoundedQueue<Task> queue_{kQueue};
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

  Result<void> CheckOne(const Task& task) {
    LC2_RETURN_IF_ERROR(ctx_.Check());
    const Entry& entry = task.entry;
    if (!task.read) {
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
                     .what = fmt::format("{}: {}", codec::Word(finding->kind), finding->note)});
    }
    return {};
  }

  Result<void> CheckEntries() {
    LC2_RETURN_IF_ERROR(ProveShards());
    EntryChecker checker([this](const Task& task) { return CheckOne(task); });
    LC2_RETURN_IF_ERROR(findings_.Take(ListFile(), ReadEntries(checker)));
    for (Entry& entry : std::move(sample_).Take()) {
      if (!checker.Submit({.entry = std::move(entry), .read = true})) break;
    }
    return checker.Finish();
  }

  std::string ListFile() const {
    return contents_.library.index ? contents_.library.index->path : "manifest.json";
  }

  // A flipped bit in a shard makes up entries, which the digest at the shard's end is too late to
  // disown: objects would be called lost that never were. So the digests come first.
  Result<void> ProveShards() {
    if (!contents_.library.index) return {};
    const Result<std::string> bytes = vault_.Get(ctx_, ListFile(), vault::kMaxManifestBytes);
    // What is wrong with the index itself is said when the entries are read.
    if (!bytes.has_value()) return IsDamage(bytes.error()) ? Result<void>() : bytes.error();
    if (Sha256Hex(*bytes) != contents_.library.index->sha256) return {};
    const auto index = vault::ParseIndex(*bytes, contents_.env, ListFile());
    if (!index.has_value()) return {};
    for (const vault::ShardFacts& shard : index->shards) {
      const Result<void> proven =
          CheckStoredDigest(ctx_, vault_, shard.path, shard.sha256, "shard.mismatch");
      if (!proven.has_value() && !damaged_from_) damaged_from_ = shard.first_key;
      LC2_RETURN_IF_ERROR(findings_.Take(shard.path, proven));
    }
    return {};
  }

  Result<void> ReadEntries(EntryChecker& checker) {
    LC2_ASSIGN_OR_RETURN(const auto entries,
                         vault::OpenEntries(ctx_, vault_, contents_.env, contents_.library));
    Progress progress{.step = "verify",
                      .objects_total = contents_.library.object_count,
                      .bytes_total = contents_.library.total_size_bytes};
    while (true) {
      LC2_RETURN_IF_ERROR(ctx_.Check());
      Result<std::vector<Entry>> batch = entries->Read();
      if (!batch.has_value()) {
        if (damaged_from_ && IsDamage(batch.error())) return {};  // it is named already
        return std::move(batch).error();
      }
      if (batch->empty()) return {};
      for (Entry& entry : *batch) {
        if (damaged_from_ && entry.key >= *damaged_from_) return {};
        progress.objects_done += 1;
        progress.bytes_done += entry.size;
        if (!Submit(checker, std::move(entry))) return {};  // Finish() says why
      }
      ctx_.Report(progress);
    }
  }

  // What the sample does not choose is looked at all the same, as at level Exists.
  bool Submit(EntryChecker& checker, Entry entry) {
    if (level_ != api::VerifyLevel::kSample) {
      return checker.Submit({.entry = std::move(entry), .read = level_ == api::VerifyLevel::kFull});
    }
    std::optional<Entry> other = sample_.Add(std::move(entry));
    return !other || checker.Submit({.entry = *std::move(other)});
  }

  // Names the references that the backup does not satisfy and that it does not record as lost.
  class Unexplained final : public FindingSink {
   public:
    explicit Unexplained(Findings& findings) : findings_(findings) {}
    Result<void> Write(const Finding& finding) override {
      const bool held = finding.kind == FindingKind::kSizeMismatch;
      findings_.Add({.path = "manifest.json",
                     .key = finding.key,
                     .what = held ? fmt::format("referenced with {} bytes, but held with {}",
                                                finding.expected_size.value_or(0),
                                                finding.actual_size.value_or(0))
                                  : "referenced, but not held"});
      return {};
    }

   private:
    Findings& findings_;
  };

  // Every reference has its entry, but for losses that the backup itself records.
  Result<void> CheckReferences() {
    const std::optional<vault::ListFacts>& list = contents_.database.references;
    LC2_RETURN_IF_ERROR(CheckList(list));
    // The lists that are compared here must be sound; damage is reported already.
    if (!list || !findings_.report().passed()) return {};
    LC2_ASSIGN_OR_RETURN(auto stored, vault_.OpenReader(ctx_, list->path));
    const auto references = ReadNdjson<Reference>(std::move(stored));
    LC2_ASSIGN_OR_RETURN(const auto entries,
                         vault::OpenEntries(ctx_, vault_, contents_.env, contents_.library));
    std::unique_ptr<FindingReader> recorded;
    if (contents_.consistency.findings) {
      LC2_ASSIGN_OR_RETURN(auto bytes,
                           vault_.OpenReader(ctx_, contents_.consistency.findings->path));
      recorded = ReadFindings(std::move(bytes));
    }
    Unexplained unexplained(findings_);
    LC2_RETURN_IF_ERROR(library::CheckEntries(
        ctx_, *references, *entries,
        {.recorded = recorded.get(), .unexplained = &unexplained, .report_orphans = false}));
    return {};
  }

  const Context& ctx_;
  ObjectStore& vault_;
  const BackupContents& contents_;
  const api::VerifyLevel level_;
  library::Sample sample_;
  std::optional<std::string> damaged_from_;  // the first key of the first shard that is damaged
  Findings findings_;
};

}  // namespace

Result<VerifyReport> VerifyContents(const Context& ctx, ObjectStore& vault,
                                    const BackupContents& contents, api::VerifyLevel level,
                                    const std::string& seed) {
  return Verification(ctx, vault, contents, level, seed).Run();
}

}  // namespace lc2::engine
