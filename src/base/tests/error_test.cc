#include "base/error.h"

#include <gtest/gtest.h>

#include <set>

namespace lc2 {
namespace {

constexpr ErrorKind kAll[] = {
    ErrorKind::kNotFound,  ErrorKind::kAlreadyExists, ErrorKind::kConflict,    ErrorKind::kDenied,
    ErrorKind::kInvalid,   ErrorKind::kThrottled,     ErrorKind::kUnavailable, ErrorKind::kTimeout,
    ErrorKind::kCancelled, ErrorKind::kCorrupt,       ErrorKind::kInternal};

TEST(ErrorKind, EachHasItsRowAndAnExitCodeOfItsOwn) {
  std::set<int> exit_codes;
  std::set<std::string_view> names;
  for (const ErrorKind kind : kAll) {
    const ErrorKindFacts& facts = FactsOf(kind);
    EXPECT_EQ(facts.kind, kind);
    EXPECT_GE(facts.http_status, 400);
    EXPECT_GE(facts.exit_code, 2);
    exit_codes.insert(facts.exit_code);
    names.insert(facts.name);
  }
  EXPECT_EQ(exit_codes.size(), std::size(kAll));
  EXPECT_EQ(names.size(), std::size(kAll));
}

TEST(ErrorKind, OnlyWhatMayPassByItselfIsRetried) {
  std::set<std::string_view> retried;
  for (const ErrorKind kind : kAll) {
    if (FactsOf(kind).retryable) retried.insert(FactsOf(kind).name);
  }
  EXPECT_EQ(retried,
            (std::set<std::string_view>{"Conflict", "Throttled", "Unavailable", "Timeout"}));
}

TEST(Error, DescribesTheWholeChainAndFindsTheOutermostHint) {
  const Error root{.message = "connection refused", .hint = "is the server up?"};
  const Error middle{.message = "cannot list bucket 'b'", .cause = Share(root)};
  const Error top{.message = "cannot back up", .cause = Share(middle)};

  EXPECT_EQ(Describe(top), "cannot back up: cannot list bucket 'b': connection refused");
  EXPECT_EQ(HintOf(top), "is the server up?");
  EXPECT_EQ(HintOf(Error{.message = "x", .hint = "mine", .cause = Share(root)}), "mine");
  EXPECT_EQ(HintOf(Error{.message = "x"}), "");
  EXPECT_EQ(Describe(Error{.cause = Share(root)}), "connection refused");
}

}  // namespace
}  // namespace lc2
