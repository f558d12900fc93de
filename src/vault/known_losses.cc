#include "vault/known_losses.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include <boost/json/object.hpp>

#include "codec/described.h"
#include "vault/create_only.h"
#include "vault/paths.h"

namespace lc2::vault {
namespace {

constexpr std::int64_t kMaxFileBytes = 64 << 20;
// Keys have at most 1,024 bytes, six times that where all are escaped: below kMaxFileBytes.
constexpr std::size_t kLossesPerFile = 10'000;

struct Stored {
  std::int64_t format = 1;
  std::int64_t number = 0;
  BackupId backup_id;
  std::string writer;
  Time at{};
  std::string who;
  std::string why;
  std::vector<KnownLoss> losses;
};
BOOST_DESCRIBE_STRUCT(Stored, (), (format, number, backup_id, writer, at, who, why, losses))

Result<Stored> Parse(const std::string& key, std::string_view bytes) {
  const auto bad = [&](const std::string& why) {
    return Error{.kind = ErrorKind::kCorrupt,
                 .code = "known_losses.invalid",
                 .message = fmt::format("cannot read the accepted losses '{}': {}", key, why),
                 .hint = "restore an older version of this object"};
  };
  const Result<codec::Json> json = codec::ParseJson(bytes, {.max_bytes = kMaxFileBytes});
  if (!json.has_value()) return bad(json.error().message);
  Result<Stored> stored = codec::Decode<Stored>(*json);
  if (!stored.has_value()) return bad(stored.error().message);
  if (stored->format != 1) return bad(fmt::format("format {} is not known", stored->format));
  return stored;
}

struct Known {
  std::vector<KnownLoss> losses;
  std::int64_t files = 0;
};

Result<Known> ReadAll(const Context& ctx, ObjectStore& store, const EnvironmentId& env) {
  LC2_RETURN_IF_ERROR(CheckEnvironment(env));
  const std::string prefix = KnownLossesPrefix(env);
  LC2_ASSIGN_OR_RETURN(const auto listing, store.List(ctx, {.prefix = prefix}));
  std::vector<std::string> keys;
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, listing->Read());
    if (batch.empty()) break;
    for (const Entry& object : batch) keys.push_back(object.key);
  }
  Known known{.files = static_cast<std::int64_t>(keys.size())};
  for (const std::string& key : keys) {
    LC2_ASSIGN_OR_RETURN(const std::string bytes, store.Get(ctx, key, kMaxFileBytes));
    LC2_ASSIGN_OR_RETURN(Stored stored, Parse(key, bytes));
    std::move(stored.losses.begin(), stored.losses.end(), std::back_inserter(known.losses));
  }
  std::sort(known.losses.begin(), known.losses.end());
  known.losses.erase(std::unique(known.losses.begin(), known.losses.end()), known.losses.end());
  return known;
}

// Creates the next file, whichever number that is by then. Returns the number after it.
Result<std::int64_t> AppendFile(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                                std::int64_t number, Stored file) {
  while (true) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    file.number = number;
    const std::string key = KnownLossesKey(env, number);
    const std::string bytes = codec::CanonicalJson(codec::Encode(file));
    LC2_RETURN_IF_ERROR(Parse(key, bytes));  // what cannot be read back is not written
    LC2_ASSIGN_OR_RETURN(const Created created, CreateDecision(ctx, vault.store, key, bytes));
    if (created.outcome == CreateOutcome::kUnknown) return UnknownOutcome(key, created);
    ++number;
    if (created.outcome == CreateOutcome::kOurs) return number;
  }
}

}  // namespace

Result<void> AcceptLosses(const Context& ctx, const Vault& vault, const EnvironmentId& env,
                          const BackupId& backup_id, std::vector<KnownLoss> losses,
                          const std::string& who, const std::string& why) {
  LC2_ASSIGN_OR_RETURN(const Known known, ReadAll(ctx, vault.store, env));
  std::sort(losses.begin(), losses.end());
  losses.erase(std::unique(losses.begin(), losses.end()), losses.end());
  std::vector<KnownLoss> news;
  std::set_difference(losses.begin(), losses.end(), known.losses.begin(), known.losses.end(),
                      std::back_inserter(news));
  std::int64_t number = known.files;
  for (std::size_t begin = 0; begin < news.size(); begin += kLossesPerFile) {
    const std::size_t end = std::min(news.size(), begin + kLossesPerFile);
    Stored file{.backup_id = backup_id,
                .writer = vault.random.Hex(16),
                .at = ctx.clock().Now(),
                .who = who,
                .why = why};
    file.losses.assign(news.begin() + static_cast<std::ptrdiff_t>(begin),
                       news.begin() + static_cast<std::ptrdiff_t>(end));
    LC2_ASSIGN_OR_RETURN(number, AppendFile(ctx, vault, env, number, std::move(file)));
  }
  return {};
}

Result<std::vector<KnownLoss>> ReadKnownLosses(const Context& ctx, ObjectStore& store,
                                               const EnvironmentId& env) {
  LC2_ASSIGN_OR_RETURN(Known known, ReadAll(ctx, store, env));
  return std::move(known.losses);
}

}  // namespace lc2::vault
