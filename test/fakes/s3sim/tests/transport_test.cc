#include <atomic>
#include <future>

#include "s3sim/sim_server.h"
#include "s3sim/sim_transport.h"
#include "s3sim_test_support.h"

namespace lc2::s3sim {
namespace {

FaultOptions Always(FaultKind kind) {
  FaultOptions faults;
  faults.rate(kind) = 1;
  faults.max_consecutive = 0;
  return faults;
}

std::string CodeOf(const Result<net::HttpResponse>& result) {
  return result.has_value() ? std::to_string(result->status) : result.error().code;
}

// The same requests and ends over each way to a simulator. "memory", "thread", "waits", "sockets".
class S3SimWays : public ::testing::TestWithParam<const char*> {
 protected:
  // A transport to a new simulator with the object "b/k" of 100,000 bytes.
  void Start(SimulatorOptions options = {}) {
    simulator = std::make_unique<Simulator>(std::move(options), clock);
    simulator->service().CreateBucket("b");
    simulator->service().PutObject("b", "k", content);
    const std::string way = GetParam();
    if (way == "sockets") {
      server = SimServer::Start(*simulator).value();
      base = "http://" + server->address();
      transport = net::MakeHttpTransport();
    } else {
      base = "http://sim.example";
      transport = std::make_unique<SimTransport>(
          *simulator, SimTransportOptions{.answers_at_once = way == std::string("memory"),
                                          .waits = way == std::string("waits")});
    }
  }
  Result<net::HttpResponse> Send(std::string method, const std::string& path,
                                 std::string body = "") {
    return transport->Send(testing::TestContext(),
                           {.method = std::move(method), .url = base + path, .body = body},
                           {.total = patience});
  }

