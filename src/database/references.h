#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "database/facts.h"
#include "sql/postgres.h"
#include "storage/entry.h"
#include "storage/object_store.h"

// What the database says must exist in the library (domain.md 6.3).
namespace lc2::database {

// A table as the server spells it, with the columns found. Names are compared in lower case.
struct FoundTable {
  std::string name;
  std::vector<std::string> columns;
};

// One schema that holds Liferay's own tables (not views on another one's).
struct LiferaySchema {
  std::string name;
  FoundTable file_entry;    // DLFileEntry
  FoundTable file_version;  // DLFileVersion
  FoundTable image;         // Image
};

struct SchemaOptions {
  std::string schema = "public";                 // of the default company
  std::string partition_prefix = "lpartition_";  // domain.md 6.2; empty: no partitions
};

// The configured schema first, then the partitions in order of name.
// Errors: kInvalid "database.not_liferay" (a table of domain.md 6.3 is no base table of the
// schema), "database.bad_partition" (the same in a partition).
Result<std::vector<LiferaySchema>> FindLiferaySchemas(const Context& ctx,
                                                      sql::PostgresConnection& connection,
                                                      const SchemaOptions& options);

// The query over all these schemas: columns key, size, row id, 'v' or 'i'; ordered by the bytes of
// the key, then by row id. Pure.
std::string MakeReferenceQuery(const std::vector<LiferaySchema>& schemas);

// One row of that query. Errors: kCorrupt "database.bad_reference" naming the row.
Result<Reference> ParseReferenceRow(const std::vector<sql::CopyField>& fields);

// Runs the query in the session's open transaction and writes one object. Several rows of one key
// become one reference: that of the newest row (largest id), as its bytes were written last.
Result<ReferenceFacts> WriteReferences(const Context& ctx, sql::PostgresConnection& connection,
                                       const SchemaOptions& options, ObjectStore& store,
                                       const std::string& key);

// Streams the references of a live database, for the checks after a restore.
Result<std::unique_ptr<SortedReader<Reference>>> ReadReferences(const Context& ctx,
                                                                sql::PostgresConnection& connection,
                                                                const SchemaOptions& options);

// Nothing if the database has no Release_ table or no row of the portal.
Result<std::optional<ReleaseFacts>> ReadRelease(const Context& ctx,
                                                sql::PostgresConnection& connection,
                                                const SchemaOptions& options);

}  // namespace lc2::database
