#include "control/service.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "control/tests/control_fixture.h"
#include "control/tests/faulty_store.h"

namespace lc2::control::testing {
namespace {

using std::chrono::milliseconds;

// A store whose watch of restores says nothing before it is let go.
class LateRestores final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  void LetGo() {
    const std::lock_guard lock(mutex_);
    let_go_ = true;
    changed_.notify_all();
  }
  // Once the other watch has handed out its first request.
  bool put() const { return put_; }

  Result<std::unique_ptr<ResourceWatch>> Watch(const Context& ctx,
                                               const ResourceQuery& query) override {
    LC2_ASSIGN_OR_RETURN(auto watch, inner_.Watch(ctx, query));
    return std::unique_ptr<ResourceWatch>(std::make_unique<Followed>(
        std::move(watch), *this, query.kind == api::RestoreRequest::kKind));
  }

 private:
  class Followed final : public ResourceWatch {
   public:
    Followed(std::unique_ptr<ResourceWatch> watch, LateRestores& store, bool late)
        : watch_(std::move(watch)), store_(store), late_(late) {}
    Result<std::optional<WatchEvent>> Next(const Context& ctx, milliseconds wait) override {
      if (late_) {
        std::unique_lock lock(store_.mutex_);
        store_.changed_.wait(lock, [&] { return store_.let_go_; });
      }
      // It comes for the next event when it has done with the one before.
      if (handed_out_) store_.put_ = true;
      auto event = watch_->Next(ctx, wait);
      handed_out_ = event.has_value() && *event && (*event)->type == WatchEventType::kPut;
      return event;
    }

   private:
    const std::unique_ptr<ResourceWatch> watch_;
    LateRestores& store_;
    const bool late_;
    bool handed_out_ = false;
  };
  std::mutex mutex_;
  std::condition_variable changed_;
  bool let_go_ = false;
  std::atomic<bool> put_ = false;
};

// Counts the looks at it that one thread takes.
class CountingClock final : public Clock {
 public:
  explicit CountingClock(const Clock& clock) : clock_(clock) {}
  void Follow(std::thread::id thread) { thread_ = thread; }
  int looks() const { return looks_; }
  Time Now() const override { return clock_.Now(); }
  SteadyTime SteadyNow() const override {
    if (std::this_thread::get_id() == thread_) ++looks_;
    return clock_.SteadyNow();
  }

 private:
  const Clock& clock_;
  std::atomic<std::thread::id> thread_;
  mutable std::atomic<int> looks_ = 0;
};

class ServiceTest : public ControlFixture {
 protected:
  // Looks again and again, since nothing tells of it; false after half a minute.
  template <class What>
  static bool Eventually(const What& what) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!what()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }
};

// A service that runs until the end of the test, over a store with faults.
class FaultyService : public ServiceTest {
 protected:
  using Call = FaultyStore::Call;
  using Fault = FaultyStore::Fault;

  ~FaultyService() override { stop.request_stop(); }
  void Serve(ServiceOptions options = {}) {
    resources_used = &store;
    used.emplace(deps());
    options.workers = 1;
    options.look = options.first_pause = milliseconds(2);
    service = Service::Make(*used, std::move(options));
    running =
        std::jthread([this] { EXPECT_TRUE(IsOk(service->Run(ctx.WithStop(stop.get_token())))); });
  }
  // Time passes meanwhile: a look that met somebody else's write pauses.
  bool Comes(api::BackupState state, const std::string& name = kName) {
    return Eventually([&] {
      clock.Advance(milliseconds(1));
      return BackupStatus(name).state == state;
    });
  }
  bool Ends(const std::string& name = kName) { return Comes(api::BackupState::kSucceeded, name); }
  bool CountsError(const std::string& kind, std::int64_t times) {
    return Eventually([&] {
      const auto errors = service->facts().errors;
      const auto found = errors.find(kind);
      return found != errors.end() && found->second >= times;
    });
  }
  std::map<std::string, std::int64_t> Errors() { return service->facts().errors; }

  FaultyStore store{*resources};
  std::optional<Deps> used;
  std::unique_ptr<Service> service;
  std::stop_source stop;
  std::jthread running;
};

TEST_F(FaultyService, AWatchThatFailsBeginsAnew) {
  WorkOnLaunch();
  store.Plan(Call::kWatch, api::BackupRequest::kKind, Fault::kAway, 2);
  store.Plan(Call::kWatch, api::RestoreRequest::kKind, Fault::kThrows);
  Serve();
  EXPECT_TRUE(CountsError("Unavailable", 2));
  EXPECT_TRUE(CountsError("Internal", 1));
  EXPECT_TRUE(Eventually([&] { return service->facts().synced; }));
  store.Plan(Call::kNext, api::BackupRequest::kKind, Fault::kAway);
  EXPECT_TRUE(CountsError("Unavailable", 3));
  store.Plan(Call::kNext, api::BackupRequest::kKind, Fault::kReset);
  EXPECT_TRUE(Eventually([&] { return store.exhausted(); }));
  Create(Backup());
  EXPECT_TRUE(Ends());
  EXPECT_EQ(Errors(), (std::map<std::string, std::int64_t>{{"Internal", 1}, {"Unavailable", 3}}));
}

TEST_F(FaultyService, APlanThatFailsIsMadeAgain) {
  WorkOnLaunch();
  store.Plan(Call::kList, api::BackupLocation::kKind, Fault::kAway, 2);
  Serve();
  Create(Backup());
  EXPECT_TRUE(Ends());
  EXPECT_EQ(Errors(), (std::map<std::string, std::int64_t>{{"Unavailable", 2}}));
}

