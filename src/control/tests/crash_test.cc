// Whoever dies at any write, and whoever works beside whom: one decision, one backup.
#include <set>

#include "control/driver.h"
#include "control/tests/control_fixture.h"
#include "resources/unreliable_store.h"

namespace lc2::control::testing {
namespace {

// A world of its own for each case.
class World final : public ControlFixture {
 public:
  void TestBody() override {}
  using ControlFixture::catalog;
  using ControlFixture::clock;
  using ControlFixture::Create;
  using ControlFixture::ctx;
  using ControlFixture::deps;
  using ControlFixture::gate;
  using ControlFixture::KeysOf;
  using ControlFixture::kFiles;
  using ControlFixture::library;
  using ControlFixture::platform;
  using ControlFixture::provider;
  using ControlFixture::resources;
  using ControlFixture::resources_used;
  using ControlFixture::RunOf;
  using ControlFixture::vault;
  using ControlFixture::Work;
  using ControlFixture::worker_provider;

  World() {
    Create(Backup());
    WorkOnLaunch();
  }
  Result<Reconciled> LookOnce() { return Look(); }
  void LookToTheEnd() { Make(); }
  Deps OtherProcess() {
    return {.resources = *resources,
            .provider = worker_provider,
            .platform = platform,
            .catalog = *catalog,
            .random = random,
            .signing_key = &signing_key,
            .trusted = {signing_key.public_key()},
            .who = "alice@host"};
  }
  api::BackupState State() { return BackupStatus().state; }

  // The manifest without what differs from run to run and attempt to attempt.
  std::string Normal() {
    std::string text = Manifest();
    codec::Json json = codec::ParseJson(text).value();
    json.get_object().erase("checksum");
    text = codec::CanonicalJson(json);
    const std::string run = RunOf().run.str();
    Replace(text, run, "RUN");
    Replace(text, run.substr(0, 8), "RUN8");
    Replace(text, "/a2/", "/a1/");
    return text;
  }

  // What must hold at the end, whatever happened.
  void Check() {
    EXPECT_EQ(State(), api::BackupState::kSucceeded);
    const vault::RunFacts run = RunOf();
    ASSERT_TRUE(run.committed.has_value());
    EXPECT_EQ(Sha256Tagged(Manifest()), run.committed->manifest_digest);
    EXPECT_TRUE(InVault("retail/prd/20251109-143000/manifest.sig"));
    EXPECT_TRUE(InVault("backup-metadata/" + std::string(kName) + ".json"));
    const auto backup = OpenBackupOf();
    ASSERT_TRUE(IsOk(backup));
    EXPECT_EQ(backup->signature, vault::SignatureState::kTrusted);
    const auto log = vault::ReadControlLog(ctx, *vault, kRetail, run.run).value();
    int commits = 0;
    for (const vault::LogEntry& entry : log.entries) {
      if (std::holds_alternative<vault::Committed>(entry.body)) ++commits;
    }
    EXPECT_EQ(commits, 1);
    // The catalogue that followed says what one made from the vault says.
    const catalog::BackupRecord grown = catalog->Get(ctx, kRetail, BackupId(kName)).value();
    ASSERT_TRUE(IsOk(catalog->Rebuild(ctx, "disk", *vault)));
    EXPECT_EQ(catalog->Get(ctx, kRetail, BackupId(kName)).value(), grown);
  }