  const SystemClock clock;
  const std::string content = Body::Made(1, 100'000).ReadAll();
  std::chrono::milliseconds patience{60'000};
  std::unique_ptr<Simulator> simulator;
  std::unique_ptr<SimServer> server;
  std::unique_ptr<net::Transport> transport;
  std::string base;
};

TEST_P(S3SimWays, CarryRequestsAndReplies) {
  Start();
  EXPECT_EQ(CodeOf(Send("PUT", "/b/new", "hello")), "200");
  EXPECT_EQ(simulator->service().Content("b", "new"), "hello");
  const auto get = Send("GET", "/b/k");
  ASSERT_TRUE(get.has_value());
  EXPECT_EQ(get->body, content);
  const auto head = Send("HEAD", "/b/k");
  EXPECT_EQ(*net::FindHeader(*head, "content-length"), "100000");
  EXPECT_EQ(head->body, "");
  EXPECT_NE(net::FindHeader(*head, "date"), nullptr);
  EXPECT_EQ(CodeOf(Send("GET", "/b/none")), "404");
  EXPECT_EQ(CodeOf(Send("DELETE", "/b/k")), "204");
  EXPECT_EQ(CodeOf(Send("HEAD", "/b/k")), "404");
  const Counters counters = simulator->counters();
  EXPECT_EQ(counters.all(), 6);
  EXPECT_EQ(counters.of(Operation::kHeadObject), 2);
  EXPECT_EQ(counters.bytes_in, 5);
  if (server != nullptr) {
    EXPECT_EQ(server->connections(), 1);
  }
}

TEST_P(S3SimWays, AResponseThatIsTooLargeIsNotTaken) {
  Start();
  simulator->service().Fill({.bucket = "b", .prefix = "huge", .count = 1, .size = 100LL << 30});
  EXPECT_EQ(CodeOf(Send("GET", "/b/huge000000000")), "net.too_large");
  EXPECT_EQ(CodeOf(Send("HEAD", "/b/huge000000000")), "200");
}

TEST_P(S3SimWays, BreakAsConnectionsBreak) {
  for (const FaultKind kind :
       {FaultKind::kResetBeforeHeaders, FaultKind::kResetAfterHeaders, FaultKind::kTruncatedBody}) {
    Start({.faults = Always(kind)});
    EXPECT_EQ(CodeOf(Send("GET", "/b/k")), "net.broken") << NameOf(kind);
  }
  for (const FaultKind kind : {FaultKind::kAnswerLost, FaultKind::kResetAfterHeaders}) {
    Start({.faults = Always(kind)});
    EXPECT_EQ(CodeOf(Send("PUT", "/b/new", "x")), "net.broken") << NameOf(kind);
    EXPECT_EQ(simulator->service().Content("b", "new"), "x");
    EXPECT_EQ(CodeOf(Send("DELETE", "/b/k")), "net.broken") << NameOf(kind);
  }
}

TEST_P(S3SimWays, AStalledBodyEndsThePatience) {
  Start({.faults = Always(FaultKind::kStalledBody)});
  patience = std::chrono::milliseconds(200);
  EXPECT_EQ(CodeOf(Send("GET", "/b/k")), "net.timeout");
}

TEST_P(S3SimWays, AWrongLengthIsTakenAtItsWord) {
  Start({.faults = Always(FaultKind::kWrongLength)});
  const auto get = Send("GET", "/b/k");
  ASSERT_TRUE(get.has_value());
  EXPECT_LT(get->body.size(), content.size());
  EXPECT_EQ(get->body, content.substr(0, get->body.size()));
  EXPECT_EQ(*net::FindHeader(*get, "content-length"), std::to_string(get->body.size()));
}

TEST_P(S3SimWays, OneByteOfABodyIsAnother) {
  Start({.faults = Always(FaultKind::kFlippedByte)});
  const auto get = Send("GET", "/b/k");
  ASSERT_TRUE(get.has_value());
  ASSERT_EQ(get->body.size(), content.size());
  int different = 0;
  for (std::size_t i = 0; i < content.size(); ++i) different += get->body[i] != content[i];
  EXPECT_EQ(different, 1);
}

TEST_P(S3SimWays, WhatTakesLongerThanThePatienceHasHappened) {
  SimulatorOptions options{.faults = Always(FaultKind::kDelay)};
  options.faults.delay = std::chrono::hours(1);
  Start(options);
  patience = std::chrono::milliseconds(200);
  EXPECT_EQ(CodeOf(Send("PUT", "/b/new", "x")), "net.timeout");
  EXPECT_EQ(simulator->service().Content("b", "new"), "x");
}

TEST_P(S3SimWays, AThousandAtOnceAreAllAnswered) {
  Start();
  constexpr int kCount = 1'000;
  std::atomic<int> answered = 0;
  std::promise<void> all;
  for (int i = 0; i < kCount; ++i) {
    transport->Submit(testing::TestContext(),
                      {.method = "PUT", .url = base + "/b/" + std::to_string(i), .body = "x"}, {},
                      [&](const Result<net::HttpResponse>& result) {
                        EXPECT_EQ(CodeOf(result), "200");
                        if (++answered == kCount) all.set_value();
                      });
  }
  all.get_future().wait();
  EXPECT_EQ(simulator->service().Versions("b").size(), kCount + 1U);
}

INSTANTIATE_TEST_SUITE_P(Each, S3SimWays, ::testing::Values("memory", "thread", "waits", "sockets"),
                         [](const auto& way) { return std::string(way.param); });

TEST(SimTransport, WhatIsUnderWayAtTheEndIsCancelled) {
  const SystemClock clock;
  SimulatorOptions options{.faults = Always(FaultKind::kDelay)};
  options.faults.delay = std::chrono::hours(1);
  Simulator simulator(options, clock);
  std::vector<std::string> codes;
  {
    SimTransport transport(simulator, {.waits = true});
    for (int i = 0; i < 10; ++i) {
      transport.Submit(testing::TestContext(), {.url = "http://sim.example/b/k"},
                       {.total = std::chrono::hours(2)},
                       [&](const Result<net::HttpResponse>& end) { codes.push_back(CodeOf(end)); });
    }
  }
  EXPECT_EQ(codes, std::vector<std::string>(10, "call.cancelled"));
}

TEST(SimTransport, AStoppedContextEndsTheWait) {
  const SystemClock clock;
  SimulatorOptions options{.faults = Always(FaultKind::kDelay)};
  options.faults.delay = std::chrono::hours(1);
  Simulator simulator(options, clock);
  SimTransport transport(simulator, {.waits = true});
  std::stop_source stop;
  std::promise<std::string> ended;
  transport.Submit(testing::TestContext().WithStop(stop.get_token()),
                   {.url = "http://sim.example/b/k"}, {.total = std::chrono::hours(2)},
                   [&](const Result<net::HttpResponse>& end) { ended.set_value(CodeOf(end)); });
  stop.request_stop();
  EXPECT_EQ(ended.get_future().get(), "call.cancelled");
}

TEST(SimTransport, AddsUpWhatItDoesNotWaitFor) {
  testing::FakeClock clock;
  Simulator simulator({.latency = {.median = std::chrono::seconds(3)}}, clock);
  SimTransport transport(simulator, {.answers_at_once = true});
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(CodeOf(transport.Send(testing::TestContext(), {.url = "http://sim.example/b/k"})),
              "404");
  }
  EXPECT_EQ(transport.skipped_wait(), std::chrono::seconds(12));
}

TEST(SimServer, ListensOnLoopbackAlone) {
  const SystemClock clock;
  Simulator simulator({}, clock);
  EXPECT_EQ(SimServer::Start(simulator, {.address = "0.0.0.0:0"}).error().kind,
            ErrorKind::kInvalid);
  const auto server = SimServer::Start(simulator);
  EXPECT_EQ(SimServer::Start(simulator, {.address = (*server)->address()}).error().kind,
            ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace lc2::s3sim
