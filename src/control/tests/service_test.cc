#include "control/service.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "control/tests/control_fixture.h"
#include "control/tests/unreliable_store.h"

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
