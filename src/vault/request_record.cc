#include "vault/request_record.h"

#include <fmt/format.h>

#include <boost/json/object.hpp>

#include "codec/described.h"
#include "vault/create_only.h"
#include "vault/run.h"

namespace lc2::vault {
namespace {

struct Stored {
  std::int64_t format = 1;
  std::string kind;
  codec::Json request;  // {"namespace", "name"}
  ProjectId project_id;
  EnvironmentName environment;
  std::string spec_digest;
  RunId run_id;
  Time accepted_at{};
};
BOOST_DESCRIBE_STRUCT(Stored, (),
                      (format, kind, request, project_id, environment, spec_digest, run_id,
                       accepted_at))

std::string Encode(const EnvironmentId& env, const RequestRecord& record) {
  return codec::CanonicalJson(codec::Encode(
      Stored{.kind = std::string(KindWord(record.kind)),
             .request = {{"namespace", record.request.name_space}, {"name", record.request.name}},
             .project_id = env.project,
             .environment = env.environment,
             .spec_digest = record.spec_digest,
             .run_id = record.run_id,
             .accepted_at = record.accepted_at}));
}

std::string TextOf(const codec::Json& object, std::string_view member) {
  const codec::Json* json = object.is_object() ? object.get_object().if_contains(member) : nullptr;
  return json != nullptr && json->is_string() ? std::string(json->get_string()) : std::string();
}

Result<RequestRecord> Parse(const EnvironmentId& env, RunKind kind, const std::string& name,
                            std::string_view bytes) {
  const auto bad = [&](const std::string& why) {
    return Error{.kind = ErrorKind::kCorrupt,
                 .code = "vault.request_record",
                 .message = fmt::format("cannot read the request record '{}': {}",
                                        RequestRecordKey(env, kind, name), why),
                 .hint = "restore an older version of this object"};
  };
  const Result<codec::Json> json = codec::ParseJson(bytes, {.max_bytes = 64 << 10, .max_depth = 8});
  if (!json.has_value()) return bad(json.error().message);
  const Result<Stored> stored = codec::Decode<Stored>(*json);
  if (!stored.has_value()) return bad(stored.error().message);
  if (stored->format != 1) return bad(fmt::format("format {} is not known", stored->format));
  if (stored->kind != KindWord(kind) || TextOf(stored->request, "name") != name ||
      stored->project_id != env.project || stored->environment != env.environment)
    return bad("it is for another request");
  if (!CheckRunId(stored->run_id).has_value()) return bad("it names no run");
  return RequestRecord{
      .kind = kind,
      .request = {.name_space = TextOf(stored->request, "namespace"), .name = name},
      .spec_digest = stored->spec_digest,
      .run_id = stored->run_id,
      .accepted_at = stored->accepted_at};
}

AcceptedRequest Compare(RequestRecord found, const RequestRef& request,
                        const std::string& spec_digest) {
  const bool same = found.request == request && found.spec_digest == spec_digest;
  return {.acceptance = same ? Acceptance::kSame : Acceptance::kNameReused,
          .record = std::move(found)};
}

}  // namespace

Result<AcceptedRequest> AcceptRequest(const Context& ctx, const Vault& vault,
                                      const EnvironmentId& env, RunKind kind,
                                      const RequestRef& request, const std::string& spec_digest) {
  Result<RequestRecord> found = ReadRequestRecord(ctx, vault.store, env, kind, request.name);
  if (found.has_value()) return Compare(std::move(found).value(), request, spec_digest);
  if (found.error().kind != ErrorKind::kNotFound) return std::move(found).error();

  const RequestRecord mine{.kind = kind,
                           .request = request,
                           .spec_digest = spec_digest,
                           .run_id = NewRunId(vault.random),
                           .accepted_at = ctx.clock().Now()};
  const std::string key = RequestRecordKey(env, kind, request.name);
  // The run id is the writer token.
  const std::string bytes = Encode(env, mine);
  LC2_ASSIGN_OR_RETURN(const RequestRecord readable, Parse(env, kind, request.name, bytes));
  LC2_ASSIGN_OR_RETURN(const Created created, CreateDecision(ctx, vault.store, key, bytes));
  switch (created.outcome) {
    case CreateOutcome::kUnknown:
      return UnknownOutcome(key, created);
    case CreateOutcome::kOurs:
      return AcceptedRequest{.acceptance = Acceptance::kNew, .record = readable};
    case CreateOutcome::kNotOurs:
      break;
  }
  LC2_ASSIGN_OR_RETURN(RequestRecord theirs, Parse(env, kind, request.name, created.found));
  return Compare(std::move(theirs), request, spec_digest);
}

Result<RequestRecord> ReadRequestRecord(const Context& ctx, ObjectStore& store,
                                        const EnvironmentId& env, RunKind kind,
                                        const std::string& name) {
  LC2_RETURN_IF_ERROR(CheckEnvironment(env));
  LC2_RETURN_IF_ERROR(CheckRequestName(name));
  Result<std::string> bytes = store.Get(ctx, RequestRecordKey(env, kind, name), 64 << 10);
  if (bytes.has_value()) return Parse(env, kind, name, *bytes);
  if (bytes.error().kind != ErrorKind::kNotFound) return std::move(bytes).error();
  return Error{.kind = ErrorKind::kNotFound,
               .code = "vault.request_unknown",
               .message = fmt::format("no {} request '{}' was ever accepted for environment '{}'",
                                      KindWord(kind), name, env.str()),
               .cause = Share(std::move(bytes).error())};
}

Result<bool> WasAccepted(const Context& ctx, ObjectStore& store, const EnvironmentId& env,
                         RunKind kind, const std::string& name) {
  const Result<RequestRecord> record = ReadRequestRecord(ctx, store, env, kind, name);
  if (record.has_value()) return true;
  if (record.error().kind != ErrorKind::kNotFound) return record.error();
  return false;
}

}  // namespace lc2::vault
