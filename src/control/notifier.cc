#include "control/notifier.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "api/backup_schedule.h"
#include "codec/described.h"
#include "control/request_ends.h"
#include "control/webhook_call.h"

namespace lc2::control {

namespace {

using api::Delivery;
using api::DeliveryState;
using api::LiferayEnvironment;

// Somebody else may write the same status; after so many conflicts the next look goes on.
constexpr int kWriteAttempts = 3;
constexpr std::chrono::seconds kEvery{5};
constexpr std::int64_t kMaxDamaged = 1'000;

// Calls under way, and what they came to until it is written down. Shared with the completions,
// which may come when the notifier is gone.
class Calls {
 public:
  using Outcomes = std::map<std::string, Result<void>>;  // by id

  // False when this delivery is under way already, or as many as may be.
  bool Begin(const std::string& env, const std::string& id) {
    const std::lock_guard lock(mutex_);
    auto& calls = calls_[env];
    if (calls.size() >= kCallsAtOnce) return false;
    return calls.try_emplace(id).second;
  }
  void End(const std::string& env, const std::string& id, Result<void> outcome) {
    const std::lock_guard lock(mutex_);
    auto& calls = calls_[env];
    // A call that was cut off by a stop was no attempt.
    if (!outcome.has_value() && outcome.error().kind == ErrorKind::kCancelled) {
      calls.erase(id);
    } else {
      calls[id] = std::move(outcome);
    }
  }
  Outcomes Ended(const std::string& env) const {
    const std::lock_guard lock(mutex_);
    Outcomes ended;
    const auto found = calls_.find(env);
    if (found == calls_.end()) return ended;
    for (const auto& [id, outcome] : found->second) {
      if (outcome) ended.emplace(id, *outcome);
    }
    return ended;
  }
  void Forget(const std::string& env, const Outcomes& written) {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, outcome] : written) calls_[env].erase(id);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::map<std::string, std::optional<Result<void>>>> calls_;
};

class Notifier {
 public:
  explicit Notifier(const NotifierDeps& deps) : deps_(deps) {}

  Result<void> LookAt(const Context& ctx, const LiferayEnvironment& environment) {
    const auto webhook = FindWebhook(ctx, environment);
    if (!webhook.has_value()) {
      // A location that is gone for a moment says nothing: all stays as it is.
      if (webhook.error().kind == ErrorKind::kNotFound) return {};
      return webhook.error();
    }
    if (!*webhook) return Clear(ctx, environment);
    LC2_ASSIGN_OR_RETURN(const NotificationFacts facts, Gather(ctx, environment));
    LC2_ASSIGN_OR_RETURN(const std::optional<LiferayEnvironment> written,
                         Write(ctx, environment, facts));
    if (written) Call(ctx, *written, **webhook);
    return {};
  }

 private:
  Result<std::optional<api::Webhook>> FindWebhook(const Context& ctx,
                                                  const LiferayEnvironment& environment) {
    if (!environment.spec.webhook.url.empty()) {
      return std::optional<api::Webhook>(environment.spec.webhook);
    }
    LC2_ASSIGN_OR_RETURN(const api::BackupLocation location,
                         GetAs<api::BackupLocation>(ctx, deps_.deps.resources, "",
                                                    environment.spec.backup_location));
    return WebhookOf(environment, location);
  }

  // A webhook that comes back later begins anew.
  Result<void> Clear(const Context& ctx, const LiferayEnvironment& environment) {
    ends_.erase(api::NamespaceOf(environment));
    if (!environment.status.notifications) return {};
    LiferayEnvironment cleared = environment;
    cleared.status.notifications.reset();
    std::erase_if(cleared.status.conditions,
                  [](const api::Condition& known) { return known.type == "Notified"; });
    const auto done = UpdateStatusAs(ctx, deps_.deps.resources, cleared);
    if (done.has_value() || done.error().kind == ErrorKind::kConflict) return {};
    return done.error();
  }

