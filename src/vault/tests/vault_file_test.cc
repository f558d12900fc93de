#include "vault/vault_file.h"

#include "vault/tests/vault_fixture.h"

namespace lc2::vault {
namespace {

class VaultFileTest : public ::testing::Test {
 protected:
  Result<VaultFile> Open(const OpenVaultOptions& options = {}) {
    return OpenVault(ctx_, *store_, random_, options);
  }
  void Put(const std::string& bytes) {
    ASSERT_TRUE(IsOk(store_->Put(ctx_, {.key = "vault.json", .body = bytes})));
  }
  testing::FakeClock clock_;
  Context ctx_{clock_};
  SeededRandom random_{7};
  std::unique_ptr<MemoryStore> store_ = MakeMemoryStore(clock_);
};

TEST_F(VaultFileTest, IsCreatedOnceAndReadAfterwards) {
  EXPECT_EQ(CodeOf(Open()), "vault.not_found");
  const VaultFile made = Open({.create = true}).value();
  EXPECT_EQ(made.format, kVaultFormat);
  EXPECT_EQ(made.created_at, clock_.Now());
  EXPECT_EQ(Open({.create = true}).value().vault_id, made.vault_id);
  EXPECT_EQ(Open().value().vault_id, made.vault_id);
}

TEST_F(VaultFileTest, OtherFormatsAndDamageAreRefused) {
  const struct {
    std::string bytes;
    std::string code;
  } cases[] = {
      {R"({"format":2,"vaultId":"00000000000000000000000000000000"})", "vault.newer_format"},
      {R"({"format":0,"vaultId":"00000000000000000000000000000000"})", "vault.bad_file"},
      {R"({"format":1,"vaultId":"../x"})", "vault.bad_file"},
      {R"({"format":"1"})", "vault.bad_file"},
      {R"({"format":1)", "vault.bad_file"},
      {"", "vault.bad_file"},
  };
  for (const auto& c : cases) {
    Put(c.bytes);
    const auto opened = Open({.create = true});
    ASSERT_FALSE(opened.has_value()) << c.bytes;
    EXPECT_EQ(opened.error().code, c.code) << c.bytes;
    EXPECT_EQ(opened.error().kind, ErrorKind::kCorrupt);
    EXPECT_FALSE(opened.error().hint.empty());
  }
}

TEST_F(VaultFileTest, StoresThatCannotCreateOnlyNeedASingleWriter) {
  store_ = MakeMemoryStore(clock_, {.create_only = false});
  EXPECT_EQ(CodeOf(Open({.create = true})), "vault.needs_create_only");
  EXPECT_TRUE(IsOk(Open({.create = true, .single_writer = true})));
}

TEST_F(VaultFileTest, UnreachableIsNeitherAbsentNorNew) {
  store_->Plan({.operation = "get", .times = 1});
  EXPECT_EQ(Open({.create = true}).error().kind, ErrorKind::kUnavailable);
  store_->Plan({.operation = "put", .times = 100});
  EXPECT_EQ(CodeOf(Open({.create = true})), "vault.unknown_outcome");
}

}  // namespace
}  // namespace lc2::vault
