#include "control/run_error.h"

#include "api/restore_request.h"
#include "base/utf8.h"
#include "codec/described.h"

namespace lc2::control {

namespace {

constexpr std::size_t kMaxText = 8'000;

}  // namespace

std::string Recordable(std::string_view text) {
  if (text.size() <= kMaxText) return WithoutInvalidUtf8(text);
  return WithoutInvalidUtf8(text.substr(0, kMaxText)) + " ...";
}

std::string MessageOf(const Error& error) {
  std::string message = Recordable(Describe(error));
  if (const std::string hint = HintOf(error); !hint.empty()) {
    message += ". HINT: " + Recordable(hint);
  }
  return message;
}

codec::Json EncodeError(const Error& error) {
  api::ErrorStatus status = api::ToErrorStatus(error);
  status.code = Recordable(status.code);
  status.message = Recordable(status.message);
  status.hint = Recordable(status.hint);
  return codec::Encode(status);
}

Error DecodeError(const codec::Json& json) {
  Error error{.kind = ErrorKind::kInternal, .code = "run.failed", .message = "the run failed"};
  if (!json.is_object()) return error;
  const auto status = codec::Decode<api::ErrorStatus>(json);
  if (!status.has_value()) return error;
  for (int i = 0; i <= static_cast<int>(ErrorKind::kInternal); ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    if (FactsOf(kind).name == status->kind) error.kind = kind;
  }
  error.code = status->code;
  error.message = status->message;
  error.hint = status->hint;
  return error;
}

}  // namespace lc2::control
