#pragma once

#include <string>
#include <string_view>

#include <boost/describe.hpp>

#include "base/context.h"
#include "base/result.h"
#include "base/strong.h"
#include "vault/control_log.h"
#include "vault/manifest.h"

namespace lc2::vault {

// candidate.json: what a worker proposes to become a backup. A claim until it is checked.
struct Candidate {
  std::int64_t format = 1;
  RunId run_id;
  AttemptId attempt;
  BackupId backup_id;
  ProjectId project_id;
  EnvironmentName environment;
  std::string spec_digest;
  std::string provider;
  LcpFacts lcp;
  DatabaseFacts database;
  LibraryFacts document_library;
  ConsistencyFacts consistency;

  EnvironmentId env() const { return {.project = project_id, .environment = environment}; }
  bool operator==(const Candidate&) const = default;
};
BOOST_DESCRIBE_STRUCT(Candidate, (),
                      (format, run_id, attempt, backup_id, project_id, environment, spec_digest,
                       provider, lcp, database, document_library, consistency))

std::string EncodeCandidate(const Candidate& candidate);
// The same care as ParseManifest. Errors: kCorrupt "candidate.invalid", "manifest.escapes".
Result<Candidate> ParseCandidate(std::string_view bytes, const EnvironmentId& env,
                                 const std::string& name);

// Worker: leaves the candidate in its attempt's folder, the last thing it writes. Returns its
// digest ("sha256:...").
Result<std::string> WriteCandidate(const Context& ctx, ObjectStore& store,
                                   const Candidate& candidate);

struct ManifestBytes {
  std::string bytes;
  std::string digest;  // "sha256:..." of the bytes
};
// A pure function of both, so that whoever finishes a commit writes the same bytes: no clock, no
// randomness, no state. The candidate has been checked against `opened` (CheckCandidate).
ManifestBytes BuildManifest(const Candidate& candidate, const Opened& opened);

}  // namespace lc2::vault
