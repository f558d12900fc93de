#include "database/references.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>

#include "storage/entry_json.h"

namespace lc2::database {

namespace {

using sql::PostgresConnection;
using sql::QuoteIdentifier;

constexpr std::size_t kBatch = 1024;

// What the query cannot do without (domain.md 6.1); names in lower case. Columns that came later
// (ctCollectionId, storeUUID) may be absent in old portals: see Optional().
struct NeededTable {
  std::string_view name;
  FoundTable LiferaySchema::*place;
  std::array<std::string_view, 5> columns;
};
constexpr std::array<NeededTable, 3> kNeeded = {{
    {"dlfileentry",
     &LiferaySchema::file_entry,
     {"fileentryid", "groupid", "folderid", "name", "name"}},
    {"dlfileversion",
     &LiferaySchema::file_version,
     {"companyid", "fileentryid", "fileversionid", "version", "size_"}},
    {"image", &LiferaySchema::image, {"companyid", "imageid", "type_", "size_", "size_"}},
}};

std::string Lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

// The column as the server spells it, quoted; empty if the table has none.
std::string Optional(const FoundTable& table, std::string_view column) {
  for (const std::string& found : table.columns) {
    if (Lower(found) == column) return QuoteIdentifier(found);
  }
  return {};
}

std::string Column(std::string_view alias, const FoundTable& table, std::string_view column) {
  const std::string found = Optional(table, column);
  LC2_CHECK(!found.empty());  // FindLiferaySchemas has looked
  return fmt::format("{}.{}", alias, found);
}

// " and a.ctcollectionid = 0": rows of unpublished publications have their bytes in CTSContent.
std::string Published(std::string_view alias, const FoundTable& table) {
  const std::string column = Optional(table, "ctcollectionid");
  return column.empty() ? std::string() : fmt::format(" and {}.{} = 0", alias, column);
}

std::string Table(const LiferaySchema& schema, const FoundTable& table) {
  return QuoteIdentifier(schema.name) + "." + QuoteIdentifier(table.name);
}

// "~<storeUUID>", or nothing where it is null, blank or the text "null" (domain.md 5.1, the
// portal's Validator.isNull, which passes over blanks).
std::string LabelSuffix(const FoundTable& version) {
  const std::string column = Optional(version, "storeuuid");
  if (column.empty()) return "''";
  return fmt::format(
      "case when replace(coalesce(v.{0}, ''), ' ', '') in ('', 'null') then ''"
      " else concat('~', v.{0}) end",
      column);
}

std::string FileVersionQuery(const LiferaySchema& schema) {
  const FoundTable& e = schema.file_entry;
  const FoundTable& v = schema.file_version;
  return fmt::format(
      "select concat({company}, '/', case when {folder} <> 0 then {folder} else {group} end, '/',"
      " {name}, '/', {version}, {suffix}) as k, greatest(coalesce({size}, 0), 0)::bigint as s,"
      " {row}::bigint as r, 'v' as t from {versions} v join {entries} e on {entry_id} = {entry}"
      " where true{published_v}{published_e}",
      fmt::arg("company", Column("v", v, "companyid")),
      fmt::arg("folder", Column("e", e, "folderid")), fmt::arg("group", Column("e", e, "groupid")),
      fmt::arg("name", Column("e", e, "name")), fmt::arg("version", Column("v", v, "version")),
      fmt::arg("suffix", LabelSuffix(v)), fmt::arg("size", Column("v", v, "size_")),
      fmt::arg("row", Column("v", v, "fileversionid")), fmt::arg("versions", Table(schema, v)),
      fmt::arg("entries", Table(schema, e)), fmt::arg("entry_id", Column("e", e, "fileentryid")),
      fmt::arg("entry", Column("v", v, "fileentryid")), fmt::arg("published_v", Published("v", v)),
      fmt::arg("published_e", Published("e", e)));
}

std::string ImageQuery(const LiferaySchema& schema) {
  const FoundTable& i = schema.image;
  return fmt::format(
      "select concat({company}, '/0/', {id}, '.', {type}, '/1.0'),"
      " greatest(coalesce({size}, 0), 0)::bigint, {id}::bigint, 'i' from {images} i"
      " where true{published}",
      fmt::arg("company", Column("i", i, "companyid")), fmt::arg("id", Column("i", i, "imageid")),
      fmt::arg("type", Column("i", i, "type_")), fmt::arg("size", Column("i", i, "size_")),
      fmt::arg("images", Table(schema, i)), fmt::arg("published", Published("i", i)));
}

// Base tables (no views: partitions show other schemas' tables through those) of these names in the
// configured schema and its partitions, by schema and lower-case name.
using Found = std::map<std::string, std::multimap<std::string, FoundTable>>;

Result<Found> FindTables(const Context& ctx, PostgresConnection& connection,
                         const SchemaOptions& options) {
  LC2_ASSIGN_OR_RETURN(
      const std::vector<sql::Row> rows,
      connection.Query(
          ctx,
          "select n.nspname::text, c.relname::text, a.attname::text from pg_namespace n"
          " left join pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p')"
          "  and lower(c.relname) in ('dlfileentry', 'dlfileversion', 'image', 'release_')"
          " left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0"
          "  and not a.attisdropped"
          " where n.nspname = $1 or ($2::text <> '' and left(n.nspname, length($2)) = $2)"
          " order by 1, 2, a.attnum",
          {options.schema, options.partition_prefix}));
  Found found;
  for (const sql::Row& row : rows) {
    auto& tables = found[row.Text(0)];
    if (row.IsNull(1)) continue;
    const std::string name = row.Text(1);
    const auto last = tables.upper_bound(Lower(name));
    if (last == tables.begin() || std::prev(last)->second.name != name) {
      tables.emplace_hint(last, Lower(name), FoundTable{.name = name, .columns = {row.Text(2)}});
    } else {
      std::prev(last)->second.columns.push_back(row.Text(2));
    }
  }
  return found;
}

// Why a schema's tables are not those of a portal; empty if they are.
std::string WhyNotLiferay(const std::multimap<std::string, FoundTable>& tables,
                          LiferaySchema& schema) {
  for (const NeededTable& needed : kNeeded) {
    const auto [begin, end] = tables.equal_range(std::string(needed.name));
    const auto count = std::distance(begin, end);
    if (count == 0) return fmt::format("it has no table '{}'", needed.name);
    if (count > 1) return fmt::format("it has {} tables '{}'", count, needed.name);
    for (const std::string_view column : needed.columns) {
      if (Optional(begin->second, column).empty()) {
        return fmt::format("its table '{}' has no column '{}'", begin->second.name, column);
      }
    }
    schema.*needed.place = begin->second;
  }
  return {};
}

Result<std::int64_t> ParseNumber(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "database.bad_reference",
               .message = "a row of the reference query holds no number where one must be"};
}

// The rows of the query with those of one key made one.
class ReferenceRows final : public SortedReader<Reference> {
 public:
  explicit ReferenceRows(std::unique_ptr<sql::CopyReader> rows) : rows_(std::move(rows)) {}

