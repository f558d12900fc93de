#include <fmt/core.h>

#include <vector>

#include "codec/described.h"
#include "engine/backup_state_internal.h"
#include "engine/base_entries.h"
#include "engine/losses.h"
#include "library/library_join.h"
#include "storage/entry_json.h"
#include "vault/entries.h"
#include "vault/paths.h"
#include "vault/step_records.h"

namespace lc2::engine {

namespace {

constexpr std::string_view kBatchFolder = "batches/";

// Entries that earlier attempts of this run copied and made durable, laid on those of the base: an
// object that is still the same need not be copied again.
struct Carried {
  std::unique_ptr<EntryReader> base;
  std::vector<std::unique_ptr<EntryReader>> layers;  // readers that `top` reads from
  EntryReader* top = nullptr;
};

// The batches of one attempt follow each other in key order.
class BatchReader final : public EntryReader {
 public:
  BatchReader(Context ctx, ObjectStore& vault, std::vector<std::string> keys)
      : ctx_(std::move(ctx)), vault_(vault), keys_(std::move(keys)) {}

  Result<std::vector<Entry>> Read() override {
    while (true) {
      if (batch_ != nullptr) {
        LC2_ASSIGN_OR_RETURN(std::vector<Entry> entries, batch_->Read());
        if (!entries.empty()) return entries;
      }
      if (next_ == keys_.size()) return std::vector<Entry>();
      LC2_ASSIGN_OR_RETURN(auto stored, vault_.OpenReader(ctx_, keys_[next_++]));
      batch_ = ReadNdjson<Entry>(std::move(stored));
    }
  }

 private:
  const Context ctx_;
  ObjectStore& vault_;
  const std::vector<std::string> keys_;
  std::size_t next_ = 0;
  std::unique_ptr<EntryReader> batch_;
};

Result<std::vector<std::string>> BatchKeys(const Context& ctx, const BackupState& state,
                                           const AttemptId& attempt) {
  const std::string prefix =
      vault::AttemptFolder(state.env, state.run.run, attempt) + std::string(kBatchFolder);
  LC2_ASSIGN_OR_RETURN(const auto listing, state.vault->List(ctx, {.prefix = prefix}));
  std::vector<std::string> keys;
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::vector<Entry> entries, listing->Read());
    if (entries.empty()) return keys;
    for (const Entry& entry : entries) keys.push_back(entry.key);
  }
}

Result<Carried> OpenCarried(const Context& ctx, BackupState& state) {
  Carried carried;
  LC2_ASSIGN_OR_RETURN(carried.base, OpenBase(ctx, *state.vault, state.env, state.run.base));
  if (carried.base != nullptr) carried.base = Prefetch<Entry>(std::move(carried.base));
  carried.top = carried.base.get();
  for (const AttemptId& attempt : state.run.earlier) {
    LC2_ASSIGN_OR_RETURN(std::vector<std::string> keys, BatchKeys(ctx, state, attempt));
    if (keys.empty()) continue;
    carried.layers.push_back(std::make_unique<BatchReader>(ctx, *state.vault, std::move(keys)));
    EntryReader* const over = carried.layers.back().get();
    carried.layers.push_back(std::make_unique<library::OverlayReader>(over, carried.top));
    carried.top = carried.layers.back().get();
  }
  return carried;
}

// Writes the entries of one durable batch, so that a later attempt can go on after it.
class BatchRecorder {
 public:
  BatchRecorder(Context ctx, BackupState& state) : ctx_(std::move(ctx)), state_(state) {}

  Result<void> Record(const library::CopiedBatch& batch) {
    if (batch.copied.empty()) return {};
    StringSink bytes;
    NdjsonWriter<Entry> writer(bytes, 1);
    for (const Entry& entry : batch.copied) LC2_RETURN_IF_ERROR(writer.Write(entry));
    LC2_ASSIGN_OR_RETURN(const auto summary, writer.Finish());
    const std::string key =
        fmt::format("{}{}{:06}.ndjson.zst",
                    vault::AttemptFolder(state_.env, state_.run.run, state_.run.attempt),
                    kBatchFolder, number_++);
    LC2_ASSIGN_OR_RETURN(const ObjectFacts facts,
                         state_.vault->Put(ctx_, {.key = key, .body = std::move(bytes.text())}));
    return facts.size == summary.size ? Result<void>() : ShortWrite(key);
  }

 private:
  static Error ShortWrite(const std::string& key) {
    return Error{.kind = ErrorKind::kUnavailable,
                 .code = "vault.short_write",
                 .message = fmt::format("'{}' has another size than was written", key)};
  }

  const Context ctx_;
  BackupState& state_;
  int number_ = 0;
};

