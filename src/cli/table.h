#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lc2::cli {

// A table for people: a header and rows of the same number of cells, columns padded to the widest
// cell and three spaces apart, as kubectl prints them. Control characters in cells are escaped, so
// that data cannot drive the terminal.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  std::string str() const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

// One line that cannot drive a terminal: control characters, C1 ones included, and bytes that are
// no UTF-8 become visible escapes ("\x1b").
std::string Printable(std::string_view text);
// The same for a text of several lines.
std::string PrintableText(std::string_view text);
// Number of terminal cells, counting code points.
std::size_t DisplayWidth(const std::string& text);
// "12,453"
std::string WithThousands(std::int64_t number);
// "1 document", "12,453 documents"
std::string Counted(std::int64_t number, std::string_view noun);

}  // namespace lc2::cli
