#include "cli/doctor.h"

#include <fmt/core.h>

#include <boost/json.hpp>

#include "cli/table.h"

namespace lc2::cli {

namespace {

std::string Word(Grade grade) {
  switch (grade) {
    case Grade::kOk:
      return "OK";
    case Grade::kWarn:
      return "WARN";
    case Grade::kFail:
      break;
  }
  return "FAIL";
}

std::string RenderTable(const std::vector<Check>& checks) {
  Table table({"CHECK", "RESULT", "DETAIL"});
  for (const Check& check : checks) {
    table.Add({check.name, Word(check.grade), check.detail});
    if (!check.hint.empty()) table.Add({"", "", "HINT: " + check.hint});
  }
  return table.str();
}

}  // namespace

std::string RenderChecks(const std::vector<Check>& checks, OutputFormat format, Time now) {
  if (format == OutputFormat::kTable || format == OutputFormat::kWide) return RenderTable(checks);
  if (format == OutputFormat::kName) {
    std::string lines;
    for (const Check& check : checks) {
      lines += fmt::format("{}: {}\n", Printable(check.name), Word(check.grade));
    }
    return lines;
  }
  codec::JsonArray items;
  for (const Check& check : checks) {
    codec::JsonObject item{
        {"name", check.name}, {"result", Word(check.grade)}, {"detail", check.detail}};
    if (!check.hint.empty()) item["hint"] = check.hint;
    items.push_back(std::move(item));
  }
  return RenderResource(
      codec::JsonObject{{"apiVersion", "v1"}, {"kind", "List"}, {"items", std::move(items)}},
      format, now);
}

Result<void> JudgeChecks(const std::vector<Check>& checks) {
  std::string failed;
  const Check* first = nullptr;
  int count = 0;
  for (const Check& check : checks) {
    if (check.grade != Grade::kFail) continue;
    if (first == nullptr) first = &check;
    failed += fmt::format("{}'{}'", count == 0 ? "" : ", ", check.name);
    ++count;
  }
  if (first == nullptr) return {};
  return Error{.kind = first->kind,
               .code = "doctor.failed",
               .message = fmt::format("{} of {} checks failed: {}", count, checks.size(), failed),
               .hint = "mend what is marked FAIL above, then run `lc2 doctor` again"};
}

}  // namespace lc2::cli
