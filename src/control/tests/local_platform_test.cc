#include "control/local_platform.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "control/driver.h"
#include "control/tests/control_fixture.h"
#include "vault/run_log.h"

namespace lc2::control::testing {
namespace {

// A library whose listing takes until somebody stops the attempt.
class EndlessProvider final : public provider::Provider {
 public:
  EndlessProvider(provider::Provider& inner, ObjectStore& library)
      : inner_(inner), library_(library) {}
  std::atomic<bool> entered = false;
  bool throws = false;

  Result<std::unique_ptr<ObjectStore>> OpenVault(const api::BackupLocation& location,
                                                 provider::VaultAccess access) override {
    return inner_.OpenVault(location, access);
  }
  Result<std::unique_ptr<ObjectStore>> OpenLibrary(const api::LiferayEnvironment&,
                                                   provider::LibraryAccess) override {
    if (throws) throw std::runtime_error("out of everything");
    return std::unique_ptr<ObjectStore>(std::make_unique<Library>(*this));
  }
  Result<SecretValues> DatabaseSecret(const api::LiferayEnvironment& environment) override {
    return inner_.DatabaseSecret(environment);
  }
  Result<void> CheckApart(const api::LiferayEnvironment&, const api::BackupLocation&) override {
    return {};
  }

 private:
  class Library final : public ObjectStore {
   public:
    explicit Library(EndlessProvider& owner) : owner_(owner), inner_(owner.library_) {}
    StoreFeatures features() const override { return inner_.features(); }
    const std::string& root_name() const override { return inner_.root_name(); }
    void Submit(const Context& ctx, Operation operation, Completion done) override {
      inner_.Submit(ctx, std::move(operation), std::move(done));
    }
    Result<std::unique_ptr<ObjectReader>> OpenReader(const Context& ctx, const std::string& key,
                                                     std::optional<ByteRange> range,
                                                     const std::string& version) override {
      return inner_.OpenReader(ctx, key, range, version);
    }
    Result<std::unique_ptr<ObjectWriter>> OpenWriter(const Context& ctx, const std::string& key,
                                                     PutMode mode) override {
      return inner_.OpenWriter(ctx, key, mode);
    }
    Result<std::unique_ptr<EntryReader>> List(const Context& ctx, const ListQuery&) override {
      owner_.entered = true;
      while (!ctx.stopped()) std::this_thread::yield();
      return ctx.Check().error();
    }
    Result<void> Barrier(const Context& ctx) override { return inner_.Barrier(ctx); }
    Result<Time> Now(const Context& ctx) override { return inner_.Now(ctx); }
    Result<std::optional<std::int64_t>> FreeBytes(const Context& ctx) override {
      return inner_.FreeBytes(ctx);
    }

   private:
    EndlessProvider& owner_;
    ObjectStore& inner_;
  };

