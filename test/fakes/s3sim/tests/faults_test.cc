#include <algorithm>
#include <thread>

#include "base/hash.h"
#include "cloud/aws/s3_list.h"
#include "cloud/aws/s3_refusal.h"
#include "s3sim/simulator.h"
#include "s3sim_test_support.h"

namespace lc2::s3sim {
namespace {

FaultOptions Only(FaultKind kind, double rate = 1, int max_consecutive = 1) {
  FaultOptions options;
  options.rate(kind) = rate;
  options.max_consecutive = max_consecutive;
  return options;
}

// A simulator with the buckets "b" and "v", whose requests meet one kind of fault every other time.
class Faulty {
 public:
  explicit Faulty(FaultOptions faults)
      : simulator({.service = {.keys = {TestKey()}}, .faults = std::move(faults)}, clock) {
    simulator.service().CreateBucket("b");
    simulator.service().CreateBucket("v", {.versioned = true});
  }
  Exchange Send(std::string method, std::string path, Query query = {}, Headers headers = {},
                std::string body = "") {
    return simulator.Handle(Requests(clock).Make(
        std::move(method), std::move(path), std::move(query), std::move(headers), std::move(body)));
  }
  std::int64_t Happened(FaultKind kind) const {
    return simulator.counters().faults[static_cast<std::size_t>(kind)];
  }

