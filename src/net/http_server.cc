#include "net/http_server.h"

#include <fmt/core.h>

#include <charconv>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace lc2::net {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

Error BadAddress(const std::string& text, const char* why) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "net.listen_address",
               .message = fmt::format("cannot listen on '{}': {}", text, why),
               .hint =
                   "write an address of this machine alone and a port, 127.0.0.1:9464 for "
                   "example; port 0 takes a free one"};
}

Result<tcp::endpoint> ParseAddress(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return BadAddress(text, "it has no port");
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data() + colon + 1, end, port);
  if (failed != std::errc() || rest != end) return BadAddress(text, "its port is no number");
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  boost::system::error_code bad;
  const auto address = asio::ip::make_address(host, bad);
  if (bad) return BadAddress(text, "it is no IP address");
  if (!address.is_loopback()) return BadAddress(text, "other machines could reach it");
  return tcp::endpoint(address, port);
}

struct Shared {
  HttpServerOptions options;
  HttpServer::Handler handler;
  std::size_t connections = 0;  // of the server's thread alone
};

// One connection, kept alive by the completion that it waits for.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, Shared& shared) : stream_(std::move(socket)), shared_(shared) {
    ++shared_.connections;
  }
  ~Connection() { --shared_.connections; }

  void Read() {
    parser_.emplace();
    parser_->header_limit(shared_.options.max_header_bytes);
    stream_.expires_after(shared_.options.timeout);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](beast::error_code failed, std::size_t) {
                       if (!failed) self->Answer();
                     });
  }

 private:
  void Answer() {
    const auto& request = parser_->get();
    const std::string target(request.target());
    const std::size_t mark = std::min(target.find('?'), target.size());
    ServerResponse answer;
    try {
      answer = shared_.handler({.method = std::string(request.method_string()),
                                .path = target.substr(0, mark),
                                .query = target.substr(std::min(mark + 1, target.size()))});
    } catch (const std::exception&) {
      answer = {.status = 500, .body = "internal error\n"};
    }
    response_.emplace(static_cast<http::status>(answer.status), request.version());
    response_->set(http::field::content_type, answer.content_type);
    response_->keep_alive(request.keep_alive());
    response_->body() = std::move(answer.body);
    response_->prepare_payload();
    stream_.expires_after(shared_.options.timeout);
    http::async_write(stream_, *response_,
                      [self = shared_from_this()](beast::error_code failed, std::size_t) {
                        if (!failed && self->response_->keep_alive()) self->Read();
                      });
  }

  beast::tcp_stream stream_;
  Shared& shared_;
  beast::flat_buffer buffer_{64 * 1024};
  std::optional<http::request_parser<http::empty_body>> parser_;
  std::optional<http::response<http::string_body>> response_;
};

class BeastServer final : public HttpServer {
 public:
  BeastServer(const HttpServerOptions& options, Handler handler)
      : shared_{.options = options, .handler = std::move(handler)}, acceptor_(io_) {}

  ~BeastServer() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  Result<void> Listen(const tcp::endpoint& endpoint) {
    boost::system::error_code failed;
    acceptor_.open(endpoint.protocol(), failed);
    if (!failed) acceptor_.set_option(asio::socket_base::reuse_address(true), failed);
    if (!failed) acceptor_.bind(endpoint, failed);
    if (!failed) acceptor_.listen(asio::socket_base::max_listen_connections, failed);
    if (failed) {
      return Error{.kind = ErrorKind::kUnavailable,
                   .code = "net.listen",
                   .message = fmt::format("cannot listen on '{}': {}", shared_.options.address,
                                          failed.message()),
                   .hint = "does another process listen there? port 0 takes a free one"};
    }
    Accept();
    thread_ = std::jthread([this] { io_.run(); });
    return {};
  }

  std::string address() const override {
    boost::system::error_code failed;
    const tcp::endpoint at = acceptor_.local_endpoint(failed);
    const std::string host = at.address().to_string();
    return at.address().is_v6() ? fmt::format("[{}]:{}", host, at.port())
                                : fmt::format("{}:{}", host, at.port());
  }

 private:
  void Accept() {
    acceptor_.async_accept([this](boost::system::error_code failed, tcp::socket socket) {
      if (!failed && shared_.connections < shared_.options.max_connections) {
        std::make_shared<Connection>(std::move(socket), shared_)->Read();
      }
      if (failed == asio::error::operation_aborted) return;
      // For want of descriptors accepting fails at once, again and again: not in a tight loop.
      if (failed) std::this_thread::sleep_for(std::chrono::milliseconds(50));
      Accept();
    });
  }

  Shared shared_;  // first: connections that are still open go with io_
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                      Handler handler) {
  LC2_ASSIGN_OR_RETURN(const tcp::endpoint endpoint, ParseAddress(options.address));
  auto server = std::make_unique<BeastServer>(options, std::move(handler));
  LC2_RETURN_IF_ERROR(server->Listen(endpoint));
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace lc2::net
