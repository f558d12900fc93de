#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lc2::sql {

// Bytes that are no text: a parameter or column of type bytea or BLOB.
struct Blob {
  std::string bytes;
  bool operator==(const Blob&) const = default;
};

// One parameter or one column of a row: null, integer, floating point, text or bytes. Booleans are
// the integers 0 and 1, as SQLite keeps them. Implicit, so that calls read
//   connection.Execute(ctx, "insert into t values ($1, $2)", {7, "seven"});
class Value {
 public:
  Value() = default;
  Value(std::nullptr_t) {}
  template <std::integral T>
  Value(T value) : value_(static_cast<std::int64_t>(value)) {}
  Value(double value) : value_(value) {}
  Value(std::string value) : value_(std::move(value)) {}
  Value(std::string_view value) : value_(std::string(value)) {}
  Value(const char* value) : value_(std::string(value)) {}
  Value(Blob value) : value_(std::move(value)) {}
  template <class T>
  Value(const std::optional<T>& value) {
    if (value.has_value()) *this = Value(*value);
  }

  using Variant = std::variant<std::monostate, std::int64_t, double, std::string, Blob>;
  const Variant& get() const { return value_; }
  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool operator==(const Value&) const = default;

 private:
  Variant value_;
};

using Params = std::vector<Value>;

// One row of a result, columns counted from 0. Reading a column as something that it cannot be
// (text that is no number as an integer, a column that the query does not have) is a bug of the
// caller, who wrote the query, and aborts. Null reads as 0, false or empty: ask IsNull() first
// where that matters.
class Row {
 public:
  Row() = default;
  explicit Row(std::vector<Value> columns) : columns_(std::move(columns)) {}

  std::size_t size() const { return columns_.size(); }
  const Value& operator[](std::size_t column) const;
  bool IsNull(std::size_t column) const { return (*this)[column].is_null(); }
  std::int64_t Int(std::size_t column) const;
  bool Bool(std::size_t column) const { return Int(column) != 0; }
  double Double(std::size_t column) const;
  // Text as it is, bytes as they are, numbers in decimal digits.
  std::string Text(std::size_t column) const;
  std::optional<std::int64_t> OptionalInt(std::size_t column) const;
  std::optional<std::string> OptionalText(std::size_t column) const;

 private:
  std::vector<Value> columns_;
};

}  // namespace lc2::sql
