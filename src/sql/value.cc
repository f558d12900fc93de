#include "sql/value.h"

#include <charconv>
#include <cstdlib>

#include "base/check.h"

namespace lc2::sql {

namespace {

// The whole text as a number; aborts where it is none (Row's contract).
std::int64_t ParseInt(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  LC2_CHECK(error == std::errc() && end == text.data() + text.size());
  return value;
}

double ParseDouble(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  LC2_CHECK(!text.empty() && end == text.c_str() + text.size());
  return value;
}

}  // namespace

const Value& Row::operator[](std::size_t column) const {
  LC2_CHECK(column < columns_.size());
  return columns_[column];
}

std::int64_t Row::Int(std::size_t column) const {
  const Value::Variant& value = (*this)[column].get();
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (const auto* number = std::get_if<double>(&value)) return static_cast<std::int64_t>(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return ParseInt(*text);
  LC2_CHECK(std::holds_alternative<std::monostate>(value));
  return 0;
}

double Row::Double(std::size_t column) const {
  const Value::Variant& value = (*this)[column].get();
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return static_cast<double>(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return ParseDouble(*text);
  LC2_CHECK(std::holds_alternative<std::monostate>(value));
  return 0;
}

std::string Row::Text(std::size_t column) const {
  const Value::Variant& value = (*this)[column].get();
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* blob = std::get_if<Blob>(&value)) return blob->bytes;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&value)) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, *number).ptr;
    return std::string(digits, end);
  }
  return {};
}

std::optional<std::int64_t> Row::OptionalInt(std::size_t column) const {
  if (IsNull(column)) return std::nullopt;
  return Int(column);
}

std::optional<std::string> Row::OptionalText(std::size_t column) const {
  if (IsNull(column)) return std::nullopt;
  return Text(column);
}

}  // namespace lc2::sql
