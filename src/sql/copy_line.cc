#include <fmt/core.h>

#include "sql/postgres.h"

namespace lc2::sql {

namespace {

Error BadLine(std::string_view why) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "sql.bad_copy_line",
               .message = fmt::format("a row of a copy from the server cannot be read: {}", why)};
}

// The byte that a backslash and this letter stand for.
char Unescape(char letter) {
  switch (letter) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    default:
      return letter;
  }
}

Result<CopyField> ParseField(std::string_view text) {
  if (text == "\\N") return CopyField();
  std::string value;
  value.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      value += text[i];
      continue;
    }
    if (++i == text.size()) return BadLine("it ends in a backslash");
    // The server never writes the octal and hexadecimal forms that COPY FROM also reads.
    value += Unescape(text[i]);
  }
  return CopyField(std::move(value));
}

}  // namespace

Result<std::vector<CopyField>> ParseCopyLine(std::string_view line) {
  std::vector<CopyField> fields;
  while (true) {
    const std::size_t tab = line.find('\t');
    LC2_ASSIGN_OR_RETURN(CopyField field, ParseField(line.substr(0, tab)));
    fields.push_back(std::move(field));
    if (tab == std::string_view::npos) return fields;
    line.remove_prefix(tab + 1);
  }
}

std::string QuoteIdentifier(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace lc2::sql
