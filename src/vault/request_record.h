#pragma once

#include <string>

#include "base/context.h"
#include "base/result.h"
#include "base/strong.h"
#include "vault/control_log.h"
#include "vault/vault.h"

namespace lc2::vault {

// control/requests/<kind>/<name>.json: that a request was accepted, with which spec, and as which
// run. Requests are identified by (namespace, name); one namespace serves one environment, and the
// record says which.
struct RequestRecord {
  RunKind kind = RunKind::kBackup;
  RequestRef request;
  std::string spec_digest;  // "sha256:..." of the normalised spec (design.md section 4)
  RunId run_id;             // the first run; see CurrentRun() in run.h
  Time accepted_at{};
};

enum class Acceptance {
  kNew,         // ours, just now
  kSame,        // accepted before with this spec: adopt the run of `record`
  kNameReused,  // accepted before with another spec or for another namespace
};
struct AcceptedRequest {
  Acceptance acceptance = Acceptance::kNew;
  RequestRecord record;  // what the vault holds
};

// Accepts a request. A fresh run id is picked. Errors: kInvalid "vault.bad_name", kCorrupt
// "vault.request_record", kUnavailable "vault.unknown_outcome".
Result<AcceptedRequest> AcceptRequest(const Context& ctx, const Vault& vault,
                                      const EnvironmentId& env, RunKind kind,
                                      const RequestRef& request, const std::string& spec_digest);

// kNotFound "vault.request_unknown" if it never was accepted.
Result<RequestRecord> ReadRequestRecord(const Context& ctx, ObjectStore& store,
                                        const EnvironmentId& env, RunKind kind,
                                        const std::string& name);

// Whether a request of this name was ever accepted.
Result<bool> WasAccepted(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                         RunKind kind, const std::string& name);

}  // namespace lc2::vault
