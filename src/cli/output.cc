#include "cli/output.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include <boost/json.hpp>

#include "api/kinds.h"
#include "base/time_format.h"
#include "cli/table.h"
#include "codec/yaml.h"

namespace lc2::cli {

namespace {

using codec::Json;

std::string Cell(const api::PrinterColumn& column, const Json& resource, Time now) {
  const std::string text = api::ColumnText(column, resource);
  if (text.empty()) return text;
  if (column.type == "date" && column.name == "Age") {
    const Result<Time> time = ParseRfc3339(text);
    return time.has_value() ? Age(*time, now) : text;
  }
  if (column.type != "integer") return text;
  const std::int64_t number = std::strtoll(text.c_str(), nullptr, 10);
  return column.name == "Bytes" ? FormatBytes(number) : WithThousands(number);
}

std::string Title(std::string name) {
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

// The columns that the kind's definition names, as kubectl prints them; one about a condition only
// where some object has it.
std::vector<api::PrinterColumn> ColumnsFor(const std::vector<Json>& resources, bool wide) {
  std::vector<api::PrinterColumn> columns{
      {.name = "Name", .type = "string", .path = {"metadata", "name"}}};
  const api::Kind* kind = api::FindKind(TextAt(resources.front(), "kind"));
  if (kind == nullptr) return columns;
  for (const api::PrinterColumn& column : kind->columns) {
    if (column.wide && !wide) continue;
    const bool condition = column.path.size() > 1 && column.path[1] == "conditions";
    if (condition && std::none_of(resources.begin(), resources.end(), [&](const Json& resource) {
          return !api::ColumnText(column, resource).empty();
        })) {
      continue;
    }
    columns.push_back(column);
  }
  return columns;
}

std::string RenderTable(const std::vector<Json>& resources, bool wide, Time now) {
  if (resources.empty()) return "";
  const std::vector<api::PrinterColumn> columns = ColumnsFor(resources, wide);
  std::vector<std::string> header;
  for (const api::PrinterColumn& column : columns) header.push_back(Title(column.name));
  Table table(std::move(header));
  for (const Json& resource : resources) {
    std::vector<std::string> row;
    for (const api::PrinterColumn& column : columns) row.push_back(Cell(column, resource, now));
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
    case OutputFormat::kJson:
      return codec::PrettyJson(resource);
    case OutputFormat::kYaml:
      return codec::PrintYaml(resource);
    case OutputFormat::kName:
      return NameLine(resource);
    case OutputFormat::kTable:
      return RenderTable({resource}, false, now);
    case OutputFormat::kWide:
      break;
  }
  return RenderTable({resource}, true, now);
}

std::string RenderResources(const std::vector<Json>& resources, OutputFormat format, Time now) {
  if (format == OutputFormat::kJson || format == OutputFormat::kYaml) {
    codec::JsonArray items;
    for (const Json& resource : resources) items.push_back(resource);
    const Json list =
        codec::JsonObject{{"apiVersion", "v1"}, {"kind", "List"}, {"items", std::move(items)}};
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
  if (s < 600)
    return s % 60 == 0 ? fmt::format("{}m", s / 60) : fmt::format("{}m{}s", s / 60, s % 60);
  if (s < 3 * 3600) return fmt::format("{}m", s / 60);
  if (s < 8 * 3600) return fmt::format("{}h{}m", s / 3600, s / 60 % 60);
  if (s < 48 * 3600) return fmt::format("{}h", s / 3600);
  return fmt::format("{}d", s / 86400);
}

std::string RenderError(const Error& error, bool color) {
  std::string text = color ? "\x1b[1;31merror:\x1b[0m " : "error: ";
  text += PrintableText(Describe(error));
  for (const Error* at = &error; at != nullptr; at = at->cause.get()) {
    if (at->provider && !at->provider->request_id.empty()) {
      text += fmt::format(" (request id {})", at->provider->request_id);
      break;
    }
  }
  text += '\n';
  if (const std::string hint = HintOf(error); !hint.empty()) {
    text += color ? "\x1b[36mHINT:\x1b[0m " : "HINT: ";
    text += PrintableText(hint) + "\n";
  }
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
