#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/describe.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>

#include "base/time_format.h"
#include "codec/json.h"

// Described structs <-> JSON. A struct named in BOOST_DESCRIBE_STRUCT is written member by member,
// `snake_case` becoming `camelCase`; a described enumerator `kPool` is the word "Pool". An enum
// whose words are lower case with dashes (`kDatabaseOnly` is "database-only") says so beside
// itself:
//   constexpr codec::WordCase WordCaseOf(RestoreType) { return codec::WordCase::kKebab; }
//
//   struct DumpFacts { std::string path; std::optional<std::int64_t> raw_bytes; };
//   BOOST_DESCRIBE_STRUCT(DumpFacts, (), (path, raw_bytes))
//   Json json = codec::Encode(facts);
//   Result<DumpFacts> facts = codec::Decode<DumpFacts>(json, codec::Path("database.dump"));
//
// Writing: an absent optional, an empty vector or map and a null Json member are left out. Reading:
// a missing or null member keeps its default, but for members that the struct cannot do without the
// caller checks. Unknown members are ignored. Time is RFC 3339 with whole seconds: fractions are
// cut. A member of type Json takes anything.
namespace lc2::codec {

// How the words of an enum are spelt outside; kPascal where nothing is said.
enum class WordCase { kPascal, kKebab };

template <class T>
Json Encode(const T& value);
template <class T>
Result<T> Decode(const Json& json, const Path& path = {});

namespace internal {

// Those of described bases too: a struct that extends another is one object.
inline constexpr unsigned kMembers = boost::describe::mod_public | boost::describe::mod_inherited;

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <class T>
inline constexpr bool kIsMap = false;
template <class T>
inline constexpr bool kIsMap<std::map<std::string, T>> = true;
template <class T>
inline constexpr bool kIsStrong = requires(const T& t) {
  { t.str() } -> std::same_as<const std::string&>;
  T(std::string());
};

template <class T>
bool IsLeftOut(const T& value) {
  if constexpr (kIsOptional<T>) {
    return !value.has_value();
  } else if constexpr (kIsVector<T> || kIsMap<T>) {
    return value.empty();
  } else if constexpr (std::is_same_v<T, Json>) {
    return value.is_null();
  } else {
    return false;
  }
}

// "DatabaseOnly" or "database-only" for the enumerator `kDatabaseOnly` of E.
template <class E>
std::string SpellWord(std::string_view enumerator) {
  const std::string_view pascal = enumerator.substr(1);  // without the leading 'k'
  if constexpr (requires { WordCaseOf(E()); }) {
    if (WordCaseOf(E()) == WordCase::kKebab) {
      std::string word;
      for (const char c : pascal) {
        const bool upper = c >= 'A' && c <= 'Z';
        if (upper && !word.empty()) word += '-';
        word += upper ? static_cast<char>(c - 'A' + 'a') : c;
      }
      return word;
    }
  }
  return std::string(pascal);
}

template <class E>
std::string EnumWord(E value) {
  std::string word;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto d) {
    if (d.value == value) word = SpellWord<E>(d.name);
  });
  return word;
}

template <class E>
std::optional<E> EnumValue(std::string_view word) {
  std::optional<E> value;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto d) {
    if (word == SpellWord<E>(d.name)) value = d.value;
  });
  return value;
}

template <class E>
std::string EnumWords() {
  std::string words;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto d) {
    if (!words.empty()) words += ", ";
    words += SpellWord<E>(d.name);
  });
  return words;
}

template <class T>
Result<T> DecodeInteger(const Json& json, const Path& path) {
  // A cast there and back would take -1 for the largest unsigned number of 64 bits.
  if (json.is_int64() && std::in_range<T>(json.get_int64())) {
    return static_cast<T>(json.get_int64());
  }
  return ShapeError(path, json.is_number() ? "an integer within its range" : "an integer");
}

template <class T>
Result<T> DecodeObject(const Json& json, const Path& path) {
  if (!json.is_object()) return ShapeError(path, "an object");
  const JsonObject& object = json.get_object();
  T value{};
  std::optional<Error> failed;
  boost::mp11::mp_for_each<boost::describe::describe_members<T, internal::kMembers>>([&](auto d) {
    if (failed) return;
    const std::string name = CamelCase(d.name);
    const Json* member = object.if_contains(name);
    if (member == nullptr || member->is_null()) return;
    using Member = std::remove_cvref_t<decltype(value.*d.pointer)>;
    Result<Member> decoded = Decode<Member>(*member, path / name);
    if (decoded.has_value()) {
      value.*d.pointer = std::move(decoded).value();
    } else {
      failed = std::move(decoded).error();
    }
  });
  if (failed) return *std::move(failed);
  return value;
}

}  // namespace internal

