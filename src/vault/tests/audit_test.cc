#include "vault/audit.h"

#include <functional>

#include <boost/json/object.hpp>

#include "vault/tests/vault_fixture.h"

namespace lc2::vault {
namespace {

class AuditTest : public ::testing::Test, protected VaultFixture {
 protected:
  Result<AuditHead> Append(AuditLog& log, const std::string& action) {
    return log.Append(ctx, {.action = action,
                            .who = "alice",
                            .environment = "retail-prd",
                            .subject = "b",
                            .detail = {{"n", 1}}});
  }
  Result<AuditHead> Verify() { return VerifyAudit(ctx, *store, file.vault_id); }
};

TEST_F(AuditTest, ChainsEntriesAndVerifies) {
  EXPECT_EQ(Verify().value().count, 0);
  AuditHead last;
  for (int i = 0; i < 20; ++i) last = Append(audit, "a" + std::to_string(i)).value();
  EXPECT_EQ(last.count, 20);
  EXPECT_EQ(Verify().value().digest, last.digest);
  const auto entries = ReadAudit(ctx, *store, file.vault_id, 18, 10).value();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[1].event.action, "a19");
  EXPECT_EQ(entries[1].event.who, "alice");
  EXPECT_EQ(codec::CanonicalJson(entries[1].event.detail), R"({"n":1})");
}

TEST_F(AuditTest, SeveralWritersFindTheEnd) {
  for (const int before : {1, 2, 3, 4, 5, 8, 9, 13}) {
    while (Verify().value().count < before) ASSERT_TRUE(IsOk(Append(audit, "one")));
    AuditLog other(*store, file.vault_id, random);
    EXPECT_EQ(Append(other, "two").value().count, before + 1);
  }
  EXPECT_TRUE(IsOk(Append(audit, "one")));
  EXPECT_TRUE(IsOk(Verify()));
}

// Whoever looks at it lets another writer go first.
class PoliteClock final : public Clock {
 public:
  PoliteClock(const Clock& clock, std::function<void()> others)
      : clock_(clock), others_(std::move(others)) {}
  Time Now() const override {
    others_();
    return clock_.Now();
  }
  SteadyTime SteadyNow() const override { return clock_.SteadyNow(); }

 private:
  const Clock& clock_;
  const std::function<void()> others_;
};

TEST_F(AuditTest, OneWhomOthersNeverLetWriteGivesUp) {
  AuditLog others(*store, file.vault_id, random);
  std::int64_t written = 0;
  const PoliteClock polite(clock, [&] {
    EXPECT_TRUE(IsOk(Append(others, "theirs")));
    ++written;
  });
  const auto head = audit.Append(Context(polite), {.action = "mine", .who = "alice"});
  ASSERT_EQ(CodeOf(head), "vault.log_busy");
  EXPECT_EQ(head.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(Verify().value().count, written);
  EXPECT_EQ(Append(audit, "mine").value().count, written + 1);
}

TEST_F(AuditTest, ChangedMissingAndForeignEntriesAreNamed) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(IsOk(Append(audit, "a")));
  const std::string third = AuditKey(file.vault_id, 2);
  const std::string good = store->Get(ctx, third).value();
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    Overwrite(third, bad);
    ASSERT_EQ(CodeOf(Verify()), "audit.broken") << i;
  }
  ASSERT_TRUE(IsOk(store->Delete(ctx, third)));
  EXPECT_EQ(CodeOf(Verify()), "audit.broken");
  EXPECT_NE(Verify().error().message.find(third), std::string::npos);
  Overwrite(third, good);
  EXPECT_TRUE(IsOk(Verify()));
  Overwrite(AuditPrefix(file.vault_id) + "note", "x");
  EXPECT_EQ(CodeOf(Verify()), "audit.broken");
}

TEST_F(AuditTest, LostAnswersAreReadBackAndUnknownIsLookedUpAgain) {
  store->Plan({.operation = "put", .effect = Fault::Effect::kFailAfter});
  EXPECT_EQ(Append(audit, "a").value().count, 1);
  store->Plan({.operation = "put", .times = 3, .effect = Fault::Effect::kFailBefore});
  EXPECT_EQ(CodeOf(Append(audit, "b")), "vault.unknown_outcome");
  EXPECT_EQ(Append(audit, "c").value().count, 2);
  EXPECT_TRUE(IsOk(Verify()));
  EXPECT_EQ(CodeOf(Append(audit, "\xff")), "audit.entry");
  store->Plan({.operation = "head"});
  AuditLog other(*store, file.vault_id, random);
  EXPECT_EQ(Append(other, "d").error().kind, ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace lc2::vault
