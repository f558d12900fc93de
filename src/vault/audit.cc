#include "vault/audit.h"

#include <fmt/format.h>

#include <boost/json/object.hpp>

#include "base/hash.h"
#include "codec/described.h"
#include "vault/create_only.h"
#include "vault/paths.h"

namespace lc2::vault {
namespace {

constexpr std::int64_t kMaxEntryBytes = 1 << 20;

struct Stored {
  std::int64_t number = 0;
  std::string previous;
  Time at{};
  std::string writer;
  std::string action;
  std::string who;
  std::string environment;
  std::string subject;
  codec::Json detail;
};
BOOST_DESCRIBE_STRUCT(Stored, (),
                      (number, previous, at, writer, action, who, environment, subject, detail))

Error Broken(const std::string& key, std::string_view why) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "audit.broken",
               .message = fmt::format("the audit log is broken at '{}': {}", key, why),
               .hint = "entries before it are good; compare with the copy kept outside the vault"};
}

Result<AuditEntry> Parse(const std::string& key, std::int64_t number, std::string_view bytes) {
  const Result<codec::Json> json = codec::ParseJson(bytes, {.max_bytes = kMaxEntryBytes});
  if (!json.has_value()) return Broken(key, json.error().message);
  Result<Stored> stored = codec::Decode<Stored>(*json);
  if (!stored.has_value()) return Broken(key, stored.error().message);
  if (stored->number != number)
    return Broken(key, fmt::format("it says number {}", stored->number));
  return AuditEntry{.number = stored->number,
                    .previous = std::move(stored->previous),
                    .at = stored->at,
                    .writer = std::move(stored->writer),
                    .event = {.action = std::move(stored->action),
                              .who = std::move(stored->who),
                              .environment = std::move(stored->environment),
                              .subject = std::move(stored->subject),
                              .detail = std::move(stored->detail)}};
}

std::string Encode(const AuditEntry& entry) {
  return codec::CanonicalJson(codec::Encode(Stored{.number = entry.number,
                                                   .previous = entry.previous,
                                                   .at = entry.at,
                                                   .writer = entry.writer,
                                                   .action = entry.event.action,
                                                   .who = entry.event.who,
                                                   .environment = entry.event.environment,
                                                   .subject = entry.event.subject,
                                                   .detail = entry.event.detail}));
}

Result<bool> IsThere(const Context& ctx, ObjectStore& store, const std::string& key) {
  const Result<ObjectFacts> there = store.Head(ctx, key);
  if (there.has_value()) return true;
  if (there.error().kind == ErrorKind::kNotFound) return false;
  return there.error();
}

}  // namespace

AuditLog::AuditLog(ObjectStore& store, std::string vault_id, Random& random)
    : store_(store), vault_id_(std::move(vault_id)), random_(random) {}

// Finds the end without reading the log: numbers have no gaps, so doubling steps and then halving
// them needs some 40 looks at most.
Result<void> AuditLog::CatchUp(const Context& ctx) {
  std::int64_t step = 1;
  std::int64_t low = -1;  // the last number known to be there
  while (true) {
    LC2_ASSIGN_OR_RETURN(const bool there, IsThere(ctx, store_, AuditKey(vault_id_, low + step)));
    if (!there) break;
    low += step;
    step *= 2;
  }
  for (; step > 1; step /= 2) {
    LC2_ASSIGN_OR_RETURN(const bool there,
                         IsThere(ctx, store_, AuditKey(vault_id_, low + step / 2)));
    if (there) low += step / 2;
  }
  AuditHead head{.count = low + 1};
  if (low >= 0) {
    LC2_ASSIGN_OR_RETURN(const std::string last,
                         store_.Get(ctx, AuditKey(vault_id_, low), kMaxEntryBytes));
    head.digest = Sha256Tagged(last);
  }
  head_ = std::move(head);
  found_end_ = true;
  return {};
}

Result<AuditHead> AuditLog::Append(const Context& ctx, const AuditEvent& event) {
  constexpr int kMaxRounds = 1000;
  const std::lock_guard lock(mutex_);
  if (!found_end_) LC2_RETURN_IF_ERROR(CatchUp(ctx));
  for (int round = 0; round < kMaxRounds; ++round) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    const std::string key = AuditKey(vault_id_, head_.count);
    const std::string bytes = Encode({.number = head_.count,
                                      .previous = head_.digest,
                                      .at = ctx.clock().Now(),
                                      .writer = random_.Hex(16),
                                      .event = event});
    if (const auto readable = Parse(key, head_.count, bytes); !readable.has_value()) {
      return Error{.kind = ErrorKind::kInvalid,
                   .code = "audit.entry",
                   .message = fmt::format("the event '{}' cannot be recorded", event.action),
                   .cause = Share(readable.error())};
    }
    LC2_ASSIGN_OR_RETURN(const Created created, CreateDecision(ctx, store_, key, bytes));
    if (created.outcome == CreateOutcome::kUnknown) {
      found_end_ = false;
      return UnknownOutcome(key, created);
    }
    const bool ours = created.outcome == CreateOutcome::kOurs;
    head_ = {.count = head_.count + 1, .digest = Sha256Tagged(ours ? bytes : created.found)};
    if (ours) return head_;
  }
  return Error{.kind = ErrorKind::kConflict,
               .code = "vault.log_busy",
               .message = "others write to the audit log without a pause",
               .hint = "how many control planes serve this location?"};
}

Result<AuditHead> VerifyAudit(const Context& ctx, ObjectStore& store, const std::string& vault_id) {
  const std::string prefix = AuditPrefix(vault_id);
  std::int64_t listed = 0;
  LC2_ASSIGN_OR_RETURN(const auto listing, store.List(ctx, {.prefix = prefix}));
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, listing->Read());
    if (batch.empty()) break;
    for (const Entry& object : batch) {
      const auto number = ParseNumberedName(std::string_view(object.key).substr(prefix.size()));
      if (!number) return Broken(object.key, "it is no entry");
      listed = std::max(listed, *number + 1);
    }
  }
  AuditHead head;
  while (head.count < listed) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    const std::string key = AuditKey(vault_id, head.count);
    const Result<std::string> bytes = store.Get(ctx, key, kMaxEntryBytes);
    if (!bytes.has_value() && bytes.error().kind == ErrorKind::kNotFound)
      return Broken(key, "it is missing, later ones exist");
    if (!bytes.has_value()) return bytes.error();
    LC2_ASSIGN_OR_RETURN(const AuditEntry entry, Parse(key, head.count, *bytes));
    if (entry.previous != head.digest)
      return Broken(key, "it does not follow the entry before it, so one of the two was changed");
    head = {.count = head.count + 1, .digest = Sha256Tagged(*bytes)};
  }
  return head;
}

Result<std::vector<AuditEntry>> ReadAudit(const Context& ctx, ObjectStore& store,
                                          const std::string& vault_id, std::int64_t from,
                                          std::int64_t limit) {
  std::vector<AuditEntry> entries;
  for (std::int64_t number = from; number < from + limit; ++number) {
    const std::string key = AuditKey(vault_id, number);
    const Result<std::string> bytes = store.Get(ctx, key, kMaxEntryBytes);
    if (!bytes.has_value() && bytes.error().kind == ErrorKind::kNotFound) break;
    if (!bytes.has_value()) return bytes.error();
    LC2_ASSIGN_OR_RETURN(AuditEntry entry, Parse(key, number, *bytes));
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace lc2::vault
