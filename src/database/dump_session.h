#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/context.h"
#include "database/client_tools.h"
#include "database/facts.h"
#include "database/references.h"
#include "database/target.h"
#include "storage/object_store.h"

namespace lc2::database {

struct DumpSessionOptions {
  ToolSearch tools = ToolSearch::FromEnvironment();
  SchemaOptions schemas;
};

struct DumpOptions {
  std::string key;  // of the object: ".../database/a1/lportal.dump.zst"
  DumpFormat format = DumpFormat::kCustom;
  // On two cores level 3 takes a quarter longer for 2 % less on rows of ids and times; with level 1
  // the dump is larger than gzip's (`./dev bench dump`).
  int zstd_level = 2;
  int threads = 2;  // compressing
};

// One state of a live database, held open until everything of it is written: a transaction with an
// exported snapshot. References and dump of one session describe the same instant (design.md
// section 6).
//
//   const Time from = store.Now(ctx) - 2 s;
//   auto session = OpenDumpSession(ctx, target, options);
//   auto references = session->WriteReferences(ctx, vault, references_key);
//   const Time to = store.Now(ctx) + 2 s;     // snapshot and references exist
//   auto dump = session->WriteDump(ctx, vault, {.key = dump_key});
//
// Not thread-safe. The end of the object ends the transaction.
class DumpSession {
 public:
  virtual ~DumpSession() = default;
  virtual const std::string& server_version() const = 0;  // "16.14"
  virtual const ClientTool& tool() const = 0;             // the chosen pg_dump
  virtual std::int64_t database_bytes() const = 0;        // size of the live database

  virtual Result<ReferenceFacts> WriteReferences(const Context& ctx, ObjectStore& store,
                                                 const std::string& key) = 0;
  virtual Result<std::optional<ReleaseFacts>> ReadRelease(const Context& ctx) = 0;

  // Streams pg_dump into an object, without a file in between. The object exists only if the dump
  // is whole: pg_dump ended with 0, the archive was followed to its end, its hash is known and, for
  // the custom format, pg_restore accepts its head.
  // Errors: kUnavailable "database.dump_failed" (pg_dump failed or was killed), kCorrupt
  // "database.dump_incomplete", "database.bad_archive"; those of the store and the context.
  virtual Result<DumpFacts> WriteDump(const Context& ctx, ObjectStore& store,
                                      const DumpOptions& options) = 0;
};

// Connects, chooses the client, begins the transaction and exports its snapshot.
// Errors: those of sql::ConnectPostgres; kInvalid "database.tool_missing", "database.tool_too_old",
// "database.unsupported_engine", "database.no_snapshot" (a server in recovery).
Result<std::unique_ptr<DumpSession>> OpenDumpSession(const Context& ctx,
                                                     const DatabaseTarget& target,
                                                     const DumpSessionOptions& options = {});

// A connection to a target for the caller's own queries.
Result<std::unique_ptr<sql::PostgresConnection>> Connect(const Context& ctx,
                                                         const DatabaseTarget& target);

}  // namespace lc2::database
