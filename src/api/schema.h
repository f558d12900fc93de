#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/fault.h"
#include "api/pattern.h"
#include "base/result.h"
#include "codec/json.h"

// The OpenAPI v3 subset of Kubernetes' structural schemas that our CRDs use
// (kubernetes.io, "Extend the Kubernetes API with CustomResourceDefinitions", "Specifying a
// structural schema"), so that the embedded API judges a document as a kube-apiserver would.
namespace lc2::api {

enum class SchemaType { kObject, kArray, kString, kInteger, kNumber, kBoolean, kAny };
enum class SchemaFormat { kNone, kDateTime, kInt32, kInt64 };

struct NamedSchema;

struct Schema {
  SchemaType type = SchemaType::kObject;
  SchemaFormat format = SchemaFormat::kNone;
  std::string description;
  bool nullable = false;
  bool preserve_unknown_fields = false;
  std::optional<codec::Json> default_value;
  std::vector<std::string> enum_words;
  std::optional<Pattern> pattern;
  std::optional<std::int64_t> min_length, max_length;  // of strings, in characters
  std::optional<std::int64_t> minimum, maximum;
  std::optional<std::int64_t> min_items, max_items;
  std::vector<NamedSchema> properties;  // in the order of the document
  std::vector<std::string> required;
  bool unique_items = false;               // x-kubernetes-list-type: set
  std::vector<std::string> item_map_keys;  // x-kubernetes-list-type: map
  std::shared_ptr<const Schema> items;
  std::shared_ptr<const Schema> additional_properties;

  const Schema* Property(std::string_view name) const;
};

struct NamedSchema {
  std::string name;
  Schema schema;
};

// Reads a schema; a keyword that Check() does not know is an error, so that no rule is silently
// dropped. Error: kInvalid "schema.invalid" with the path inside the schema.
Result<Schema> ParseSchema(const codec::Json& json, const codec::Path& path = {});

struct Checked {
  codec::Json value;  // with defaults
  Faults faults;
  // Nothing is missing and all has its type, so that `value` can be decoded in spite of its faults.
  bool decodable = true;
};

// Fills in defaults (a null where none is allowed counts as left out) and finds *every* fault,
// unknown fields included, with a suggestion where a known one is spelt much alike.
Checked Check(const Schema& schema, codec::Json value, const codec::Path& path = {});

// `value` without members that are equal to their default, objects that hold nothing else
// included: two values that mean the same become equal. `value` must have passed Check().
codec::Json WithoutDefaults(const Schema& schema, const codec::Json& value);

// The candidate most like `word`, if any is near enough to be meant.
std::optional<std::string> Nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

}  // namespace lc2::api
