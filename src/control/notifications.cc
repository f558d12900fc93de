#include "control/notifications.h"

#include <fmt/core.h>

#include <algorithm>
#include <compare>
#include <tuple>
#include <utility>

#include "base/hash.h"
#include "base/time_format.h"
#include "base/utf8.h"
#include "codec/described.h"
#include "control/run_error.h"

namespace lc2::control {

namespace {

using api::Delivery;
using api::DeliveryState;
using api::NotificationEvent;
using api::NotificationStatus;
using std::chrono::seconds;

constexpr seconds kFirstPause{5};
constexpr seconds kLongestPause{3'600};
constexpr std::size_t kMaxText = 1'000;

// The order in which events are told and forgotten.
struct Key {
  Time time{};
  std::string id;
  auto operator<=>(const Key&) const = default;
};
Key KeyOf(const Delivery& delivery) { return {delivery.time.value_or(Time{}), delivery.id}; }
Key SinceOf(const NotificationStatus& record) {
  return {record.since_time.value_or(Time{}), record.since_id};
}

// Records hold whole seconds.
Time Whole(Time time) { return std::chrono::floor<seconds>(time); }

std::string Shortened(const std::string& text) {
  if (text.size() <= kMaxText) return WithoutInvalidUtf8(text);
  return WithoutInvalidUtf8(text.substr(0, kMaxText)) + " ...";
}

bool IsTrouble(const Delivery& delivery) {
  return delivery.event == NotificationEvent::kMissed ||
         (delivery.event == NotificationEvent::kFailed && delivery.subject.kind == "BackupRequest");
}

// Something that happened, in its order: an event to tell, or a success that may be a recovery.
struct Happening {
  Delivery delivery;
  bool success = false;
  // A success comes before what failed in the same second, so that the failure is the last word.
  auto order() const { return std::make_tuple(KeyOf(delivery).time, success ? 0 : 1, delivery.id); }
};

class Planner {
 public:
  Planner(NotificationStatus record, const EnvironmentId& env, const NotificationFacts& facts,
          Time now)
      : record_(std::move(record)), env_(env), facts_(facts), now_(Whole(now)) {
    // Only a clock that was ahead can have led there. Rather told twice than not at all.
    if (record_.since_time && *record_.since_time > now_) record_.since_time = now_;
  }

  NotificationStatus Plan() {
    std::vector<Happening> news = News();
    std::size_t taken = 0;
    while (taken < news.size() && Take(news[taken])) ++taken;
    std::sort(record_.deliveries.begin(), record_.deliveries.end(),
              [](const Delivery& a, const Delivery& b) { return KeyOf(a) < KeyOf(b); });
    std::optional<Key> waits;
    for (; taken < news.size(); ++taken) {
      const Key key = KeyOf(news[taken].delivery);
      if (!waits || key < *waits) waits = key;
    }
    Forget(waits);
    return std::move(record_);
  }

 private:
  Delivery Make(NotificationEvent event, api::NotificationSubject subject, Time time) const {
    Delivery delivery{.event = event, .subject = std::move(subject), .time = Whole(time)};
    delivery.id = NotificationId(env_, event, delivery.subject, *delivery.time);
    delivery.queued_time = now_;
    return delivery;
  }

  Delivery Make(const EndedRequest& ended) const {
    Delivery delivery =
        Make(ended.succeeded ? NotificationEvent::kRecovered : NotificationEvent::kFailed,
             ended.subject, ended.time);
    delivery.backup_id = ended.backup_id;
    delivery.reason = Shortened(ended.reason);
    delivery.message = Shortened(ended.message);
    return delivery;
  }

  bool Knows(const Delivery& delivery) const {
    if (KeyOf(delivery) <= SinceOf(record_)) return true;
    return std::any_of(record_.deliveries.begin(), record_.deliveries.end(),
                       [&](const Delivery& known) { return known.id == delivery.id; });
  }

  std::vector<Happening> News() const {
    std::vector<Happening> news = Events();
    AddSuccesses(news);
    std::sort(news.begin(), news.end(),
              [](const Happening& a, const Happening& b) { return a.order() < b.order(); });
    return news;
  }

  // Those after the first trouble: there may be very many others.
  void AddSuccesses(std::vector<Happening>& news) const {
    std::optional<Time> trouble = record_.failing_since;
    for (const Happening& event : news) {
      if (!IsTrouble(event.delivery)) continue;
      trouble = std::min(trouble.value_or(*event.delivery.time), *event.delivery.time);
    }
    if (!trouble) return;
    const Time after = std::max(*trouble, SinceOf(record_).time);
    for (const EndedRequest& ended : facts_.ended) {
      if (!ended.succeeded || ended.subject.kind != "BackupRequest") continue;
      if (Whole(ended.time) <= after) continue;
      news.push_back({.delivery = Make(ended), .success = true});
    }
  }

  std::vector<Happening> Events() const {
    std::vector<Happening> news;
    const auto add = [&](Delivery delivery) {
      if (!Knows(delivery)) news.push_back({.delivery = std::move(delivery)});
    };
    const Time since = SinceOf(record_).time;
    for (const EndedRequest& ended : facts_.ended) {
      if (!ended.succeeded && Whole(ended.time) >= since) add(Make(ended));
    }
    for (const DamagedBackup& damaged : facts_.damaged) {
      Delivery delivery = Make(NotificationEvent::kDamaged,
                               {.kind = "Backup", .namespace_ = {}, .name = damaged.backup_id},
                               damaged.verified_at);
      delivery.backup_id = damaged.backup_id;
      delivery.reason = "Damaged";
      delivery.message = fmt::format("{} verification found damage", damaged.level);
      add(std::move(delivery));
    }
    for (const MissedTime& missed : facts_.missed) {
      Delivery delivery = Make(NotificationEvent::kMissed, missed.schedule, missed.time);
      delivery.reason = "Missed";
      delivery.message = fmt::format("no backup was begun at {}", FormatRfc3339(missed.time));
      add(std::move(delivery));
    }
    return news;
  }

  // False where there is no room.
  bool Take(const Happening& news) {
    if (news.success) return TakeSuccess(news.delivery);
    if (!HasRoom()) return false;
    if (IsTrouble(news.delivery)) {
      record_.failing_since =
          std::min(record_.failing_since.value_or(*news.delivery.time), *news.delivery.time);
    }
    record_.deliveries.push_back(news.delivery);
    return true;
  }

  bool TakeSuccess(const Delivery& success) {
    if (!record_.failing_since || *success.time <= LastTrouble()) return true;
    if (!Knows(success)) {
      if (!HasRoom()) return false;
      record_.deliveries.push_back(success);
      record_.deliveries.back().failing_since = record_.failing_since;
    }
    record_.failing_since.reset();
    return true;
  }

  // A success that is seen late may lie between two failures.
  Time LastTrouble() const {
    Time last = *record_.failing_since;
    for (const Delivery& known : record_.deliveries) {
      if (IsTrouble(known)) last = std::max(last, *known.time);
    }
    return last;
  }

  bool HasRoom() const {
    const auto& all = record_.deliveries;
    if (!facts_.complete) return all.size() < kKeptDeliveries;
    return std::count_if(all.begin(), all.end(), [](const Delivery& delivery) {
             return delivery.state == DeliveryState::kPending;
           }) < static_cast<std::ptrdiff_t>(kKeptDeliveries);
  }

  // Forgets the oldest finished deliveries. What they tell of counts as told from then on, by their
  // place in the order alone, which therefore never passes what still waits for room.
  void Forget(const std::optional<Key>& waits) {
    auto& all = record_.deliveries;
    for (auto at = all.begin(); at != all.end() && all.size() > kKeptDeliveries;) {
      if (at->state == DeliveryState::kPending) {
        ++at;
        continue;
      }
      const Key key = KeyOf(*at);
      if ((!waits || key < *waits) && key > SinceOf(record_)) {
        record_.since_time = key.time;
        record_.since_id = key.id;
      }
      at = all.erase(at);
    }
  }

  NotificationStatus record_;
  const EnvironmentId& env_;
  const NotificationFacts& facts_;
  const Time now_;
};

std::string NameOf(const Delivery& delivery) {
  const std::string& space = delivery.subject.namespace_;
  return fmt::format("{} of {} '{}{}{}'", codec::Word(delivery.event), delivery.subject.kind, space,
                     space.empty() ? "" : "/", delivery.subject.name);
}

}  // namespace

std::string NotificationId(const EnvironmentId& env, NotificationEvent event,
                           const api::NotificationSubject& subject, Time time) {
  // None of these can hold a line break.
  const std::string text =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", env.str(), codec::Word(event), subject.kind,
                  subject.namespace_, subject.name, FormatRfc3339(time));
  return "msg_" + Sha256Hex(text).substr(0, 32);
}

NotificationStatus BeginNotifications(Time now) { return {.since_time = Whole(now)}; }

NotificationStatus PlanNotifications(NotificationStatus record, const EnvironmentId& env,
                                     const NotificationFacts& facts, Time now) {
  return Planner(std::move(record), env, facts, now).Plan();
}

std::vector<Delivery> DueDeliveries(const NotificationStatus& record, Time now) {
  std::vector<Delivery> due;
  for (const Delivery& delivery : record.deliveries) {
    if (delivery.state != DeliveryState::kPending) continue;
    // A time beyond the longest pause is that of a clock that has jumped back since.
    if (delivery.next_try && *delivery.next_try > now &&
        *delivery.next_try <= now + kLongestPause) {
      continue;
    }
    due.push_back(delivery);
  }
  return due;
}

seconds PauseAfter(const std::string& id, std::int64_t attempt) {
  const std::int64_t doublings = std::clamp<std::int64_t>(attempt - 1, 0, 16);
  const seconds ceiling = std::min(kLongestPause, kFirstPause * (1 << doublings));
  const std::string hash = Sha256Hex(fmt::format("{}\n{}", id, attempt));
  const auto share = std::stoul(hash.substr(0, 4), nullptr, 16);  // of 65,536
  return ceiling - seconds(ceiling.count() * static_cast<std::int64_t>(share) / (2 * 65'536));
}

NotificationStatus RecordAttempt(NotificationStatus record, const std::string& id,
                                 const Result<void>& outcome, Time now) {
  const auto found = std::find_if(record.deliveries.begin(), record.deliveries.end(),
                                  [&](const Delivery& known) { return known.id == id; });
  if (found == record.deliveries.end() || found->state != DeliveryState::kPending) return record;
  now = Whole(now);
  ++found->attempts;
  found->next_try.reset();
  if (outcome.has_value()) {
    found->state = DeliveryState::kDelivered;
    found->ended_time = now;
    found->last_error.clear();
    return record;
  }
  found->last_error = Shortened(MessageOf(outcome.error()));
  const Time end = found->queued_time.value_or(now) + kGiveUpAfter;
  if (now >= end) {
    found->state = DeliveryState::kGivenUp;
    found->ended_time = now;
  } else {
    found->next_try = std::min<Time>(now + PauseAfter(id, found->attempts), end);
  }
  return record;
}

api::Condition NotifiedCondition(const NotificationStatus& record, std::int64_t generation) {
  api::Condition condition{.type = "Notified",
                           .status = api::ConditionStatus::kTrue,
                           .reason = "NothingToTell",
                           .observed_generation = generation};
  const Delivery* last = nullptr;     // that ended
  const Delivery* failing = nullptr;  // that waits for another attempt
  for (const Delivery& delivery : record.deliveries) {
    if (delivery.ended_time && (last == nullptr || *delivery.ended_time >= *last->ended_time)) {
      last = &delivery;
    }
    if (delivery.next_try) failing = &delivery;
  }
  if (last != nullptr) condition.reason = codec::Word(last->state);
  if (last != nullptr && last->state == DeliveryState::kGivenUp) {
    condition.status = api::ConditionStatus::kFalse;
    condition.message = fmt::format(
        "{} was given up after {} attempts: {}. HINT: 'lc2 notify test' shows whether the webhook "
        "takes a call; what was given up is not sent again",
        NameOf(*last), last->attempts, last->last_error);
  } else if (failing != nullptr) {
    condition.status = api::ConditionStatus::kUnknown;
    condition.reason = "Retrying";
    condition.message = fmt::format("{}: {}", NameOf(*failing), failing->last_error);
  }
  return condition;
}

}  // namespace lc2::control
