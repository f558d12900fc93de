#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <set>

#include <boost/json.hpp>

#include "api/schema.h"
#include "base/time_format.h"

namespace lc2::api {

namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;
using codec::Path;

constexpr std::size_t kMaxShown = 40;

std::string_view NameOf(const Json& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return "true or false";
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
      return "an integer";
    case boost::json::kind::double_:
      return "a number";
    case boost::json::kind::string:
      return "a string";
    case boost::json::kind::array:
      return "a list";
    case boost::json::kind::object:
      break;
  }
  return "an object";
}

std::string_view NameOf(SchemaType type) {
  switch (type) {
    case SchemaType::kObject:
      return "an object";
    case SchemaType::kArray:
      return "a list";
    case SchemaType::kString:
      return "a string";
    case SchemaType::kInteger:
      return "an integer";
    case SchemaType::kNumber:
      return "a number";
    case SchemaType::kBoolean:
      return "true or false";
    case SchemaType::kAny:
      break;
  }
  return "a value";
}

bool IsOfType(SchemaType type, const Json& value) {
  switch (type) {
    case SchemaType::kObject:
      return value.is_object();
    case SchemaType::kArray:
      return value.is_array();
    case SchemaType::kString:
      return value.is_string();
    case SchemaType::kInteger:
      return value.is_int64();
    case SchemaType::kNumber:
      return value.is_number();
    case SchemaType::kBoolean:
      return value.is_bool();
    case SchemaType::kAny:
      break;
  }
  return true;
}

