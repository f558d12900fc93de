#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/random.h"
#include "base/result.h"
#include "codec/json.h"
#include "storage/object_store.h"

// audit/<vaultId>/<000000>.json: each entry holds the digest of the one before it, so that none can
// be changed or taken out unseen. A cut tail shows only against a head kept elsewhere.
namespace lc2::vault {

struct AuditEvent {
  std::string action;  // "backup.committed", "backup.deleted", "restore.read", ...
  std::string who;
  std::string environment;  // "retail-prd"; empty for what concerns the vault
  std::string subject;      // a backup id, run id, ...
  codec::Json detail;       // no secrets, no document titles
};

struct AuditEntry {
  std::int64_t number = 0;
  std::string previous;  // "sha256:..." of the bytes of the entry before; empty in the first
  Time at{};
  std::string writer;
  AuditEvent event;
};

struct AuditHead {
  std::int64_t count = 0;
  std::string digest;  // of the last entry's bytes; empty if there is none
};

// Appends to a vault's audit log. Thread-safe; several processes may append, each entry is a
// create-only decision and follows whatever is last then. Commits and deletions appear at least
// once, after a crash perhaps twice.
class AuditLog {
 public:
  AuditLog(ObjectStore& store, std::string vault_id, Random& random);
  // Errors: kInvalid "audit.entry", kUnavailable "vault.unknown_outcome", those of the store.
  Result<AuditHead> Append(const Context& ctx, const AuditEvent& event);

 private:
  Result<void> CatchUp(const Context& ctx);
  ObjectStore& store_;
  const std::string vault_id_;
  Random& random_;
  std::mutex mutex_;
  bool found_end_ = false;
  AuditHead head_;
};

// Reads the whole chain. Error: kCorrupt "audit.broken" naming the first bad entry.
Result<AuditHead> VerifyAudit(const Context& ctx, ObjectStore& store, const std::string& vault_id);
// Entries from number `from`, at most `limit`.
Result<std::vector<AuditEntry>> ReadAudit(const Context& ctx, ObjectStore& store,
                                          const std::string& vault_id, std::int64_t from,
                                          std::int64_t limit);

}  // namespace lc2::vault
