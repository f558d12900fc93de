#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "base/result.h"

namespace lc2::net {

struct HttpHeader {
  std::string name;
  std::string value;
  bool operator==(const HttpHeader&) const = default;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;                  // absolute, http or https, without user name and password
  std::vector<HttpHeader> headers;  // sent as they are
  std::string body;
};

struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers;  // names in lower case, in the order in which they came
  std::string body;
};
// The first header of this lower-case name; null if there is none.
const std::string* FindHeader(const HttpResponse& response, std::string_view name);

struct ExchangeLimits {
  std::chrono::milliseconds connect{10'000};    // name, connection and TLS
  std::chrono::milliseconds total{60'000};      // all of it; a context's deadline may be earlier
  std::int64_t max_response_bytes = 1'048'576;  // of the body
};

// HTTP requests and their responses. Many may be under way at once, without a thread each. A
// response of any status is a success: what it means is the caller's to judge. Redirects are
// answered as they came, never followed. Thread-safe.
//
// Errors: kInvalid "net.url" (not absolute, another scheme, user name in it), "net.header" (line
// break in one), "net.too_large" (the response, or 64 KiB of headers); kDenied "net.tls" (the
// server's certificate is not valid); kUnavailable "net.resolve", "net.connect", "net.broken"
// (closed or reset before the response was whole); kTimeout "net.timeout"; those of ctx.Check().
// After the last three the request may have arrived all the same. No message holds more of the URL
// than scheme, host and port: the rest may be a secret.
class Transport {
 public:
  using Completion = std::function<void(Result<HttpResponse>)>;

  virtual ~Transport() = default;

  // Begins an exchange and returns. `done` is called exactly once, on the transport's thread or
  // before Submit() returns; it must be quick, and may Submit() but not Send(). Once `ctx` is
  // stopped the exchange ends soon; so it does when the transport ends.
  virtual void Submit(const Context& ctx, HttpRequest request, const ExchangeLimits& limits,
                      Completion done) = 0;

  // Submits and waits.
  Result<HttpResponse> Send(const Context& ctx, HttpRequest request,
                            const ExchangeLimits& limits = {});
};

struct HttpTransportOptions {
  std::size_t max_connections = 1'000;  // open at once; further exchanges wait for one
  std::string ca_file;                  // PEM with the roots to trust; empty: the system's
};

// HTTP/1.1 over connections that are kept for the next request to the same place. Certificates are
// verified against the host's name. No proxy is used, whatever the environment says.
std::unique_ptr<Transport> MakeHttpTransport(const HttpTransportOptions& options = {});

// "https://example.org:8443": all of a URL that may be shown. Error: kInvalid "net.url".
Result<std::string> OriginOf(const std::string& url);

}  // namespace lc2::net