TEST_F(FaultyService, ALookThatFailsOrThrowsIsTakenAgain) {
  WorkOnLaunch();
  for (const Fault fault : {Fault::kAway, Fault::kThrows}) {
    const std::string name = fault == Fault::kAway ? kName : "retail-prd-backup-20251109-153000";
    store.Plan(Call::kGet, api::BackupRequest::kKind, fault);
    if (service == nullptr) Serve();
    Create(Backup(name));
    ASSERT_TRUE(CountsError(fault == Fault::kAway ? "Unavailable" : "Internal", 1));
    EXPECT_TRUE(Ends(name));
    EXPECT_TRUE(Eventually([&] { return service->facts().running == 0; }));
  }
  EXPECT_EQ(Errors(), (std::map<std::string, std::int64_t>{{"Internal", 1}, {"Unavailable", 1}}));
}

TEST_F(FaultyService, ARequestThatIsGoneWhenItIsLookedAtIsNoError) {
  WorkOnLaunch();
  std::atomic<bool> gone = false;
  store.before_get = [&](const ResourceRef& ref) {
    if (ref.name == "gone" && !gone.exchange(true)) {
      EXPECT_TRUE(IsOk(resources->Delete(ctx, ref, {})));
    }
  };
  Serve({.max_concurrent = 1});
  Create(Backup("gone"));
  EXPECT_TRUE(Eventually([&] { return gone.load(); }));
  Create(Backup());
  EXPECT_TRUE(Ends()) << "its place is free again";
  EXPECT_TRUE(Errors().empty());
}

TEST_F(FaultyService, WhoWaitsIsShownItsPlaceUntilItIsDeleted) {
  Serve({.max_concurrent = 1});
  Create(Backup());
  ASSERT_TRUE(Comes(api::BackupState::kInProgress));
  Create(Restore());
  EXPECT_TRUE(
      Eventually([&] { return Text(RestoreStatus().conditions, "Queued") == "True/GlobalLimit"; }));
  EXPECT_EQ(MessageOf(RestoreStatus().conditions, "Queued"), "number 1 of its project");
  EXPECT_EQ(service->facts().waiting, (std::map<std::string, std::int64_t>{{"retail", 1}}));
  ASSERT_TRUE(IsOk(resources->Delete(ctx, RefTo<api::RestoreRequest>(kNamespace, "back"), {})));
  EXPECT_TRUE(Eventually([&] { return service->facts().waiting["retail"] == 0; }));
  EXPECT_EQ(service->facts().running, 1);
}

TEST_F(FaultyService, AnExceptionWhileAPlaceIsShownEndsNothing) {
  Serve({.max_concurrent = 1});
  Create(Backup());
  ASSERT_TRUE(Comes(api::BackupState::kInProgress));
  store.Plan(Call::kGet, api::RestoreRequest::kKind, Fault::kThrows);
  Create(Restore());
  EXPECT_TRUE(CountsError("Internal", 1));
  ChangeBackup(kName, [](api::BackupRequest& request) { request.spec.cancel = true; });
  EXPECT_TRUE(Comes(api::BackupState::kCancelled));
}

TEST_F(FaultyService, ATaskThatFailsComesBack) {
  std::atomic<int> runs = 0;
  PeriodicTask task{.name = "test", .every = milliseconds(1)};
  task.run = [&](const Context&, const api::LiferayEnvironment& environment) -> Result<void> {
    EXPECT_EQ(environment.metadata.name, "retail-prd");
    switch (++runs) {
      case 1:
        return Error{.kind = ErrorKind::kDenied, .code = "test.denied", .message = "no"};
      case 2:
        throw std::runtime_error("out of something");
      case 3:
        store.Plan(Call::kList, api::LiferayEnvironment::kKind, Fault::kAway);
        return {};
      case 4:
        store.Plan(Call::kList, api::LiferayEnvironment::kKind, Fault::kThrows);
        return {};
      default:
        return {};
    }
  };
  Serve({.tasks = {task}});
  EXPECT_TRUE(Eventually([&] { return runs > 6; }));
  EXPECT_EQ(Errors(), (std::map<std::string, std::int64_t>{
                          {"Denied", 1}, {"Internal", 2}, {"Unavailable", 1}}));
}

// Requests that one watch tells of before the other one is in step: the scheduler has to let the
// other one in.
TEST_F(ServiceTest, ARequestThatIsSeenBeforeAllAreDoesNotShutOutTheRest) {
  WorkOnLaunch();
  Create(Backup());
  LateRestores late(*resources);
  resources_used = &late;
  const Deps used = deps();
  const auto service = Service::Make(used, {.workers = 1, .look = milliseconds(5)});
  CountingClock counting(clock);
  std::stop_source stop;
  const Context own = Context(counting).WithStop(stop.get_token());
  std::jthread running([&] {
    counting.Follow(std::this_thread::get_id());
    EXPECT_TRUE(IsOk(service->Run(own)));
  });
  EXPECT_TRUE(Eventually([&] { return late.put(); }));
  // The scheduler comes round with the request in its table.
  const int before = counting.looks();
  EXPECT_TRUE(Eventually([&] { return counting.looks() > before + 4; }));
  late.LetGo();
  EXPECT_TRUE(Eventually([&] { return BackupStatus().state == api::BackupState::kSucceeded; }));
  stop.request_stop();
}

}  // namespace
}  // namespace lc2::control::testing
