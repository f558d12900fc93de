#include "api/fault.h"

#include <fmt/core.h>

namespace lc2::api {

std::string Describe(const Fault& fault) {
  std::string text;
  if (!fault.file.empty()) text = fault.file + ":";
  if (fault.line > 0) text += fmt::format("{}:", fault.line);
  if (!text.empty()) text += ' ';
  if (!fault.path.empty()) text += fault.path + ": ";
  return text + fault.message;
}

Error FaultsError(std::string_view what, const Faults& faults) {
  Error error{
      .kind = ErrorKind::kInvalid, .code = "resource.invalid", .message = std::string(what)};
  for (const Fault& fault : faults) {
    error.message += "\n  " + Describe(fault);
    if (error.hint.empty()) error.hint = fault.hint;
  }
  if (error.hint.empty()) error.hint = "put right what is named, then do it again";
  return error;
}

}  // namespace lc2::api
