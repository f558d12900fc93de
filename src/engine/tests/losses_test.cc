#include "engine/losses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/tests/world.h"
#include "library/finding.h"

namespace lc2::engine {
namespace {

using ::testing::ElementsAre;

class Losses : public ::testing::Test, public MemoryWorld {
 protected:
  vault::ListFacts Store(const std::vector<Finding>& findings) {
    StringSink bytes;
    FindingWriter writer(bytes);
    for (const Finding& finding : findings) EXPECT_TRUE(IsOk(writer.Write(finding)));
    const codec::ZstdSummary stored = writer.Finish().value();
    EXPECT_TRUE(IsOk(vault->Put(ctx, {.key = "findings", .body = bytes.text()})));
    return {.path = "findings", .count = writer.count(), .sha256 = stored.sha256};
  }
};

TEST_F(Losses, AreThoseFindingsThatCanBeAccepted) {
  const vault::ListFacts list = Store({
      {.key = "a", .kind = FindingKind::kLostAtSource, .expected_size = 3, .row_id = 1},
      {.key = "b", .kind = FindingKind::kLostInBackup, .expected_size = 3, .row_id = 2},
      {.key = "c", .kind = FindingKind::kSizeMismatch, .expected_size = 4, .actual_size = 5},
      {.key = "d", .kind = FindingKind::kOrphan, .actual_size = 5},
      {.key = "e", .kind = FindingKind::kUnreadable, .expected_size = 5},
  });
  const auto losses = ReadLosses(ctx, *vault, list);
  ASSERT_TRUE(IsOk(losses));
  EXPECT_THAT(
      *losses,
      ElementsAre(vault::KnownLoss{.key = "a", .size = 3},
                  vault::KnownLoss{.key = "c", .kind = vault::LossKind::kSizeMismatch, .size = 4}));
}

TEST_F(Losses, OfAChangedFileAreRefused) {
  const vault::ListFacts list = Store({{.key = "a", .kind = FindingKind::kOrphan}});
  Flip("findings");
  EXPECT_EQ(CodeOf(ReadLosses(ctx, *vault, list)), "findings.mismatch");
  EXPECT_EQ(ReadLosses(ctx, *vault, {.path = "nothing"}).error().kind, ErrorKind::kNotFound);
}

TEST_F(Losses, ThatWereAcceptedCoverTheSameLossOnly) {
  EXPECT_FALSE(ReadAccepted(ctx, *vault, kRetail)
                   ->Covers({.key = "a", .kind = FindingKind::kLostAtSource, .expected_size = 3}));
  ASSERT_TRUE(
      IsOk(vault::AcceptLosses(ctx, site.vault(), kRetail, BackupId(kFirstBackup),
                               {{.key = "a", .kind = vault::LossKind::kMissing, .size = 3},
                                {.key = "b", .kind = vault::LossKind::kSizeMismatch, .size = 4}},
                               "alice", "lost in March")));
  const auto accepted = ReadAccepted(ctx, *vault, kRetail);
  ASSERT_TRUE(IsOk(accepted));
  using Kind = FindingKind;
  EXPECT_TRUE(accepted->Covers({.key = "a", .kind = Kind::kLostAtSource, .expected_size = 3}));
  EXPECT_TRUE(accepted->Covers({.key = "b", .kind = Kind::kSizeMismatch, .expected_size = 4}));
  EXPECT_FALSE(accepted->Covers({.key = "a", .kind = Kind::kSizeMismatch, .expected_size = 3}));
  EXPECT_FALSE(accepted->Covers({.key = "a", .kind = Kind::kLostAtSource, .expected_size = 4}));
  vault->Plan({.operation = "list", .key_part = "known"});
  EXPECT_EQ(CodeOf(ReadAccepted(ctx, *vault, kRetail)), "store.planned_fault");
}

}  // namespace
}  // namespace lc2::engine
