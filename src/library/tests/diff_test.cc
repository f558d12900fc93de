#include "library/diff.h"

#include <gtest/gtest.h>

#include "library/tests/streams.h"

namespace lc2::library {
namespace {

TEST(HasSameContent, ComparesChecksumsOfOneAlgorithm) {
  Entry a = Backed(Listed("k", 5, 1));
  Entry b = Backed(Listed("k", 5, 2));
  EXPECT_TRUE(HasSameContent(a, b)) << "another inode, the same bytes";
  b.checksum->value = std::string(64, 'b');
  EXPECT_FALSE(HasSameContent(a, b));
  b = a;
  b.size = 6;
  EXPECT_FALSE(HasSameContent(a, b));
  b = a;
  b.checksum->alg = "crc64nvme";
  EXPECT_TRUE(HasSameContent(a, b)) << "the source's identity decides";
  b.folder->inode = 9;
  EXPECT_FALSE(HasSameContent(a, b));
}

TEST(EntryDiff, TellsAddedRemovedAndChanged) {
  Entry other = Backed(Listed("c", 2));
  VectorReader<Entry> older(
      {Backed(Listed("a", 1)), Backed(Listed("b", 1)), Backed(Listed("c", 1))});
  VectorReader<Entry> newer({Backed(Listed("b", 1)), other, Backed(Listed("d", 4))});
  EntryDiff diff(older, newer);
  EXPECT_EQ(diff.Next().value(),
            (Difference{.key = "a", .change = Change::kRemoved, .old_size = 1}));
  EXPECT_EQ(diff.Next().value(),
            (Difference{.key = "c", .change = Change::kChanged, .old_size = 1, .new_size = 2}));
  EXPECT_EQ(diff.Next().value(), (Difference{.key = "d", .change = Change::kAdded, .new_size = 4}));
  EXPECT_EQ(diff.Next().value(), std::nullopt);
}

}  // namespace
}  // namespace lc2::library