// Kubernetes counts code points.
std::int64_t LengthOf(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

// A value in a message: short, and on one line.
std::string Shown(std::string_view text) {
  std::string shown(text.substr(0, kMaxShown));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
  return text.size() > kMaxShown ? shown + "..." : shown;
}

std::string Quoted(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text += fmt::format("{}'{}'", text.empty() ? "" : ", ", word);
  return text;
}

std::vector<std::string> NamesOf(const Schema& schema) {
  std::vector<std::string> names;
  names.reserve(schema.properties.size());
  for (const auto& [name, property] : schema.properties) names.push_back(name);
  return names;
}

// Whether the values of a set, or the map keys of items, stand only once.
std::string IdentityOf(const Schema& schema, const Json& item) {
  if (schema.item_map_keys.empty() || !item.is_object()) return codec::CanonicalJson(item);
  JsonArray identity;
  for (const std::string& key : schema.item_map_keys) {
    const Json* part = item.get_object().if_contains(key);
    identity.push_back(part == nullptr ? Json(nullptr) : *part);
  }
  return codec::CanonicalJson(Json(std::move(identity)));
}

bool Contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

class Checker {
 public:
  Json Walk(const Schema& schema, Json value, const Path& path) {
    if (value.is_null() && (schema.nullable || schema.type == SchemaType::kAny)) return value;
    if (!IsOfType(schema.type, value)) {
      Add(schema, path, fmt::format("must be {}, is {}", NameOf(schema.type), NameOf(value)));
      decodable_ = false;
      return value;
    }
    switch (schema.type) {
      case SchemaType::kObject:
        value = WalkObject(schema, std::move(value.get_object()), path);
        break;
      case SchemaType::kArray:
        value = WalkArray(schema, std::move(value.get_array()), path);
        break;
      case SchemaType::kString:
        CheckString(schema, std::string(value.get_string()), path);
        break;
      case SchemaType::kInteger:
        CheckInteger(schema, value.get_int64(), path);
        break;
      case SchemaType::kNumber:
      case SchemaType::kBoolean:
      case SchemaType::kAny:
        break;
    }
    return value;
  }

  Faults TakeFaults() { return std::move(faults_); }
  bool decodable() const { return decodable_; }

 private:
  void Add(const Schema& schema, const Path& path, std::string message) {
    Fault fault{.path = path.str(), .message = std::move(message)};
    if (!schema.description.empty()) {
      fault.hint = fmt::format("about '{}': {}", path.str(), schema.description);
    }
    faults_.push_back(std::move(fault));
  }

  Json WalkObject(const Schema& schema, JsonObject object, const Path& path) {
    JsonObject checked;
    // The schema's order, so that equal objects print equally.
    for (const auto& [name, property] : schema.properties) {
      Json* member = object.if_contains(name);
      if (member != nullptr && member->is_null() && !property.nullable &&
          property.type != SchemaType::kAny) {
        member = nullptr;  // as kube-apiserver does: null is "left out" where it is no value
      }
      if (member != nullptr) {
        checked.emplace(name, Walk(property, std::move(*member), path / name));
      } else if (property.default_value) {
        checked.emplace(name, Walk(property, *property.default_value, path / name));
      } else if (Contains(schema.required, name)) {
        Add(property, path / name, "is required");
        decodable_ = false;
      }
    }
    for (auto& member : object) {
      const std::string name(member.key());
      if (schema.Property(name) != nullptr) continue;
      WalkUnknown(schema, name, std::move(member.value()), path, checked);
    }
    return Json(std::move(checked));
  }

  void WalkUnknown(const Schema& schema, const std::string& name, Json value, const Path& path,
                   JsonObject& checked) {
    if (schema.additional_properties != nullptr) {
      checked.emplace(name, Walk(*schema.additional_properties, std::move(value), path / name));
    } else if (schema.preserve_unknown_fields) {
      checked.emplace(name, std::move(value));
    } else {
      const std::vector<std::string> known = NamesOf(schema);
      const std::optional<std::string> meant = Nearest(name, known);
      faults_.push_back(
          Fault{.path = (path / Shown(name)).str(),
                .message = meant ? fmt::format("unknown field, did you mean '{}'?", *meant)
                                 : fmt::format("unknown field; there are {}", Quoted(known))});
    }
  }

  Json WalkArray(const Schema& schema, JsonArray array, const Path& path) {
    const auto size = static_cast<std::int64_t>(array.size());
    if (schema.max_items && size > *schema.max_items) {
      Add(schema, path, fmt::format("must have at most {} items, has {}", *schema.max_items, size));
      return Json(std::move(array));  // each of too many items would be another fault
    }
    if (schema.min_items && size < *schema.min_items) {
      Add(schema, path,
          fmt::format("must have at least {} items, has {}", *schema.min_items, size));
    }
    std::set<std::string> seen;
    JsonArray checked;
    for (std::size_t i = 0; i < array.size(); ++i) {
      if ((schema.unique_items || !schema.item_map_keys.empty()) &&
          !seen.insert(IdentityOf(schema, array[i])).second) {
        Add(schema, path[i], "stands in the list already");
      }
      checked.push_back(schema.items == nullptr
                            ? std::move(array[i])
                            : Walk(*schema.items, std::move(array[i]), path[i]));
    }
    return Json(std::move(checked));
  }

  void CheckString(const Schema& schema, const std::string& text, const Path& path) {
    if (!schema.enum_words.empty()) {
      if (!Contains(schema.enum_words, text)) AddNotAWord(schema, text, path);
      return;
    }
    const std::int64_t length = LengthOf(text);
    if (schema.max_length && length > *schema.max_length) {
      Add(schema, path,
          fmt::format("must have at most {} characters, has {}", *schema.max_length, length));
    } else if (schema.min_length && length < *schema.min_length) {
      Add(schema, path,
          length == 0 ? "must not be empty"
                      : fmt::format("must have at least {} characters", *schema.min_length));
    } else if (schema.pattern && !schema.pattern->Matches(text)) {
      // The text is not repeated: people paste secrets where names belong.
      Add(schema, path, fmt::format("does not have the form '{}'", schema.pattern->text()));
    } else if (schema.format == SchemaFormat::kDateTime && !ParseRfc3339(text).has_value()) {
      Add(schema, path, "must be a time such as 2025-11-09T14:30:00Z");
      decodable_ = false;
    }
  }

  void AddNotAWord(const Schema& schema, const std::string& text, const Path& path) {
    decodable_ = false;
    const std::optional<std::string> meant = Nearest(text, schema.enum_words);
    Add(schema, path,
        fmt::format("'{}' is not one of {}{}", Shown(text), Quoted(schema.enum_words),
                    meant && !meant->empty() ? fmt::format("; did you mean '{}'?", *meant) : ""));
  }

  void CheckInteger(const Schema& schema, std::int64_t number, const Path& path) {
    if (schema.minimum && number < *schema.minimum) {
      Add(schema, path, fmt::format("must be at least {}, is {}", *schema.minimum, number));
    } else if (schema.maximum && number > *schema.maximum) {
      Add(schema, path, fmt::format("must be at most {}, is {}", *schema.maximum, number));
    } else if (schema.format == SchemaFormat::kInt32 &&
               (number < std::numeric_limits<std::int32_t>::min() ||
                number > std::numeric_limits<std::int32_t>::max())) {
      Add(schema, path, fmt::format("must fit 32 bits, is {}", number));
    }
  }

  Faults faults_;
  bool decodable_ = true;
};

// How many letters must be put in, left out, replaced or swapped with their neighbour, without
// regard to case.
std::size_t Distance(std::string_view a, std::string_view b) {
  const auto same = [&](std::size_t i, std::size_t j) {
    return std::tolower(static_cast<unsigned char>(a[i])) ==
           std::tolower(static_cast<unsigned char>(b[j]));
  };
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before, above);
    std::swap(above, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (same(i - 1, j - 1) ? 0 : 1);
      row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && same(i - 1, j - 2) && same(i - 2, j - 1)) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

}  // namespace

Checked Check(const Schema& schema, Json value, const Path& path) {
  Checker checker;
  Json checked = checker.Walk(schema, std::move(value), path);
  return Checked{.value = std::move(checked),
                 .faults = checker.TakeFaults(),
                 .decodable = checker.decodable()};
}

std::optional<std::string> Nearest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
  constexpr std::size_t kMaxWord = 64;  // nobody misspells more
  if (word.size() > kMaxWord) return std::nullopt;
  const std::string* best = nullptr;
  std::size_t best_distance = word.size() / 3 + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = Distance(word, candidate);
    if (distance < best_distance) {
      best = &candidate;
      best_distance = distance;
    }
  }
  if (best == nullptr) return std::nullopt;
  return *best;
}

}  // namespace lc2::api
