#include "library/restore_copy.h"

#include <fmt/core.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "library/object_check.h"
#include "library/ordered_work.h"

namespace lc2::library {

namespace {

constexpr std::int64_t kKeysBetweenReports = 256;
constexpr std::size_t kMaxNamed = 10;

// One key on its way from the join to the target.
struct Job {
  RestoreAction action = RestoreAction::kIgnore;
  std::optional<Entry> wanted;
  std::optional<Entry> present;
  std::optional<ObjectFacts> written;  // of the object that was written
  std::optional<Finding> damage;
};

// What lies in the target now and is to be in the map.
struct Restored {
  Entry entry;
  std::optional<ObjectFacts> written;  // none: it was there, and `entry` has its facts
};

// An entry of the map: where it came from in the backup, what it is in the target.
Entry InTarget(Entry wanted, const Entry& target) {
  wanted.size = target.size;
  wanted.etag = target.etag;
  wanted.last_modified = target.last_modified;
  wanted.source_version_id = target.source_version_id;
  wanted.folder = target.folder;
  return wanted;
}

// The facts of all keys, with as many requests in flight as the store allows.
std::vector<Result<ObjectFacts>> HeadAll(const Context& ctx, ObjectStore& store,
                                         const std::vector<Restored>& objects) {
  std::vector<Result<ObjectFacts>> facts(objects.size(), ObjectFacts{});
  std::mutex mutex;
  std::condition_variable answered;
  std::size_t pending = 0;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    if (!objects[i].written.has_value()) continue;
    {
      const std::lock_guard lock(mutex);
      ++pending;
    }
    store.Submit(ctx, HeadOperation{.key = objects[i].entry.key},
                 [&, i](Result<OperationResult> result) {
                   const std::lock_guard lock(mutex);
                   if (result.has_value()) {
                     facts[i] = std::move(result)->facts;
                   } else {
                     facts[i] = std::move(result).error();
                   }
                   --pending;
                   answered.notify_one();
                 });
  }
  std::unique_lock lock(mutex);
  answered.wait(lock, [&] { return pending == 0; });
  return facts;
}

class LibraryRestore {
 public:
  LibraryRestore(const Context& ctx, RestoreJoin& join, ObjectStore& vault, ObjectStore& target,
                 const RestoreSinks& sinks, const RestoreOptions& options)
      : ctx_(ctx), join_(join), vault_(vault), target_(target), sinks_(sinks), options_(options) {}

  Result<RestoreSummary> Run();

 private:
  Result<void> Dispatch(OrderedWork<Job>& work, RestoreJoin::Key& key);
  Result<void> RestoreOne(const Context& ctx, Job& job);
  Result<bool> IsEqual(const Context& ctx, const Entry& wanted);
  Result<void> WriteWhole(const Context& ctx, Job& job);
  Result<void> WriteStreamed(const Context& ctx, Job& job);
  Result<void> Settle(Job job);
  Result<void> CloseBatch();
  Result<Entry> Durable(Restored restored, const Result<ObjectFacts>& facts) const;
  void Report() const;

