#include "vault/reservation.h"

#include <fmt/format.h>

#include <boost/json/object.hpp>

#include "base/hash.h"
#include "codec/described.h"
#include "vault/create_only.h"
#include "vault/paths.h"

namespace lc2::vault {
namespace {

struct Reservation {
  BackupId backup_id;
  RunId run_id;
};
BOOST_DESCRIBE_STRUCT(Reservation, (), (backup_id, run_id))

Result<RunId> Parse(const std::string& key, const BackupId& id, std::string_view bytes) {
  const auto bad = [&](const std::string& why) {
    return Error{.kind = ErrorKind::kCorrupt,
                 .code = "vault.reservation",
                 .message = fmt::format("cannot read the reservation '{}': {}", key, why),
                 .hint = "restore an older version of this object"};
  };
  const Result<codec::Json> json = codec::ParseJson(bytes, {.max_bytes = 4096, .max_depth = 4});
  if (!json.has_value()) return bad(json.error().message);
  const Result<Reservation> reservation = codec::Decode<Reservation>(*json);
  if (!reservation.has_value()) return bad(reservation.error().message);
  if (reservation->backup_id != id) return bad("it is for another id");
  if (!CheckRunId(reservation->run_id).has_value()) return bad("it names no run");
  return reservation->run_id;
}

}  // namespace

Result<BackupId> ReserveBackupId(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                                 const BackupId& wanted, const RunId& first_run) {
  constexpr int kTries = 20;
  LC2_RETURN_IF_ERROR(CheckBackupId(wanted));
  BackupId id = wanted;
  // Suffixes follow from the run, so that a repeated call walks the same ids and finds its own.
  for (int i = 0; i < kTries; ++i) {
    const std::string key = ReservationKey(env, id);
    const std::string bytes =
        codec::CanonicalJson(codec::Encode(Reservation{.backup_id = id, .run_id = first_run}));
    LC2_ASSIGN_OR_RETURN(const Created created, CreateDecision(ctx, vault.store, key, bytes));
    if (created.outcome == CreateOutcome::kUnknown) return UnknownOutcome(key, created);
    if (created.outcome == CreateOutcome::kOurs) return id;
    const std::string suffix = Sha256Hex(fmt::format("{} {}", first_run.str(), i)).substr(0, 4);
    id = BackupId(fmt::format("{}-{}", wanted.str(), suffix));
    LC2_RETURN_IF_ERROR(CheckBackupId(id));
  }
  return Error{.kind = ErrorKind::kAlreadyExists,
               .code = "vault.id_exhausted",
               .message = fmt::format("backup id '{}' and {} ids made from it are taken",
                                      wanted.str(), kTries - 1),
               .hint = "choose another name for the request"};
}

Result<RunId> ReadReservation(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                              const BackupId& id) {
  LC2_RETURN_IF_ERROR(CheckEnvironment(env));
  LC2_RETURN_IF_ERROR(CheckBackupId(id));
  const std::string key = ReservationKey(env, id);
  Result<std::string> bytes = store.Get(ctx, key, 4096);
  if (bytes.has_value()) return Parse(key, id, *bytes);
  if (bytes.error().kind != ErrorKind::kNotFound) return std::move(bytes).error();
  return Error{.kind = ErrorKind::kNotFound,
               .code = "backup.not_found",
               .message = fmt::format("environment '{}' has no backup '{}' in {}", env.str(),
                                      id.str(), store.root_name()),
               .hint = "'lc2 backup list' shows those it has",
               .cause = Share(std::move(bytes).error())};
}

}  // namespace lc2::vault
