#include "engine/restore.h"

#include <fmt/core.h>

#include "codec/described.h"
#include "database/dump_session.h"
#include "database/references.h"
#include "database/restore.h"
#include "engine/base_entries.h"
#include "engine/facts.h"
#include "engine/restore_target.h"
#include "library/crosscheck.h"
#include "library/restore_copy.h"
#include "storage/entry_json.h"
#include "vault/entries.h"
#include "vault/paths.h"

namespace lc2::engine {

namespace {

Result<database::DatabaseTarget> TargetOf(provider::Provider& provider,
                                          const api::LiferayEnvironment& environment,
                                          const api::RestoreDatabase& wish) {
  LC2_ASSIGN_OR_RETURN(database::DatabaseTarget target, ResolveDatabase(provider, environment));
  if (!wish.target_name.empty()) target.name = wish.target_name;
  return target;
}

class RestoreAttempt {
 public:
  RestoreAttempt(const Context& ctx, provider::Provider& provider, const RestoreRun& run)
      : ctx_(ctx), provider_(provider), run_(run), env_(api::IdOf(run.environment)) {}

  Result<RestoreReport> Run() {
    LC2_RETURN_IF_ERROR(Prepare());
    if (run_.type == api::RestoreType::kFull || run_.type == api::RestoreType::kDatabaseOnly) {
      LC2_RETURN_IF_ERROR(RestoreDatabase());
    } else {
      LC2_RETURN_IF_ERROR(RestoreFiles());
    }
    return report_;
  }

 private:
  // The plan may be old: whatever spoke against the restore then or speaks against it now refuses
  // it.
  Result<void> Prepare() {
    ctx_.Report({.step = "prepare"});
    ctx_.log().Info("restore begins",
                    {{"backup", run_.backup_id.str()}, {"type", codec::Word(run_.type)}});
    LC2_ASSIGN_OR_RETURN(vault_, provider_.OpenVault(run_.location, provider::VaultAccess::kWrite));
    LC2_ASSIGN_OR_RETURN(backup_, vault::OpenBackup(ctx_, *vault_, env_, run_.backup_id));
    if (backup_.manifest_digest != run_.manifest_digest) {
      return Error{.kind = ErrorKind::kConflict,
                   .code = "restore.other_backup",
                   .message = fmt::format("backup '{}' is not the one that was planned",
                                          run_.backup_id.str())};
    }
    LC2_ASSIGN_OR_RETURN(const RestorePlan plan, PlanRestore(ctx_, provider_, *vault_, backup_,
                                                             {.environment = run_.environment,
                                                              .location = run_.location,
                                                              .type = run_.type,
                                                              .overwrite = run_.overwrite,
                                                              .database = run_.database,
                                                              .library = run_.library}));
    if (plan.conflicts.empty()) return {};
    const PlanConflict& first = plan.conflicts.front();
    return Error{.kind = ErrorKind::kConflict,
                 .code = "restore.conflict",
                 .message = first.message,
                 .hint = first.hint};
  }

  // The library of a full restore is written while the loaded database waits beside the target, so
  // that the pair is judged before either name changes hands.
  Result<void> RestoreDatabase() {
    LC2_ASSIGN_OR_RETURN(const database::DatabaseTarget target,
                         TargetOf(provider_, run_.environment, run_.database));
    const vault::DatabaseFacts& facts = backup_.manifest.database;
    ctx_.Report({.step = "database", .bytes_total = facts.dump->size_bytes});
    database::RestoreOptions options{.dump = FromManifest(*facts.dump),
                                     .dump_server_version = facts.engine_version.value_or(""),
                                     .database_bytes = facts.size_bytes.value_or(0),
                                     .run8 = vault::Run8(run_.run),
                                     .overwrite = run_.overwrite};
    options.before_switch = [&](const Context& ctx, const std::string& loaded) -> Result<void> {
      database::DatabaseTarget beside = target;
      beside.name = loaded;
      if (run_.type == api::RestoreType::kFull) {
        // Nothing of the library is touched for a dump whose rows the backup cannot satisfy.
        LC2_ASSIGN_OR_RETURN(const auto entries, EntriesOfBackup());
        LC2_RETURN_IF_ERROR(CheckRows(ctx, beside, *entries, Objects::kOfBackup));
        LC2_RETURN_IF_ERROR(RestoreFiles());
      }
      LC2_ASSIGN_OR_RETURN(const auto library, OpenIfThere(provider_, run_.environment));
      LC2_ASSIGN_OR_RETURN(const auto live, ListTarget(ctx, library.get()));
      return CheckRows(ctx, beside, *live, Objects::kOfTarget);
    };
    LC2_ASSIGN_OR_RETURN(const database::RestoreFacts restored,
                         database::Restore(ctx_, target, *vault_, options));
    report_.database = restored.database;
    ctx_.log().Info("database restored", {{"database", restored.database},
                                          {"previous", restored.previous},
                                          {"tool", restored.tool},
                                          {"bytes", std::to_string(restored.raw_bytes)}});
    return {};
  }

