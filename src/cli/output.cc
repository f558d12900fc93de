#include "cli/output.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>

#include "base/time_format.h"
#include "cli/table.h"
#include "codec/yaml.h"

namespace lc2::cli {

namespace {

using codec::Json;

struct Column {
  std::string_view title;
  std::string_view path;  // dotted; "@age" is the age of the object
  bool wide = false;
};

const std::vector<Column>& ColumnsOf(std::string_view kind) {
  static const std::vector<Column> backup_request{
      {"NAME", "metadata.name"},
      {"PROJECT", "spec.projectId"},
      {"ENVIRONMENT", "spec.environment"},
      {"STATE", "status.state"},
      {"AGE", "@age"},
      {"BACKUP", "status.backupId", true},
      {"OBJECTS", "status.documentLibrary.objectCount", true},
      {"SIZE", "#status.documentLibrary.totalSizeBytes", true},
      {"DATABASE", "#status.database.sizeBytes", true},
      {"NAMESPACE", "metadata.namespace", true}};
  static const std::vector<Column> restore_request{
      {"NAME", "metadata.name"},          {"BACKUP", "spec.backupId"},
      {"TARGET", "spec.targetEnvironment"}, {"TYPE", "spec.restoreType"},
      {"STATE", "status.state"},          {"AGE", "@age"},
      {"STRATEGY", "spec.strategy", true},  {"NAMESPACE", "metadata.namespace", true}};
  static const std::vector<Column> environment{
      {"NAME", "metadata.name"},
      {"PROJECT", "spec.projectId"},
      {"ENVIRONMENT", "spec.environment"},
      {"PROVIDER", "spec.provider"},
      {"LOCATION", "spec.backupLocation"},
      {"AGE", "@age"},
      {"STORE", "spec.documentLibrary.store", true},
      {"LIBRARY", "spec.documentLibrary.bucket", true},
      {"ENGINE", "spec.database.engine", true},
      {"DATABASE", "spec.database.name", true}};
  static const std::vector<Column> location{
      {"NAME", "metadata.name"},   {"PROVIDER", "spec.provider"}, {"BUCKET", "spec.bucket"},
      {"LAYOUT", "spec.layout"},   {"AGE", "@age"},               {"PREFIX", "spec.prefix", true},
      {"REGION", "spec.region", true}};
  static const std::vector<Column> other{
      {"KIND", "kind"}, {"NAME", "metadata.name"}, {"AGE", "@age"}};
  if (kind == "BackupRequest") return backup_request;
  if (kind == "RestoreRequest") return restore_request;
  if (kind == "LiferayEnvironment") return environment;
  if (kind == "BackupLocation") return location;
  return other;
}

std::string Cell(const Json& resource, std::string_view path, Time now) {
  if (path == "@age") {
    const Result<Time> created = ParseRfc3339(TextAt(resource, "metadata.creationTimestamp"));
    return created.has_value() ? Age(*created, now) : "";
  }
  if (path.starts_with('#')) {
    const std::string text = TextAt(resource, path.substr(1));
    return text.empty() ? "" : FormatBytes(std::strtoll(text.c_str(), nullptr, 10));
  }
  return TextAt(resource, path);
}

std::string RenderTable(const std::vector<Json>& resources, bool wide, Time now) {
  if (resources.empty()) return "";
  const std::vector<Column>& columns = ColumnsOf(TextAt(resources.front(), "kind"));
  std::vector<std::string> header;
  for (const Column& column : columns) {
    if (wide || !column.wide) header.emplace_back(column.title);
  }
  Table table(std::move(header));
  for (const Json& resource : resources) {
    std::vector<std::string> row;
    for (const Column& column : columns) {
      if (wide || !column.wide) row.push_back(Cell(resource, column.path, now));
    }
    table.Add(std::move(row));
  }
  return table.str();
}

std::string NameLine(const Json& resource) {
  std::string kind = TextAt(resource, "kind");
  for (char& c : kind) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return fmt::format("{}/{}\n", kind, Printable(TextAt(resource, "metadata.name")));
}

}  // namespace

Result<OutputFormat> ParseOutputFormat(std::string_view word) {
  if (word == "table") return OutputFormat::kTable;
  if (word == "wide") return OutputFormat::kWide;
  if (word == "json") return OutputFormat::kJson;
  if (word == "yaml") return OutputFormat::kYaml;
  if (word == "name") return OutputFormat::kName;
  return Error{.kind = ErrorKind::kInvalid,
               .code = "cli.bad_output",
               .message = fmt::format("'{}' is not an output format", word),
               .hint = "use one of table, wide, json, yaml, name"};
}

std::string RenderResource(const Json& resource, OutputFormat format, Time now) {
  switch (format) {
    case OutputFormat::kJson: return codec::PrettyJson(resource);
    case OutputFormat::kYaml: return codec::PrintYaml(resource);
    case OutputFormat::kName: return NameLine(resource);
    case OutputFormat::kTable: return RenderTable({resource}, false, now);
    case OutputFormat::kWide: return RenderTable({resource}, true, now);
  }
  return {};
}

std::string RenderResources(const std::vector<Json>& resources, OutputFormat format, Time now) {
  if (format == OutputFormat::kJson || format == OutputFormat::kYaml) {
    codec::JsonArray items;
    for (const Json& resource : resources) items.push_back(resource);
    const Json list = codec::JsonObject{
        {"apiVersion", "v1"}, {"kind", "List"}, {"items", std::move(items)}};
    return RenderResource(list, format, now);
  }
  if (format == OutputFormat::kName) {
    std::string text;
    for (const Json& resource : resources) text += NameLine(resource);
    return text;
  }
  return RenderTable(resources, format == OutputFormat::kWide, now);
}

std::string Age(Time from, Time now) {
  const std::int64_t s = std::max<std::int64_t>(
      0, std::chrono::duration_cast<std::chrono::seconds>(now - from).count());
  if (s < 120) return fmt::format("{}s", s);
  if (s < 600) return s % 60 == 0 ? fmt::format("{}m", s / 60) : fmt::format("{}m{}s", s / 60, s % 60);
  if (s < 3 * 3600) return fmt::format("{}m", s / 60);
  if (s < 8 * 3600) return fmt::format("{}h{}m", s / 3600, s / 60 % 60);
  if (s < 48 * 3600) return fmt::format("{}h", s / 3600);
  return fmt::format("{}d", s / 86400);
}

std::string RenderError(const Error& error, bool color) {
  std::string text = color ? "\x1b[31merror:\x1b[0m " : "error: ";
  text += Describe(error);
  for (const Error* at = &error; at != nullptr; at = at->cause.get()) {
    if (at->provider && !at->provider->request_id.empty()) {
      text += fmt::format(" (request id {})", at->provider->request_id);
      break;
    }
  }
  text += '\n';
  if (const std::string hint = HintOf(error); !hint.empty()) text += "HINT: " + hint + "\n";
  return text;
}

std::string TextAt(const Json& json, std::string_view dotted) {
  const Json* at = &json;
  while (!dotted.empty()) {
    const std::size_t dot = dotted.find('.');
    if (!at->is_object()) return {};
    at = at->get_object().if_contains(dotted.substr(0, dot));
    if (at == nullptr) return {};
    dotted = dot == std::string_view::npos ? std::string_view() : dotted.substr(dot + 1);
  }
  if (at->is_string()) return std::string(at->get_string());
  return at->is_null() ? std::string() : codec::CompactJson(*at);
}

}  // namespace lc2::cli
