#include "cli/backup_view.h"

#include <boost/json.hpp>

#include "api/meta.h"
#include "base/time_format.h"
#include "cli/table.h"
#include "codec/described.h"

namespace lc2::cli {

namespace {

using catalog::BackupRecord;

EnvironmentId IdOf(const BackupRecord& r) {
  return {ProjectId(r.project_id), EnvironmentName(r.environment)};
}

void SetTime(codec::JsonObject& object, const char* name, const std::optional<Time>& time) {
  if (time) object[name] = FormatRfc3339(*time);
}

codec::JsonObject StatusOf(const BackupRecord& r) {
  codec::JsonObject status{{"state", codec::Word(r.state)},
                           {"backupId", r.backup_id},
                           {"initiator", r.initiator},
                           {"startTime", FormatRfc3339(r.timestamp)}};
  SetTime(status, "completionTime", r.completed_at);
  SetTime(status, "expirationTime", r.expires_at);
  if (!r.manifest_path.empty()) {
    status["database"] = codec::JsonObject{
        {"engine", r.engine}, {"engineVersion", r.engine_version}, {"sizeBytes", r.database_bytes}};
    status["documentLibrary"] = codec::JsonObject{{"objectCount", r.object_count},
                                                  {"totalSizeBytes", r.library_bytes},
                                                  {"manifestPath", r.manifest_path}};
  }
  if (!r.level.empty()) {
    status["consistency"] = codec::JsonObject{{"level", r.level},
                                              {"missing", r.missing},
                                              {"orphans", r.orphans},
                                              {"sizeMismatches", r.size_mismatches}};
  }
  return status;
}

Table MakeTable(const std::vector<BackupRecord>& records, bool wide, Time now) {
  std::vector<std::string> header{"BACKUP",  "STATE",   "AGE",     "DATABASE",
                                  "OBJECTS", "LIBRARY", "PORTABLE"};
  if (wide) header.insert(header.end(), {"HELD", "VERIFIED", "EXPIRES", "BASE", "INITIATOR"});
  Table table(header);
  for (const BackupRecord& r : records) {
    const bool done = !r.manifest_path.empty();
    std::vector<std::string> row{r.backup_id,
                                 codec::Word(r.state),
                                 Age(r.timestamp, now),
                                 done ? FormatBytes(r.database_bytes) : "",
                                 done ? WithThousands(r.object_count) : "",
                                 done ? FormatBytes(r.library_bytes) : "",
                                 done ? (r.portable ? "True" : "False") : ""};
    if (wide) {
      row.insert(row.end(),
                 {r.hold_reason,
                  r.verified_level.empty() ? "" : r.verified_level + " " + r.verified_result,
                  r.expires_at ? FormatRfc3339(*r.expires_at) : "", r.base, r.initiator});
    }
    table.Add(std::move(row));
  }
  return table;
}

}  // namespace

codec::Json ShowBackup(const BackupRecord& record) {
  codec::JsonObject shown{
      {"apiVersion", std::string(api::kApiVersion)},
      {"kind", "Backup"},
      {"metadata", codec::JsonObject{{"name", record.backup_id},
                                     {"namespace", api::DefaultNamespace(IdOf(record))},
                                     {"creationTimestamp", FormatRfc3339(record.timestamp)}}},
      {"spec", codec::JsonObject{{"projectId", record.project_id},
                                 {"environment", record.environment},
                                 {"database", codec::JsonObject{{"type", record.database_type}}},
                                 {"hold", codec::JsonObject{{"reason", record.hold_reason}}}}},
      {"status", StatusOf(record)}};
  codec::Json own = codec::Encode(record);
  shown.reserve(shown.size() + own.get_object().size());
  for (auto& member : own.get_object()) shown[member.key()] = std::move(member.value());
  return shown;
}

std::string RenderBackups(const std::vector<BackupRecord>& records, const std::string& next_cursor,
                          OutputFormat format, Time now) {
  switch (format) {
    case OutputFormat::kJson:
    case OutputFormat::kYaml: {
      codec::JsonArray items;
      for (const BackupRecord& record : records) items.push_back(ShowBackup(record));
      codec::JsonObject list{{"apiVersion", "v1"}, {"kind", "List"}, {"items", std::move(items)}};
      if (!next_cursor.empty()) list["nextCursor"] = next_cursor;
      return RenderResource(codec::Json(std::move(list)), format, now);
    }
    case OutputFormat::kName: {
      std::string names;
      for (const BackupRecord& record : records) names += record.backup_id + "\n";
      return names;
    }
    case OutputFormat::kTable:
    case OutputFormat::kWide:
      break;
  }
  return records.empty() ? "" : MakeTable(records, format == OutputFormat::kWide, now).str();
}

std::string RenderBackup(const BackupRecord& record, OutputFormat format, Time now) {
  if (format == OutputFormat::kJson || format == OutputFormat::kYaml) {
    return RenderResource(ShowBackup(record), format, now);
  }
  return RenderBackups({record}, "", format, now);
}

}  // namespace lc2::cli
