#include <fmt/ranges.h>

#include <algorithm>

#include "base/time_format.h"
#include "codec/described.h"
#include "database/dump_session.h"
#include "database/load.h"
#include "database/references.h"
#include "database/restore.h"
#include "engine/facts.h"
#include "engine/restore.h"
#include "engine/restore_target.h"
#include "vault/entries.h"

namespace lc2::engine {

namespace {

bool WantsDatabase(api::RestoreType type) {
  return type == api::RestoreType::kFull || type == api::RestoreType::kDatabaseOnly;
}
bool WantsLibrary(api::RestoreType type) { return type != api::RestoreType::kDatabaseOnly; }

// Counts what passes by.
class CountingReader final : public EntryReader {
 public:
  explicit CountingReader(EntryReader& source) : source_(source) {}
  Result<std::vector<Entry>> Read() override {
    Result<std::vector<Entry>> batch = source_.Read();
    if (batch.has_value()) count_ += static_cast<std::int64_t>(batch->size());
    return batch;
  }
  std::int64_t count() const { return count_; }

 private:
  EntryReader& source_;
  std::int64_t count_ = 0;
};

class Planner {
 public:
  Planner(const Context& ctx, provider::Provider& provider, ObjectStore& vault,
          const vault::OpenedBackup& backup, const RestoreWish& wish)
      : ctx_(ctx), provider_(provider), vault_(vault), backup_(backup), wish_(wish) {}

  Result<RestorePlan> Run() {
    plan_.backup_id = backup_.manifest.backup_id.str();
    plan_.backup_time = FormatRfc3339(backup_.manifest.timestamp);
    plan_.manifest_digest = backup_.manifest_digest;
    plan_.signature = SignatureWord();
    plan_.database.action = plan_.library.action = "none";
    if (const auto apart = provider_.CheckApart(wish_.environment, wish_.location);
        !apart.has_value()) {
      AddConflict(apart.error());
      return plan_;
    }
    if (WantsDatabase(wish_.type)) LC2_RETURN_IF_ERROR(PlanDatabase());
    if (WantsLibrary(wish_.type)) LC2_RETURN_IF_ERROR(PlanLibrary());
    JudgeTarget();
    plan_.warnings.push_back(
        fmt::format("whatever was written after {} is not in this backup",
                    backup_.manifest.consistency.window.empty()
                        ? plan_.backup_time
                        : FormatRfc3339(backup_.manifest.consistency.window.back())));
    plan_.warnings.push_back("the search index is not part of a backup: reindex after the restore");
    return plan_;
  }

 private:
  std::string SignatureWord() const {
    switch (backup_.signature) {
      case vault::SignatureState::kTrusted:
        return "Trusted";
      case vault::SignatureState::kUntrustedKey:
        return "UntrustedKey";
      case vault::SignatureState::kUnsigned:
        break;
    }
    return "Unsigned";
  }

  void AddConflict(std::string reason, std::string message, std::string hint) {
    plan_.conflicts.push_back({std::move(reason), std::move(message), std::move(hint)});
  }
  void AddConflict(const Error& error) {
    AddConflict(std::string(FactsOf(error.kind).name), Describe(error), HintOf(error));
  }

  Result<void> PlanDatabase() {
    const vault::DatabaseFacts& facts = backup_.manifest.database;
    if (!facts.dump) {
      AddConflict("NoDump",
                  fmt::format("backup '{}' holds no dump of the database", plan_.backup_id),
                  "choose another backup, or restore with type storage-only");
      return {};
    }
    LC2_ASSIGN_OR_RETURN(const database::DatabaseTarget target, DatabaseTargetOf());
    LC2_ASSIGN_OR_RETURN(const database::TargetFacts found, database::InspectTarget(ctx_, target));
    DatabasePlan& plan = plan_.database;
    plan.name = target.name;
    plan.dump_version = facts.engine_version.value_or("");
    plan.target_version = found.server_version;
    plan.dump_bytes = facts.dump->size_bytes;
    plan.raw_bytes = facts.dump->raw_bytes.value_or(0);
    plan.present_bytes = found.size_bytes;
    plan.foreign_sessions = found.foreign_sessions;
    plan.free_bytes = found.free_bytes;
    switch (found.state) {
      case database::TargetState::kAbsent:
        plan.action = "create";
        break;
      case database::TargetState::kEmpty:
        plan.action = "fill";
        break;
      case database::TargetState::kFilled:
        plan.action = "replace";
        plan_.target_filled = true;
        break;
    }
    CheckDatabase(target, found);
    CheckTools(found);
    return {};
  }