  const Context& ctx_;
  RestoreJoin& join_;
  ObjectStore& vault_;
  ObjectStore& target_;
  const RestoreSinks& sinks_;
  const RestoreOptions& options_;
  RestoreSummary summary_;
  std::vector<Restored> batch_;
  std::int64_t batch_bytes_ = 0;
  std::int64_t keys_ = 0;
};

Result<RestoreSummary> LibraryRestore::Run() {
  OrderedWork<Job> work(ctx_, options_.workers, options_.window,
                        [this](const Context& ctx, Job& job) { return RestoreOne(ctx, job); });
  const auto settle_oldest = [&]() -> Result<void> {
    LC2_ASSIGN_OR_RETURN(Job job, work.Pop());
    return Settle(std::move(job));
  };
  while (true) {
    LC2_RETURN_IF_ERROR(ctx_.Check());
    LC2_ASSIGN_OR_RETURN(RestoreJoin::Key* const key, join_.Next());
    if (key == nullptr) break;
    if (work.full()) LC2_RETURN_IF_ERROR(settle_oldest());
    LC2_RETURN_IF_ERROR(Dispatch(work, *key));
  }
  while (!work.empty()) LC2_RETURN_IF_ERROR(settle_oldest());
  LC2_RETURN_IF_ERROR(CloseBatch());
  Report();
  return summary_;
}

// Extra keys go at once, not in a batch: in a folder an extra file `a` stands in the way of `a/b`.
Result<void> LibraryRestore::Dispatch(OrderedWork<Job>& work, RestoreJoin::Key& key) {
  switch (key.action) {
    case RestoreAction::kIgnore:
      return {};
    case RestoreAction::kKeep:
      summary_.kept.Add(key.present->size);
      return {};
    case RestoreAction::kRemove:
      LC2_RETURN_IF_ERROR(target_.Delete(ctx_, key.present->key, key.present->source_version_id));
      summary_.removed.Add(key.present->size);
      return {};
    case RestoreAction::kWrite:
    case RestoreAction::kReplace:
    case RestoreAction::kCompare:
      break;
  }
  Job job{.action = key.action, .wanted = std::move(*key.wanted)};
  if (key.present != nullptr) job.present = std::move(*key.present);
  work.Push(std::move(job), true);
  return {};
}

Result<void> LibraryRestore::RestoreOne(const Context& ctx, Job& job) {
  if (job.action == RestoreAction::kCompare) {
    LC2_ASSIGN_OR_RETURN(const bool equal, IsEqual(ctx, *job.wanted));
    if (equal) return {};
  }
  return job.wanted->size <= options_.whole_limit ? WriteWhole(ctx, job) : WriteStreamed(ctx, job);
}

Result<bool> LibraryRestore::IsEqual(const Context& ctx, const Entry& wanted) {
  if (!wanted.checksum.has_value()) return false;  // writing it will say what is wrong
  const Result<HashedBytes> present = HashObject(ctx, target_, wanted.key, wanted.size);
  if (!present.has_value() && present.error().kind == ErrorKind::kNotFound) return false;
  if (!present.has_value()) return present.error();
  return present->size == wanted.size && present->sha256 == wanted.checksum->value;
}

Result<void> LibraryRestore::WriteWhole(const Context& ctx, Job& job) {
  StringSink body;
  body.text().reserve(static_cast<std::size_t>(job.wanted->size));
  LC2_ASSIGN_OR_RETURN(job.damage, CopyChecked(ctx, vault_, *job.wanted, body));
  if (job.damage.has_value()) return {};
  LC2_ASSIGN_OR_RETURN(job.written, target_.Put(ctx, {.key = job.wanted->key,
                                                      .body = std::move(body.text()),
                                                      .durability = Durability::kAtBarrier}));
  return {};
}

Result<void> LibraryRestore::WriteStreamed(const Context& ctx, Job& job) {
  LC2_ASSIGN_OR_RETURN(const std::unique_ptr<ObjectWriter> writer,
                       target_.OpenWriter(ctx, job.wanted->key));
  LC2_ASSIGN_OR_RETURN(job.damage, CopyChecked(ctx, vault_, *job.wanted, *writer));
  if (job.damage.has_value()) return {};
  LC2_ASSIGN_OR_RETURN(job.written, writer->Finish());
  return {};
}

Result<void> LibraryRestore::Settle(Job job) {
  if (++keys_ % kKeysBetweenReports == 0) Report();
  if (job.damage.has_value()) {
    ++summary_.damaged;
    if (summary_.named.size() < kMaxNamed) summary_.named.push_back(job.damage->key);
    return sinks_.findings == nullptr ? Result<void>() : sinks_.findings->Write(*job.damage);
  }
  const std::int64_t size = job.wanted->size;
  if (job.written.has_value()) {
    summary_.written.Add(size);
    batch_bytes_ += size;
    batch_.push_back({.entry = *std::move(job.wanted), .written = std::move(job.written)});
  } else {
    summary_.left.Add(size);
    // The facts that were listed before the bytes were compared: had it changed in between, these
    // would not be its facts any more, and the next backup would copy it again.
    batch_.push_back({.entry = InTarget(*std::move(job.wanted), *job.present), .written = {}});
  }
  const bool full = static_cast<std::int64_t>(batch_.size()) >= options_.batch_objects ||
                    batch_bytes_ >= options_.batch_bytes;
  return full ? CloseBatch() : Result<void>();
}

// Facts are asked for after the barrier: moving a file into place changes them.
Result<void> LibraryRestore::CloseBatch() {
  if (batch_.empty()) return {};
  LC2_RETURN_IF_ERROR(target_.Barrier(ctx_));
  const std::string last_key = batch_.back().entry.key;
  const std::vector<Result<ObjectFacts>> facts = HeadAll(ctx_, target_, batch_);
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    LC2_ASSIGN_OR_RETURN(const Entry entry, Durable(std::move(batch_[i]), facts[i]));
    if (sinks_.map != nullptr) LC2_RETURN_IF_ERROR(sinks_.map->Write(entry));
  }
  if (sinks_.on_batch) LC2_RETURN_IF_ERROR(sinks_.on_batch(last_key));
  batch_.clear();
  batch_bytes_ = 0;
  return {};
}

