#include "vault/deletion.h"

#include <fmt/format.h>

#include <boost/json/object.hpp>

#include "base/time_format.h"
#include "vault/audit.h"
#include "vault/commit.h"

namespace lc2::vault {
namespace {

struct Recorded {
  RunFacts facts;
  bool appended = false;
};

Result<void> CheckUnmoved(const RunFacts& facts, const By& by) {
  if (!by.seen || *by.seen == facts.entries) return {};
  return Error{.kind = ErrorKind::kConflict,
               .code = "vault.log_moved",
               .message = fmt::format("the log of run '{}' has {} entries, this was decided when "
                                      "it had {}",
                                      facts.run.str(), facts.entries, *by.seen),
               .hint = "decide again on what it says now"};
}

// Appends `body` unless `says_so` finds that the log says it already.
template <class SaysSo>
Result<Recorded> Record(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                        const RunId& run, const EventBody& body, const By& by,
                        const SaysSo& says_so) {
  bool appended = false;
  LC2_ASSIGN_OR_RETURN(
      const ControlLog log,
      AppendEvent(ctx, vault, env, run,
                  [&](const ControlLog&, const RunFacts& facts) -> Result<std::optional<Event>> {
                    appended = !says_so(facts);
                    if (!appended) return std::optional<Event>();
                    LC2_RETURN_IF_ERROR(CheckUnmoved(facts, by));
                    return std::optional<Event>(Event{.body = body, .who = by.who, .why = by.why});
                  }));
  return Recorded{.facts = Fold(log), .appended = appended};
}

Result<void> Audit(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                   const RunFacts& facts, std::string action, const By& by) {
  if (vault.audit == nullptr) return {};
  LC2_RETURN_IF_ERROR(vault.audit->Append(
      ctx, {.action = std::move(action),
            .who = by.who,
            .environment = env.str(),
            .subject = facts.opened->backup_id ? facts.opened->backup_id->str() : facts.run.str(),
            .detail = {{"runId", facts.run.str()}, {"why", by.why}}}));
  return {};
}

template <class SaysSo>
Result<RunFacts> RecordAudited(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                               const RunId& run, const EventBody& body, const By& by,
                               std::string action, const SaysSo& says_so) {
  LC2_ASSIGN_OR_RETURN(Recorded recorded, Record(ctx, vault, env, run, body, by, says_so));
  if (recorded.appended)
    LC2_RETURN_IF_ERROR(Audit(ctx, vault, env, recorded.facts, std::move(action), by));
  return std::move(recorded.facts);
}

bool Never(const RunFacts&) { return false; }

}  // namespace

Result<RunFacts> SetHold(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                         const RunId& run, const Hold& hold, const By& by) {
  return RecordAudited(ctx, vault, env, run, hold, by, hold.on ? "backup.held" : "backup.released",
                       [&](const RunFacts& facts) {
                         return facts.alive() &&
                                (hold.on ? facts.hold == hold.reason : !facts.hold);
                       });
}

Result<RunFacts> ExtendRetention(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                                 const RunId& run, Time expires_at, const By& by) {
  expires_at = std::chrono::ceil<std::chrono::seconds>(expires_at);
  LC2_ASSIGN_OR_RETURN(const ControlLog log, ReadControlLog(ctx, vault.store, env, run));
  const RunFacts facts = Fold(log);
  if (facts.alive() && expires_at < facts.expires_at) {
    return Error{
        .kind = ErrorKind::kInvalid,
        .code = "vault.retention_shortened",
        .message = fmt::format("backup '{}' is kept until {}, it cannot be kept until {} "
                               "only",
                               facts.opened->backup_id->str(), FormatRfc3339(*facts.expires_at),
                               FormatRfc3339(expires_at)),
        .hint = "retention only grows; to be rid of a backup earlier, delete it"};
  }
  return RecordAudited(
      ctx, vault, env, run, Extended{.expires_at = expires_at}, by, "backup.extended",
      [&](const RunFacts& now) { return now.alive() && now.expires_at >= expires_at; });
}

Result<RunFacts> RecordVerified(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                                const RunId& run, const Verified& verified, const By& by) {
  constexpr std::size_t kNamed = 100;
  Verified bounded = verified;
  if (bounded.damaged.size() > kNamed) bounded.damaged.resize(kNamed);
  LC2_ASSIGN_OR_RETURN(Recorded recorded, Record(ctx, vault, env, run, bounded, by, Never));
  return std::move(recorded.facts);
}

Result<RunFacts> RecordProved(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                              const RunId& run, const Proved& proved, const By& by) {
  LC2_ASSIGN_OR_RETURN(Recorded recorded,
                       Record(ctx, vault, env, run, proved, by, [&](const RunFacts& facts) {
                         return facts.alive() && facts.proved && facts.proved->by == proved.by;
                       }));
  return std::move(recorded.facts);
}

Result<RunFacts> RequestDeletion(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                                 const RunId& run, Time not_before, const By& by) {
  not_before = std::chrono::ceil<std::chrono::seconds>(not_before);
  return RecordAudited(ctx, vault, env, run, DeletionRequested{.not_before = not_before}, by,
                       "backup.deletionRequested", [](const RunFacts& facts) {
                         return facts.deleted ||
                                (facts.alive() && facts.delete_not_before && !facts.hold);
                       });
}

Result<RunFacts> WithdrawDeletion(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                                  const RunId& run, const By& by) {
  return RecordAudited(
      ctx, vault, env, run, DeletionWithdrawn{}, by, "backup.deletionWithdrawn",
      [](const RunFacts& facts) { return facts.alive() && !facts.delete_not_before; });
}

Result<RunFacts> ExecuteDeletion(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                                 const RunId& run, const By& by) {
  bool appended = false;
  LC2_ASSIGN_OR_RETURN(
      const ControlLog log,
      AppendEvent(
          ctx, vault, env, run,
          [&](const ControlLog&, const RunFacts& facts) -> Result<std::optional<Event>> {
            appended = !facts.deleted;
            if (facts.deleted) return std::optional<Event>();
            LC2_RETURN_IF_ERROR(CheckUnmoved(facts, by));
            if (facts.delete_not_before && ctx.clock().Now() < *facts.delete_not_before &&
                !facts.hold) {
              return Error{.kind = ErrorKind::kConflict,
                           .code = "vault.deletion_early",
                           .message = fmt::format("backup '{}' must not be deleted before {}",
                                                  facts.opened->backup_id->str(),
                                                  FormatRfc3339(*facts.delete_not_before)),
                           .hint = "until then the deletion can be withdrawn"};
            }
            return std::optional<Event>(Event{.body = Deleted{}, .who = by.who, .why = by.why});
          }));
  const RunFacts facts = Fold(log);
  const BackupId& id = *facts.opened->backup_id;
  const Result<ObjectFacts> manifest = vault.store.Head(ctx, ManifestKey(env, id));
  // A deletion that was cut short left the manifest: its audit entry may be missing too.
  if (appended || manifest.has_value())
    LC2_RETURN_IF_ERROR(Audit(ctx, vault, env, facts, "backup.deleted", by));
  LC2_RETURN_IF_ERROR(RemovePublished(ctx, vault.store, env, id));
  return facts;
}

}  // namespace lc2::vault
