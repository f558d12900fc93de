#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "catalog/record.h"
#include "storage/object_store.h"

namespace lc2::catalog {

// Which backups. Empty parts match everything.
struct BackupFilter {
  std::string project_id;
  std::string environment;
  std::string location;
  std::vector<BackupState> states;  // none: all but Deleted
  std::string backup_type;          // manual | automatic
  std::string database_type;        // dump | snapshot | both | none
  std::optional<Time> since;        // timestamp >= since
  std::optional<Time> until;        // timestamp < until
  std::int64_t limit = 100;         // at most 1,000
  std::string cursor;               // of the page before
  std::string verified_result;      // Passed | Damaged: of the latest verification
};

struct BackupPage {
  std::vector<BackupRecord> records;  // newest first
  std::string next_cursor;            // empty on the last page
};

struct RebuildReport {
  std::int64_t environments = 0;
  std::int64_t runs = 0;
  std::vector<std::string> damaged;  // logs and manifests that cannot be read, with the reason
};

// The SQL index over vaults: answers lists without reading object storage. It decides nothing and
// may be thrown away: Rebuild() gives the same answers from the vault alone. Thread-safe;
// several processes may work on one file. Every call answers kCorrupt "catalog.damaged" for a file
// that is damaged, but for Rebuild().
class Catalog {
 public:
  // Opens or makes the SQLite file. A damaged one opens, too: backups must not stop for it. Errors:
  // those of sql::OpenSqlite and Migrate.
  static Result<std::unique_ptr<Catalog>> Open(const Context& ctx,
                                               const std::filesystem::path& file);
  virtual ~Catalog() = default;

  virtual Result<void> Put(const Context& ctx, const BackupRecord& record) = 0;
  // Errors: kInvalid "catalog.bad_cursor".
  virtual Result<BackupPage> List(const Context& ctx, const BackupFilter& filter) = 0;
  // kNotFound "backup.not_found".
  virtual Result<BackupRecord> Get(const Context& ctx, const EnvironmentId& env,
                                   const BackupId& id) = 0;

  // Reads one run's log and manifest and brings its record up to date; of a manifest that cannot be
  // read, what the log alone says. kNotFound "backup.not_found" for what is no backup run.
  Result<BackupRecord> Refresh(const Context& ctx, const std::string& location, ObjectStore& vault,
                               const EnvironmentId& env, const RunId& run);
  // Makes the records of `location` anew from its vault, in one transaction. A damaged file is
  // replaced by a new one, which then knows no other location. Logs and manifests that cannot be
  // read are reported and do not stop it.
  virtual Result<RebuildReport> Rebuild(const Context& ctx, const std::string& location,
                                        ObjectStore& vault) = 0;
};

}  // namespace lc2::catalog
