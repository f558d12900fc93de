#include "s3sim/sim_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "s3sim/text_internal.h"

namespace lc2::s3sim {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

// Above what one request may upload, so that the service itself refuses a little more.
constexpr std::uint64_t kLargestBody = (5ULL << 30) + (16ULL << 20);
constexpr std::uint32_t kLargestHeader = 64 * 1024;
constexpr std::int64_t kPiece = 256 * 1024;

std::string_view ReasonOf(int status) {
  const auto reason = http::obsolete_reason(static_cast<http::status>(status));
  return {reason.data(), reason.size()};
}

struct Shared {
  Simulator& simulator;
  SimServerOptions options;
  std::atomic<std::int64_t> connections = 0;
};

// One connection, kept alive by the completion that it waits for. Everything of it runs on its
// strand.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, Shared& shared)
      : stream_(std::move(socket)), timer_(stream_.get_executor()), shared_(shared) {
    beast::error_code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
  }

  void Read() {
    parser_.emplace();
    parser_->header_limit(kLargestHeader);
    parser_->body_limit(kLargestBody);
    stream_.expires_after(shared_.options.idle);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](beast::error_code failed, std::size_t) {
                              if (!failed) self->Continue();
                            });
  }

 private:
  // A client that asks whether to go on waits for the answer before it sends the body.
  void Continue() {
    if (!beast::iequals(parser_->get()[http::field::expect], "100-continue")) return ReadBody();
    head_ = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(head_),
                      [self = shared_from_this()](beast::error_code failed, std::size_t) {
                        if (!failed) self->ReadBody();
                      });
  }

  void ReadBody() {
    if (parser_->is_done()) return Handle();
    stream_.expires_after(shared_.options.idle);
    // In pieces, so that the idle time counts anew with each.
    http::async_read_some(stream_, buffer_, *parser_,
                          [self = shared_from_this()](beast::error_code failed, std::size_t) {
                            if (!failed) self->ReadBody();
                          });
  }

  void Handle() {
    auto request = parser_->release();
    keep_alive_ = request.keep_alive();
    is_head_ = request.method() == http::verb::head;
    net::HttpRequest asked{.method = std::string(request.method_string())};
    const std::string target(request.target());
    asked.url = target.starts_with('/')
                    ? "http://" + std::string(request[http::field::host]) + target
                    : target;
    for (const auto& field : request) {
      asked.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    }
    asked.body = std::move(request.body());
    // Only here one sees how the body came. S3 takes none without a length, not even an empty one.
    const bool has_length = request.find(http::field::content_length) != request.end();
    if (!has_length && (asked.method == "PUT" || asked.method == "POST")) {
      exchange_ = {};
      exchange_.reply = shared_.simulator.service().Refuse(
          {.method = asked.method},
          {411, "MissingContentLength", "the length of the body is not said"});
      return Send();
    }
    exchange_ = shared_.simulator.Handle(std::move(asked));
    if (exchange_.latency.count() <= 0) return Send();
    stream_.expires_never();
    timer_.expires_after(exchange_.latency);
    timer_.async_wait([self = shared_from_this()](beast::error_code failed) {
      if (!failed) self->Send();
    });
  }

  void Send() {
    if (exchange_.delivery == Delivery::kNothing) return Reset();
    const Reply& reply = exchange_.reply;
    head_ = fmt::format("HTTP/1.1 {} {}\r\n", reply.status, ReasonOf(reply.status));
    for (const net::HttpHeader& header : reply.headers) {
      head_ += fmt::format("{}: {}\r\n", header.name, header.value);
    }
    const std::string* said = reply.Header("content-length");
    // What is longer than it says would be taken for the next response.
    const bool fits = is_head_ || said == nullptr || NumberOf(*said) == reply.body.size();
    keep_alive_ = keep_alive_ && fits;
    head_ += keep_alive_ ? "\r\n" : "connection: close\r\n\r\n";
    left_ = is_head_ ? 0 : reply.body.size();
    sent_ = 0;
    if (exchange_.delivery == Delivery::kCut || exchange_.delivery == Delivery::kStalled) {
      left_ = std::min(left_, exchange_.delivered);
    }
    if (exchange_.delivery == Delivery::kHeaders) {
      // Without a body, what tells that the headers are whole is missing.
      if (left_ == 0) head_.resize(head_.size() - 2);
      left_ = 0;
    }
    SendPiece();
  }

  // The next piece is made when the last one is gone: a slow client holds no memory.
  void SendPiece() {
    const std::int64_t length = std::min(left_, kPiece);
    piece_ = std::exchange(head_, {}) + exchange_.Bytes(sent_, length);
    sent_ += length;
    left_ -= length;
    stream_.expires_after(shared_.options.idle);
    asio::async_write(stream_, asio::buffer(piece_),
                      [self = shared_from_this()](beast::error_code failed, std::size_t) {
                        if (failed) return;
                        if (self->left_ > 0) return self->SendPiece();
                        self->Finish();
                      });
  }

  void Finish() {
    exchange_.reply = {};
    switch (exchange_.delivery) {
      case Delivery::kHeaders:
        return Reset();
      case Delivery::kStalled:
        return Stall();
      case Delivery::kCut:
        return Close();
      case Delivery::kWhole:
      case Delivery::kNothing:
        break;
    }
    if (keep_alive_) return Read();
    Close();
  }

  // Until the client has had enough, or the idle time is over.
  void Stall() {
    stream_.expires_after(shared_.options.idle);
    stream_.async_read_some(asio::buffer(rest_),
                            [self = shared_from_this()](beast::error_code failed, std::size_t) {
                              if (!failed) return self->Stall();
                              self->Reset();
                            });
  }

  // With a linger time of zero closing sends RST, and drops what is not sent yet.
  void Reset() {
    beast::error_code ignored;
    stream_.socket().set_option(asio::socket_base::linger(true, 0), ignored);
    stream_.socket().close(ignored);
  }

  void Close() {
    beast::error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    stream_.socket().close(ignored);
  }

  beast::tcp_stream stream_;
  asio::steady_timer timer_;
  Shared& shared_;
  beast::flat_buffer buffer_{64 * 1024};
  std::optional<http::request_parser<http::string_body>> parser_;
  Exchange exchange_;
  std::string head_;
  std::string piece_;
  std::int64_t sent_ = 0;
  std::int64_t left_ = 0;
  bool keep_alive_ = false;
  bool is_head_ = false;
  std::array<char, 4096> rest_{};
};

