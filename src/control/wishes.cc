#include "control/wishes.h"

#include <variant>

#include "vault/deletion.h"

namespace lc2::control {

namespace {

// Why entries that carry out a request's wish are there; tells its holds from those of people.
constexpr const char* kRequestWish = "request";

Result<bool> HeldByRequest(const Context& ctx, const vault::Vault& vault, const EnvironmentId& env,
                           const RunId& run) {
  LC2_ASSIGN_OR_RETURN(const vault::ControlLog log,
                       vault::ReadControlLog(ctx, vault.store, env, run));
  bool by_request = false;
  for (const vault::LogEntry& entry : log.entries) {
    if (std::holds_alternative<vault::Hold>(entry.body)) by_request = entry.why == kRequestWish;
  }
  return by_request;
}

}  // namespace

Result<vault::RunFacts> ApplyWishes(const Context& ctx, const vault::Vault& vault,
                                    const EnvironmentId& env, vault::RunFacts run,
                                    const api::BackupRequestSpec& spec, const std::string& who) {
  const vault::By by{.who = who, .why = kRequestWish};
  const std::string& reason = spec.hold.reason;
  if (reason != run.hold.value_or("")) {
    bool ours = !run.hold.has_value();
    if (!ours) {
      LC2_ASSIGN_OR_RETURN(ours, HeldByRequest(ctx, vault, env, run.run));
    }
    if (ours) {
      LC2_ASSIGN_OR_RETURN(run, vault::SetHold(ctx, vault, env, run.run,
                                               {.on = !reason.empty(), .reason = reason}, by));
    }
  }
  const Time wanted = run.opened->timestamp + std::chrono::days(spec.retention_days);
  if (run.expires_at && wanted > *run.expires_at) {
    LC2_ASSIGN_OR_RETURN(run, vault::ExtendRetention(ctx, vault, env, run.run, wanted, by));
  }
  return run;
}

}  // namespace lc2::control
