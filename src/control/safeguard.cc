#include "control/safeguard.h"

#include <fmt/core.h>

#include "api/spec_hash.h"
#include "vault/request_record.h"
#include "vault/run.h"

namespace lc2::control {

namespace {

constexpr std::string_view kStep = "safeguard";
constexpr std::string_view kWanted = "Begun";
constexpr std::string_view kDone = "Done";

std::string RestoreOf(const api::ObjectMeta& metadata) {
  const auto found = metadata.annotations.find(kSafeguardAnnotation);
  return found == metadata.annotations.end() ? std::string() : found->second;
}

}  // namespace

std::optional<Safeguard> SafeguardOf(const vault::RunFacts& run) {
  std::optional<Safeguard> found;
  for (const vault::ControlStep& step : run.steps) {
    if (step.name != kStep || !step.facts.is_object()) continue;
    const codec::Json* name = step.facts.get_object().if_contains("backupRequest");
    if (name == nullptr || !name->is_string()) continue;
    found = Safeguard{.request = std::string(name->get_string()), .done = step.state == kDone};
  }
  return found;
}

Result<vault::RunFacts> RecordSafeguard(const Context& ctx, const Deps& deps,
                                        const EnvironmentVault& at, const RunId& run,
                                        const Safeguard& safeguard) {
  LC2_ASSIGN_OR_RETURN(
      const vault::ControlLog log,
      vault::AppendEvent(
          ctx, at.session->vault(), at.id(), run,
          [&](const vault::ControlLog&,
              const vault::RunFacts& facts) -> Result<std::optional<vault::Event>> {
            const std::optional<Safeguard> seen = SafeguardOf(facts);
            if (seen && (seen->done || !safeguard.done)) return std::optional<vault::Event>();
            return std::optional(vault::Event{
                .body = vault::ControlStep{.name = std::string(kStep),
                                           .state = std::string(safeguard.done ? kDone : kWanted),
                                           .facts = codec::JsonObject{{"backupRequest",
                                                                       safeguard.request}}},
                .who = deps.who,
                .why = "restore of a target that is not empty"});
          }));
  return vault::Fold(log);
}

Result<void> RequestSafeguard(const Context& ctx, const Deps& deps, const EnvironmentId& env,
                              const std::string& name_space, const std::string& restore,
                              const Safeguard& safeguard) {
  api::BackupRequest backup;
  backup.metadata.name = safeguard.request;
  backup.metadata.namespace_ = name_space;
  backup.metadata.labels = api::StandardLabels(env);
  backup.metadata.annotations[kSafeguardAnnotation] = restore;
  backup.spec.project_id = env.project.str();
  backup.spec.environment = env.environment.str();
  const auto created = CreateAs(ctx, deps.resources, backup);
  if (created.has_value()) return {};
  if (created.error().kind != ErrorKind::kAlreadyExists) return created.error();
  const auto found = GetAs<api::BackupRequest>(ctx, deps.resources, name_space, safeguard.request);
  if (!found.has_value()) {
    // A read that missed the write: it is there.
    if (found.error().kind == ErrorKind::kNotFound) return {};
    return found.error();
  }
  if (RestoreOf(found->metadata) == restore && api::SpecHash(*found) == api::SpecHash(backup)) {
    return {};
  }
  return Error{
      .kind = ErrorKind::kConflict,
      .code = "restore.safeguard_foreign",
      .message = fmt::format("a backup request '{}' that is no safeguard of restore '{}' is "
                             "in the way",
                             safeguard.request, restore),
      .hint = "delete that request, and restore under a new name"};
}

Result<bool> IsSafeguard(const Context& ctx, const EnvironmentVault& at,
                         const api::ObjectMeta& request) {
  const std::string restore = RestoreOf(request);
  if (restore.empty()) return false;
  const auto record = vault::ReadRequestRecord(ctx, at.session->store(), at.id(),
                                               vault::RunKind::kRestore, restore);
  if (!record.has_value()) {
    if (FactsOf(record.error().kind).retryable) return record.error();
    return false;
  }
  LC2_ASSIGN_OR_RETURN(const vault::ControlLog log,
                       vault::CurrentRun(ctx, at.session->store(), at.id(), record->run_id));
  const std::optional<Safeguard> safeguard = SafeguardOf(vault::Fold(log));
  return safeguard && safeguard->request == request.name;
}

}  // namespace lc2::control