  Result<std::vector<Reference>> Read() override {
    std::vector<Reference> batch;
    while (!at_end_ && batch.size() < kBatch) {
      LC2_ASSIGN_OR_RETURN(const auto fields, rows_->Next());
      if (!fields.has_value()) {
        at_end_ = true;
        if (open_.has_value()) batch.push_back(*std::exchange(open_, std::nullopt));
        break;
      }
      LC2_ASSIGN_OR_RETURN(Reference next, ParseReferenceRow(*fields));
      LC2_RETURN_IF_ERROR(Take(std::move(next), batch));
    }
    return batch;
  }

  std::int64_t duplicates() const { return duplicates_; }
  std::int64_t conflicts() const { return conflicts_; }

 private:
  Result<void> Take(Reference next, std::vector<Reference>& batch) {
    if (!open_.has_value() || open_->key < next.key) {
      if (open_.has_value()) batch.push_back(*std::move(open_));
      open_ = std::move(next);
      return {};
    }
    if (next.key < open_->key) {
      return Error{.kind = ErrorKind::kCorrupt,
                   .code = "database.bad_reference",
                   .message = "the server did not sort the references by bytes"};
    }
    ++(open_->size == next.size ? duplicates_ : conflicts_);
    if (next.row_id > open_->row_id) open_ = std::move(next);
    return {};
  }

  std::unique_ptr<sql::CopyReader> rows_;
  std::optional<Reference> open_;  // its key may come again
  bool at_end_ = false;
  std::int64_t duplicates_ = 0;
  std::int64_t conflicts_ = 0;
};

Result<std::unique_ptr<ReferenceRows>> OpenRows(const Context& ctx, PostgresConnection& connection,
                                                const SchemaOptions& options) {
  LC2_ASSIGN_OR_RETURN(const std::vector<LiferaySchema> schemas,
                       FindLiferaySchemas(ctx, connection, options));
  LC2_ASSIGN_OR_RETURN(
      auto copy,
      connection.CopyOut(ctx, fmt::format("copy ({}) to stdout", MakeReferenceQuery(schemas))));
  return std::make_unique<ReferenceRows>(std::move(copy));
}

}  // namespace