  Result<database::DatabaseTarget> DatabaseTargetOf() const {
    LC2_ASSIGN_OR_RETURN(database::DatabaseTarget target,
                         ResolveDatabase(provider_, wish_.environment));
    if (!wish_.database.target_name.empty()) target.name = wish_.database.target_name;
    return target;
  }

  // The programs that would load the dump: those of another machine may be there no more.
  void CheckTools(const database::TargetFacts& found) {
    const auto server = database::ParseToolVersion(found.server_version);
    if (!server.has_value()) return;  // told by CheckRestoreFits()
    const auto tools =
        database::PlanLoad(ctx_, database::ToolSearch::FromEnvironment(),
                           FromManifest(*backup_.manifest.database.dump), server->major);
    if (!tools.has_value()) AddConflict(tools.error());
  }

  void CheckDatabase(const database::DatabaseTarget& target, const database::TargetFacts& found) {
    const vault::DatabaseFacts& facts = backup_.manifest.database;
    if (facts.engine && *facts.engine != "postgres") {
      AddConflict("EngineMismatch",
                  fmt::format("backup '{}' is of engine '{}', the target is PostgreSQL",
                              plan_.backup_id, *facts.engine),
                  "restore it into a database of the same engine");
    }
    if (const auto fits = database::CheckRestoreFits(
            FromManifest(*facts.dump), facts.engine_version.value_or(""), found.server_version);
        !fits.has_value()) {
      AddConflict(fits.error());
    }
    if (found.foreign_sessions > 0) {
      AddConflict("InUse",
                  fmt::format("{} has {} sessions of others: {}", target.Describe(),
                              found.foreign_sessions, found.sessions),
                  "stop the portal and every other client first");
    }
    if (!found.can_create_database) {
      AddConflict(
          "Denied",
          fmt::format("role '{}' may not create databases on {}", target.user, target.Describe()),
          "grant it CREATEDB: a restore loads into a database of its own first");
    }
    if (found.state != database::TargetState::kAbsent && !found.owns_database) {
      AddConflict("Denied",
                  fmt::format("role '{}' does not own {}, so it cannot replace it", target.user,
                              target.Describe()),
                  "use the role that owns the database, or one that is a member of it");
    }
    const std::int64_t needed = std::max(plan_.database.raw_bytes, facts.size_bytes.value_or(0));
    if (found.free_bytes && needed > *found.free_bytes) {
      AddConflict("NoSpace",
                  fmt::format("the database needs about {}, but its server has {} free",
                              FormatBytes(needed), FormatBytes(*found.free_bytes)),
                  "free some space where the server keeps its data");
    }
  }

  Result<void> PlanLibrary() {
    const vault::LibraryFacts& facts = backup_.manifest.document_library;
    const api::EnvironmentLibrary& target = wish_.environment.spec.document_library;
    LibraryPlan& plan = plan_.library;
    plan.objects = facts.object_count;
    plan.bytes = facts.total_size_bytes;
    plan.target = target.prefix.empty() ? target.bucket : target.bucket + "/" + target.prefix;
    LC2_ASSIGN_OR_RETURN(const library::RestoreScope scope, ScopeOf(wish_.library));
    LC2_ASSIGN_OR_RETURN(const auto store, OpenIfThere(provider_, wish_.environment));
    LC2_ASSIGN_OR_RETURN(plan.free_bytes, store != nullptr
                                              ? store->FreeBytes(ctx_)
                                              : provider_.FreeBytesForLibrary(wish_.environment));
    LC2_RETURN_IF_ERROR(PlanChanges(scope, store.get()));
    const std::int64_t needed = plan.changes.write_bytes + plan.changes.replace_bytes;
    if (plan.free_bytes && needed > *plan.free_bytes) {
      AddConflict("NoSpace",
                  fmt::format("the library needs {} more, but '{}' has {} free",
                              FormatBytes(needed), plan.target, FormatBytes(*plan.free_bytes)),
                  "free some space in the target's file system");
    }
    return WantsDatabase(wish_.type) ? Result<void>() : CheckLiveRows(scope, store.get());
  }

