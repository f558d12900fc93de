#include "vault/run_log.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "vault/paths.h"
#include "vault/tests/vault_fixture.h"

namespace lc2::vault {
namespace {

using ::testing::ElementsAre;

const RunLogName kName{
    .env = kRetail, .run = RunId("0f6c12ab0f6c12ab0f6c12ab0f6c12ab"), .attempt = AttemptId("a1")};
constexpr const char* kLine = R"({"time":"2025-11-09T14:30:00.250Z","level":"info","event":"e"})";

class RunLog : public ::testing::Test {
 protected:
  void Put(std::int64_t number, const std::string& body) {
    ASSERT_TRUE(IsOk(store->Put(ctx, {.key = RunLogKey(kName, number), .body = body})));
  }
  void PutLines(std::int64_t number, const std::string& lines) {
    const Result<std::string> piece = EncodeRunLogPiece(lines);
    ASSERT_TRUE(IsOk(piece));
    Put(number, *piece);
  }
  std::string Read(std::int64_t number) {
    return CodeOf(ReadRunLogPiece(ctx, *store, kName, number));
  }

  lc2::testing::FakeClock clock;
  Context ctx{clock};
  std::unique_ptr<MemoryStore> store = MakeMemoryStore(clock);
};

TEST_F(RunLog, LiesInItsAttemptsFolder) {
  EXPECT_EQ(RunLogKey(kName, 7),
            "retail/prd/runs/0f6c12ab0f6c12ab0f6c12ab0f6c12ab/a1/log/000007.ndjson.zst");
}

TEST_F(RunLog, IsReadPieceAfterPiece) {
  const std::string line = std::string(kLine) + "\n";
  PutLines(0, line + line);
  PutLines(1, line);
  Put(12, "x");
  const std::string folder = RunLogFolder(kName);
  ASSERT_TRUE(IsOk(store->Put(ctx, {.key = folder + "notes.txt", .body = "not ours"})));
  EXPECT_THAT(ListRunLog(ctx, *store, kName).value(), ElementsAre(0, 1, 12));
  EXPECT_THAT(ListRunLog(ctx, *store, kName, 0).value(), ElementsAre(1, 12));
  EXPECT_THAT(ListRunLog(ctx, *store, kName, 12).value(), ElementsAre());
  const auto lines = ReadRunLogPiece(ctx, *store, kName, 0);
  ASSERT_TRUE(IsOk(lines));
  ASSERT_EQ(lines->size(), 2U);
  EXPECT_EQ(boost::json::serialize(lines->front()), kLine);
}

TEST_F(RunLog, RefusesWhatNoAttemptWrites) {
  PutLines(0, "[1]\n");
  PutLines(1, R"({"time":1,"level":"info","event":"e"})");
  PutLines(2, "{");
  Put(3, "no zstd");
  Put(4, std::string(static_cast<std::size_t>(kMaxRunLogPiece) * 2, 'x'));
  for (const int number : {0, 1, 2, 3, 4}) EXPECT_EQ(Read(number), "run_log.damaged") << number;
  EXPECT_EQ(Read(5), "store.not_found");
}

// A few bytes may stand for more than memory holds.
TEST_F(RunLog, RefusesAPieceThatGrows) {
  const Result<std::string> piece =
      EncodeRunLogPiece(std::string(static_cast<std::size_t>(kMaxRunLogPiece) * 8, ' '));
  ASSERT_TRUE(IsOk(piece));
  ASSERT_LT(piece->size(), 100'000U);
  Put(0, *piece);
  EXPECT_EQ(Read(0), "run_log.damaged");
}

TEST_F(RunLog, RefusesNamesFromOutside) {
  RunLogName name = kName;
  name.attempt = AttemptId("../../pool");
  EXPECT_EQ(CodeOf(ListRunLog(ctx, *store, name)), "vault.bad_name");
  EXPECT_EQ(CodeOf(ReadRunLogPiece(ctx, *store, name, 0)), "vault.bad_name");
}

}  // namespace
}  // namespace lc2::vault