Error CannotListen(const std::string& address, ErrorKind kind, const std::string& why) {
  return Error{.kind = kind,
               .code = "test.s3sim_listen",
               .message = fmt::format("cannot listen on '{}': {}", address, why)};
}

Result<tcp::endpoint> ParseAddress(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const auto port = colon == std::string::npos ? std::nullopt : NumberOf(text.substr(colon + 1));
  boost::system::error_code bad;
  const auto host = asio::ip::make_address(text.substr(0, colon), bad);
  if (bad || !host.is_loopback() || !port || *port > 65'535) {
    return CannotListen(text, ErrorKind::kInvalid, "not an address of loopback with a port");
  }
  return tcp::endpoint(host, static_cast<std::uint16_t>(*port));
}

class BeastSimServer final : public SimServer {
 public:
  BeastSimServer(Simulator& simulator, const SimServerOptions& options)
      : shared_{.simulator = simulator, .options = options}, io_(options.threads), acceptor_(io_) {}

  ~BeastSimServer() override {
    io_.stop();
    threads_.clear();  // joins them
  }

  Result<void> Listen(const tcp::endpoint& endpoint) {
    boost::system::error_code failed;
    acceptor_.open(endpoint.protocol(), failed);
    if (!failed) acceptor_.set_option(asio::socket_base::reuse_address(true), failed);
    if (!failed) acceptor_.bind(endpoint, failed);
    if (!failed) acceptor_.listen(asio::socket_base::max_listen_connections, failed);
    if (failed) {
      return CannotListen(shared_.options.address, ErrorKind::kUnavailable, failed.message());
    }
    Accept();
    for (int i = 0; i < shared_.options.threads; ++i) {
      threads_.emplace_back([this] { io_.run(); });
    }
    return {};
  }

  std::string address() const override {
    boost::system::error_code failed;
    const tcp::endpoint at = acceptor_.local_endpoint(failed);
    return fmt::format("{}:{}", at.address().to_string(), at.port());
  }
  std::int64_t connections() const override { return shared_.connections; }

 private:
  void Accept() {
    acceptor_.async_accept(asio::make_strand(io_),
                           [this](boost::system::error_code failed, tcp::socket socket) {
                             if (failed == asio::error::operation_aborted) return;
                             if (!failed) {
                               ++shared_.connections;
                               std::make_shared<Connection>(std::move(socket), shared_)->Read();
                             }
                             Accept();
                           });
  }

  Shared shared_;  // first: connections that are still open go with io_
  asio::io_context io_;
  tcp::acceptor acceptor_;
  std::vector<std::jthread> threads_;
};

}  // namespace

Result<std::unique_ptr<SimServer>> SimServer::Start(Simulator& simulator,
                                                    const SimServerOptions& options) {
  LC2_ASSIGN_OR_RETURN(const tcp::endpoint endpoint, ParseAddress(options.address));
  auto server = std::make_unique<BeastSimServer>(simulator, options);
  LC2_RETURN_IF_ERROR(server->Listen(endpoint));
  return std::unique_ptr<SimServer>(std::move(server));
}

}  // namespace lc2::s3sim
