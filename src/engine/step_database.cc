#include <fmt/core.h>

#include "codec/described.h"
#include "database/dump_session.h"
#include "engine/backup_state_internal.h"
#include "engine/facts.h"
#include "vault/paths.h"
#include "vault/step_records.h"

namespace lc2::engine {

namespace {

// Widens the window on both sides for what the store's clock and its rounding hide.
constexpr std::chrono::seconds kWindowMargin{2};

// What the step leaves for a later attempt of the same run.
struct DatabaseRecord {
  std::vector<Time> window;
  vault::DatabaseFacts database;
};
BOOST_DESCRIBE_STRUCT(DatabaseRecord, (), (window, database))

// What an earlier attempt's step left; nothing if it did not finish. A record that cannot be read
// proves no finished dump, and must not keep all later attempts from making one.
Result<std::optional<DatabaseRecord>> ReadFinished(const Context& ctx, const BackupState& state,
                                                   const AttemptId& attempt) {
  const Result<codec::Json> record = vault::ReadRecord(
      ctx, *state.vault,
      {.env = state.env, .run = state.run.run, .attempt = attempt, .name = "steps/database.json"});
  if (!record.has_value()) {
    if (record.error().kind == ErrorKind::kNotFound) return std::optional<DatabaseRecord>();
    if (record.error().kind != ErrorKind::kCorrupt) return record.error();
  }
  Result<DatabaseRecord> found =
      record.has_value() ? codec::Decode<DatabaseRecord>(*record) : record.error();
  if (found.has_value()) return std::optional(std::move(found).value());
  ctx.log().Warning("database step not taken over",
                    {{"from", attempt.str()}, {"error", Describe(found.error())}});
  return std::optional<DatabaseRecord>();
}

// A finished dump of an earlier attempt is as good as a new one, with its own window (design.md
// section 5, rule 4).
Result<bool> TakeOverFinished(const Context& ctx, BackupState& state) {
  for (const AttemptId& attempt : state.run.earlier) {
    LC2_ASSIGN_OR_RETURN(std::optional<DatabaseRecord> found, ReadFinished(ctx, state, attempt));
    if (!found) continue;
    state.database = std::move(found->database);
    state.consistency.window = std::move(found->window);
    ctx.log().Info("database step taken over", {{"from", attempt.str()}});
    return true;
  }
  return false;
}

Result<void> CloseWindow(const Context& ctx, BackupState& state) {
  LC2_ASSIGN_OR_RETURN(const Time now, state.source->Now(ctx));
  state.window_to = now + kWindowMargin;
  state.consistency.window = vault::MakeWindow(state.window_from, state.window_to);
  return {};
}

// A database may be called anything, also "a/b" or "..": what no file name needs becomes '_'.
std::string FileNameOf(std::string name) {
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    if (!plain) c = '_';
  }
  if (name.starts_with('.')) name.front() = '_';
  return name;
}

Result<void> DumpDatabase(const Context& ctx, BackupState& state) {
  LC2_ASSIGN_OR_RETURN(const database::DatabaseTarget target,
                       ResolveDatabase(state.provider, state.run.environment));
  LC2_ASSIGN_OR_RETURN(const auto session, database::OpenDumpSession(ctx, target));
  state.database.engine = "postgres";
  state.database.engine_version = session->server_version();
  state.database.size_bytes = session->database_bytes();

  LC2_ASSIGN_OR_RETURN(
      const database::ReferenceFacts references,
      session->WriteReferences(ctx, *state.vault, DumpKey(state, "references.ndjson.zst")));
  state.database.references = vault::ListFacts{
      .path = references.path, .count = references.count, .sha256 = references.sha256};
  LC2_RETURN_IF_ERROR(CloseWindow(ctx, state));

  // Layout Folder is what LCP's tools read: a plain library and a plain SQL dump.
  const bool plain = state.library.layout == vault::Layout::kFolder;
  const std::string name = FileNameOf(target.name) + (plain ? ".sql.gz" : ".dump.zst");
  LC2_ASSIGN_OR_RETURN(const database::DumpFacts dump,
                       session->WriteDump(ctx, *state.vault,
                                          {.key = DumpKey(state, name),
                                           .format = plain ? database::DumpFormat::kPlain
                                                           : database::DumpFormat::kCustom}));
  state.database.dump = ToManifest(dump);
  ctx.log().Info("database dumped", {{"server", session->server_version()},
                                     {"tool", dump.tool},
                                     {"references", std::to_string(references.count)},
                                     {"bytes", std::to_string(dump.raw_bytes)},
                                     {"storedBytes", std::to_string(dump.size_bytes)}});
  return {};
}

}  // namespace

Result<void> PrepareStep(const Context& ctx, BackupState& state) {
  const api::LiferayEnvironment& environment = state.run.environment;
  LC2_RETURN_IF_ERROR(state.provider.CheckApart(environment, state.run.location));
  LC2_ASSIGN_OR_RETURN(state.source,
                       state.provider.OpenLibrary(environment, provider::LibraryAccess::kRead));
  // Before anything of the environment is read: the beginning of the window.
  LC2_ASSIGN_OR_RETURN(const Time now, state.source->Now(ctx));
  state.window_from = now - kWindowMargin;
  LC2_ASSIGN_OR_RETURN(state.vault,
                       state.provider.OpenVault(state.run.location, provider::VaultAccess::kWrite));
  // Old versions are not asked for yet, whatever the store keeps: the level is always Ordered.
  if (environment.spec.document_library.require_as_of) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "consistency.as_of_unavailable",
                 .message = fmt::format("environment '{}' requires level AsOf, but {} is backed up "
                                        "at level Ordered",
                                        environment.metadata.name, state.source->root_name()),
                 .hint =
                     "clear documentLibrary.requireAsOf; a folder keeps no versions, and this "
                     "release reads none"};
  }
  state.database.type = codec::Word(state.run.database);
  state.database.instance_id = environment.spec.database.instance_id.empty()
                                   ? std::nullopt
                                   : std::optional(environment.spec.database.instance_id);
  state.library.store = codec::Word(environment.spec.document_library.store);
  state.library.source_bucket = environment.spec.document_library.bucket;
  state.library.source_prefix = environment.spec.document_library.prefix;
  state.library.layout = state.run.location.spec.layout == api::VaultLayout::kPool
                             ? vault::Layout::kPool
                             : vault::Layout::kFolder;
  // What an attempt leaves is looked for where it has a record, so the record comes first
  // (docs/format.md, section 10).
  return RecordStep(ctx, state, "prepare",
                    codec::JsonObject{{"windowFrom", codec::Encode(state.window_from)}});
}

Result<void> DatabaseStep(const Context& ctx, BackupState& state) {
  if (state.run.database == api::BackupType::kNone) return CloseWindow(ctx, state);
  LC2_ASSIGN_OR_RETURN(const bool taken_over, TakeOverFinished(ctx, state));
  if (taken_over) return {};
  LC2_RETURN_IF_ERROR(DumpDatabase(ctx, state));
  return RecordStep(ctx, state, "database",
                    codec::Encode(DatabaseRecord{state.consistency.window, state.database}));
}

}  // namespace lc2::engine
