#include "cli/log_view.h"

#include <fmt/core.h>

#include <algorithm>

#include <boost/json.hpp>

#include "cli/table.h"

namespace lc2::cli {

namespace {

std::string TextOf(const codec::Json& value) {
  return value.is_string() ? std::string(value.get_string()) : codec::CompactJson(value);
}

std::string Member(const codec::JsonObject& line, std::string_view name) {
  const codec::Json* found = line.if_contains(name);
  return found == nullptr ? "" : TextOf(*found);
}

bool IsColumn(std::string_view name) {
  return name == "time" || name == "level" || name == "event" || name == "attempt";
}

// As the log on standard error shows it: quoted where it is not one plain word.
std::string Quoted(const std::string& value) {
  const bool plain = !value.empty() && value.find_first_of(" \"=\\") == std::string::npos &&
                     std::ranges::none_of(value, [](char c) {
                       const auto byte = static_cast<unsigned char>(c);
                       return byte < 0x20 || byte == 0x7f;
                     });
  return plain ? value : codec::CompactJson(codec::Json(value));
}

}  // namespace

std::string LogLineText(const codec::JsonObject& line, bool wide) {
  std::string text = fmt::format("{} {:<7} {:<3} {}", Member(line, "time"), Member(line, "level"),
                                 Member(line, "attempt"), Member(line, "event"));
  for (const auto& [name, value] : line) {
    if (IsColumn(name) || (!wide && (name == "environment" || name == "run"))) continue;
    text += fmt::format(" {}={}", std::string_view(name), Quoted(TextOf(value)));
  }
  return Printable(text);
}

}  // namespace lc2::cli
