#include "engine/backup.h"

#include <fmt/core.h>

#include "codec/described.h"
#include "engine/backup_state_internal.h"
#include "engine/verify.h"
#include "library/crosscheck.h"
#include "vault/paths.h"
#include "vault/step_records.h"

namespace lc2::engine {

namespace {

vault::Candidate MakeCandidate(const BackupState& state) {
  return {.run_id = state.run.run,
          .attempt = state.run.attempt,
          .backup_id = state.run.backup_id,
          .project_id = state.env.project,
          .environment = state.env.environment,
          .spec_digest = state.run.spec_digest,
          .provider = codec::Word(state.run.environment.spec.provider),
          .lcp = {.backup_type = state.run.automatic ? "automatic" : "manual"},
          .database = state.database,
          .document_library = state.library,
          .consistency = state.consistency};
}

using Step = Result<void> (*)(const Context&, BackupState&);
struct NamedStep {
  const char* name;
  Step run;
};
constexpr NamedStep kSteps[] = {{"prepare", PrepareStep},
                                {"database", DatabaseStep},
                                {"library", LibraryStep},
                                {"crosscheck", CrosscheckStep},
                                {"verify", VerifyStep}};

}  // namespace

std::string DumpKey(const BackupState& state, std::string_view name) {
  return vault::DumpFolder(state.env, state.run.backup_id, state.run.attempt) + std::string(name);
}

Result<void> RecordStep(const Context& ctx, BackupState& state, const std::string& step,
                        const codec::Json& facts) {
  return vault::PutRecord(ctx, *state.vault,
                          {.env = state.env,
                           .run = state.run.run,
                           .attempt = state.run.attempt,
                           .name = fmt::format("steps/{}.json", step)},
                          facts);
}

Result<void> CrosscheckStep(const Context& ctx, BackupState& state) {
  const Verdict& verdict = state.copied.verdict;
  vault::ConsistencyFacts& facts = state.consistency;
  facts.level = vault::ConsistencyLevel::kOrdered;
  facts.references = verdict.references;
  facts.missing = verdict.missing();
  facts.orphans = verdict.orphans;
  facts.size_mismatches = verdict.size_mismatches;
  facts.recovered = verdict.recovered;
  facts.in_flight = verdict.in_flight;
  LC2_RETURN_IF_ERROR(RecordStep(ctx, state, "crosscheck",
                                 codec::JsonObject{{"consistency", codec::Encode(facts)},
                                                   {"verdict", codec::Encode(verdict)}}));
  // What a broken environment has left is kept by its safeguard, which says that it is incomplete.
  const std::int64_t lost = verdict.lost_at_source + verdict.size_mismatches;
  const std::int64_t tolerance = state.run.environment.spec.document_library.missing_tolerance;
  ctx.log().Info("references checked", {{"references", std::to_string(facts.references)},
                                        {"missing", std::to_string(facts.missing)},
                                        {"sizeMismatches", std::to_string(facts.size_mismatches)},
                                        {"orphans", std::to_string(facts.orphans)}});
  return library::Judge(verdict, state.run.safeguard ? lost : tolerance);
}

Result<void> VerifyStep(const Context& ctx, BackupState& state) {
  LC2_ASSIGN_OR_RETURN(const VerifyReport report,
                       VerifyContents(ctx, *state.vault,
                                      {.env = state.env,
                                       .database = state.database,
                                       .library = state.library,
                                       .consistency = state.consistency},
                                      state.run.verify, state.run.run.str()));
  if (report.passed()) return {};
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "verify.damaged",
               .message = fmt::format(
                   "{} of what was just written reads back damaged, first '{}': {}", report.damaged,
                   report.damages.front().path, report.damages.front().what),
               .hint = "is the vault's storage sound? Nothing was committed; run the backup again"};
}

Result<std::string> RunBackup(const Context& ctx, provider::Provider& provider,
                              const BackupRun& run) {
  BackupState state{.run = run, .provider = provider, .env = api::IdOf(run.environment)};
  ctx.log().Info(
      "backup begins",
      {{"backup", run.backup_id.str()},
       {"base", run.base && run.base->backup_id ? run.base->backup_id->str() : std::string()},
       {"verify", codec::Word(run.verify)}});
  for (const NamedStep& step : kSteps) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    ctx.Report({.step = step.name});
    const SteadyTime began = ctx.clock().SteadyNow();
    LC2_RETURN_IF_ERROR(step.run(ctx, state));
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(ctx.clock().SteadyNow() - began);
    ctx.log().Info("step done", {{"step", step.name}, {"ms", std::to_string(took.count())}});
  }
  return vault::WriteCandidate(ctx, *state.vault, MakeCandidate(state));
}

}  // namespace lc2::engine
