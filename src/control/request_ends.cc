#include "control/request_ends.h"

#include <algorithm>

#include "api/backup_request.h"
#include "api/documents.h"
#include "api/restore_request.h"

namespace lc2::control {

namespace {

using api::ConditionStatus;

// Of a request that was refused, which has no completion time, the condition says when.
const api::Condition* EndingCondition(const api::Conditions& conditions) {
  for (const char* type : {"Succeeded", "Accepted"}) {
    const api::Condition* found = api::FindCondition(conditions, type);
    if (found != nullptr && found->status == ConditionStatus::kFalse) return found;
  }
  return nullptr;
}

template <class Request>
EndedRequest EndedAs(const Request& request, bool succeeded) {
  EndedRequest ended{.subject = {.kind = request.kind,
                                 .namespace_ = request.metadata.namespace_,
                                 .name = request.metadata.name},
                     .succeeded = succeeded};
  std::optional<Time> time = request.status.completion_time;
  if (!succeeded) {
    if (const api::Condition* why = EndingCondition(request.status.conditions)) {
      ended.reason = why->reason;
      ended.message = why->message;
      if (!time) time = why->last_transition_time;
    }
  }
  if (!time) time = request.metadata.creation_timestamp;
  ended.time = time.value_or(Time{});
  return ended;
}

std::optional<EndedRequest> EndOf(const api::BackupRequest& request) {
  const bool succeeded = api::HasCondition(request.status.conditions, "Succeeded");
  if (!succeeded && api::DeriveBackupState(request) != api::BackupState::kFailed) {
    return std::nullopt;
  }
  EndedRequest ended = EndedAs(request, succeeded);
  ended.backup_id = request.status.backup_id;
  return ended;
}

std::optional<EndedRequest> EndOf(const api::RestoreRequest& request) {
  if (request.spec.dry_run) return std::nullopt;
  if (api::DeriveRestoreState(request) != api::RestoreState::kFailed) return std::nullopt;
  EndedRequest ended = EndedAs(request, false);
  ended.backup_id = request.spec.backup_id;
  return ended;
}

template <class Request>
std::optional<EndedRequest> EndAs(const codec::Json& object) {
  const auto request = api::DecodeResource<Request>(object);
  if (!request.has_value()) return std::nullopt;
  return EndOf(*request);
}

}  // namespace

std::optional<EndedRequest> EndOf(const codec::Json& object) {
  const std::string kind = RefOf(object).kind;
  if (kind == api::BackupRequest::kKind) return EndAs<api::BackupRequest>(object);
  if (kind == api::RestoreRequest::kKind) return EndAs<api::RestoreRequest>(object);
  return std::nullopt;
}

Result<void> RequestEnds::Follow(const Context& ctx, ResourceStore& store) {
  for (const std::string_view name : {api::BackupRequest::kKind, api::RestoreRequest::kKind}) {
    Kind& kind = kinds_[std::string(name)];
    const ResourceQuery query{.kind = std::string(name), .namespace_ = namespace_, .labels = {}};
    const Result<void> followed = Follow(ctx, store, query, kind);
    if (followed.has_value()) continue;
    kind = {};
    return followed;
  }
  return {};
}

Result<void> RequestEnds::Follow(const Context& ctx, ResourceStore& store,
                                 const ResourceQuery& query, Kind& kind) {
  if (kind.watch == nullptr) {
    LC2_ASSIGN_OR_RETURN(kind.watch, store.Watch(ctx, query));
  }
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::optional<WatchEvent> event,
                         kind.watch->Next(ctx, std::chrono::milliseconds(0)));
    if (!event) return {};
    switch (event->type) {
      case WatchEventType::kPut: {
        const std::string name = RefOf(event->object).name;
        kind.ended.erase(name);
        if (auto ended = EndOf(event->object)) kind.ended.emplace(name, *std::move(ended));
        break;
      }
      case WatchEventType::kDelete:
        kind.ended.erase(RefOf(event->object).name);
        break;
      case WatchEventType::kSynced:
        kind.synced = true;
        break;
      case WatchEventType::kReset:
        kind.synced = false;
        kind.ended.clear();
        break;
    }
  }
}

bool RequestEnds::synced() const {
  return kinds_.size() == 2 && std::all_of(kinds_.begin(), kinds_.end(),
                                           [](const auto& kind) { return kind.second.synced; });
}

std::vector<EndedRequest> RequestEnds::all() const {
  std::vector<EndedRequest> all;
  for (const auto& [name, kind] : kinds_) {
    for (const auto& [request, ended] : kind.ended) all.push_back(ended);
  }
  return all;
}

}  // namespace lc2::control