  Result<void> PlanChanges(const library::RestoreScope& scope, ObjectStore* store) {
    LibraryPlan& plan = plan_.library;
    LC2_ASSIGN_OR_RETURN(const auto entries, vault::OpenEntries(ctx_, vault_, backup_.manifest));
    LC2_ASSIGN_OR_RETURN(const auto listing, ListTarget(ctx_, store));
    CountingReader present(*listing);
    library::RestoreJoin join(*entries, &present, scope);
    LC2_ASSIGN_OR_RETURN(plan.changes, library::PlanRestore(ctx_, join));
    plan.present_objects = present.count();
    plan.action = plan.present_objects == 0 ? "create" : "merge";
    if (plan.changes.replace > 0 || plan.changes.compare > 0 || plan.changes.extra > 0) {
      plan_.target_filled = true;
    }
    return {};
  }

  // A library restored without its database must not take away what the live rows refer to.
  Result<void> CheckLiveRows(const library::RestoreScope& scope, ObjectStore* store) {
    if (wish_.environment.spec.database.backup_type == api::BackupType::kNone) {
      plan_.warnings.push_back(
          "the environment leaves its database out (backupType: none): nothing checks the restored "
          "keys against its rows");
      return {};
    }
    LC2_ASSIGN_OR_RETURN(const database::DatabaseTarget rows,
                         ResolveDatabase(provider_, wish_.environment));
    const auto connection = database::Connect(ctx_, rows);
    if (!connection.has_value() && connection.error().kind == ErrorKind::kNotFound) return {};
    if (!connection.has_value()) return connection.error();
    const auto references = database::ReadReferences(ctx_, **connection, {});
    // A database without the portal's tables refers to nothing.
    if (!references.has_value() && references.error().code == "database.not_liferay") return {};
    if (!references.has_value()) return references.error();
    LC2_ASSIGN_OR_RETURN(const auto entries, vault::OpenEntries(ctx_, vault_, backup_.manifest));
    LC2_ASSIGN_OR_RETURN(const auto present, ListTarget(ctx_, store));
    LC2_ASSIGN_OR_RETURN(
        const library::NewLosses losses,
        library::FindNewLosses(ctx_, **references, *entries, present.get(), scope));
    if (losses.count == 0) return {};
    AddConflict("WouldLose",
                fmt::format("{} objects that {} refers to would be lost: '{}'", losses.count,
                            rows.Describe(), fmt::join(losses.named, "', '")),
                "keep extra keys (extraKeys: Keep), restore fewer keys, or the database as well");
    return {};
  }

  void JudgeTarget() {
    if (!plan_.target_filled || wish_.overwrite) return;
    AddConflict("NotSupported",
                fmt::format("the target is not empty (database: {}, {} library objects)",
                            plan_.database.action == "replace" ? "filled" : "empty",
                            plan_.library.present_objects),
                "restore with strategy Overwrite and `--yes` (spec.confirm: Overwrite), or empty "
                "the target first; preparing beside a filled target comes with a later release");
  }

  const Context& ctx_;
  provider::Provider& provider_;
  ObjectStore& vault_;
  const vault::OpenedBackup& backup_;
  const RestoreWish& wish_;
  RestorePlan plan_;
};

}  // namespace

Result<RestorePlan> PlanRestore(const Context& ctx, provider::Provider& provider,
                                ObjectStore& vault, const vault::OpenedBackup& backup,
                                const RestoreWish& wish) {
  return Planner(ctx, provider, vault, backup, wish).Run();
}

}  // namespace lc2::engine
