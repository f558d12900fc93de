#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lc2 {

// The decision a caller has to take; everything else about an error is for people.
enum class ErrorKind {
  kNotFound,
  kAlreadyExists,
  kConflict,
  kDenied,
  kInvalid,
  kThrottled,
  kUnavailable,
  kTimeout,
  kCancelled,
  kCorrupt,
  kInternal,
};

// What follows from a kind. One row a kind; nobody else switches over kinds for these.
struct ErrorKindFacts {
  ErrorKind kind;
  std::string_view name;  // condition reason and metric label: "NotFound"
  bool retryable;         // the same call may succeed later without anybody acting
  int http_status;        // of our own REST API
  int exit_code;          // of the command line
};
const ErrorKindFacts& FactsOf(ErrorKind kind);

// Where a remote service or child program refused: what its vendor's support asks for.
struct ProviderFacts {
  std::string service;  // "s3", "postgres", "pg_dump"
  std::string code;     // the vendor's code, SQLSTATE or exit status
  int http_status = 0;
  std::string request_id;
};

// Why something failed. `message` says what was tried, on what, and why not; `hint` what to do
// next. `code` is listed in api/errors.yaml. Neither ever holds a secret or a document's title.
struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string code;
  std::string message;
  std::string hint;
  std::optional<ProviderFacts> provider;
  std::optional<std::chrono::milliseconds> retry_after;
  std::shared_ptr<const Error> cause;
};

inline std::shared_ptr<const Error> Share(Error error) {
  return std::make_shared<const Error>(std::move(error));
}

// "message: message of the cause: ..." in one line, without hints.
std::string Describe(const Error& error);
// The first hint found from the outermost error inwards; empty if none.
std::string HintOf(const Error& error);

}  // namespace lc2
