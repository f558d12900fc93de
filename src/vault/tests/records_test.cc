#include <boost/json/object.hpp>

#include "vault/known_losses.h"
#include "vault/step_records.h"
#include "vault/tests/vault_fixture.h"

namespace lc2::vault {
namespace {

const RunId kRun("0123456789abcdef0123456789abcdef");

class RecordsTest : public ::testing::Test, protected VaultFixture {
 protected:
  Result<void> Accept(std::vector<KnownLoss> losses, const std::string& why = "old disk") {
    return AcceptLosses(ctx, vault(), kRetail, BackupId("b"), std::move(losses), "alice", why);
  }
  Result<std::vector<KnownLoss>> Known() { return ReadKnownLosses(ctx, *store, kRetail); }
  RecordName Name(const std::string& name) {
    return {.env = kRetail, .run = kRun, .attempt = AttemptId("a1"), .name = name};
  }
};

TEST_F(RecordsTest, KnownLossesAddUpSortedAndOnce) {
  EXPECT_TRUE(Known().value().empty());
  const KnownLoss a{.key = "a", .size = 1}, b{.key = "b", .size = 2},
      other{.key = "a", .kind = LossKind::kSizeMismatch, .size = 1};
  ASSERT_TRUE(IsOk(Accept({b, a, b})));
  ASSERT_TRUE(IsOk(Accept({a, other})));
  EXPECT_EQ(Known().value(), (std::vector<KnownLoss>{a, other, b}));
  ASSERT_TRUE(IsOk(Accept({a})));
  EXPECT_FALSE(Exists(KnownLossesKey(kRetail, 2))) << "nothing new, nothing written";
}

TEST_F(RecordsTest, ManyLossesBecomeManyFiles) {
  std::vector<KnownLoss> many;
  for (int i = 0; i < 20'001; ++i) many.push_back({.key = std::to_string(i)});
  ASSERT_TRUE(IsOk(Accept(many)));
  EXPECT_TRUE(Exists(KnownLossesKey(kRetail, 2)));
  EXPECT_FALSE(Exists(KnownLossesKey(kRetail, 3)));
  EXPECT_EQ(Known().value().size(), many.size());
}

TEST_F(RecordsTest, KnownLossesSurviveFaultsAndRefuseDamage) {
  store->Plan({.operation = "put", .effect = Fault::Effect::kFailAfter});
  ASSERT_TRUE(IsOk(Accept({{.key = "a"}})));
  store->Plan({.operation = "put", .times = 3});
  EXPECT_EQ(CodeOf(Accept({{.key = "b"}})), "vault.unknown_outcome");
  EXPECT_EQ(CodeOf(Accept({{.key = "c"}}, "\xff")), "known_losses.invalid");
  EXPECT_EQ(Known().value().size(), 1U);
  for (const char* bytes : {"", "{\"format\":2}", R"({"losses":[{"kind":"Odd"}]})"}) {
    Overwrite(KnownLossesKey(kRetail, 0), bytes);
    EXPECT_EQ(CodeOf(Known()), "known_losses.invalid") << bytes;
  }
}

TEST_F(RecordsTest, StepRecordsAreReplacedAndListed) {
  EXPECT_EQ(CodeOf(ReadRecord(ctx, *store, Name("steps/database.json"))), "record.absent");
  ASSERT_TRUE(IsOk(PutRecord(ctx, *store, Name("steps/database.json"), {{"n", 1}})));
  ASSERT_TRUE(IsOk(PutRecord(ctx, *store, Name("steps/database.json"), {{"n", 2}})));
  ASSERT_TRUE(IsOk(PutRecord(ctx, *store, Name("steps/library.json"), {{"n", 3}})));
  ASSERT_TRUE(IsOk(PutRecord(ctx, *store, Name("progress.json"), {{"n", 4}})));
  EXPECT_EQ(ReadRecord(ctx, *store, Name("steps/database.json")).value().at("n").as_int64(), 2);
  EXPECT_EQ(ListRecords(ctx, *store, Name("steps/")).value(),
            (std::vector<std::string>{"steps/database.json", "steps/library.json"}));
  Overwrite(RecordKey(Name("progress.json")), "{");
  EXPECT_EQ(CodeOf(ReadRecord(ctx, *store, Name("progress.json"))), "record.invalid");
}

TEST_F(RecordsTest, RecordNamesCannotLeaveTheAttempt) {
  for (const char* name : {"", "..", "../a2/x", "a//b", "a b", "a\\b", "/a"})
    EXPECT_EQ(CodeOf(PutRecord(ctx, *store, Name(name), {})), "vault.bad_name") << name;
  RecordName name = Name("x");
  name.attempt = AttemptId("..");
  EXPECT_EQ(CodeOf(ReadRecord(ctx, *store, name)), "vault.bad_name");
}

}  // namespace
}  // namespace lc2::vault
