#include "net/transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <latch>

#include "base/file.h"
#include "base/process.h"
#include "net/http_server.h"
#include "net/tests/raw_server.h"
#include "testing/fake_clock.h"

namespace lc2::net {
namespace {

using lc2::testing::TestContext;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RawServer;

constexpr milliseconds kShort{300};

std::string CodeOf(const Result<HttpResponse>& result) {
  return result.has_value() ? fmt::format("status {}", result->status) : result.error().code;
}

// One request to a server that answers `bytes` and closes.
Result<HttpResponse> Answered(std::string bytes, const ExchangeLimits& limits = {}) {
  RawServer server([&](RawServer&, int fd) {
    RawServer::ReadRequest(fd);
    RawServer::Write(fd, bytes);
  });
  return MakeHttpTransport()->Send(TestContext(), {.url = server.url()}, limits);
}

TEST(Transport, GetsWhatTheOwnServerAnswers) {
  const auto server = HttpServer::Start({}, [](const ServerRequest& request) -> ServerResponse {
    return {.status = request.path == "/gone" ? 404 : 200, .body = request.path + request.query};
  });
  ASSERT_TRUE(server.has_value());
  const auto transport = MakeHttpTransport();
  const std::string at = "http://" + (*server)->address();
  const auto found = transport->Send(TestContext(), {.url = at + "/a/../b?c=d"});
  ASSERT_TRUE(found.has_value()) << Describe(found.error());
  EXPECT_EQ(found->status, 200);
  EXPECT_EQ(found->body, "/a/../bc=d");
  ASSERT_NE(FindHeader(*found, "content-type"), nullptr);
  EXPECT_EQ(*FindHeader(*found, "content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(FindHeader(*found, "location"), nullptr);
  // Whatever the status, the exchange was a success.
  EXPECT_EQ(CodeOf(transport->Send(TestContext(), {.url = at + "/gone"})), "status 404");
}

TEST(Transport, SendsMethodHeadersAndBodyAsGiven) {
  std::promise<std::string> received;
  RawServer server([&](RawServer&, int fd) {
    received.set_value(RawServer::ReadRequest(fd));
    RawServer::Write(fd, "HTTP/1.1 204 No Content\r\n\r\n");
  });
  const std::string body("line\r\n\0more", 11);
  const auto answer = MakeHttpTransport()->Send(
      TestContext(), {.method = "POST",
                      .url = server.url("/hook?x=1"),
                      .headers = {{"webhook-id", "msg_1"}, {"x-empty", ""}},
                      .body = body});
  EXPECT_EQ(CodeOf(answer), "status 204");
  const std::string request = received.get_future().get();
  EXPECT_TRUE(request.starts_with("POST /hook?x=1 HTTP/1.1\r\n")) << request;
  EXPECT_THAT(request, HasSubstr("\r\nwebhook-id: msg_1\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nx-empty:\r\n"));
  EXPECT_THAT(request, Not(HasSubstr("Expect")));
  EXPECT_THAT(request, Not(HasSubstr("Content-Type")));
  EXPECT_TRUE(request.ends_with("\r\n\r\n" + body)) << request;
}

TEST(Transport, RedirectsAreNotFollowed) {
  const auto answer =
      Answered("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(*FindHeader(*answer, "location"), "http://127.0.0.1:1/");
}

TEST(Transport, ASilentServerTimesOut) {
  RawServer server([](RawServer&, int fd) { RawServer::Hang(fd); });
  const auto transport = MakeHttpTransport();
  const auto answer =
      transport->Send(TestContext(), {.url = server.url("/secret")}, {.total = kShort});
  EXPECT_EQ(CodeOf(answer), "net.timeout");
  EXPECT_EQ(answer.error().kind, ErrorKind::kTimeout);
  EXPECT_THAT(Describe(answer.error()), Not(HasSubstr("secret")));
}

TEST(Transport, TheContextsDeadlineCountsWhereItIsEarlier) {
  RawServer server([](RawServer&, int fd) { RawServer::Hang(fd); });
  const auto answer = MakeHttpTransport()->Send(
      TestContext().WithTimeout(kShort), {.url = server.url()}, {.total = milliseconds(1 << 30)});
  EXPECT_EQ(CodeOf(answer), "net.timeout");
}

TEST(Transport, ABodyThatDripsTimesOut) {
  RawServer server([](RawServer&, int fd) {
    RawServer::ReadRequest(fd);
    RawServer::Write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    while (RawServer::Write(fd, "x")) std::this_thread::sleep_for(milliseconds(20));
  });
  EXPECT_EQ(
      CodeOf(MakeHttpTransport()->Send(TestContext(), {.url = server.url()}, {.total = kShort})),
      "net.timeout");
}

TEST(Transport, ABodyBeyondTheLimitEndsTheExchange) {
  const ExchangeLimits limits{.max_response_bytes = 10};
  EXPECT_EQ(CodeOf(Answered("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789", limits)),
            "status 200");
  EXPECT_EQ(CodeOf(Answered("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n0123456789a", limits)),
            "net.too_large");
  EXPECT_EQ(CodeOf(Answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "8\r\n01234567\r\n8\r\n01234567\r\n0\r\n\r\n",
                            limits)),
            "net.too_large");
}

TEST(Transport, HeadersBeyondTheLimitEndTheExchange) {
  std::string lines;
  for (int i = 0; i < 80; ++i) lines += fmt::format("x-{}: {}\r\n", i, std::string(1000, 'x'));
  EXPECT_EQ(CodeOf(Answered("HTTP/1.1 200 OK\r\n" + lines + "Content-Length: 0\r\n\r\n")),
            "net.too_large");
}

TEST(Transport, ConnectionsThatBreak) {
  EXPECT_EQ(CodeOf(Answered("")), "net.broken");
  EXPECT_EQ(CodeOf(Answered("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012")), "net.broken");
  EXPECT_EQ(CodeOf(Answered("no HTTP at all\r\n\r\n")), "net.broken");
  RawServer resets([](RawServer&, int fd) {
    RawServer::ReadRequest(fd);
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  });
  EXPECT_EQ(CodeOf(MakeHttpTransport()->Send(TestContext(), {.url = resets.url()})), "net.broken");
}

TEST(Transport, NobodyListens) {
  int port = 0;
  {
    RawServer server([](RawServer&, int) {});
    port = server.port();
  }
  const auto answer =
      MakeHttpTransport()->Send(TestContext(), {.url = fmt::format("http://127.0.0.1:{}/", port)});
  EXPECT_EQ(CodeOf(answer), "net.connect");
  EXPECT_EQ(answer.error().kind, ErrorKind::kUnavailable);
}

TEST(Transport, UrlsAndHeadersThatAreRefused) {
  const auto transport = MakeHttpTransport();
  for (const char* url : {"", "127.0.0.1", "file:///etc/passwd", "ftp://127.0.0.1/", "/path",
                          "http://me:pw@127.0.0.1/", "http://", "http://127.0.0.1:x/"}) {
    const auto answer = transport->Send(TestContext(), {.url = url});
    EXPECT_EQ(CodeOf(answer), "net.url") << url;
    EXPECT_THAT(Describe(answer.error()), Not(HasSubstr("pw"))) << url;
  }
  EXPECT_EQ(CodeOf(transport->Send(
                TestContext(), {.url = "http://127.0.0.1:1/", .headers = {{"a", "b\r\nc: d"}}})),
            "net.header");
}

TEST(Transport, AStoppedContextEndsTheExchange) {
  std::promise<void> arrived;
  RawServer server([&](RawServer&, int fd) {
    RawServer::ReadRequest(fd);
    arrived.set_value();
    RawServer::Hang(fd);
  });
  const auto transport = MakeHttpTransport();
  std::stop_source stop;
  std::promise<Result<HttpResponse>> answer;
  transport->Submit(TestContext().WithStop(stop.get_token()), {.url = server.url()}, {},
                    [&](Result<HttpResponse> got) { answer.set_value(std::move(got)); });
  arrived.get_future().get();
  stop.request_stop();
  EXPECT_EQ(CodeOf(answer.get_future().get()), "call.cancelled");
  EXPECT_EQ(
      CodeOf(transport->Send(TestContext().WithStop(stop.get_token()), {.url = server.url()})),
      "call.cancelled");
}

TEST(Transport, ItsEndAnswersWhatIsUnderWay) {
  RawServer server([](RawServer&, int fd) { RawServer::Hang(fd); });
  auto transport = MakeHttpTransport();
  std::vector<std::string> answers;
  for (int i = 0; i < 3; ++i) {
    transport->Submit(TestContext(), {.url = server.url()}, {},
                      [&](Result<HttpResponse> got) { answers.push_back(CodeOf(got)); });
  }
  transport.reset();
  EXPECT_EQ(answers, std::vector<std::string>(3, "call.cancelled"));
}

// What hangs holds up nothing else: the shape that hundreds of requests at once need.
TEST(Transport, HundredsAtOnceBesideThoseThatHang) {
  RawServer hangs([](RawServer&, int fd) { RawServer::Hang(fd); });
  const auto server = HttpServer::Start(
      {.max_connections = 1'000},
      [](const ServerRequest& request) { return ServerResponse{.body = request.path}; });
  ASSERT_TRUE(server.has_value());
  constexpr int kRequests = 300;
  std::atomic<int> good = 0;
  std::latch done(kRequests);
  const auto transport = MakeHttpTransport({.max_connections = 200});
  const std::stop_source never;
  for (int i = 0; i < 20; ++i) {
    transport->Submit(TestContext(), {.url = hangs.url()}, {}, [](const Result<HttpResponse>&) {});
  }
  for (int i = 0; i < kRequests; ++i) {
    const std::string path = fmt::format("/{}", i);
    transport->Submit(TestContext(), {.url = "http://" + (*server)->address() + path}, {},
                      [&, path](const Result<HttpResponse>& got) {
                        if (got.has_value() && got->body == path) ++good;
                        done.count_down();
                      });
  }
  done.wait();
  EXPECT_EQ(good, kRequests);
}

TEST(Transport, ProxiesOfTheEnvironmentAreNotUsed) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  const auto answer = Answered("HTTP/1.1 204 No Content\r\n\r\n");
  ::unsetenv("http_proxy");
  EXPECT_EQ(CodeOf(answer), "status 204");
}

// `openssl s_server` with a certificate of its own for 127.0.0.1.
class TlsServer {
 public:
  TlsServer() {
    const std::string key = folder_.path() / "key.pem";
    EXPECT_TRUE(
        RunForOutput(TestContext(),
                     {.argv = {"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                               "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                               "/CN=lc2 test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                               key, "-out", certificate()}},
                     4096)
            .has_value());
    child_ = ChildProcess::Start({.argv = {"/usr/bin/openssl", "s_server", "-accept", "127.0.0.1:0",
                                           "-www", "-key", key, "-cert", certificate()},
                                  .pipe_stdout = true})
                 .value();
    std::string said;
    while (said.find("ACCEPT 127.0.0.1:") == std::string::npos || said.back() != '\n') {
      char buffer[256];
      const std::size_t got = child_->output().Read(buffer).value();
      if (got == 0) break;
      said.append(buffer, got);
    }
    const std::size_t colon = said.find("ACCEPT 127.0.0.1:");
    EXPECT_NE(colon, std::string::npos) << said << child_->stderr_tail();
    if (colon != std::string::npos) port_ = std::stoi(said.substr(colon + 17));
  }
  std::string certificate() const { return folder_.path() / "cert.pem"; }
  std::string url(std::string_view host) const {
    return fmt::format("https://{}:{}/", host, port_);
  }

 private:
  TemporaryFolder folder_ = TemporaryFolder::Create("lc2-net-tls").value();
  std::unique_ptr<ChildProcess> child_;
  int port_ = 0;
};

TEST(Transport, CertificatesAreVerifiedAgainstRootsAndName) {
  const TlsServer server;
  const auto unknown = MakeHttpTransport()->Send(TestContext(), {.url = server.url("127.0.0.1")});
  EXPECT_EQ(CodeOf(unknown), "net.tls");
  EXPECT_EQ(unknown.error().kind, ErrorKind::kDenied);
  EXPECT_THAT(Describe(unknown.error()), HasSubstr("self-signed certificate"));
  const auto trusting = MakeHttpTransport({.ca_file = server.certificate()});
  EXPECT_EQ(CodeOf(trusting->Send(TestContext(), {.url = server.url("127.0.0.1")})), "status 200");
  EXPECT_EQ(CodeOf(trusting->Send(TestContext(), {.url = server.url("localhost")})), "net.tls");
}

TEST(Transport, PlainTextWhereTlsIsExpectedBreaks) {
  RawServer server([](RawServer&, int fd) {
    RawServer::Write(fd, "HTTP/1.1 200 OK\r\n\r\n");
    RawServer::Hang(fd);
  });
  EXPECT_EQ(CodeOf(MakeHttpTransport()->Send(
                TestContext(), {.url = fmt::format("https://127.0.0.1:{}/", server.port())})),
            "net.broken");
}

TEST(OriginOf, ShowsNoMoreThanSchemeHostAndPort) {
  EXPECT_EQ(OriginOf("https://example.org/services/T0/secret?token=1").value(),
            "https://example.org:443");
  EXPECT_EQ(OriginOf("http://[::1]:8080/x").value(), "http://[::1]:8080");
  EXPECT_FALSE(OriginOf("https://user@example.org/").has_value());
}

}  // namespace
}  // namespace lc2::net