 private:
  Result<vault::OpenedBackup> OpenBackupOf() {
    return vault::OpenBackup(ctx, *vault, kRetail, BackupId(kName),
                             {.trusted = {signing_key.public_key()}});
  }
  static void Replace(std::string& text, const std::string& from, const std::string& to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
      text.replace(at, from.size(), to);
      at += to.size();
    }
  }
};

std::string NormalManifest() {
  static const std::string manifest = [] {
    World world;
    world.LookToTheEnd();
    return world.Normal();
  }();
  return manifest;
}

// Dies at each write in turn; a fresh process goes on. With `loses`, its attempts died with it.
int DieAtEachWrite(bool takes_effect, bool loses) {
  for (int stop_at = 1; stop_at < 50; ++stop_at) {
    SCOPED_TRACE(::testing::Message() << "write " << stop_at);
    World world;
    world.gate = {.stop_at = stop_at, .takes_effect = takes_effect};
    Result<Reconciled> look = world.LookOnce();
    while (look.has_value() && !look->terminal) look = world.LookOnce();
    const bool stopped = world.gate.stopped;
    world.gate = {};
    if (loses) world.platform.LoseAll();
    world.LookToTheEnd();
    world.Check();
    EXPECT_EQ(world.Normal(), NormalManifest());
    EXPECT_LE(world.platform.launched.size(), 2U);
    if (!stopped) return stop_at - 1;
  }
  ADD_FAILURE() << "it never ends";
  return 0;
}

TEST(Crash, BeforeEachWriteConverges) { EXPECT_GT(DieAtEachWrite(false, false), 10); }
TEST(Crash, AfterEachWriteConverges) { EXPECT_GT(DieAtEachWrite(true, false), 10); }
TEST(Crash, WithItsAttemptsConvergesToo) {
  EXPECT_GT(DieAtEachWrite(false, true), 10);
  EXPECT_GT(DieAtEachWrite(true, true), 10);
}

TEST(Interleaved, TwoReconcilersNeverDecideTwice) {
  for (int at = 1; at < 50; ++at) {
    SCOPED_TRACE(::testing::Message() << "write " << at);
    for (const int looks : {1, 2}) {
      World world;
      const Deps other = world.OtherProcess();
      bool reached = false;
      world.gate.before_write = [&](int number) {
        if (number != at) return;
        reached = true;
        for (int i = 0; i < looks; ++i) {
          const auto look = ReconcileBackup(world.ctx, other, kNamespace, kName);
          if (look.has_value()) continue;
          EXPECT_EQ(look.error().kind, ErrorKind::kConflict) << Describe(look.error());
        }
      };
      for (int i = 0; i < 10; ++i) {
        const auto look = world.LookOnce();
        if (look.has_value() && look->terminal) break;
        if (!look.has_value()) {
          EXPECT_EQ(look.error().kind, ErrorKind::kConflict) << Describe(look.error());
        }
      }
      world.Check();
      EXPECT_EQ(world.platform.launched.size(), 1U);
      EXPECT_EQ(world.Normal(), NormalManifest());
      if (!reached) return;
    }
  }
  FAIL() << "it never ends";
}

TEST(Unreliable, StaleReadsAndConflictsAreDrivenThrough) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    World world;
    const auto unreliable = MakeUnreliable(*world.resources, seed);
    world.resources_used = unreliable.get();
    const auto made = Drive(world.ctx, world.deps(), RefTo<api::BackupRequest>(kNamespace, kName));
    ASSERT_TRUE(IsOk(made));
    EXPECT_FALSE(made->error.has_value());
    world.Check();

    // A restore has its safeguard made through the same store.
    api::RestoreRequest restore = api::testing::SampleRestore();
    restore.spec.restore_type = api::RestoreType::kStorageOnly;
    restore.spec.strategy = api::RestoreStrategy::kOverwrite;
    restore.spec.confirm = "Overwrite";
    world.clock.Advance(std::chrono::minutes(10));
    world.Create(restore);
    const auto restored =
        Drive(world.ctx, world.deps(), RefTo<api::RestoreRequest>(kNamespace, "back"));
    ASSERT_TRUE(IsOk(restored));
    EXPECT_FALSE(restored->error.has_value());
    EXPECT_EQ(world.platform.launched.size(), 3U);
  }
}

TEST(Faults, AnswersThatAreLostDecideNothingTwice) {
  for (const char* part : {"control/requests", "control/ids", "/000000.json", "/000001.json",
                           "/000002.json", "manifest.json", "manifest.sig", "backup-metadata"}) {
    SCOPED_TRACE(part);
    World world;
    world.vault->Plan({.operation = "put",
                       .key_part = part,
                       .times = 1,
                       .effect = Fault::Effect::kFailAfter,
                       .kind = ErrorKind::kTimeout});
    const auto made = Drive(world.ctx, world.deps(), RefTo<api::BackupRequest>(kNamespace, kName));
    ASSERT_TRUE(IsOk(made));
    world.Check();
    EXPECT_EQ(world.platform.launched.size(), 1U);
  }
}

}  // namespace
}  // namespace lc2::control::testing
