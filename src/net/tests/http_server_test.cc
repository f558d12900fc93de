#include "net/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <stdexcept>

#include "base/file.h"

namespace lc2::net {
namespace {

// Sends bytes to the server and gives all it answers until it closes the connection.
std::string Exchange(const std::string& address, const std::string& bytes) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1))));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval limit{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  EXPECT_EQ(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::recv(fd.get(), buffer, sizeof buffer, 0)) > 0;) {
    answer.append(buffer, static_cast<std::size_t>(got));
  }
  return answer;
}

std::string Get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
}

std::unique_ptr<HttpServer> Start(HttpServerOptions options = {}) {
  auto server = HttpServer::Start(options, [](const ServerRequest& request) -> ServerResponse {
    if (request.path == "/throws") throw std::runtime_error("no");
    return {.body = request.method + " " + request.path + " " + request.query};
  });
  EXPECT_TRUE(server.has_value());
  return std::move(server).value();
}

TEST(HttpServer, AnswersAndSaysWhereItListens) {
  const auto server = Start();
  const std::string answer = Exchange(server->address(), Get("/metrics?a=b"));
  EXPECT_EQ(answer.substr(0, 15), "HTTP/1.1 200 OK") << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nGET /metrics a=b")) << answer;
}

TEST(HttpServer, AnExceptionAnswers500AndTheServerLives) {
  const auto server = Start();
  EXPECT_EQ(Exchange(server->address(), Get("/throws")).substr(0, 12), "HTTP/1.1 500");
  EXPECT_EQ(Exchange(server->address(), Get("/")).substr(0, 12), "HTTP/1.1 200");
}

TEST(HttpServer, OversizedHeadersAndNonsenseAreCutOff) {
  const auto server = Start();
  const std::string large(9000, 'x');
  EXPECT_EQ(Exchange(server->address(), "GET / HTTP/1.1\r\nX: " + large + "\r\n\r\n"), "");
  EXPECT_EQ(Exchange(server->address(), "hello\r\n\r\n"), "");
  EXPECT_EQ(Exchange(server->address(), Get("/")).substr(0, 12), "HTTP/1.1 200");
}

TEST(HttpServer, WhoSaysNothingIsCutOff) {
  const auto server = Start({.timeout = std::chrono::seconds(1)});
  EXPECT_EQ(Exchange(server->address(), "GET / HT"), "");
}

TEST(HttpServer, ManyRequestsOfOneConnection) {
  const auto server = Start();
  const std::string one = "GET /x HTTP/1.1\r\nHost: here\r\n\r\n";
  const std::string answer = Exchange(server->address(), one + one + Get("/last"));
  EXPECT_NE(answer.find("GET /x "), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("GET /last ")) << answer;
}

TEST(HttpServer, OnlyLoopbackAddressesAreTaken) {
  const auto handler = [](const ServerRequest&) { return ServerResponse{}; };
  for (const char* address : {"0.0.0.0:0", "192.0.2.1:80", "here:80", "127.0.0.1", "127.0.0.1:x",
                              "127.0.0.1:70000", "[::]:0", ""}) {
    const auto server = HttpServer::Start({.address = address}, handler);
    ASSERT_FALSE(server.has_value()) << address;
    EXPECT_EQ(server.error().code, "net.listen_address") << address;
  }
  const auto first = Start();
  const auto second = HttpServer::Start({.address = "127.0.0.2:0"}, handler);
  EXPECT_TRUE(second.has_value());
}

TEST(HttpServer, ATakenPortIsAnErrorWithAHint) {
  const auto first = Start();
  const auto second = HttpServer::Start({.address = first->address()},
                                        [](const ServerRequest&) { return ServerResponse{}; });
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, "net.listen");
}

}  // namespace
}  // namespace lc2::net
