#include "cloud/aws/s3_refusal.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "codec/xml.h"

namespace lc2::cloud::aws {

namespace {

// What the body of a refusal says.
struct Said {
  std::string code;
  std::string message;
  std::string region;
  std::string request_id;
};

struct Meaning {
  std::string_view vendor_code;
  ErrorKind kind;
  const char* code;
  S3Remedy remedy = S3Remedy::kNone;
};

// By the vendor's code. What is not here goes by its status.
constexpr std::array<Meaning, 38> kMeanings = {{
    {"NoSuchKey", ErrorKind::kNotFound, "s3.not_found"},
    {"NoSuchVersion", ErrorKind::kNotFound, "s3.not_found"},
    {"NoSuchBucket", ErrorKind::kNotFound, "s3.not_found"},
    {"NoSuchUpload", ErrorKind::kNotFound, "s3.not_found"},
    {"PreconditionFailed", ErrorKind::kConflict, "s3.changed"},
    {"ConditionalRequestConflict", ErrorKind::kConflict, "s3.busy", S3Remedy::kRetry},
    {"OperationAborted", ErrorKind::kConflict, "s3.busy", S3Remedy::kRetry},
    {"SlowDown", ErrorKind::kThrottled, "s3.throttled", S3Remedy::kSlowDown},
    {"ServiceUnavailable", ErrorKind::kThrottled, "s3.throttled", S3Remedy::kSlowDown},
    {"RequestLimitExceeded", ErrorKind::kThrottled, "s3.throttled", S3Remedy::kSlowDown},
    {"Throttling", ErrorKind::kThrottled, "s3.throttled", S3Remedy::kSlowDown},
    {"TooManyRequests", ErrorKind::kThrottled, "s3.throttled", S3Remedy::kSlowDown},
    {"InternalError", ErrorKind::kUnavailable, "s3.unavailable", S3Remedy::kRetry},
    {"RequestTimeout", ErrorKind::kUnavailable, "s3.unavailable", S3Remedy::kRetry},
    {"BadDigest", ErrorKind::kUnavailable, "s3.unavailable", S3Remedy::kRetry},
    {"XAmzContentSHA256Mismatch", ErrorKind::kUnavailable, "s3.unavailable", S3Remedy::kRetry},
    {"RequestTimeTooSkewed", ErrorKind::kInvalid, "s3.clock", S3Remedy::kCorrectClock},
    {"AccessDenied", ErrorKind::kDenied, "s3.denied"},
    {"AllAccessDisabled", ErrorKind::kDenied, "s3.denied"},
    {"AccountProblem", ErrorKind::kDenied, "s3.denied"},
    {"InvalidAccessKeyId", ErrorKind::kDenied, "s3.denied", S3Remedy::kRefreshCredentials},
    {"SignatureDoesNotMatch", ErrorKind::kDenied, "s3.denied"},
    {"ExpiredToken", ErrorKind::kDenied, "s3.expired", S3Remedy::kRefreshCredentials},
    {"InvalidToken", ErrorKind::kDenied, "s3.expired", S3Remedy::kRefreshCredentials},
    {"TokenRefreshRequired", ErrorKind::kDenied, "s3.expired", S3Remedy::kRefreshCredentials},
    {"InvalidObjectState", ErrorKind::kConflict, "s3.archived"},
    {"RestoreAlreadyInProgress", ErrorKind::kConflict, "s3.archived"},
    {"ObjectNotInActiveTierError", ErrorKind::kConflict, "s3.archived"},
    {"BucketAlreadyOwnedByYou", ErrorKind::kAlreadyExists, "s3.exists"},
    {"BucketAlreadyExists", ErrorKind::kAlreadyExists, "s3.exists"},
    {"InvalidBucketState", ErrorKind::kConflict, "s3.busy"},
    {"PermanentRedirect", ErrorKind::kInvalid, "s3.region", S3Remedy::kChangeRegion},
    {"TemporaryRedirect", ErrorKind::kInvalid, "s3.region", S3Remedy::kChangeRegion},
    {"AuthorizationHeaderMalformed", ErrorKind::kInvalid, "s3.region", S3Remedy::kChangeRegion},
    {"IllegalLocationConstraintException", ErrorKind::kInvalid, "s3.region",
     S3Remedy::kChangeRegion},
    {"NotImplemented", ErrorKind::kInvalid, "s3.unsupported"},
    {"MethodNotAllowed", ErrorKind::kInvalid, "s3.unsupported"},
    {"InvalidRange", ErrorKind::kInvalid, "s3.invalid"},
}};

Meaning ByStatus(int status) {
  switch (status) {
    case 301:
    case 307:
      return {"", ErrorKind::kInvalid, "s3.region", S3Remedy::kChangeRegion};
    case 401:
    case 403:
      return {"", ErrorKind::kDenied, "s3.denied"};
    case 404:
      return {"", ErrorKind::kNotFound, "s3.not_found"};
    case 409:
      return {"", ErrorKind::kConflict, "s3.busy", S3Remedy::kRetry};
    case 412:
      return {"", ErrorKind::kConflict, "s3.changed"};
    case 429:
      return {"", ErrorKind::kThrottled, "s3.throttled", S3Remedy::kSlowDown};
    case 405:
    case 501:
      return {"", ErrorKind::kInvalid, "s3.unsupported"};
    case 408:
    case 500:
    case 502:
    case 503:
    case 504:
      return {"", ErrorKind::kUnavailable, "s3.unavailable", S3Remedy::kRetry};
    default:
      // S3 knows no other success that a body follows, and what a proxy says is worth a try.
      if (status >= 500) return {"", ErrorKind::kUnavailable, "s3.unavailable", S3Remedy::kRetry};
      return {"", ErrorKind::kInvalid, "s3.invalid"};
  }
}

std::string HeaderOf(const net::HttpResponse& response, std::string_view name) {
  const std::string* value = net::FindHeader(response, name);
  return value == nullptr ? "" : *value;
}

// Without a body, as a HEAD has none, the headers alone.
Said Read(const net::HttpResponse& response, const Result<codec::XmlElement>& body) {
  Said said;
  if (body.has_value() && body->name == "Error") {
    said = {.code = body->TextOf("Code"),
            .message = body->TextOf("Message"),
            .region = body->TextOf("Region"),
            .request_id = body->TextOf("RequestId")};
  }
  if (said.region.empty()) said.region = HeaderOf(response, "x-amz-bucket-region");
  if (said.request_id.empty()) said.request_id = HeaderOf(response, "x-amz-request-id");
  return said;
}

Meaning MeaningOf(const Said& said, int status, bool create_only) {
  const auto known = std::find_if(kMeanings.begin(), kMeanings.end(),
                                  [&](const Meaning& one) { return one.vendor_code == said.code; });
  Meaning meaning = known == kMeanings.end() ? ByStatus(status) : *known;
  // A HEAD to the wrong region has status 400 and no word of it but the header.
  if (known == kMeanings.end() && status == 400 && !said.region.empty()) meaning = ByStatus(301);
  if (create_only && std::string_view(meaning.code) == "s3.changed") {
    return {"", ErrorKind::kAlreadyExists, "s3.exists"};
  }
  return meaning;
}

std::string HintFor(const Meaning& meaning, const Said& said) {
  const std::string_view code = meaning.code;
  if (said.code == "NoSuchBucket") return "is the bucket's name right? LC2 makes no buckets";
  if (said.code == "SignatureDoesNotMatch") return "is the secret key right?";
  if (said.code == "InvalidAccessKeyId") return "is the access key id right, and not deleted?";
  if (code == "s3.denied") return "which permission is missing? the bucket's policy counts too";
  if (code == "s3.expired") return "credentials of a session have ended: are they renewed?";
  if (code == "s3.clock") return "set this machine's clock: does NTP run?";
  if (code == "s3.archived") return "restore the object from its archive first";
  if (code == "s3.region") return "name the bucket's region";
  return "";
}

// Seconds, the form that S3 uses.
std::optional<std::chrono::milliseconds> RetryAfter(const net::HttpResponse& response) {
  const std::string text = HeaderOf(response, "retry-after");
  std::int64_t seconds = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (failed != std::errc() || end != text.data() + text.size() || seconds < 0) return std::nullopt;
  return std::chrono::seconds(std::min<std::int64_t>(seconds, 3600));
}

S3Refusal Refuse(const net::HttpResponse& response, std::string_view what, const Said& said,
                 int status, bool create_only) {
  const Meaning meaning = MeaningOf(said, status, create_only);
  std::string message = fmt::format("cannot {}: S3 answers {}", what, response.status);
  if (!said.code.empty()) message += " " + said.code;
  if (!said.message.empty()) message += ", '" + said.message + "'";
  return {.error = {.kind = meaning.kind,
                    .code = meaning.code,
                    .message = std::move(message),
                    .hint = HintFor(meaning, said),
                    .provider = ProviderFacts{.service = "s3",
                                              .code = said.code,
                                              .http_status = response.status,
                                              .request_id = said.request_id},
                    .retry_after = RetryAfter(response)},
          .remedy = meaning.remedy,
          .region = said.region};
}

}  // namespace

std::optional<S3Refusal> RefusalOf(const net::HttpResponse& response, std::string_view what,
                                   S3Body promised, bool create_only) {
  const bool success = response.status >= 200 && response.status < 300;
  if (success && promised == S3Body::kAny) return std::nullopt;
  const auto body = codec::ParseXml(response.body);
  if (success && body.has_value() && body->name != "Error") return std::nullopt;
  const Said said = Read(response, body);
  return Refuse(response, what, said, success ? 500 : response.status, create_only);
}

}  // namespace lc2::cloud::aws