// "Pool" for Layout::kPool.
template <class E>
std::string Word(E value) {
  return internal::EnumWord(value);
}
template <class E>
std::optional<E> FromWord(std::string_view word) {
  return internal::EnumValue<E>(word);
}

template <class T>
Json Encode(const T& value) {
  if constexpr (std::is_same_v<T, Json>) {
    return value;
  } else if constexpr (std::is_same_v<T, Time>) {
    return Json(FormatRfc3339(value));
  } else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::string> ||
                       std::is_same_v<T, double>) {
    return Json(value);
  } else if constexpr (std::is_integral_v<T>) {
    static_assert(std::in_range<std::int64_t>(std::numeric_limits<T>::max()),
                  "numbers that leave the process are std::int64_t");
    return Json(static_cast<std::int64_t>(value));
  } else if constexpr (internal::kIsOptional<T>) {
    return value.has_value() ? Encode(*value) : Json(nullptr);
  } else if constexpr (internal::kIsVector<T>) {
    JsonArray array;
    array.reserve(value.size());
    for (const auto& item : value) array.push_back(Encode(item));
    return Json(std::move(array));
  } else if constexpr (internal::kIsMap<T>) {
    JsonObject object;
    for (const auto& [key, item] : value) object.emplace(key, Encode(item));
    return Json(std::move(object));
  } else if constexpr (internal::kIsStrong<T>) {
    return Json(value.str());
  } else if constexpr (std::is_enum_v<T>) {
    return Json(internal::EnumWord(value));
  } else {
    JsonObject object;
    boost::mp11::mp_for_each<boost::describe::describe_members<T, internal::kMembers>>([&](auto d) {
      if (internal::IsLeftOut(value.*d.pointer)) return;
      object.emplace(CamelCase(d.name), Encode(value.*d.pointer));
    });
    return Json(std::move(object));
  }
}

template <class T>
Result<T> Decode(const Json& json, const Path& path) {
  if constexpr (std::is_same_v<T, Json>) {
    return json;
  } else if constexpr (std::is_same_v<T, Time>) {
    if (!json.is_string()) return ShapeError(path, "a time such as 2025-11-09T14:30:00Z");
    const auto& text = json.get_string();
    Result<Time> time = ParseRfc3339(std::string_view(text.data(), text.size()));
    if (!time.has_value()) return ShapeError(path, "a time such as 2025-11-09T14:30:00Z");
    return time;
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!json.is_bool()) return ShapeError(path, "true or false");
    return json.get_bool();
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!json.is_string()) return ShapeError(path, "a string");
    return std::string(json.get_string());
  } else if constexpr (std::is_same_v<T, double>) {
    if (!json.is_number()) return ShapeError(path, "a number");
    return json.to_number<double>();
  } else if constexpr (std::is_integral_v<T>) {
    return internal::DecodeInteger<T>(json, path);
  } else if constexpr (internal::kIsOptional<T>) {
    if (json.is_null()) return T();
    Result<typename T::value_type> inner = Decode<typename T::value_type>(json, path);
    if (!inner.has_value()) return std::move(inner).error();
    return T(std::move(inner).value());
  } else if constexpr (internal::kIsVector<T>) {
    if (!json.is_array()) return ShapeError(path, "a list");
    T items;
    items.reserve(json.get_array().size());
    for (std::size_t i = 0; i < json.get_array().size(); ++i) {
      auto item = Decode<typename T::value_type>(json.get_array()[i], path[i]);
      if (!item.has_value()) return std::move(item).error();
      items.push_back(std::move(item).value());
    }
    return items;
  } else if constexpr (internal::kIsMap<T>) {
    if (!json.is_object()) return ShapeError(path, "an object");
    T map;
    for (const auto& member : json.get_object()) {
      const std::string key(member.key());
      auto item = Decode<typename T::mapped_type>(member.value(), path / key);
      if (!item.has_value()) return std::move(item).error();
      map.emplace(key, std::move(item).value());
    }
    return map;
  } else if constexpr (internal::kIsStrong<T>) {
    if (!json.is_string()) return ShapeError(path, "a string");
    return T(std::string(json.get_string()));
  } else if constexpr (std::is_enum_v<T>) {
    if (json.is_string()) {
      const auto& text = json.get_string();
      if (auto v = internal::EnumValue<T>(std::string_view(text.data(), text.size()))) return *v;
    }
    return ShapeError(path, "one of " + internal::EnumWords<T>());
  } else {
    return internal::DecodeObject<T>(json, path);
  }
}

}  // namespace lc2::codec
