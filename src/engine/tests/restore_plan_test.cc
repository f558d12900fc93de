// What a plan says and forbids; restore_test.cc has what concerns the database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/restore.h"
#include "engine/tests/world.h"

namespace lc2::engine {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Files kFiles = {{"20097/20123/4301/1.0", "first version"},
                      {"20097/20123/4301/1.1", "second version"},
                      {"20097/20124/4302/1.0", "another file"},
                      {"20098/20125/4303/1.0", "of another company"}};

class Plan : public ::testing::Test, public MemoryWorld {
 protected:
  void SetUp() override {
    PutAll(kFiles);
    Settle();
    auto backup = site.BackUp(kFirstBackup);
    ASSERT_TRUE(IsOk(backup));
    backup_ = std::move(backup).value();
  }
  void Wipe() {
    for (const auto& [key, content] : Library()) Remove(key);
  }
  vault::OpenedBackup backup_;
};

TEST_F(Plan, FillsATargetThatIsNotThereYet) {
  provider.library_error = Error{.kind = ErrorKind::kNotFound, .code = "store.not_found"};
  const auto plan = site.Plan(backup_, api::RestoreType::kStorageOnly);
  ASSERT_TRUE(IsOk(plan));
  EXPECT_THAT(plan->conflicts, IsEmpty());
  EXPECT_EQ(plan->library.action, "create");
  provider.library_error = Error{.kind = ErrorKind::kDenied, .code = "store.denied"};
  EXPECT_EQ(CodeOf(site.Plan(backup_, api::RestoreType::kStorageOnly)), "store.denied");
}

TEST_F(Plan, IsRefusedWithoutRoomForIt) {
  Wipe();
  provider.free_bytes = 10;
  const auto plan = site.Plan(backup_, api::RestoreType::kStorageOnly);
  ASSERT_TRUE(IsOk(plan));
  EXPECT_EQ(plan->library.free_bytes, 10);
  ASSERT_FALSE(plan->conflicts.empty());
  EXPECT_EQ(plan->conflicts.front().reason, "NoSpace");
  EXPECT_EQ(CodeOf(site.Restore(backup_, api::RestoreType::kStorageOnly)), "restore.conflict");
  EXPECT_THAT(Library(), IsEmpty());
}

TEST_F(Plan, IsRefusedWithoutRoomInATargetThatIsNotThereYet) {
  provider.library_error = Error{.kind = ErrorKind::kNotFound, .code = "store.not_found"};
  provider.future_free_bytes = 10;
  const auto plan = site.Plan(backup_, api::RestoreType::kStorageOnly);
  ASSERT_TRUE(IsOk(plan));
  EXPECT_EQ(plan->library.free_bytes, 10);
  ASSERT_FALSE(plan->conflicts.empty());
  EXPECT_EQ(plan->conflicts.front().reason, "NoSpace");
}

TEST_F(Plan, IsRefusedIntoTheVault) {
  Wipe();
  provider.apart_error = Error{.kind = ErrorKind::kInvalid,
                               .code = "provider.overlap",
                               .message = "they lie in one another"};
  const auto plan = site.Plan(backup_, api::RestoreType::kStorageOnly);
  ASSERT_TRUE(IsOk(plan));
  ASSERT_FALSE(plan->conflicts.empty());
  EXPECT_EQ(plan->conflicts.front().message, "they lie in one another");
  EXPECT_EQ(CodeOf(site.Restore(backup_, api::RestoreType::kStorageOnly)), "restore.conflict");
  EXPECT_THAT(Library(), IsEmpty());
}

TEST_F(Plan, SaysWhoSignedAndWhatIsNotInIt) {
  const auto plan = site.Plan(backup_, api::RestoreType::kStorageOnly);
  EXPECT_EQ(plan->signature, "Trusted");
  EXPECT_THAT(plan->warnings, Contains(HasSubstr("2025-11-09T14:31:02Z")));
  vault::OpenedBackup other = backup_;
  other.signature = vault::SignatureState::kUntrustedKey;
  EXPECT_EQ(site.Plan(other, api::RestoreType::kStorageOnly)->signature, "UntrustedKey");
  other.signature = vault::SignatureState::kUnsigned;
  EXPECT_EQ(site.Plan(other, api::RestoreType::kStorageOnly)->signature, "Unsigned");
}

}  // namespace
}  // namespace lc2::engine