Result<Entry> LibraryRestore::Durable(Restored restored, const Result<ObjectFacts>& facts) const {
  if (!restored.written.has_value()) return std::move(restored.entry);
  const bool there = facts.has_value() && facts->size == restored.entry.size;
  if (!there) {
    return Error{.kind = ErrorKind::kUnavailable,
                 .code = "restore.not_durable",
                 .message = fmt::format(
                     "'{}' was written to {}, but {}", restored.entry.key, target_.root_name(),
                     facts.has_value() ? "has another size now" : "cannot be found there"),
                 .hint = "does something else write to the target while it is restored?",
                 .cause = facts.has_value() ? nullptr : Share(facts.error())};
  }
  Entry target{.size = facts->size,
               .etag = facts->etag,
               .last_modified = facts->last_modified,
               .source_version_id = facts->version,
               .folder = facts->folder};
  // In a folder, moving the file into place changes its ctime but not its mtime. With another mtime
  // the bytes may be somebody else's: without identity the next backup copies them.
  if (restored.written->last_modified != facts->last_modified) target.folder.reset();
  return InTarget(std::move(restored.entry), target);
}

void LibraryRestore::Report() const {
  ctx_.Report({.step = "library",
               .objects_done = summary_.written.objects + summary_.left.objects,
               .objects_total = options_.objects_total,
               .bytes_done = summary_.written.bytes + summary_.left.bytes,
               .bytes_total = options_.bytes_total});
}

}  // namespace

Result<RestoreSummary> RestoreLibrary(const Context& ctx, RestoreJoin& join, ObjectStore& vault,
                                      ObjectStore& target, const RestoreSinks& sinks,
                                      const RestoreOptions& options) {
  return LibraryRestore(ctx, join, vault, target, sinks, options).Run();
}

Result<void> JudgeRestore(const RestoreSummary& summary) {
  if (summary.damaged == 0) return {};
  std::string names;
  for (const std::string& key : summary.named) {
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ", key);
  }
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "restore.damaged",
               .message = fmt::format("{} objects are lost or damaged in the backup and were not "
                                      "restored: {}",
                                      summary.damaged, names),
               .hint =
                   "restore them from another backup with --include, after 'lc2 backup verify' "
                   "has told which one is sound"};
}

}  // namespace lc2::library