  Result<std::unique_ptr<EntryReader>> EntriesOfBackup() {
    return vault::OpenEntries(ctx_, *vault_, backup_.manifest);
  }

  Result<void> RestoreFiles() {
    ctx_.Report({.step = "library",
                 .objects_total = backup_.manifest.document_library.object_count,
                 .bytes_total = backup_.manifest.document_library.total_size_bytes});
    LC2_ASSIGN_OR_RETURN(const auto target,
                         provider_.OpenLibrary(run_.environment, provider::LibraryAccess::kWrite));
    LC2_ASSIGN_OR_RETURN(library::RestoreScope scope, ScopeOf(run_.library));
    LC2_ASSIGN_OR_RETURN(const auto entries, EntriesOfBackup());
    LC2_ASSIGN_OR_RETURN(const auto present, target->List(ctx_, {}));
    library::RestoreJoin join(*entries, present.get(), std::move(scope));
    const std::string map_key = vault::RestoreMapKey(env_, run_.run, run_.attempt);
    LC2_ASSIGN_OR_RETURN(const auto map_object, vault_->OpenWriter(ctx_, map_key));
    NdjsonWriter<Entry> map(*map_object);
    LC2_ASSIGN_OR_RETURN(const library::RestoreSummary summary,
                         library::RestoreLibrary(
                             ctx_, join, *vault_, *target, {.map = &map},
                             {.objects_total = backup_.manifest.document_library.object_count,
                              .bytes_total = backup_.manifest.document_library.total_size_bytes}));
    LC2_RETURN_IF_ERROR(library::JudgeRestore(summary));
    LC2_ASSIGN_OR_RETURN(const codec::ZstdSummary stored, map.Finish());
    LC2_RETURN_IF_ERROR(map_object->Finish());
    report_.objects_written = summary.written.objects;
    report_.bytes_written = summary.written.bytes;
    report_.objects_left = summary.left.objects;
    report_.objects_removed = summary.removed.objects;
    report_.map_digest = "sha256:" + stored.sha256;
    ctx_.log().Info("library restored", {{"written", std::to_string(summary.written.objects)},
                                         {"writtenBytes", std::to_string(summary.written.bytes)},
                                         {"equal", std::to_string(summary.left.objects)},
                                         {"removed", std::to_string(summary.removed.objects)}});
    return {};
  }

  enum class Objects { kOfBackup, kOfTarget };

  // Restored rows beside objects: every row must have its object, but for those losses at the
  // source that the backup itself records by name (somebody accepted them when it was made).
  Result<void> CheckRows(const Context& ctx, const database::DatabaseTarget& rows,
                         EntryReader& objects, Objects whose) {
    LC2_ASSIGN_OR_RETURN(const auto connection, database::Connect(ctx, rows));
    LC2_ASSIGN_OR_RETURN(const auto references, database::ReadReferences(ctx, *connection, {}));
    LC2_ASSIGN_OR_RETURN(const std::unique_ptr<FindingReader> recorded, RecordedFindings());
    LC2_ASSIGN_OR_RETURN(const Verdict verdict,
                         library::CheckEntries(ctx, *references, objects,
                                               {.recorded = recorded.get(),
                                                .report_orphans = false,
                                                .live = whose == Objects::kOfTarget}));
    report_.references = verdict.references;
    ctx.log().Info("references checked",
                   {{"references", std::to_string(verdict.references)},
                    {"missing", std::to_string(verdict.missing())},
                    {"against", whose == Objects::kOfBackup ? "backup" : "target"}});
    Result<void> judged = library::Judge(verdict, 0);
    if (judged.has_value()) return judged;
    Error error = std::move(judged).error();
    error.hint =
        whose == Objects::kOfBackup
            ? "nothing was changed: this backup is not whole; verify it, and restore another "
              "one"
            : "the database was left as it was; restore with type full, so that both halves "
              "come from one backup, or bring these files back first";
    return error;
  }

  Result<std::unique_ptr<FindingReader>> RecordedFindings() {
    const auto& findings = backup_.manifest.consistency.findings;
    if (!findings) return std::unique_ptr<FindingReader>();
    LC2_ASSIGN_OR_RETURN(auto stored, vault_->OpenReader(ctx_, findings->path));
    return ReadFindings(std::move(stored));
  }

  const Context& ctx_;
  provider::Provider& provider_;
  const RestoreRun& run_;
  const EnvironmentId env_;
  std::unique_ptr<ObjectStore> vault_;
  vault::OpenedBackup backup_;
  RestoreReport report_;
};

}  // namespace

Result<RestoreReport> RunRestore(const Context& ctx, provider::Provider& provider,
                                 const RestoreRun& run) {
  return RestoreAttempt(ctx, provider, run).Run();
}

Result<void> RemoveUnfinished(const Context& ctx, provider::Provider& provider,
                              const api::LiferayEnvironment& environment,
                              const api::RestoreDatabase& database, const RunId& run) {
  LC2_ASSIGN_OR_RETURN(const database::DatabaseTarget target,
                       TargetOf(provider, environment, database));
  return database::DropLoading(ctx, target, vault::Run8(run));
}

}  // namespace lc2::engine
