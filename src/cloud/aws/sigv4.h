#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "cloud/aws/credentials.h"
#include "net/transport.h"

// AWS Signature Version 4:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
namespace lc2::cloud::aws {

struct QueryParameter {
  std::string name;
  std::optional<std::string> value;  // nothing: a name without "="
};

// A request before it is signed; nothing in it is percent-encoded yet.
struct UnsignedRequest {
  std::string method = "GET";
  std::string scheme = "https";
  std::string host;        // with its port, if it has one
  std::string path = "/";  // of S3: "/" and the key, byte for byte
  // The path is sent as it is here. For services other than S3, whose paths hold encoded names.
  bool path_is_encoded = false;
  std::vector<QueryParameter> query;
  std::vector<net::HttpHeader> headers;
  std::string body;
  // In place of the body's SHA-256: kUnsignedPayload, kUnsignedTrailer, or the hash of a body that
  // is not here.
  std::string payload_hash;
};

// What S3 takes in place of a body's hash, over TLS alone: the body is not covered by the
// signature; or it is, but for a checksum behind it.
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view kUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

// A signature and what it was made of, which a service's refusal is compared with. The canonical
// request holds the session token, if there is one.
struct Signature {
  std::string canonical_request;
  std::string string_to_sign;
  std::string hex;
};

// Signs requests to one service in one region. Thread-safe.
class Signer {
 public:
  // "eu-west-1" and "s3", "rds", "sts", "backup" or "rds-db".
  Signer(std::string region, std::string service)
      : region_(std::move(region)), service_(std::move(service)) {}

  // The request as it is to be sent: its URL, and the headers with x-amz-date, authorization, with
  // a session x-amz-security-token, and of S3 x-amz-content-sha256. `now` is the service's time.
  net::HttpRequest Sign(UnsignedRequest request, const Credentials& credentials, Time now,
                        Signature* made_of = nullptr) const;

  // A URL that whoever holds it may use once or often until it expires. The request's headers are
  // part of the signature: each must be sent with its value. A URL signed with a session ends with
  // the session. `expires`: from 1 second to 7 days.
  std::string Presign(UnsignedRequest request, const Credentials& credentials, Time now,
                      std::chrono::seconds expires, Signature* made_of = nullptr) const;

 private:
  bool IsS3() const { return service_ == "s3"; }
  Signature Make(const UnsignedRequest& request, const Credentials& credentials,
                 const std::string& time) const;
  std::string ScopeOf(const std::string& time) const;
  Secret KeyOf(const Credentials& credentials, const std::string& day) const;

  const std::string region_;
  const std::string service_;
  // The last key that was derived: it is good for a day, and four of five hashes of a signature.
  mutable std::mutex mutex_;
  mutable std::string derived_of_;  // access key id and day
  mutable Secret derived_from_;     // the secret key
  mutable Secret derived_;
};

}  // namespace lc2::cloud::aws
