#pragma once

#include <arpa/inet.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/file.h"

namespace lc2::net::testing {

// A server that does with each connection what a test says, one after the other, on a thread of its
// own. Its end closes all connections.
class RawServer {
 public:
  using Script = std::function<void(RawServer&, int fd)>;

  explicit RawServer(Script script) : script_(std::move(script)) {
    listener_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in at = {};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    EXPECT_EQ(::listen(listener_.get(), 16), 0);
    EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
    port_ = ntohs(at.sin_port);
    thread_ = std::jthread([this] { Serve(); });
  }
  ~RawServer() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      ::shutdown(listener_.get(), SHUT_RDWR);
      if (connection_ >= 0) ::shutdown(connection_, SHUT_RDWR);
    }
    thread_.join();
  }

  int port() const { return port_; }
  std::string url(std::string_view path = "/") const {
    return fmt::format("http://127.0.0.1:{}{}", port_, path);
  }

  // Header and, by its Content-Length, body of one request; what came before an end.
  static std::string ReadRequest(int fd) {
    std::string text;
    while (true) {
      const std::size_t end = text.find("\r\n\r\n");
      if (end != std::string::npos) {
        const std::size_t length = text.find("Content-Length: ");
        const std::size_t body =
            length == std::string::npos ? 0 : std::stoul(text.substr(length + 16));
        if (text.size() >= end + 4 + body) return text;
      }
      char buffer[4096];
      const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) return text;
      text.append(buffer, static_cast<std::size_t>(got));
    }
  }
  // False when the other side went away.
  static bool Write(int fd, std::string_view bytes) {
    return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  // Until the client closes the connection, or this server ends.
  static void Hang(int fd) {
    char buffer[256];
    while (::recv(fd, buffer, sizeof buffer, 0) > 0) {
    }
  }

 private:
  void Serve() {
    while (true) {
      const UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      {
        const std::lock_guard lock(mutex_);
        if (ended_ || !fd.valid()) return;
        connection_ = fd.get();
      }
      script_(*this, fd.get());
      const std::lock_guard lock(mutex_);
      connection_ = -1;
    }
  }

  const Script script_;
  UniqueFd listener_;
  int port_ = 0;
  std::mutex mutex_;
  int connection_ = -1;
  bool ended_ = false;
  std::jthread thread_;
};

}  // namespace lc2::net::testing