  testing::FakeClock clock;
  Simulator simulator;
};

TEST(Faults, HaveNamesOfTheirOwn) {
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    const auto kind = static_cast<FaultKind>(i);
    EXPECT_EQ(FaultKindOf(NameOf(kind)), kind);
  }
  EXPECT_EQ(FaultKindOf("other"), std::nullopt);
}

// What the client makes of it is the client's own reading of the service's words.
TEST(Faults, RefusalsAreThoseThatAClientKnows) {
  const auto remedy = [](FaultKind kind) {
    Faulty faulty(Only(kind));
    const Exchange exchange = faulty.Send("GET", "/b/k");
    const net::HttpResponse response{.status = exchange.reply.status,
                                     .headers = exchange.reply.headers,
                                     .body = Text(exchange.reply)};
    return cloud::aws::RefusalOf(response, "get")->remedy;
  };
  using cloud::aws::S3Remedy;
  EXPECT_EQ(remedy(FaultKind::kSlowDown), S3Remedy::kSlowDown);
  EXPECT_EQ(remedy(FaultKind::kInternalError), S3Remedy::kRetry);
  EXPECT_EQ(remedy(FaultKind::kExpiredToken), S3Remedy::kRefreshCredentials);
  EXPECT_EQ(remedy(FaultKind::kTimeSkewed), S3Remedy::kCorrectClock);
  EXPECT_EQ(remedy(FaultKind::kRedirect), S3Remedy::kChangeRegion);
  EXPECT_EQ(remedy(FaultKind::kWrongRegion), S3Remedy::kChangeRegion);
}

TEST(Faults, DoNothingWhereTheyRefuse) {
  for (const FaultKind kind :
       {FaultKind::kSlowDown, FaultKind::kInternalError, FaultKind::kResetBeforeHeaders,
        FaultKind::kConflict, FaultKind::kPreconditionFailed}) {
    Faulty faulty(Only(kind));
    faulty.Send("PUT", "/b/k", {}, {{"if-none-match", "*"}}, "x");
    EXPECT_EQ(faulty.simulator.service().Content("b", "k"), std::nullopt) << NameOf(kind);
    // No more than so many in a row: the next one is served.
    EXPECT_EQ(faulty.Send("PUT", "/b/k", {}, {{"if-none-match", "*"}}, "x").reply.status, 200);
    EXPECT_EQ(faulty.Happened(kind), 1);
  }
}

TEST(Faults, ALostAnswerIsAnEffectAllTheSame) {
  for (const FaultKind kind : {FaultKind::kAnswerLost, FaultKind::kResetAfterHeaders}) {
    Faulty faulty(Only(kind));
    const Exchange put = faulty.Send("PUT", "/b/k", {}, {{"if-none-match", "*"}}, "x");
    EXPECT_NE(put.delivery, Delivery::kWhole);
    EXPECT_EQ(faulty.simulator.service().Content("b", "k"), "x");
    // The same once more finds what it wrote itself.
    EXPECT_EQ(faulty.Send("PUT", "/b/k", {}, {{"if-none-match", "*"}}, "x").reply.status, 412);
  }
}

TEST(Faults, AnErrorInside200HasDoneNothing) {
  Faulty faulty(Only(FaultKind::kErrorInside200));
  faulty.simulator.service().PutObject("b", "k", "x");
  const Exchange copy = faulty.Send("PUT", "/b/to", {}, {{"x-amz-copy-source", "/b/k"}});
  EXPECT_EQ(Refused(copy.reply), "200 InternalError");
  EXPECT_EQ(faulty.simulator.service().Content("b", "to"), std::nullopt);
}

TEST(Faults, BodiesAreCutStalledShortenedAndFlipped) {
  const std::string content(1'000, 'c');
  for (const FaultKind kind : {FaultKind::kTruncatedBody, FaultKind::kStalledBody,
                               FaultKind::kWrongLength, FaultKind::kFlippedByte}) {
    Faulty faulty(Only(kind));
    faulty.simulator.service().PutObject("b", "k", content);
    const Exchange get = faulty.Send("GET", "/b/k");
    const std::string bytes = get.Bytes(0, 1'000);
    EXPECT_EQ(faulty.Happened(kind), 1);
    switch (kind) {
      case FaultKind::kTruncatedBody:
        EXPECT_EQ(get.delivery, Delivery::kCut);
        EXPECT_LT(get.delivered, 1'000);
        break;
      case FaultKind::kStalledBody:
        EXPECT_EQ(get.delivery, Delivery::kStalled);
        break;
      case FaultKind::kWrongLength:
        EXPECT_NE(Header(get.reply, "content-length"), "1000");
        break;
      default:
        EXPECT_EQ(bytes.size(), content.size());
        EXPECT_EQ(std::count(bytes.begin(), bytes.end(), 'c'), 999);
    }
    // What is empty has no byte to lose.
    faulty.simulator.service().PutObject("b", "empty", "");
    EXPECT_EQ(faulty.Send("GET", "/b/empty").delivery, Delivery::kWhole);
    EXPECT_EQ(faulty.Happened(kind), 1);
  }
}

TEST(Faults, AByteFlippedOnItsWayInIsFoundByTheChecks) {
  Faulty faulty(Only(FaultKind::kFlippedByte));
  EXPECT_EQ(Refused(faulty.Send("PUT", "/b/k", {}, {}, "content").reply),
            "400 XAmzContentSHA256Mismatch");
  EXPECT_EQ(faulty.simulator.service().Content("b", "k"), std::nullopt);
}

TEST(Faults, AWrongTagIsNotThatOfTheObject) {
  Faulty faulty(Only(FaultKind::kWrongEtag));
  faulty.simulator.service().PutObject("b", "k", "x");
  const std::string wrong = Header(faulty.Send("HEAD", "/b/k").reply, "etag");
  const std::string right = Header(faulty.Send("HEAD", "/b/k").reply, "etag");
  EXPECT_EQ(right, EntityTagOf(Body::Bytes("x")).str());
  EXPECT_NE(wrong, right);
  EXPECT_EQ(wrong.size(), right.size());
}

TEST(Faults, ADuplicateComesBehindLaterRequests) {
  Faulty faulty(Only(FaultKind::kDuplicate));
  Service& service = faulty.simulator.service();
  faulty.Send("PUT", "/b/k", {}, {}, "old");
  EXPECT_EQ(faulty.Happened(FaultKind::kDuplicate), 1);
  service.PutObject("b", "k", "new");
  faulty.simulator.Settle();
  EXPECT_EQ(service.Content("b", "k"), "old");
  // By itself it comes behind the third later request about its key, at the latest.
  service.PutObject("b", "k", "newer");
  faulty.Send("DELETE", "/b/other");
  faulty.Send("PUT", "/b/k", {}, {}, "old");  // the second time: no fault
  faulty.Send("PUT", "/b/k", {}, {}, "old");  // the third: will come again
  service.PutObject("b", "k", "newest");
  for (int i = 0; i < 3; ++i) faulty.Send("GET", "/b/k");
  EXPECT_EQ(service.Content("b", "k"), "old");
}

TEST(Faults, PagesAreRepeatedSkippedAndBroken) {
  const auto keys = [](FaultKind kind) {
    Faulty faulty(Only(kind, 1, 0));
    faulty.simulator.service().Fill({.bucket = "b", .count = 6});
    // Without the fault, for a token.
    Faulty clean(FaultOptions{});
    clean.simulator.service().Fill({.bucket = "b", .count = 6});
    const Query first{{"list-type", "2"}, {"max-keys", "2"}};
    const auto page = cloud::aws::ParseListPage(Text(clean.Send("GET", "/b", first).reply)).value();
    Query second = first;
    second.push_back({"continuation-token", page.next_token});
    const auto spoilt = cloud::aws::ParseListPage(Text(faulty.Send("GET", "/b", second).reply));
    EXPECT_EQ(faulty.Happened(kind), 1);
    return spoilt.has_value() ? spoilt->objects.front().key : spoilt.error().code;
  };
  EXPECT_EQ(keys(FaultKind::kRepeatedPage), "000000000");
  EXPECT_EQ(keys(FaultKind::kSkippedPage), "000000004");
  EXPECT_EQ(keys(FaultKind::kBrokenXml), "s3.bad_page");
}

TEST(Faults, SourcesChangeWhereOthersWrite) {
  for (const FaultKind kind : {FaultKind::kSourceChanged, FaultKind::kSourceGone}) {
    FaultOptions options = Only(kind);
    options.changing = {"v/lib"};
    Faulty faulty(options);
    Service& service = faulty.simulator.service();
    service.PutObject("v", "lib/k", "content");
    service.PutObject("v", "other/k", "content");
    const std::string tag = service.Versions("v", "lib/k").front().etag;
    const auto copy = [&](const char* from) {
      return faulty
          .Send("PUT", "/b/to", {},
                {{"x-amz-copy-source", from}, {"x-amz-copy-source-if-match", tag}})
          .reply.status;
    };
    EXPECT_EQ(copy("/v/other/k"), 200);
    EXPECT_EQ(copy("/v/lib/k"), kind == FaultKind::kSourceChanged ? 412 : 404);
    // It has really happened: two versions, the newer of the same size or a marker.
    const auto versions = service.Versions("v", "lib/k");
    ASSERT_EQ(versions.size(), 2U);
    EXPECT_EQ(versions[0].is_delete_marker, kind == FaultKind::kSourceGone);
    EXPECT_EQ(faulty.simulator.fault_log().back().key, "to");
  }
}

TEST(Faults, UploadsAndPartsAreLost) {
  for (const FaultKind kind : {FaultKind::kNoSuchUpload, FaultKind::kInvalidPart}) {
    Faulty lossy(Only(kind));
    const std::string id =
        Xml(lossy.Send("POST", "/b/k", {{"uploads", ""}}).reply).TextOf("UploadId");
    Query part{{"partNumber", "1"}, {"uploadId", id}};
    const Reply uploaded = lossy.Send("PUT", "/b/k", part, {}, "x").reply;
    if (kind == FaultKind::kNoSuchUpload) {
      EXPECT_EQ(Refused(uploaded), "404 NoSuchUpload");
      EXPECT_EQ(lossy.simulator.service().UploadsUnderWay("b"), 0);
      continue;
    }
    const std::string xml = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" +
                            Header(uploaded, "etag") + "</ETag></Part></CompleteMultipartUpload>";
    EXPECT_EQ(Refused(lossy.Send("POST", "/b/k", {{"uploadId", id}}, {}, xml).reply),
              "400 InvalidPart");
    EXPECT_EQ(lossy.Send("PUT", "/b/k", part, {}, "x").reply.status, 200);
    EXPECT_EQ(lossy.Send("POST", "/b/k", {{"uploadId", id}}, {}, xml).reply.status, 200);
  }
}

// Which request meets what: "nth kind" of each that met a fault.
using Story = std::vector<std::string>;
Story StoryOf(const Simulator& simulator) {
  Story story;
  for (const FaultRecord& record : simulator.fault_log()) {
    story.push_back(record.key + " " + std::to_string(record.nth) + " " +
                    std::string(NameOf(record.kind)));
  }
  std::sort(story.begin(), story.end());
  return story;
}

FaultOptions Storm(std::uint64_t seed) {
  FaultOptions storm;
  storm.seed = seed;
  storm.rate(FaultKind::kSlowDown) = 0.2;
  storm.rate(FaultKind::kInternalError) = 0.1;
  storm.rate(FaultKind::kAnswerLost) = 0.1;
  storm.rate(FaultKind::kDelay) = 0.1;
  return storm;
}

Story RunStorm(std::uint64_t seed, int threads) {
  Faulty faulty(Storm(seed));
  std::vector<std::jthread> workers;
  for (int worker = 0; worker < threads; ++worker) {
    workers.emplace_back([&faulty, worker, threads] {
      for (int key = worker; key < 300; key += threads) {
        for (int time = 0; time < 3; ++time) {
          faulty.Send("PUT", "/b/" + std::to_string(key), {}, {}, "x");
        }
      }
    });
  }
  workers.clear();
  return StoryOf(faulty.simulator);
}

TEST(Faults, FollowFromSeedAndRequestWhateverTheThreadsDo) {
  const Story one = RunStorm(5, 1);
  EXPECT_EQ(one, RunStorm(5, 4));
  EXPECT_NE(one, RunStorm(6, 1));
  // 900 requests at a rate of one half.
  EXPECT_GT(one.size(), 350U);
  EXPECT_LT(one.size(), 550U);
}

TEST(Faults, SignaturesAndIdsDoNotMatter) {
  const auto identity = [](Query query, Headers headers) {
    testing::FakeClock clock;
    auto parsed =
        ParseRequest(Requests(clock).Make("GET", "/b/k", std::move(query), std::move(headers)), "");
    return FaultPlan::IdentityOf(std::get<S3Request>(parsed));
  };
  const auto plain = identity({}, {});
  EXPECT_EQ(plain, identity({{"versionId", "1"}}, {}));
  EXPECT_EQ(plain, identity({}, {{"if-match", "x"}}));
  EXPECT_NE(plain, identity({{"tagging", ""}}, {}));
  EXPECT_NE(plain, identity({}, {{"range", "bytes=0-1"}}));
}

TEST(Faults, ComeWhereTheyAreOrdered) {
  FaultOptions options;
  options.ordered = {{FaultKind::kAnswerLost, "PutObject", "b/k", 2},
                     {FaultKind::kSlowDown, "", "b/", 1}};
  Faulty faulty(options);
  const auto put = [&](const char* path) { return faulty.Send("PUT", path, {}, {}, "x").delivery; };
  EXPECT_EQ(put("/b/k"), Delivery::kWhole);
  EXPECT_EQ(put("/b/k2"), Delivery::kWhole);
  EXPECT_EQ(faulty.Send("GET", "/b/k").delivery, Delivery::kWhole);
  EXPECT_EQ(put("/b/k"), Delivery::kNothing);
  EXPECT_EQ(put("/b/k"), Delivery::kWhole);
  EXPECT_EQ(faulty.Send("GET", "/b", {{"list-type", "2"}}).reply.status, 503);
  EXPECT_EQ(faulty.Send("GET", "/b", {{"list-type", "2"}}).reply.status, 200);
}

TEST(Faults, ComeOnlyWhereTheyMay) {
  FaultOptions options = Only(FaultKind::kInternalError, 1, 0);
  options.only = {"v", "b/in/"};
  Faulty faulty(options);
  EXPECT_EQ(faulty.Send("PUT", "/v/k").reply.status, 500);
  EXPECT_EQ(faulty.Send("PUT", "/b/in/k").reply.status, 500);
  EXPECT_EQ(faulty.Send("PUT", "/b/k").reply.status, 200);
  EXPECT_EQ(faulty.Send("GET", "/b", {{"list-type", "2"}, {"prefix", "in/"}}).reply.status, 500);
  EXPECT_EQ(faulty.Send("GET", "/b", {{"list-type", "2"}}).reply.status, 200);
}

TEST(Faults, NoRequestFailsMoreOftenThanItIsPromised) {
  FaultOptions options = Only(FaultKind::kInternalError, 1, 3);
  Faulty faulty(options);
  std::string story;
  for (int i = 0; i < 8; ++i) {
    story += faulty.Send("GET", "/b/k").reply.status == 500 ? 'x' : '.';
  }
  EXPECT_EQ(story, "xxx.xxx.");
  Faulty endless(Only(FaultKind::kInternalError, 1, 0));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(endless.Send("GET", "/b/k").reply.status, 500);
}

TEST(Options, AreReadFromJson) {
  const auto options = ParseSimulatorOptions(R"({
      "seed": 7, "maxConsecutive": 2, "delayMillis": 100, "clockSkewSeconds": -60,
      "rates": {"slowDown": 0.2, "flippedByte": 0.005}, "changing": ["lib"],
      "only": ["vault"], "ordered": [{"kind": "conflict", "place": "vault/k", "nth": 2}],
      "throttle": {"writesPerSecond": 3500, "depth": 2},
      "latency": {"medianMicros": 20000, "p99Micros": 200000}})");
  ASSERT_TRUE(options.has_value()) << Describe(options.error());
  EXPECT_EQ(options->faults.seed, 7U);
  EXPECT_EQ(options->faults.max_consecutive, 2);
  EXPECT_EQ(options->faults.rates[static_cast<std::size_t>(FaultKind::kFlippedByte)], 0.005);
  EXPECT_EQ(options->faults.changing, std::vector<std::string>{"lib"});
  EXPECT_EQ(options->faults.only, std::vector<std::string>{"vault"});
  ASSERT_EQ(options->faults.ordered.size(), 1U);
  EXPECT_EQ(options->faults.ordered[0].kind, FaultKind::kConflict);
  EXPECT_EQ(options->faults.ordered[0].nth, 2);
  EXPECT_EQ(options->throttle.writes_per_second, 3500);
  EXPECT_EQ(options->throttle.burst_seconds, 1);
  EXPECT_EQ(options->latency.p99, std::chrono::milliseconds(200));
  EXPECT_EQ(options->service.clock_skew, -std::chrono::minutes(1));
}

TEST(Options, ThatMeanNothingAreRefused) {
  for (const char* json : {R"({"rates": {"slowdown": 0.1}})", R"({"rates": {"slowDown": 2}})",
                           R"({"rates": {"slowDown": 0.6, "conflict": 0.6}})", R"({"rate": {}})",
                           R"({"throttle": {"writes": 1}})", R"({"ordered": [{"kind": "none"}]})",
                           R"({"ordered": [{"kind": "conflict", "key": "k"}]})", "[]"}) {
    EXPECT_FALSE(ParseSimulatorOptions(json).has_value()) << json;
  }
}

}  // namespace
}  // namespace lc2::s3sim
