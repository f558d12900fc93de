#include "control/known_vault.h"

#include "control/tests/control_fixture.h"

namespace lc2::control::testing {
namespace {

class KnownVault : public ControlFixture {
 protected:
  std::optional<api::LocationVault> Known() {
    return GetAs<api::BackupLocation>(ctx, *resources, "", "disk").value().status.vault;
  }
  std::string Open(provider::VaultAccess access) {
    return CodeOf(OpenEnvironment(ctx, deps(), kRetail, access));
  }
  void EmptyTheVault() {
    for (const std::string& key : KeysOf(*vault)) ASSERT_TRUE(IsOk(vault->Delete(ctx, key)));
  }
};

TEST_F(KnownVault, IsRememberedFromTheFirstBackupOn) {
  EXPECT_EQ(Known(), std::nullopt);
  MakeBackup();
  ASSERT_TRUE(Known().has_value());
  EXPECT_THAT(vault->Get(ctx, "vault.json").value(), ::testing::HasSubstr(Known()->id));
}

// An unmounted volume must not become a new vault, in which the backups of before are not.
TEST_F(KnownVault, NoNewOneIsMadeWhereItIsGone) {
  MakeBackup();
  EmptyTheVault();
  for (const auto access : {provider::VaultAccess::kRead, provider::VaultAccess::kWrite,
                            provider::VaultAccess::kCreate})
    EXPECT_EQ(Open(access), "vault.gone");
  Create(Backup("second"));
  const auto look = Look("second");
  EXPECT_FALSE(look.has_value() && look->terminal && !look->error.has_value());
  EXPECT_TRUE(KeysOf(*vault).empty());
}

TEST_F(KnownVault, AnotherOneInItsPlaceIsRefused) {
  MakeBackup();
  EmptyTheVault();
  SeededRandom other(99);
  ASSERT_TRUE(IsOk(vault::OpenVault(ctx, *vault, other, {.create = true, .single_writer = true})));
  const std::size_t before = KeysOf(*vault).size();
  EXPECT_EQ(Open(provider::VaultAccess::kCreate), "vault.other");
  EXPECT_EQ(KeysOf(*vault).size(), before);
}

TEST_F(KnownVault, ALocationThatPointsElsewhereIsAnotherPlace) {
  MakeBackup();
  EmptyTheVault();
  const api::BackupLocation location =
      GetAs<api::BackupLocation>(ctx, *resources, "", "disk").value();
  EXPECT_TRUE(KnownVaultId(location).has_value());
  api::BackupLocation moved = location;
  moved.spec.bucket = "/srv/elsewhere";
  EXPECT_EQ(KnownVaultId(moved), std::nullopt);
  moved = location;
  moved.spec.prefix = "below";
  EXPECT_EQ(KnownVaultId(moved), std::nullopt);
}

}  // namespace
}  // namespace lc2::control::testing