  Result<NotificationFacts> Gather(const Context& ctx, const LiferayEnvironment& environment) {
    const std::string name_space = api::NamespaceOf(environment);
    RequestEnds& ends = ends_.try_emplace(name_space, name_space).first->second;
    LC2_RETURN_IF_ERROR(ends.Follow(ctx, deps_.deps.resources));
    NotificationFacts facts{.ended = ends.all(), .complete = ends.synced()};
    AddDamaged(ctx, environment, facts);
    AddMissed(ctx, environment, facts);
    return facts;
  }

  void AddDamaged(const Context& ctx, const LiferayEnvironment& environment,
                  NotificationFacts& facts) {
    const auto page = deps_.deps.catalog.List(ctx, {.project_id = environment.spec.project_id,
                                                    .environment = environment.spec.environment,
                                                    .location = environment.spec.backup_location,
                                                    .states = {},
                                                    .limit = kMaxDamaged,
                                                    .verified_result = "Damaged"});
    if (!Knows(ctx, "damaged backups of " + environment.metadata.name, page, facts)) return;
    for (const catalog::BackupRecord& record : page->records) {
      if (!record.verified_at) continue;
      facts.damaged.push_back({.backup_id = record.backup_id,
                               .level = record.verified_level,
                               .verified_at = *record.verified_at});
    }
  }

  void AddMissed(const Context& ctx, const LiferayEnvironment& environment,
                 NotificationFacts& facts) {
    const auto schedules =
        ListAs<api::BackupSchedule>(ctx, deps_.deps.resources, api::NamespaceOf(environment));
    if (!Knows(ctx, "schedules of " + environment.metadata.name, schedules, facts)) return;
    for (const api::BackupSchedule& schedule : *schedules) {
      if (!schedule.status.last_missed_time) continue;
      facts.missed.push_back({.schedule = {.kind = schedule.kind,
                                           .namespace_ = schedule.metadata.namespace_,
                                           .name = schedule.metadata.name},
                              .time = *schedule.status.last_missed_time});
    }
  }

  // What cannot be read keeps no other event waiting, and is said once.
  template <class T>
  bool Knows(const Context& ctx, const std::string& what, const Result<T>& read,
             NotificationFacts& facts) {
    if (read.has_value()) {
      unread_.erase(what);
      return true;
    }
    facts.complete = false;
    if (unread_.insert(what).second && !ctx.stopped()) {
      ctx.log().Warning("webhooks are not told of what cannot be read",
                        {{"what", what}, {"error", Describe(read.error())}});
    }
    return false;
  }

  // Brings the record in the status up to date. Nothing where others keep writing it.
  Result<std::optional<LiferayEnvironment>> Write(const Context& ctx,
                                                  LiferayEnvironment environment,
                                                  const NotificationFacts& facts) {
    const std::string name = environment.metadata.name;
    const Calls::Outcomes ended = calls_->Ended(name);
    for (int attempt = 0; attempt < kWriteAttempts; ++attempt) {
      const auto before = environment.status.notifications;
      api::LiferayEnvironmentStatus next = NextStatus(ctx, environment, ended, facts);
      if (next == environment.status) {
        calls_->Forget(name, ended);
        return std::optional(std::move(environment));
      }
      environment.status = std::move(next);
      Result<LiferayEnvironment> written = UpdateStatusAs(ctx, deps_.deps.resources, environment);
      if (written.has_value()) {
        calls_->Forget(name, ended);
        Tell(ctx, before.value_or(api::NotificationStatus{}), *written);
        return std::optional(std::move(written).value());
      }
      if (written.error().kind != ErrorKind::kConflict) return written.error();
      LC2_ASSIGN_OR_RETURN(environment,
                           GetAs<LiferayEnvironment>(ctx, deps_.deps.resources, "", name));
    }
    return std::optional<LiferayEnvironment>();
  }

