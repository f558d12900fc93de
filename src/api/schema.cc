#include "api/schema.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include <boost/json.hpp>

namespace lc2::api {

namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;
using codec::Path;

Error BadSchema(const Path& path, std::string_view why) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "schema.invalid",
               .message = fmt::format("schema {}: {}", path.str(), why)};
}

constexpr std::array<std::pair<std::string_view, SchemaType>, 6> kTypes{{
    {"object", SchemaType::kObject},
    {"array", SchemaType::kArray},
    {"string", SchemaType::kString},
    {"integer", SchemaType::kInteger},
    {"number", SchemaType::kNumber},
    {"boolean", SchemaType::kBoolean},
}};

constexpr std::array<std::pair<std::string_view, SchemaFormat>, 3> kFormats{{
    {"date-time", SchemaFormat::kDateTime},
    {"int32", SchemaFormat::kInt32},
    {"int64", SchemaFormat::kInt64},
}};

// Reads one schema, keyword by keyword.
class Reader {
 public:
  Reader(const JsonObject& json, const Path& path) : json_(json), path_(path) {}

  Result<Schema> Read() {
    schema_.type = json_.contains("type") ? SchemaType::kObject : SchemaType::kAny;
    for (const auto& member : json_) {
      LC2_RETURN_IF_ERROR(ReadKeyword(std::string_view(member.key()), member.value()));
    }
    return std::move(schema_);
  }

 private:
  Result<void> ReadKeyword(std::string_view key, const Json& value) {
    if (key == "type") return Set(&Schema::type, Choose(key, value, kTypes));
    if (key == "format") return Set(&Schema::format, Choose(key, value, kFormats));
    if (key == "description") return Set(&Schema::description, Text(key, value));
    if (key == "nullable") return Set(&Schema::nullable, Flag(key, value));
    if (key == "default") return Set(&Schema::default_value, Result<Json>(value));
    if (key == "enum") return Set(&Schema::enum_words, Texts(key, value));
    if (key == "pattern") return Set(&Schema::pattern, Text(key, value).and_then(Pattern::Compile));
    if (key == "minLength") return Set(&Schema::min_length, Number(key, value));
    if (key == "maxLength") return Set(&Schema::max_length, Number(key, value));
    if (key == "minimum") return Set(&Schema::minimum, Number(key, value));
    if (key == "maximum") return Set(&Schema::maximum, Number(key, value));
    if (key == "minItems") return Set(&Schema::min_items, Number(key, value));
    if (key == "maxItems") return Set(&Schema::max_items, Number(key, value));
    if (key == "required") return Set(&Schema::required, Texts(key, value));
    if (key == "properties") return Set(&Schema::properties, Properties(value));
    if (key == "items") return Set(&Schema::items, Child(key, value));
    if (key == "additionalProperties") {
      return Set(&Schema::additional_properties, Child(key, value));
    }
    if (key == "x-kubernetes-preserve-unknown-fields") {
      return Set(&Schema::preserve_unknown_fields, Flag(key, value));
    }
    if (key == "x-kubernetes-list-type") {
      return Set(&Schema::unique_items, Result<bool>(value == Json("set")));
    }
    if (key == "x-kubernetes-list-map-keys") {
      return Set(&Schema::item_map_keys, Texts(key, value));
    }
    if (key == "x-kubernetes-validations") return {};  // CEL; rules.cc says the same
    return BadSchema(path_, fmt::format("keyword '{}' is not supported", key));
  }

  template <class Field, class Value>
  Result<void> Set(Field Schema::*field, Result<Value> value) {
    if (!value.has_value()) return std::move(value).error();
    schema_.*field = std::move(value).value();
    return {};
  }

  template <class Value, std::size_t kCount>
  Result<Value> Choose(std::string_view key, const Json& value,
                       const std::array<std::pair<std::string_view, Value>, kCount>& words) {
    for (const auto& [word, meaning] : words) {
      if (value == Json(boost::json::string_view(word.data(), word.size()))) return meaning;
    }
    return BadSchema(path_ / key, "unknown word " + codec::CompactJson(value));
  }

  Result<std::string> Text(std::string_view key, const Json& value) {
    if (!value.is_string()) return BadSchema(path_ / key, "expected a string");
    return std::string(value.get_string());
  }

  Result<std::vector<std::string>> Texts(std::string_view key, const Json& value) {
    if (!value.is_array()) return BadSchema(path_ / key, "expected a list of strings");
    std::vector<std::string> texts;
    for (const Json& item : value.get_array()) {
      LC2_ASSIGN_OR_RETURN(std::string text, Text(key, item));
      texts.push_back(std::move(text));
    }
    return texts;
  }

  Result<bool> Flag(std::string_view key, const Json& value) {
    if (!value.is_bool()) return BadSchema(path_ / key, "expected true or false");
    return value.get_bool();
  }

  Result<std::int64_t> Number(std::string_view key, const Json& value) {
    if (!value.is_int64()) return BadSchema(path_ / key, "expected an integer");
    return value.get_int64();
  }

  Result<std::vector<NamedSchema>> Properties(const Json& value) {
    if (!value.is_object()) return BadSchema(path_ / "properties", "expected an object");
    std::vector<NamedSchema> properties;
    for (const auto& member : value.get_object()) {
      std::string name(member.key());
      LC2_ASSIGN_OR_RETURN(Schema child, ParseSchema(member.value(), path_ / name));
      properties.push_back(NamedSchema{std::move(name), std::move(child)});
    }
    return properties;
  }

  Result<std::shared_ptr<const Schema>> Child(std::string_view key, const Json& value) {
    LC2_ASSIGN_OR_RETURN(Schema parsed, ParseSchema(value, path_ / key));
    return std::shared_ptr<const Schema>(std::make_shared<const Schema>(std::move(parsed)));
  }

  const JsonObject& json_;
  const Path& path_;
  Schema schema_;
};

bool IsDefault(const Schema& schema, const Json& value) {
  return schema.default_value && *schema.default_value == value;
}

}  // namespace

const Schema* Schema::Property(std::string_view name) const {
  const auto found = std::find_if(properties.begin(), properties.end(),
                                  [&](const auto& property) { return property.name == name; });
  return found == properties.end() ? nullptr : &found->schema;
}

Result<Schema> ParseSchema(const Json& json, const Path& path) {
  if (!json.is_object()) return BadSchema(path, "expected an object");
  return Reader(json.get_object(), path).Read();
}

Json WithoutDefaults(const Schema& schema, const Json& value) {
  if (schema.type != SchemaType::kObject || !value.is_object()) return value;
  JsonObject rest;
  for (const auto& member : value.get_object()) {
    const Schema* property = schema.Property(std::string_view(member.key()));
    if (property == nullptr) {
      rest.emplace(member.key(), member.value());
      continue;
    }
    if (IsDefault(*property, member.value())) continue;
    Json child = WithoutDefaults(*property, member.value());
    const bool says_nothing = child.is_null() || (child.is_object() && child.get_object().empty() &&
                                                  !property->properties.empty());
    if (!says_nothing) rest.emplace(member.key(), std::move(child));
  }
  return Json(std::move(rest));
}

}  // namespace lc2::api
