#include "vault/candidate.h"

#include <fmt/format.h>

#include <boost/json/object.hpp>

#include "base/hash.h"
#include "codec/described.h"
#include "vault/manifest_checks.h"
#include "vault/paths.h"

namespace lc2::vault {
namespace {

Error Invalid(const std::string& name, const Error& cause) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "candidate.invalid",
               .message = fmt::format("'{}' is no valid candidate", name),
               .hint = "the attempt cannot be committed: start another one",
               .cause = Share(cause)};
}

Result<Candidate> Decode(std::string_view bytes) {
  LC2_ASSIGN_OR_RETURN(const codec::Json json,
                       codec::ParseJson(bytes, {.max_bytes = kMaxManifestBytes}));
  if (!json.is_object()) return codec::ShapeError(codec::Path("candidate"), "an object");
  LC2_ASSIGN_OR_RETURN(Candidate candidate, codec::Decode<Candidate>(json));
  if (candidate.format != 1) return codec::ShapeError(codec::Path("format"), "1");
  const codec::Json* library = json.get_object().if_contains("documentLibrary");
  if (library == nullptr) return codec::ShapeError(codec::Path("documentLibrary"), "an object");
  LC2_ASSIGN_OR_RETURN(candidate.document_library,
                       DecodeLibrary(*library, codec::Path("documentLibrary")));
  LC2_RETURN_IF_ERROR(CheckRunId(candidate.run_id));
  LC2_RETURN_IF_ERROR(CheckAttemptId(candidate.attempt));
  LC2_RETURN_IF_ERROR(CheckBackupId(candidate.backup_id));
  return candidate;
}

Result<void> Check(const Candidate& candidate, const EnvironmentId& env, const std::string& name) {
  if (candidate.env() != env)
    return BadManifest(name, "projectId and environment", env.str(), candidate.env().str());
  LC2_RETURN_IF_ERROR(CheckDatabase(candidate.database, env, name));
  LC2_RETURN_IF_ERROR(CheckLibrary(candidate.document_library, env, name));
  return CheckConsistency(candidate.consistency, env, name);
}

}  // namespace

std::string EncodeCandidate(const Candidate& candidate) {
  codec::Json json = codec::Encode(candidate);
  json.as_object()["documentLibrary"] = EncodeLibrary(candidate.document_library);
  return codec::CanonicalJson(json);
}

Result<Candidate> ParseCandidate(std::string_view bytes, const EnvironmentId& env,
                                 const std::string& name) {
  Result<Candidate> candidate = Decode(bytes);
  if (!candidate.has_value()) return Invalid(name, candidate.error());
  const Result<void> checked = Check(*candidate, env, name);
  if (checked.has_value()) return candidate;
  if (checked.error().code == "manifest.escapes") return checked.error();
  return Invalid(name, checked.error());
}

Result<std::string> WriteCandidate(const Context& ctx, ObjectStore& store,
                                   const Candidate& candidate) {
  const std::string key = CandidateKey(candidate.env(), candidate.run_id, candidate.attempt);
  const std::string bytes = EncodeCandidate(candidate);
  // What the control plane would refuse is refused here, where its cause is known.
  LC2_RETURN_IF_ERROR(ParseCandidate(bytes, candidate.env(), key));
  LC2_RETURN_IF_ERROR(store.Barrier(ctx));
  LC2_RETURN_IF_ERROR(store.Put(ctx, {.key = key, .body = bytes}));
  return Sha256Tagged(bytes);
}

ManifestBytes BuildManifest(const Candidate& candidate, const Opened& opened) {
  Manifest manifest{.backup_id = candidate.backup_id,
                    .timestamp = opened.timestamp,
                    .run_id = candidate.run_id,
                    .project_id = candidate.project_id,
                    .environment = candidate.environment,
                    .initiator = opened.initiator,
                    .provider = candidate.provider,
                    .lcp = candidate.lcp,
                    .database = candidate.database,
                    .document_library = candidate.document_library,
                    .consistency = candidate.consistency,
                    .retention = {.expires_at = opened.expires_at.value_or(Time{})}};
  if (opened.base) manifest.base = opened.base->backup_id;
  std::string bytes = EncodeManifest(manifest);
  std::string digest = Sha256Tagged(bytes);
  return {.bytes = std::move(bytes), .digest = std::move(digest)};
}

}  // namespace lc2::vault
