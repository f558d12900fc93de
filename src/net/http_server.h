#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace lc2::net {

struct ServerRequest {
  std::string method;  // "GET"
  std::string path;    // of the target, without its query
  std::string query;   // what follows "?", undecoded
};

struct ServerResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

struct HttpServerOptions {
  std::string address = "127.0.0.1:0";  // port 0: a free one
  std::size_t max_connections = 64;     // more are closed at once
  std::uint32_t max_header_bytes = 8 * 1024;
  std::chrono::seconds timeout{10};  // of reading a request or writing an answer; idle as well
};

// A small HTTP/1.1 server on one thread of its own, for health and metrics: requests have no body.
// It listens on loopback addresses alone, since it asks nobody who they are. Its end closes all
// connections.
class HttpServer {
 public:
  using Handler = std::function<ServerResponse(const ServerRequest&)>;
  // `handler` is called on the server's thread, one request at a time, so it must be quick; an
  // exception of it answers 500. Errors: kInvalid "net.listen_address" (no IP:PORT, or not a
  // loopback address), kUnavailable "net.listen" (port taken, ...).
  static Result<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                   Handler handler);
  virtual ~HttpServer() = default;
  // "127.0.0.1:40123": where it listens.
  virtual std::string address() const = 0;
};

}  // namespace lc2::net
