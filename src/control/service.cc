#include "control/service.h"

#include <fmt/core.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "api/backup_request.h"
#include "api/documents.h"
#include "api/restore_request.h"
#include "control/look.h"
#include "control/request_table.h"

namespace lc2::control {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kWatchWait{30'000};
constexpr milliseconds kLongestSleep{60'000};
// Places in the queue are shown when they change, but no more of them at once than this, so that
// a long queue does not write its whole length each time somebody begins.
constexpr milliseconds kShowPlaces{5'000};
constexpr std::size_t kPlacesAtOnce = 100;

class Loop final : public Service {
 public:
  Loop(const Deps& deps, ServiceOptions options)
      : deps_(deps),
        options_(std::move(options)),
        table_({.look = options_.look,
                .first = options_.first_pause,
                .longest = options_.longest_pause}) {}

  Result<void> Run(const Context& ctx) override {
    // What cannot be read now is told at once instead of being retried for ever.
    const auto readable = deps_.resources.List(
        ctx, {.kind = std::string(api::LiferayEnvironment::kKind), .namespace_ = {}, .labels = {}});
    if (ctx.stopped()) return {};
    if (!readable.has_value()) return readable.error();
    std::stop_source ending;
    const Context own = ctx.WithStop(ending.get_token());
    std::vector<std::jthread> threads;
    for (const std::string_view kind : {api::RestoreRequest::kKind, api::BackupRequest::kKind}) {
      threads.emplace_back([this, own, kind] { FollowAlways(own, kind); });
    }
    for (int i = 0; i < std::max(1, options_.workers); ++i) {
      threads.emplace_back([this, own] { LookWhileRunning(own); });
    }
    threads.emplace_back([this, own] { Pulse(own); });
    for (const PeriodicTask& task : options_.tasks) {
      threads.emplace_back([this, own, &task] { Repeat(own, task); });
    }
    Schedule(own);
    ending.request_stop();
    Wake();
    threads.clear();
    return {};
  }

  ServiceFacts facts() const override {
    const std::lock_guard lock(mutex_);
    ServiceFacts facts = facts_;
    for (const auto& [project, count] : table_.waiting_by_project()) facts.waiting[project] = count;
    facts.running = table_.running();
    facts.started = table_.started();
    facts.queue_wait = table_.queue_wait();
    facts.synced = synced_ >= 2;
    return facts;
  }

 private:
  void Wake() {
    const std::lock_guard lock(mutex_);
    for (std::condition_variable* waited : {&changed_, &due_, &ended_}) waited->notify_all();
  }

  void Count(const Error& error) {
    const std::lock_guard lock(mutex_);
    ++facts_.errors[std::string(FactsOf(error.kind).name)];
  }

  // Runs `body`; an exception is an error like any other.
  template <class Body>
  Result<void> Guarded(const Context& ctx, std::string_view what, const Body& body) {
    try {
      if constexpr (std::is_void_v<std::invoke_result_t<Body>>) {
        body();
        return {};
      } else {
        return body();
      }
    } catch (const std::exception& problem) {
      const Error error{
          .kind = ErrorKind::kInternal,
          .code = "serve.exception",
          .message = fmt::format("{} ended by an exception: {}", what, problem.what())};
      ctx.log().Error("exception", {{"in", std::string(what)}, {"error", Describe(error)}});
      return error;
    }
  }

  // --- what the store says ---

  void FollowAlways(const Context& ctx, std::string_view kind) {
    while (!ctx.stopped()) {
      const Result<void> done = Guarded(ctx, "a watch", [&] { Follow(ctx, kind); });
      if (done.has_value() || ctx.stopped()) continue;
      Count(done.error());
      Sleep(ctx, options_.first_pause);
    }
  }

  void Follow(const Context& ctx, std::string_view kind) {
    bool synced = false;
    while (!ctx.stopped()) {
      const auto watch =
          deps_.resources.Watch(ctx, {.kind = std::string(kind), .namespace_ = {}, .labels = {}});
      if (watch.has_value()) {
        while (!ctx.stopped()) {
          const auto event = (*watch)->Next(ctx, kWatchWait);
          if (!event.has_value()) {
            if (!ctx.stopped()) Failed(ctx, kind, event.error());
            break;
          }
          if (*event) Take(ctx, **event, synced);
        }
      } else if (!ctx.stopped()) {
        Failed(ctx, kind, watch.error());
      }
      Sleep(ctx, options_.first_pause);
    }
  }

  void Failed(const Context& ctx, std::string_view kind, const Error& error) {
    Count(error);
    ctx.log().Warning("watch", {{"kind", std::string(kind)}, {"error", Describe(error)}});
  }

  void Take(const Context& ctx, const WatchEvent& event, bool& synced) {
    const SteadyTime now = ctx.clock().SteadyNow();
    const std::lock_guard lock(mutex_);
    switch (event.type) {
      case WatchEventType::kPut:
        table_.Put(event.object, now);
        break;
      case WatchEventType::kDelete:
        table_.Remove(RefOf(event.object));
        break;
      case WatchEventType::kSynced:
        // Of a watch that began anew, requests that vanished meanwhile answer "not found" and go.
        if (!synced) ++synced_;
        synced = true;
        break;
      case WatchEventType::kReset:
        break;
    }
    if (synced_ >= 2) changed_.notify_all();
  }

  // --- whose turn it is ---

  void Schedule(const Context& ctx) {
    SteadyTime show_at = ctx.clock().SteadyNow();
    std::unique_lock lock(mutex_);
    while (!ctx.stopped()) {
      const SteadyTime now = ctx.clock().SteadyNow();
      const std::optional<SteadyTime> due = table_.NextDue();
      if (synced_ >= 2 && (table_.wants_plan() || (due && *due <= now))) {
        lock.unlock();
        const Result<void> planned = Guarded(ctx, "planning", [&] { return Plan(ctx); });
        if (!planned.has_value()) {
          Count(planned.error());
          ctx.log().Warning("planning", {{"error", Describe(planned.error())}});
          Sleep(ctx, options_.first_pause);
        }
        lock.lock();
      }
      if (now >= show_at) {
        const auto places = table_.TakeChangedPlaces(kPlacesAtOnce);
        if (!places.empty()) {
          lock.unlock();
          const Result<void> shown = Guarded(ctx, "showing places", [&] {
            for (const auto& [ref, place] : places) Show(ctx, ref, place);
          });
          if (!shown.has_value()) Count(shown.error());
          lock.lock();
          show_at = now + kShowPlaces;
        }
      }
      due_.notify_all();
      // While a watch is behind there is no plan, and it needs the lock to catch up.
      if ((synced_ >= 2 && table_.wants_plan()) || ctx.stopped()) continue;
      const std::optional<SteadyTime> next = table_.NextDue();
      milliseconds sleep = kLongestSleep;
      if (next) {
        sleep = std::clamp(std::chrono::ceil<milliseconds>(*next - ctx.clock().SteadyNow()),
                           milliseconds(20), kLongestSleep);
      }
      if (show_at > now) sleep = std::min(sleep, std::chrono::ceil<milliseconds>(show_at - now));
      // The context's stop is looked at this often; its token wakes nobody.
      changed_.wait_for(lock, std::min(sleep, milliseconds(500)));
    }
  }

  Result<void> Plan(const Context& ctx) {
    const auto environments = ListAs<api::LiferayEnvironment>(ctx, deps_.resources);
    const auto locations = ListAs<api::BackupLocation>(ctx, deps_.resources);
    if (!environments.has_value()) return environments.error();
    if (!locations.has_value()) return locations.error();
    std::map<std::string, std::int64_t> limits;
    for (const api::BackupLocation& location : *locations) {
      limits[location.metadata.name] = location.spec.limits.max_concurrent;
    }
    const std::lock_guard lock(mutex_);
    table_.Plan(*environments, limits, options_.max_concurrent, ctx.clock().SteadyNow());
    return {};
  }

  // Best effort: the place is nothing that anybody decides by.
  void Show(const Context& ctx, const ResourceRef& ref, const QueuePlace& place) {
    const auto object = deps_.resources.Get(ctx, ref);
    if (!object.has_value()) return;
    if (ref.kind == api::BackupRequest::kKind) {
      ShowIn(ctx, api::DecodeResource<api::BackupRequest>(*object), place);
    } else {
      ShowIn(ctx, api::DecodeResource<api::RestoreRequest>(*object), place);
    }
  }

  template <class Request>
  void ShowIn(const Context& ctx, Result<Request> request, const QueuePlace& place) {
    // It began meanwhile, or is about to be refused: its look says more than its place.
    if (!request.has_value() || request->status.start_time || api::IsTerminal(*request)) return;
    request->status.conditions =
        api::SetCondition(std::move(request->status.conditions),
                          {.type = "Queued",
                           .status = api::ConditionStatus::kTrue,
                           .reason = WordOf(place.reason),
                           .message = fmt::format("number {} of its project", place.position),
                           .observed_generation = request->metadata.generation},
                          ctx.clock().Now());
    const auto shown = UpdateStatusAs(ctx, deps_.resources, *request);
    if (!shown.has_value() && shown.error().kind != ErrorKind::kConflict) Count(shown.error());
  }

  // --- looks ---

  void LookWhileRunning(const Context& ctx) {
    std::unique_lock lock(mutex_);
    while (!ctx.stopped()) {
      const std::optional<ResourceRef> ref = table_.TakeDue(ctx.clock().SteadyNow());
      if (!ref) {
        due_.wait_for(lock, kLongestSleep);
        continue;
      }
      ++facts_.looks;
      lock.unlock();
      const RequestTable::Outcome outcome = Look(ctx, *ref);
      lock.lock();
      table_.Looked(*ref, outcome, ctx.clock().SteadyNow());
      changed_.notify_all();
    }
  }

  RequestTable::Outcome Look(const Context& ctx, const ResourceRef& ref) {
    using Outcome = RequestTable::Outcome;
    // A look that has begun is ended: what it writes belongs together.
    const Context own(ctx.clock(), ctx.log());
    Outcome outcome = Outcome::kFailed;
    const Result<void> done = Guarded(ctx, "a look at " + ref.str(), [&]() -> Result<void> {
      LC2_ASSIGN_OR_RETURN(const codec::Json before, deps_.resources.Get(own, ref));
      LC2_ASSIGN_OR_RETURN(const Reconciled look, LookAt(own, deps_, ref));
      outcome = look.terminal ? Outcome::kTerminal : Outcome::kGoesOn;
      if (look.terminal && !IsTerminalRequest(before)) TellEnd(own, ref, look);
      return {};
    });
    if (done.has_value() || outcome != Outcome::kFailed) return outcome;
    if (done.error().code == "resource.not_found") return Outcome::kGone;
    Count(done.error());
    // Somebody else wrote at the same time: the next look comes soon and is no reason to worry.
    if (done.error().kind != ErrorKind::kConflict) {
      ctx.log().Warning("look", {{"request", ref.str()}, {"error", Describe(done.error())}});
    }
    return Outcome::kFailed;
  }

  void TellEnd(const Context& ctx, const ResourceRef& ref, const Reconciled& look) {
    ctx.log().Info("ended", {{"request", ref.str()},
                             {"error", look.error ? Describe(*look.error) : std::string()}});
    if (!options_.on_end) return;
    const auto object = deps_.resources.Get(ctx, ref);
    if (object.has_value()) options_.on_end(*object, look);
  }

  // An attempt that ended is looked at without waiting for its time.
  void Pulse(const Context& ctx) {
    while (!ctx.stopped()) {
      {
        std::unique_lock lock(mutex_);
        if (table_.running() == 0) {
          changed_.wait_for(lock, kLongestSleep);
          continue;
        }
      }
      const SteadyTime before = ctx.clock().SteadyNow();
      deps_.platform.Wait(ctx, options_.look);
      if (ctx.clock().SteadyNow() - before >= options_.look) continue;
      const std::lock_guard lock(mutex_);
      table_.LookAtRunning(ctx.clock().SteadyNow());
      changed_.notify_all();
    }
  }

  // --- what comes back ---

  void Repeat(const Context& ctx, const PeriodicTask& task) {
    while (!ctx.stopped()) {
      const Result<void> done = Guarded(ctx, task.name, [&] { return RunForAll(ctx, task); });
      if (!done.has_value() && !ctx.stopped()) Count(done.error());
      Sleep(ctx, task.every);
    }
  }

  Result<void> RunForAll(const Context& ctx, const PeriodicTask& task) {
    LC2_ASSIGN_OR_RETURN(const std::vector<api::LiferayEnvironment> environments,
                         ListAs<api::LiferayEnvironment>(ctx, deps_.resources));
    for (const api::LiferayEnvironment& environment : environments) {
      if (ctx.stopped()) return {};
      const Result<void> done = Guarded(ctx, task.name, [&] { return task.run(ctx, environment); });
      if (done.has_value() || ctx.stopped()) continue;
      Count(done.error());
      ctx.log().Warning("task", {{"task", task.name},
                                 {"environment", environment.metadata.name},
                                 {"error", Describe(done.error())}});
    }
    return {};
  }

  // Ends early when the service does.
  void Sleep(const Context& ctx, milliseconds time) {
    std::unique_lock lock(mutex_);
    const auto until = std::chrono::steady_clock::now() + time;
    while (!ctx.stopped() && std::chrono::steady_clock::now() < until) {
      ended_.wait_until(lock, std::min(until, std::chrono::steady_clock::now() + kLongestSleep));
    }
  }

  const Deps& deps_;
  const ServiceOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;  // something for the scheduler
  std::condition_variable due_;      // something for the workers
  std::condition_variable ended_;    // the service ends
  RequestTable table_;
  ServiceFacts facts_;
  int synced_ = 0;  // of two watches
};

}  // namespace

std::unique_ptr<Service> Service::Make(const Deps& deps, ServiceOptions options) {
  return std::make_unique<Loop>(deps, std::move(options));
}

}  // namespace lc2::control
