#include "api/kinds.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include <boost/json.hpp>

#include "codec/yaml.h"

namespace lc2::api {

namespace {

using codec::Json;
using codec::JsonObject;

constexpr std::string_view kCrdTexts[] = {
#include "api/crd_texts.inc"
};

Error BadDefinition(std::string_view why) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "schema.invalid",
               .message = fmt::format("custom resource definition: {}", why)};
}

// The value at a JSON pointer (RFC 6901), if it is there and of type T.
const Json* At(const Json& json, std::string_view pointer) {
  boost::json::error_code missing;
  return json.find_pointer(boost::json::string_view(pointer.data(), pointer.size()), missing);
}

std::string TextAt(const Json& json, std::string_view pointer) {
  const Json* value = At(json, pointer);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// ".status.conditions[?(@.type=='Ready')].status" -> status, conditions, [Ready], status.
Result<std::vector<std::string>> ParseColumnPath(std::string_view json_path) {
  constexpr std::string_view kFilterBegin = "[?(@.type=='";
  constexpr std::string_view kFilterEnd = "')]";
  std::vector<std::string> steps;
  std::string_view rest = json_path;
  while (!rest.empty()) {
    if (rest.starts_with(kFilterBegin)) {
      const std::size_t end = rest.find(kFilterEnd);
      if (end == std::string_view::npos) break;
      steps.push_back(
          fmt::format("[{}]", rest.substr(kFilterBegin.size(), end - kFilterBegin.size())));
      rest.remove_prefix(end + kFilterEnd.size());
    } else if (rest[0] == '.') {
      const std::size_t end = std::min(rest.find_first_of(".[", 1), rest.size());
      if (end == 1) break;
      steps.emplace_back(rest.substr(1, end - 1));
      rest.remove_prefix(end);
    } else {
      break;
    }
  }
  if (!rest.empty() || steps.empty()) {
    return BadDefinition(fmt::format("column path '{}' is not supported", json_path));
  }
  return steps;
}

Result<std::vector<PrinterColumn>> ParseColumns(const Json& version) {
  std::vector<PrinterColumn> columns;
  const Json* list = At(version, "/additionalPrinterColumns");
  if (list == nullptr || !list->is_array()) return columns;
  for (const Json& item : list->get_array()) {
    const Json* priority = At(item, "/priority");
    PrinterColumn column{.name = TextAt(item, "/name"),
                         .type = TextAt(item, "/type"),
                         .wide = priority != nullptr && *priority != Json(0)};
    LC2_ASSIGN_OR_RETURN(column.path, ParseColumnPath(TextAt(item, "/jsonPath")));
    columns.push_back(std::move(column));
  }
  return columns;
}

std::vector<std::string> ShortNames(const Json& definition) {
  std::vector<std::string> names;
  const Json* list = At(definition, "/spec/names/shortNames");
  if (list == nullptr || !list->is_array()) return names;
  for (const Json& name : list->get_array()) {
    if (name.is_string()) names.emplace_back(name.get_string());
  }
  return names;
}

std::vector<Kind> ReadKinds() {
  std::vector<Kind> kinds;
  for (const std::string_view text : kCrdTexts) {
    Result<Kind> kind = ParseKind(text);
    LC2_CHECK(kind.has_value());  // part of the program; a test reads each
    kinds.push_back(std::move(kind).value());
  }
  return kinds;
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

// One step of a column's path.
const Json* Step(const Json& value, const std::string& step) {
  if (step.front() != '[') {
    return value.is_object() ? value.get_object().if_contains(step) : nullptr;
  }
  if (!value.is_array()) return nullptr;
  const std::string_view type(step.data() + 1, step.size() - 2);
  for (const Json& item : value.get_array()) {
    if (TextAt(item, "/type") == type) return &item;
  }
  return nullptr;
}

}  // namespace

Result<Kind> ParseKind(std::string_view crd_yaml) {
  LC2_ASSIGN_OR_RETURN(const std::vector<codec::YamlDocument> documents,
                       codec::ParseYaml(crd_yaml));
  if (documents.size() != 1) return BadDefinition("expected one document");
  const Json& definition = documents[0].value;
  const Json* version = At(definition, "/spec/versions/0");
  if (TextAt(definition, "/kind") != "CustomResourceDefinition" || version == nullptr) {
    return BadDefinition("expected kind CustomResourceDefinition with one version");
  }
  Kind kind{.name = TextAt(definition, "/spec/names/kind"),
            .plural = TextAt(definition, "/spec/names/plural"),
            .singular = TextAt(definition, "/spec/names/singular"),
            .short_names = ShortNames(definition),
            .cluster_scoped = TextAt(definition, "/spec/scope") == "Cluster",
            .crd = std::string(crd_yaml)};
  LC2_ASSIGN_OR_RETURN(kind.columns, ParseColumns(*version));
  const Json* spec = At(*version, "/schema/openAPIV3Schema/properties/spec");
  const Json* status = At(*version, "/schema/openAPIV3Schema/properties/status");
  if (kind.name.empty() || spec == nullptr || status == nullptr) {
    return BadDefinition("needs spec.names.kind and schemas of spec and status");
  }
  LC2_ASSIGN_OR_RETURN(kind.spec, ParseSchema(*spec, codec::Path("spec")));
  LC2_ASSIGN_OR_RETURN(kind.status, ParseSchema(*status, codec::Path("status")));
  return kind;
}

const std::vector<Kind>& Kinds() {
  static const std::vector<Kind> kinds = ReadKinds();
  return kinds;
}

const Kind* FindKind(std::string_view word) {
  for (const Kind& kind : Kinds()) {
    if (EqualsIgnoringCase(word, kind.name) || EqualsIgnoringCase(word, kind.plural)) return &kind;
    if (std::any_of(kind.short_names.begin(), kind.short_names.end(),
                    [&](const std::string& name) { return EqualsIgnoringCase(word, name); })) {
      return &kind;
    }
  }
  return nullptr;
}

Result<const Kind*> RequireKind(std::string_view word) {
  if (const Kind* kind = FindKind(word)) return kind;
  std::vector<std::string> names;
  std::string list;
  for (const Kind& kind : Kinds()) {
    names.push_back(kind.name);
    list += fmt::format("{}{}", list.empty() ? "" : ", ", kind.name);
  }
  const std::optional<std::string> meant = Nearest(word, names);
  return Error{.kind = ErrorKind::kInvalid,
               .code = "resource.unknown_kind",
               .message = fmt::format("'{}' is no kind of resource{}", word.substr(0, 64),
                                      meant ? fmt::format(", did you mean '{}'?", *meant) : ""),
               .hint = "there are " + list};
}

std::string ColumnText(const PrinterColumn& column, const Json& object) {
  const Json* value = &object;
  for (const std::string& step : column.path) {
    value = Step(*value, step);
    if (value == nullptr) return {};
  }
  if (value->is_null()) return {};
  return value->is_string() ? std::string(value->get_string()) : codec::CompactJson(*value);
}

}  // namespace lc2::api
