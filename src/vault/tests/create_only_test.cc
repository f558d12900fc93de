#include "vault/create_only.h"

#include "vault/tests/vault_fixture.h"

namespace lc2::vault {
namespace {

class CreateOnlyTest : public ::testing::Test {
 protected:
  Result<Created> Create(const std::string& bytes) {
    return CreateDecision(ctx_, *store_, "a/b", bytes);
  }
  testing::FakeClock clock_;
  Context ctx_{clock_};
  std::unique_ptr<MemoryStore> store_ = MakeMemoryStore(clock_);
};

TEST_F(CreateOnlyTest, FirstWriterWins) {
  EXPECT_EQ(Create("one").value().outcome, CreateOutcome::kOurs);
  const Created second = Create("two").value();
  EXPECT_EQ(second.outcome, CreateOutcome::kNotOurs);
  EXPECT_EQ(second.found, "one");
  EXPECT_EQ(store_->Get(ctx_, "a/b").value(), "one");
}

TEST_F(CreateOnlyTest, SameBytesAgainAreOurs) {
  EXPECT_EQ(Create("one").value().outcome, CreateOutcome::kOurs);
  EXPECT_EQ(Create("one").value().outcome, CreateOutcome::kOurs);
}

TEST_F(CreateOnlyTest, LostAnswerIsReadBack) {
  store_->Plan({.operation = "put", .effect = Fault::Effect::kFailAfter});
  EXPECT_EQ(Create("one").value().outcome, CreateOutcome::kOurs);
}

TEST_F(CreateOnlyTest, FailedPutIsPutAgain) {
  store_->Plan({.operation = "put", .times = 2, .effect = Fault::Effect::kFailBefore});
  EXPECT_EQ(Create("one").value().outcome, CreateOutcome::kOurs);
  EXPECT_EQ(store_->Get(ctx_, "a/b").value(), "one");
}

TEST_F(CreateOnlyTest, LostAnswerAndAnotherWriterIsNotOurs) {
  ASSERT_EQ(Create("theirs").value().outcome, CreateOutcome::kOurs);
  store_->Plan({.operation = "put", .effect = Fault::Effect::kFailBefore});
  EXPECT_EQ(Create("ours").value().outcome, CreateOutcome::kNotOurs);
}

TEST_F(CreateOnlyTest, WhatCannotBeReadBackIsUnknown) {
  store_->Plan({.operation = "put", .times = 100, .effect = Fault::Effect::kFailAfter});
  store_->Plan({.operation = "get", .times = 100, .effect = Fault::Effect::kFailBefore});
  const Created created = Create("one").value();
  EXPECT_EQ(created.outcome, CreateOutcome::kUnknown);
  const Error error = UnknownOutcome("a/b", created);
  EXPECT_EQ(error.kind, ErrorKind::kUnavailable);
  EXPECT_EQ(error.code, "vault.unknown_outcome");
  EXPECT_FALSE(error.hint.empty());
}

TEST_F(CreateOnlyTest, NothingThereAfterAllTriesIsUnknownNotFailed) {
  store_->Plan({.operation = "put", .times = 100, .effect = Fault::Effect::kFailBefore});
  EXPECT_EQ(Create("one").value().outcome, CreateOutcome::kUnknown);
}

TEST_F(CreateOnlyTest, PlainRefusalIsAnError) {
  store_->Plan({.operation = "put", .kind = ErrorKind::kDenied});
  EXPECT_EQ(Create("one").error().kind, ErrorKind::kDenied);
}

TEST_F(CreateOnlyTest, RefusalAfterALostAnswerProvesNothing) {
  store_->Plan({.operation = "put", .effect = Fault::Effect::kFailBefore});
  store_->Plan({.operation = "put", .times = 100, .kind = ErrorKind::kDenied});
  EXPECT_EQ(Create("one").value().outcome, CreateOutcome::kUnknown);
}

TEST_F(CreateOnlyTest, SingleWriterStoresLookFirst) {
  store_ = MakeMemoryStore(clock_, {.create_only = false});
  EXPECT_EQ(Create("one").value().outcome, CreateOutcome::kOurs);
  EXPECT_EQ(Create("two").value().outcome, CreateOutcome::kNotOurs);
  EXPECT_EQ(store_->Get(ctx_, "a/b").value(), "one");
  store_->Plan({.operation = "get"});
  EXPECT_EQ(Create("two").error().kind, ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace lc2::vault
