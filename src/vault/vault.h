#pragma once

#include "base/random.h"
#include "base/signing.h"
#include "storage/object_store.h"
#include "vault/vault_file.h"

namespace lc2::vault {

class AuditLog;

// A vault that is open for decisions: what the control plane's functions share. All of it must
// outlive the calls; nothing here is changed by them.
struct Vault {
  ObjectStore& store;
  VaultFile file;
  Random& random;                           // thread-safe: writer tokens come from it
  AuditLog* audit = nullptr;                // none: nothing is audited (tests)
  const SigningKey* signing_key = nullptr;  // none: manifests stay unsigned
  bool lcp_trackers = true;
};

}  // namespace lc2::vault