  api::LiferayEnvironmentStatus NextStatus(const Context& ctx,
                                           const LiferayEnvironment& environment,
                                           const Calls::Outcomes& ended,
                                           const NotificationFacts& facts) {
    const Time now = ctx.clock().Now();
    api::LiferayEnvironmentStatus next = environment.status;
    api::NotificationStatus record =
        next.notifications ? *next.notifications : BeginNotifications(now);
    for (const auto& [id, outcome] : ended) {
      record = RecordAttempt(std::move(record), id, outcome, now);
    }
    record = PlanNotifications(std::move(record), api::IdOf(environment), facts, now);
    next.conditions =
        api::SetCondition(std::move(next.conditions),
                          NotifiedCondition(record, environment.metadata.generation), now);
    next.notifications = std::move(record);
    return next;
  }

  // Counts and logs what the record says now and did not say before.
  void Tell(const Context& ctx, const api::NotificationStatus& before,
            const LiferayEnvironment& environment) {
    const api::NotificationStatus& after = *environment.status.notifications;
    deps_.totals.Count(before.deliveries, after.deliveries);
    for (const Delivery& delivery : after.deliveries) {
      const auto known =
          std::find_if(before.deliveries.begin(), before.deliveries.end(),
                       [&](const Delivery& other) { return other.id == delivery.id; });
      if (known != before.deliveries.end() && known->state == delivery.state &&
          known->attempts == delivery.attempts) {
        continue;
      }
      const bool good = delivery.last_error.empty();
      ctx.log().Log(good ? LogLevel::kInfo : LogLevel::kWarning, "notification",
                    {{"environment", environment.metadata.name},
                     {"id", delivery.id},
                     {"event", codec::Word(delivery.event)},
                     {"subject", delivery.subject.name},
                     {"state", codec::Word(delivery.state)},
                     {"attempts", std::to_string(delivery.attempts)},
                     {"error", delivery.last_error}});
    }
  }

  void Call(const Context& ctx, const LiferayEnvironment& environment,
            const api::Webhook& webhook) {
    const Time now = ctx.clock().Now();
    const std::string env = environment.metadata.name;
    for (const Delivery& delivery : DueDeliveries(*environment.status.notifications, now)) {
      if (!calls_->Begin(env, delivery.id)) continue;
      const Result<Secret> key = ReadKey(webhook);
      if (!key.has_value()) {
        calls_->End(env, delivery.id, key.error());
        continue;
      }
      deps_.transport.Submit(
          ctx,
          MakeWebhookRequest(webhook, *key, delivery.id,
                             MakeWebhookBody(api::IdOf(environment), delivery), now),
          kWebhookLimits,
          [calls = calls_, env, id = delivery.id](const Result<net::HttpResponse>& answer) {
            calls->End(env, id,
                       answer.has_value() ? JudgeWebhookResponse(*answer) : answer.error());
          });
    }
  }

  Result<Secret> ReadKey(const api::Webhook& webhook) {
    LC2_ASSIGN_OR_RETURN(const SecretValues values, deps_.secrets.Read(webhook.secret.name));
    return ParseWebhookSecret(webhook.secret.name, values);
  }

  const NotifierDeps deps_;
  const std::shared_ptr<Calls> calls_ = std::make_shared<Calls>();
  std::map<std::string, RequestEnds> ends_;  // by namespace
  std::set<std::string> unread_;             // what could not be read at the last look
};

}  // namespace

void NotificationTotals::Count(const std::vector<Delivery>& before,
                               const std::vector<Delivery>& after) {
  const std::lock_guard lock(mutex_);
  for (const Delivery& delivery : after) {
    const auto known = std::find_if(before.begin(), before.end(),
                                    [&](const Delivery& other) { return other.id == delivery.id; });
    if (known != before.end() && known->state == delivery.state) continue;
    ++totals_[{codec::Word(delivery.event), codec::Word(delivery.state)}];
  }
}

std::map<NotificationTotals::Key, std::int64_t> NotificationTotals::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

PeriodicTask NotifyTask(const NotifierDeps& deps) {
  return {.name = "notify",
          .every = kEvery,
          .run = [notifier = std::make_shared<Notifier>(deps)](
                     const Context& ctx, const LiferayEnvironment& environment) {
            return notifier->LookAt(ctx, environment);
          }};
}

}  // namespace lc2::control