Result<std::vector<LiferaySchema>> FindLiferaySchemas(const Context& ctx,
                                                      PostgresConnection& connection,
                                                      const SchemaOptions& options) {
  LC2_ASSIGN_OR_RETURN(Found found, FindTables(ctx, connection, options));
  std::vector<LiferaySchema> schemas;
  LiferaySchema main{.name = options.schema};
  const std::string why = WhyNotLiferay(found[options.schema], main);
  if (!why.empty()) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "database.not_liferay",
                 .message = fmt::format("schema '{}' is not that of a Liferay portal: {}",
                                        options.schema, why),
                 .hint =
                     "is this the portal's database, and has the portal been started on it "
                     "once?"};
  }
  schemas.push_back(std::move(main));
  found.erase(options.schema);
  for (const auto& [name, tables] : found) {
    LiferaySchema partition{.name = name};
    const std::string partition_why = WhyNotLiferay(tables, partition);
    if (!partition_why.empty()) {
      return Error{.kind = ErrorKind::kInvalid,
                   .code = "database.bad_partition",
                   .message = fmt::format("schema '{}' is named like a company's partition, but {}",
                                          name, partition_why),
                   .hint = "drop it if it is a left-over; its files cannot be checked"};
    }
    schemas.push_back(std::move(partition));
  }
  return schemas;
}

std::string MakeReferenceQuery(const std::vector<LiferaySchema>& schemas) {
  std::string all;
  for (const LiferaySchema& schema : schemas) {
    if (!all.empty()) all += " union all ";
    all += FileVersionQuery(schema) + " union all " + ImageQuery(schema);
  }
  return fmt::format("select k, s, r, t from ({}) q order by k collate \"C\", r", all);
}

Result<Reference> ParseReferenceRow(const std::vector<sql::CopyField>& fields) {
  if (fields.size() != 4 || !fields[0] || !fields[1] || !fields[2] || !fields[3]) {
    return Error{.kind = ErrorKind::kCorrupt,
                 .code = "database.bad_reference",
                 .message = "a row of the reference query has not the columns that it must have"};
  }
  Reference reference{.key = *fields[0]};
  LC2_ASSIGN_OR_RETURN(reference.size, ParseNumber(*fields[1]));
  LC2_ASSIGN_OR_RETURN(reference.row_id, ParseNumber(*fields[2]));
  reference.source = *fields[3] == "i" ? ReferenceSource::kImage : ReferenceSource::kDLFileVersion;
  return reference;
}

Result<std::unique_ptr<SortedReader<Reference>>> ReadReferences(const Context& ctx,
                                                                PostgresConnection& connection,
                                                                const SchemaOptions& options) {
  LC2_ASSIGN_OR_RETURN(auto rows, OpenRows(ctx, connection, options));
  return std::unique_ptr<SortedReader<Reference>>(std::move(rows));
}

Result<ReferenceFacts> WriteReferences(const Context& ctx, PostgresConnection& connection,
                                       const SchemaOptions& options, ObjectStore& store,
                                       const std::string& key) {
  LC2_ASSIGN_OR_RETURN(const auto rows, OpenRows(ctx, connection, options));
  LC2_ASSIGN_OR_RETURN(const auto object, store.OpenWriter(ctx, key));
  NdjsonWriter<Reference> writer(*object);
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::vector<Reference> batch, rows->Read());
    if (batch.empty()) break;
    for (const Reference& reference : batch) LC2_RETURN_IF_ERROR(writer.Write(reference));
  }
  LC2_ASSIGN_OR_RETURN(const codec::ZstdSummary summary, writer.Finish());
  LC2_RETURN_IF_ERROR(object->Finish());
  if (rows->conflicts() > 0) {
    ctx.log().Warning("database.conflicting_references",
                      {{"rows", std::to_string(rows->conflicts())}});
  }
  return ReferenceFacts{.path = key,
                        .count = writer.count(),
                        .sha256 = summary.sha256,
                        .duplicate_rows = rows->duplicates(),
                        .conflicting_rows = rows->conflicts()};
}

Result<std::optional<ReleaseFacts>> ReadRelease(const Context& ctx, PostgresConnection& connection,
                                                const SchemaOptions& options) {
  LC2_ASSIGN_OR_RETURN(
      Found found, FindTables(ctx, connection, {.schema = options.schema, .partition_prefix = {}}));
  const auto& tables = found[options.schema];
  const auto table = tables.find("release_");
  if (table == tables.end()) return std::optional<ReleaseFacts>();
  const std::string build = Optional(table->second, "buildnumber");
  const std::string state = Optional(table->second, "state_");
  const std::string version = Optional(table->second, "schemaversion");
  const std::string context = Optional(table->second, "servletcontextname");
  if (build.empty() || state.empty() || context.empty()) return std::optional<ReleaseFacts>();
  LC2_ASSIGN_OR_RETURN(
      const std::optional<sql::Row> row,
      connection.QueryOne(
          ctx, fmt::format("select {}, {}, {} from {}.{} where {} = 'portal'", build, state,
                           version.empty() ? "''" : version, QuoteIdentifier(options.schema),
                           QuoteIdentifier(table->second.name), context)));
  if (!row.has_value()) return std::optional<ReleaseFacts>();
  return std::optional(ReleaseFacts{
      .build_number = row->Int(0), .state = row->Int(1), .schema_version = row->Text(2)});
}

}  // namespace lc2::database
