#include "library/object_check.h"

#include <gtest/gtest.h>

#include "library/tests/streams.h"
#include "storage/stores.h"
#include "testing/fake_clock.h"

namespace lc2::library {
namespace {

class CheckObjectTest : public ::testing::Test {
 protected:
  CheckObjectTest() {
    EXPECT_TRUE(vault_->Put(ctx_, {.key = "pool/aa/x", .body = "alpha"}).has_value());
  }
  testing::FakeClock clock_;
  Context ctx_{clock_};
  std::unique_ptr<MemoryStore> vault_ = MakeMemoryStore(clock_);
  Entry entry_{.key = "k",
               .size = 5,
               .checksum = Checksum{.alg = "sha256", .value = Sha256Hex("alpha"), .by = "lc2"},
               .path = "pool/aa/x"};
};

TEST_F(CheckObjectTest, SoundObjectsGiveNothing) {
  EXPECT_EQ(CheckObject(ctx_, *vault_, entry_).value(), std::nullopt);
  StringSink sink;
  EXPECT_EQ(CopyChecked(ctx_, *vault_, entry_, sink).value(), std::nullopt);
  EXPECT_EQ(sink.text(), "alpha");
}

TEST_F(CheckObjectTest, FindsFlippedBitsShortAndLongObjects) {
  vault_->Plan({.operation = "get", .effect = Fault::Effect::kFlipBit});
  EXPECT_EQ(CheckObject(ctx_, *vault_, entry_).value()->kind, FindingKind::kDamaged);

  vault_->Plan({.operation = "get", .effect = Fault::Effect::kTruncate});
  const auto cut = CheckObject(ctx_, *vault_, entry_).value();
  EXPECT_EQ(cut->kind, FindingKind::kDamaged);
  EXPECT_LT(*cut->actual_size, 5);

  ASSERT_TRUE(vault_->Put(ctx_, {.key = "pool/aa/x", .body = "alphabet"}).has_value());
  StringSink sink;
  const auto longer = CopyChecked(ctx_, *vault_, entry_, sink).value();
  EXPECT_EQ(longer->kind, FindingKind::kDamaged);
  EXPECT_EQ(longer->actual_size, 8);
  EXPECT_LE(sink.text().size(), 5U);
}

TEST_F(CheckObjectTest, TellsLostFromUnavailable) {
  vault_->Plan({.operation = "get"});
  EXPECT_EQ(CheckObject(ctx_, *vault_, entry_).error().kind, ErrorKind::kUnavailable);
  entry_.path = "pool/aa/y";
  const auto lost = CheckObject(ctx_, *vault_, entry_).value();
  EXPECT_EQ(lost->kind, FindingKind::kLostInBackup);
  EXPECT_EQ(lost->key, "k");
  EXPECT_EQ(lost->note, "'pool/aa/y' is not there");
}

TEST_F(CheckObjectTest, NeedsASha256) {
  entry_.checksum->alg = "crc64nvme";
  EXPECT_EQ(CheckObject(ctx_, *vault_, entry_).error().code, "library.checksum_unsupported");
  entry_.checksum.reset();
  EXPECT_EQ(CheckObject(ctx_, *vault_, entry_).error().kind, ErrorKind::kInvalid);
}

}  // namespace
}  // namespace lc2::library