  provider::Provider& inner_;
  ObjectStore& library_;
};

class LocalPlatform : public ControlFixture {
 protected:
  std::unique_ptr<Platform> Make_(provider::Provider& with, ProgressSink* progress = nullptr) {
    return MakeLocalPlatform(clock, NullLogger(), with,
                             {.locks = home.path() / "locks", .progress = progress});
  }
  // An attempt as the reconciler launches it.
  AttemptWork Launched() {
    Create(Backup());
    EXPECT_TRUE(IsOk(Look()));
    return platform.launched.front();
  }
  AttemptStatus Ended(Platform& of, const AttemptName& name) {
    while (true) {
      const AttemptStatus status = of.Status(ctx, name).value();
      if (status.phase != AttemptPhase::kRunning) return status;
      of.Wait(ctx, std::chrono::milliseconds(10'000));
    }
  }
  AttemptPhase PhaseOf(Platform& of, const AttemptName& name) {
    return of.Status(ctx, name).value().phase;
  }
  static void WaitFor(const std::atomic<bool>& flag) {
    while (!flag) std::this_thread::yield();
  }
  EndlessProvider endless{worker_provider, *library};
};

class CountingSink final : public ProgressSink {
 public:
  void Report(const Progress&) override { ++count; }
  std::atomic<int> count = 0;
};

TEST_F(LocalPlatform, RunsAnAttemptToItsEnd) {
  const AttemptWork work = Launched();
  CountingSink sink;
  const auto local = Make_(worker_provider, &sink);
  ASSERT_TRUE(IsOk(local->Launch(ctx, work)));
  ASSERT_TRUE(IsOk(local->Launch(ctx, work)));  // the same attempt
  const AttemptStatus status = Ended(*local, NameOf(work));
  EXPECT_EQ(status.phase, AttemptPhase::kSucceeded);
  EXPECT_TRUE(status.progress.has_value());
  EXPECT_GT(sink.count, 0);
  // Whoever looks next commits what it left.
  platform.LoseAll();
  EXPECT_TRUE(Look()->terminal);
  EXPECT_EQ(BackupStatus().state, api::BackupState::kSucceeded);
}

TEST_F(LocalPlatform, TellsHowAnAttemptFailed) {
  const AttemptWork work = Launched();
  worker_provider.library_error =
      Error{.kind = ErrorKind::kDenied, .code = "library.denied", .message = "no"};
  const auto local = Make_(worker_provider);
  ASSERT_TRUE(IsOk(local->Launch(ctx, work)));
  const AttemptStatus status = Ended(*local, NameOf(work));
  EXPECT_EQ(status.phase, AttemptPhase::kFailed);
  EXPECT_EQ(status.error->code, "library.denied");
}

TEST_F(LocalPlatform, AnExceptionIsAFailure) {
  const AttemptWork work = Launched();
  endless.throws = true;
  const auto local = Make_(endless);
  ASSERT_TRUE(IsOk(local->Launch(ctx, work)));
  const AttemptStatus status = Ended(*local, NameOf(work));
  EXPECT_EQ(status.phase, AttemptPhase::kFailed);
  EXPECT_EQ(status.error->code, "attempt.exception");
  EXPECT_THAT(status.error->message, ::testing::HasSubstr("out of everything"));
}

// Before anybody learns of the end: the log of a closed run is whole.
TEST_F(LocalPlatform, AnAttemptsLogLiesInTheVaultWhenItEnds) {
  const AttemptWork work = Launched();
  endless.throws = true;
  const auto local = Make_(endless);
  ASSERT_TRUE(IsOk(local->Launch(ctx, work)));
  (void)Ended(*local, NameOf(work));
  const vault::RunLogName name{
      .env = kRetail, .run = NameOf(work).run, .attempt = NameOf(work).attempt};
  ASSERT_THAT(vault::ListRunLog(ctx, *vault, name).value(), ::testing::ElementsAre(0));
  const auto lines = vault::ReadRunLogPiece(ctx, *vault, name, 0).value();
  EXPECT_EQ(lines.front().at("event"), "backup begins");
  EXPECT_EQ(lines.back().at("event"), "attempt failed");
  EXPECT_EQ(lines.back().at("code"), "attempt.exception");
}

TEST_F(LocalPlatform, CancelEndsAnAttempt) {
  const AttemptWork work = Launched();
  const auto local = Make_(endless);
  ASSERT_TRUE(IsOk(local->Launch(ctx, work)));
  WaitFor(endless.entered);
  EXPECT_EQ(PhaseOf(*local, NameOf(work)), AttemptPhase::kRunning);
  ASSERT_TRUE(IsOk(local->Cancel(ctx, NameOf(work))));
  const AttemptStatus status = local->Status(ctx, NameOf(work)).value();
  EXPECT_EQ(status.phase, AttemptPhase::kFailed);
  EXPECT_EQ(status.error->kind, ErrorKind::kCancelled);
  ASSERT_TRUE(IsOk(local->Cancel(ctx, NameOf(work))));  // once more is no error
}

TEST_F(LocalPlatform, ItsEndEndsItsAttempts) {
  const AttemptWork work = Launched();
  auto local = Make_(endless);
  ASSERT_TRUE(IsOk(local->Launch(ctx, work)));
  WaitFor(endless.entered);
  local.reset();
  EXPECT_EQ(PhaseOf(*Make_(endless), NameOf(work)), AttemptPhase::kLost);
  EXPECT_TRUE(std::filesystem::is_empty(home.path() / "locks"));
}

TEST_F(LocalPlatform, AnAttemptOfAnotherProcessRunsAsLongAsThatLives) {
  const AttemptWork work = Launched();
  const AttemptName name = NameOf(work);
  auto first = Make_(endless);
  const auto second = Make_(endless);
  ASSERT_TRUE(IsOk(first->Launch(ctx, work)));
  WaitFor(endless.entered);
  EXPECT_EQ(PhaseOf(*second, name), AttemptPhase::kRunning);
  ASSERT_TRUE(IsOk(second->Launch(ctx, work)));  // it is not run twice
  EXPECT_EQ(PhaseOf(*second, name), AttemptPhase::kRunning);
  const auto cancelled = second->Cancel(ctx, name);
  EXPECT_EQ(CodeOf(cancelled), "attempt.elsewhere");
  // Whom to kill, should it hang.
  EXPECT_THAT(cancelled.error().message,
              ::testing::HasSubstr("process " + std::to_string(::getpid())));
  EXPECT_TRUE(FactsOf(cancelled.error().kind).retryable);
  // It has ended, but the process that ran it still answers for what it came to.
  ASSERT_TRUE(IsOk(first->Cancel(ctx, name)));
  EXPECT_EQ(PhaseOf(*second, name), AttemptPhase::kRunning);
  first.reset();
  EXPECT_EQ(PhaseOf(*second, name), AttemptPhase::kLost);
  EXPECT_TRUE(IsOk(second->Cancel(ctx, name)));
}

TEST_F(LocalPlatform, AnAttemptWhoseProcessDiedIsLost) {
  const AttemptWork work = Launched();
  const AttemptName name = NameOf(work);
  const auto local = Make_(worker_provider);
  EXPECT_EQ(PhaseOf(*local, name), AttemptPhase::kLost);
  EXPECT_FALSE(std::filesystem::exists(home.path() / "locks"));  // a look leaves nothing
  std::filesystem::create_directories(home.path() / "locks");
  std::ofstream(home.path() / "locks" / (name.run.str() + "-" + name.attempt.str())).flush();
  EXPECT_EQ(PhaseOf(*local, name), AttemptPhase::kLost);
}

TEST_F(LocalPlatform, LocksOfKilledProcessesGoWithTheNextLaunch) {
  const AttemptWork work = Launched();
  auto living = Make_(endless);
  ASSERT_TRUE(IsOk(living->Launch(ctx, work)));
  const std::filesystem::path dead = home.path() / "locks" / (std::string(32, 'd') + "-a1");
  std::ofstream(dead).flush();
  AttemptWork other = work;
  std::get<engine::BackupRun>(other).attempt = AttemptId("a2");
  const auto next = Make_(endless);
  ASSERT_TRUE(IsOk(next->Launch(ctx, other)));
  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_EQ(PhaseOf(*next, NameOf(work)), AttemptPhase::kRunning) << "a held lock stays";
  living.reset();
}

TEST_F(LocalPlatform, LocksOfKilledProcessesGoWithTheNextCommandOfAnyKind) {
  std::filesystem::create_directories(home.path() / "locks");
  std::ofstream(home.path() / "locks" / (std::string(32, 'd') + "-a1")).flush();
  Make_(worker_provider).reset();
  EXPECT_TRUE(std::filesystem::is_empty(home.path() / "locks"));
}

TEST_F(LocalPlatform, ASweepOfAnotherCommandKeepsNoAttemptFromItsLock) {
  const AttemptWork work = Launched();
  const AttemptName name = NameOf(work);
  const std::filesystem::path locks = home.path() / "locks";
  std::filesystem::create_directories(locks);
  // As a sweep that the system interrupts while it looks at the file.
  UniqueFd sweep(::open((locks / (name.run.str() + "-" + name.attempt.str())).c_str(),
                        O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  struct flock whole = {};
  whole.l_type = F_WRLCK;
  ASSERT_EQ(::fcntl(sweep.get(), F_OFD_SETLK, &whole), 0);
  const std::jthread goes_on([&sweep] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    sweep.Close();
  });
  const auto local = Make_(worker_provider);
  ASSERT_TRUE(IsOk(local->Launch(ctx, work)));
  EXPECT_EQ(Ended(*local, name).phase, AttemptPhase::kSucceeded);
}

TEST_F(LocalPlatform, ALockThatCannotBeMadeIsAnError) {
  const AttemptWork work = Launched();
  std::ofstream(home.path() / "locks").flush();  // a file where the folder should be
  const auto local = Make_(worker_provider);
  EXPECT_FALSE(local->Launch(ctx, work).has_value());
  EXPECT_FALSE(local->Status(ctx, NameOf(work)).has_value());
}

TEST_F(LocalPlatform, DrivesABackupAndItsRestore) {
  Create(Backup());
  const auto local = Make_(worker_provider);
  const Deps with{.resources = *resources,
                  .provider = provider,
                  .platform = *local,
                  .catalog = *catalog,
                  .random = random,
                  .signing_key = &signing_key,
                  .trusted = {signing_key.public_key()},
                  .who = "alice@host"};
  const auto made = Drive(ctx, with, RefTo<api::BackupRequest>(kNamespace, kName));
  ASSERT_TRUE(IsOk(made));
  EXPECT_FALSE(made->error.has_value());
  for (const std::string& path : KeysOf(*library)) RemoveFile(path);
  Create(Restore());
  const auto restored = Drive(ctx, with, RefTo<api::RestoreRequest>(kNamespace, "back"));
  ASSERT_TRUE(IsOk(restored));
  EXPECT_FALSE(restored->error.has_value());
  EXPECT_EQ(KeysOf(*library).size(), kFiles.size());
  EXPECT_THAT(codec::CompactJson(RestoreStatus().plan),
              ::testing::HasSubstr("\"objectsWritten\":3"));
}

}  // namespace
}  // namespace lc2::control::testing