// Nothing is adopted by looking into the pool (CopyRoute::already_there): what earlier attempts
// made durable comes in by their batch records, and an object that lies there without one is
// written again under the same run-owned name with the same bytes. Rule 5 of design.md section 5
// allows to adopt the objects of a run that this one is heir of; it does not ask for it, and its
// batches are not looked at: heirs copy again, which costs time and garbage, never correctness.
library::CopyRoute MakeRoute(BackupState& state) {
  const bool pool = state.library.layout == vault::Layout::kPool;
  const std::string folder =
      vault::FolderLayoutPrefix(state.env, state.run.backup_id, state.run.attempt);
  return {.source = state.source.get(),
          .destination = state.vault.get(),
          .pool_path =
              [&state, pool, folder](const library::CopyIdentity& identity) {
                return pool ? vault::PoolKey(state.env, identity.hash, state.run.run)
                            : folder + identity.key;
              },
          .already_there = {}};
}

// What the database says must exist; null where no database is part of the backup.
Result<std::unique_ptr<ReferenceReader>> OpenReferences(const Context& ctx, BackupState& state) {
  if (!state.database.references) return std::unique_ptr<ReferenceReader>();
  LC2_ASSIGN_OR_RETURN(auto stored, state.vault->OpenReader(ctx, state.database.references->path));
  return Prefetch<Reference>(ReadNdjson<Reference>(std::move(stored)));
}

// References x listing x base: what is new is copied, and every key gets its entry or its finding.
Result<library::CopySummary> CopyAll(const Context& ctx, BackupState& state, EntryWriter& entries,
                                     FindingSink& findings) {
  LC2_ASSIGN_OR_RETURN(Carried carried, OpenCarried(ctx, state));
  LC2_ASSIGN_OR_RETURN(const library::KnownLosses known,
                       ReadAccepted(ctx, *state.vault, state.env));
  LC2_ASSIGN_OR_RETURN(const auto references, OpenReferences(ctx, state));
  SkippedNames skipped;
  LC2_ASSIGN_OR_RETURN(const Time listed_at, state.source->Now(ctx));
  LC2_ASSIGN_OR_RETURN(auto walk, state.source->List(ctx, {.on_skipped = skipped.Callback()}));
  const auto listing = Prefetch<Entry>(std::move(walk));
  // Layout Folder is a plain copy of the whole library: nothing in it is carried by reference.
  EntryReader* const base = state.library.layout == vault::Layout::kPool ? carried.top : nullptr;
  library::LibraryJoin join(references.get(), listing.get(), base,
                            {.exclude_generated = state.run.exclude_generated,
                             .certain_before = listed_at - library::kSettlingTime});
  BatchRecorder batches(ctx, state);
  return library::CopyLibrary(
      ctx, join, MakeRoute(state),
      {.entries = &entries,
       .findings = &findings,
       .on_batch = [&](const library::CopiedBatch& batch) { return batches.Record(batch); }},
      {.known = &known,
       .skipped = &skipped,
       .objects_total = state.database.references ? state.database.references->count : 0});
}

}  // namespace

Result<void> LibraryStep(const Context& ctx, BackupState& state) {
  const auto entries = vault::LibraryWriter::Make(ctx, *state.vault,
                                                  {.env = state.env,
                                                   .backup_id = state.run.backup_id,
                                                   .run = state.run.run,
                                                   .attempt = state.run.attempt,
                                                   .inherited = state.run.inherited});
  const std::string findings_key = DumpKey(state, "findings.ndjson.zst");
  LC2_ASSIGN_OR_RETURN(const auto findings_object, state.vault->OpenWriter(ctx, findings_key));
  FindingWriter findings(*findings_object);
  LC2_ASSIGN_OR_RETURN(state.copied, CopyAll(ctx, state, *entries, findings));
  LC2_ASSIGN_OR_RETURN(const codec::ZstdSummary stored, findings.Finish());
  LC2_RETURN_IF_ERROR(findings_object->Finish());
  state.consistency.findings =
      vault::ListFacts{.path = findings_key, .count = findings.count(), .sha256 = stored.sha256};

  if (state.run.exclude_generated) {
    state.library.excluded = vault::ExcludedFacts{.generated_files = true,
                                                  .object_count = state.copied.generated.objects,
                                                  .total_size_bytes = state.copied.generated.bytes};
  }
  LC2_ASSIGN_OR_RETURN(state.library, entries->Finish(std::move(state.library)));
  ctx.log().Info("library copied", {{"objects", std::to_string(state.copied.kept.objects)},
                                    {"bytes", std::to_string(state.copied.kept.bytes)},
                                    {"copiedObjects", std::to_string(state.copied.copied.objects)},
                                    {"copiedBytes", std::to_string(state.copied.copied.bytes)},
                                    {"findings", std::to_string(findings.count())}});
  return RecordStep(ctx, state, "library",
                    codec::JsonObject{{"objects", state.copied.kept.objects},
                                      {"copiedObjects", state.copied.copied.objects},
                                      {"copiedBytes", state.copied.copied.bytes},
                                      {"writtenObjects", state.copied.written.objects},
                                      {"writtenBytes", state.copied.written.bytes}});
}

}  // namespace lc2::engine
