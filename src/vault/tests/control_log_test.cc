#include "vault/control_log.h"

#include "vault/deletion.h"
#include "vault/tests/vault_fixture.h"

namespace lc2::vault {
namespace {

using std::chrono::hours;

const RunId kRun("0123456789abcdef0123456789abcdef");
const RunId kOther("fedcba9876543210fedcba9876543210");
const std::string kDigest = "sha256:" + std::string(64, '1');
const Time kNow = ParseRfc3339("2025-11-09T14:30:00Z").value();

Opened BackupOpened() {
  return {.request = {.name_space = "proj", .name = "nightly"},
          .spec_digest = kDigest,
          .backup_id = BackupId("retail-prd-backup-20251109-143000"),
          .initiator = "alice",
          .timestamp = kNow,
          .expires_at = kNow + hours(24)};
}
Opened RestoreOpened() {
  return {.kind = RunKind::kRestore,
          .request = {.name_space = "proj", .name = "back"},
          .spec_digest = kDigest,
          .source = RestoreSource{.project_id = ProjectId("retail"),
                                  .environment = EnvironmentName("prd"),
                                  .backup_id = BackupId("retail-prd-backup-20251109-143000"),
                                  .run_id = kOther},
          .initiator = "bob",
          .timestamp = kNow};
}
Committed BackupCommitted() {
  return {.attempt = AttemptId("a1"), .candidate_digest = kDigest, .manifest_digest = kDigest};
}
const AttemptStarted kA1{.id = AttemptId("a1")};

RunFacts FactsOf(const std::vector<EventBody>& events) {
  RunFacts facts;
  facts.run = kRun;
  for (const EventBody& body : events) {
    EXPECT_TRUE(IsOk(CheckTransition(facts, body))) << EventWord(body);
    Apply(facts, {.at = kNow, .body = body});
  }
  return facts;
}

// One event of each kind, valid in itself.
std::vector<EventBody> AllEvents() {
  return {BackupOpened(),
          AttemptStarted{.id = AttemptId("a2")},
          BackupCommitted(),
          Abandoned{},
          Finished{.attempt = AttemptId("a1")},
          ControlStep{.name = "freeze", .state = "Begun"},
          Hold{.on = true, .reason = "audit"},
          Hold{.on = false},
          Extended{.expires_at = kNow + hours(48)},
          Verified{.level = "Full", .result = "Passed"},
          Proved{.by = kOther},
          DeletionRequested{.not_before = kNow},
          DeletionWithdrawn{},
          Deleted{}};
}

// Which events may follow each state, as a string of their places in AllEvents().
TEST(ControlLogTransitions, AreThoseOfTheTable) {
  const std::vector<EventBody> committed = {BackupOpened(), kA1, BackupCommitted()};
  const auto after = [](std::vector<EventBody> events, EventBody one) {
    events.push_back(std::move(one));
    return events;
  };
  const struct {
    std::string state;
    std::vector<EventBody> events;
    std::vector<std::string> allowed;
  } table[] = {
      {"nothing", {}, {"opened"}},
      {"open", {BackupOpened()}, {"attempt", "abandoned"}},
      {"attempt", {BackupOpened(), kA1}, {"attempt", "committed", "abandoned"}},
      {"restore", {RestoreOpened(), kA1}, {"attempt", "abandoned", "finished", "step"}},
      {"abandoned", {BackupOpened(), Abandoned{}}, {}},
      {"finished", {RestoreOpened(), kA1, Finished{.attempt = AttemptId("a1")}}, {}},
      {"committed", committed, {"hold", "extended", "verified", "proved", "deletionRequested"}},
      {"held",
       after(committed, Hold{.on = true, .reason = "audit"}),
       {"hold", "hold", "extended", "verified", "proved"}},
      {"deletion requested",
       after(committed, DeletionRequested{.not_before = kNow}),
       {"hold", "extended", "verified", "proved", "deletionWithdrawn", "deleted"}},
      {"requested, then held",
       after(after(committed, DeletionRequested{.not_before = kNow}),
             Hold{.on = true, .reason = "audit"}),
       {"hold", "hold", "extended", "verified", "proved", "deletionWithdrawn"}},
      {"withdrawn",
       after(after(committed, DeletionRequested{.not_before = kNow}), DeletionWithdrawn{}),
       {"hold", "extended", "verified", "proved", "deletionRequested"}},
      {"deleted", after(after(committed, DeletionRequested{.not_before = kNow}), Deleted{}), {}},
  };
  for (const auto& row : table) {
    const RunFacts facts = FactsOf(row.events);
    std::vector<std::string> allowed;
    for (const EventBody& body : AllEvents()) {
      if (CheckTransition(facts, body).has_value()) allowed.emplace_back(EventWord(body));
    }
    EXPECT_EQ(allowed, row.allowed) << row.state;
  }
}

TEST(ControlLogTransitions, RefuseWhatContradictsItself) {
  const RunFacts none = FactsOf({});
  const RunFacts open = FactsOf({BackupOpened(), kA1});
  const RunFacts committed = FactsOf({BackupOpened(), kA1, BackupCommitted()});
  const auto refused = [](const RunFacts& facts, const EventBody& body) {
    const auto allowed = CheckTransition(facts, body);
    return !allowed.has_value() && allowed.error().kind != ErrorKind::kInternal;
  };
  Opened opened = BackupOpened();
  opened.backup_id.reset();
  EXPECT_TRUE(refused(none, opened));
  opened = BackupOpened();
  opened.expires_at.reset();
  EXPECT_TRUE(refused(none, opened));
  opened = BackupOpened();
  opened.timestamp += std::chrono::milliseconds(1);
  EXPECT_TRUE(refused(none, opened));
  opened = BackupOpened();
  opened.spec_digest = "sha256:x";
  EXPECT_TRUE(refused(none, opened));
  opened = BackupOpened();
  opened.base = Base{};
  EXPECT_TRUE(refused(none, opened));
  opened.base = Base{.backup_id = opened.backup_id};
  EXPECT_TRUE(refused(none, opened)) << "the base's run is missing";
  opened.base = Base{.backup_id = opened.backup_id, .backup_run = kOther, .restore_run = kOther};
  EXPECT_TRUE(refused(none, opened));
  opened = BackupOpened();
  opened.inherits = kRun;
  EXPECT_TRUE(refused(none, opened));
  opened.inherits = RunId("..");
  EXPECT_TRUE(refused(none, opened));
  Opened restore = RestoreOpened();
  restore.source.reset();
  EXPECT_TRUE(refused(none, restore));
  restore = RestoreOpened();
  restore.source->environment = EnvironmentName("../x");
  EXPECT_TRUE(refused(none, restore));

  EXPECT_TRUE(refused(open, kA1)) << "an attempt starts once";
  EXPECT_TRUE(refused(open, AttemptStarted{.id = AttemptId("../a")}));
  Committed other = BackupCommitted();
  other.attempt = AttemptId("a9");
  EXPECT_TRUE(refused(open, other));
  other = BackupCommitted();
  other.manifest_digest.clear();
  EXPECT_TRUE(refused(open, other));
  EXPECT_TRUE(refused(open, Abandoned{.reason = AbandonReason::kInherited}));
  EXPECT_TRUE(refused(open, Abandoned{.reason = AbandonReason::kFailed, .heir = kOther}));
  EXPECT_TRUE(refused(open, Abandoned{.reason = AbandonReason::kInherited, .heir = kRun}));
  EXPECT_TRUE(refused(open, ControlStep{.name = "freeze", .state = "Begun"})) << "of a restore";
  const RunFacts restoring = FactsOf({RestoreOpened(), kA1});
  EXPECT_TRUE(refused(restoring, ControlStep{.name = "freeze"}));
  EXPECT_TRUE(refused(restoring, ControlStep{.state = "Begun"}));
  EXPECT_TRUE(refused(restoring, Finished{.attempt = AttemptId("a9")}));
  EXPECT_TRUE(refused(restoring, Finished{.attempt = AttemptId("a1"), .map_digest = "sha256:x"}));
  EXPECT_TRUE(refused(committed, Hold{.on = true}));
  EXPECT_TRUE(
      refused(committed, Extended{.expires_at = kNow + hours(48) + std::chrono::milliseconds(1)}));
  EXPECT_TRUE(refused(committed, Extended{.expires_at = kNow + hours(24)}));
  EXPECT_TRUE(refused(committed, Verified{.level = "Full", .result = "Fine"}));
  EXPECT_TRUE(refused(committed, Verified{.level = "Some", .result = "Passed"}));
}

TEST(ControlLogFold, TellsWhatTheEventsSay) {
  const RunFacts facts = FactsOf(
      {BackupOpened(), kA1, AttemptStarted{.id = AttemptId("a2")}, BackupCommitted(),
       Hold{.on = true, .reason = "audit"}, Extended{.expires_at = kNow + hours(48)},
       Verified{.level = "Full", .result = "Damaged", .damaged = {"k"}}, Proved{.by = kOther}});
  EXPECT_TRUE(facts.alive());
  EXPECT_FALSE(facts.open());
  EXPECT_EQ(facts.attempts.size(), 2U);
  EXPECT_EQ(facts.hold, "audit");
  EXPECT_EQ(facts.expires_at, kNow + hours(48));
  EXPECT_EQ(facts.verified->damaged, std::vector<std::string>{"k"});
  EXPECT_EQ(facts.proved->by, kOther);
  EXPECT_EQ(facts.closed_at, kNow);
}

TEST(ControlLogEntries, SurviveARoundTrip) {
  std::vector<EventBody> bodies = AllEvents();
  Opened opened = BackupOpened();
  opened.base = Base{.backup_id = BackupId("b"), .backup_run = kOther};
  opened.inherits = kOther;
  bodies.emplace_back(opened);
  opened.base = Base{.restore_run = kOther};
  bodies.emplace_back(opened);
  bodies.emplace_back(RestoreOpened());
  for (const AbandonReason reason : {AbandonReason::kFailed, AbandonReason::kCancelled,
                                     AbandonReason::kLost, AbandonReason::kSuperseded})
    bodies.emplace_back(Abandoned{.reason = reason, .error = {{"code", "x"}}});
  bodies.emplace_back(Abandoned{.reason = AbandonReason::kInherited, .heir = kOther});
  for (const EventBody& body : bodies) {
    const LogEntry entry{
        .number = 3, .writer = "w", .at = kNow, .who = "me", .why = "so", .body = body};
    const std::string bytes = EncodeLogEntry(kRetail, kRun, entry);
    const auto parsed = ParseLogEntry(kRetail, kRun, 3, bytes);
    ASSERT_TRUE(IsOk(parsed)) << bytes;
    EXPECT_EQ(EncodeLogEntry(kRetail, kRun, *parsed), bytes);
    EXPECT_EQ(EventWord(parsed->body), EventWord(body));
    EXPECT_EQ(CodeOf(ParseLogEntry(kRetail, kRun, 4, bytes)), "vault.log_entry");
    EXPECT_EQ(CodeOf(ParseLogEntry(kRetail, kOther, 3, bytes)), "vault.log_entry");
  }
}

TEST(ControlLogEntries, HaveTheWordsOfTheDesign) {
  const auto json = [](const EventBody& body) {
    return EncodeLogEntry(kRetail, kRun, {.writer = "w", .at = kNow, .body = body});
  };
  EXPECT_EQ(json(Abandoned{.reason = AbandonReason::kInherited, .heir = kOther}),
            R"({"abandoned":{"heir":"fedcba9876543210fedcba9876543210","reason":"inherited"},)"
            R"("at":"2025-11-09T14:30:00.000Z","environment":"prd","event":"abandoned","number":0,)"
            R"("projectId":"retail","runId":"0123456789abcdef0123456789abcdef","who":"","why":"",)"
            R"("writer":"w"})");
  EXPECT_NE(json(BackupOpened()).find(R"("kind":"backup")"), std::string::npos);
  EXPECT_NE(json(BackupOpened()).find(R"("request":{"name":"nightly","namespace":"proj"})"),
            std::string::npos);
  EXPECT_NE(json(DeletionRequested{.not_before = kNow})
                .find(R"("deletionRequested":{"notBefore":"2025-11-09T14:30:00Z"})"),
            std::string::npos);
}

TEST(ControlLogEntries, DamageIsNamed) {
  const std::string good =
      EncodeLogEntry(kRetail, kRun, {.writer = "w", .at = kNow, .body = BackupOpened()});
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string bytes = good;
    bytes.replace(bytes.find(from), from.size(), to);
    return CodeOf(ParseLogEntry(kRetail, kRun, 0, bytes));
  };
  EXPECT_EQ(with("\"opened\":{", "\"openeD\":{"), "vault.log_entry");
  EXPECT_EQ(with("\"event\":\"opened\"", "\"event\":\"exploded\""), "vault.log_entry");
  EXPECT_EQ(with("\"kind\":\"backup\"", "\"kind\":\"Backup\""), "vault.log_entry");
  EXPECT_EQ(with("\"kind\":\"backup\"", "\"kind\":7"), "vault.log_entry");
  EXPECT_EQ(with("\"request\":{", "\"requesT\":{"), "vault.log_entry");
  EXPECT_EQ(with("\"environment\":\"prd\"", "\"environment\":\"uat\""), "vault.log_entry");
  EXPECT_EQ(CodeOf(ParseLogEntry(kRetail, kRun, 0, good.substr(0, good.size() / 2))),
            "vault.log_entry");
  EXPECT_EQ(CodeOf(ParseLogEntry(kRetail, kRun, 0, "[]")), "vault.log_entry");
}

class ControlLogTest : public ::testing::Test, protected VaultFixture {
 protected:
  Result<ControlLog> Append(const EventBody& body) {
    return AppendEvent(ctx, vault(), kRetail, kRun,
                       [&](const ControlLog&, const RunFacts&) -> Result<std::optional<Event>> {
                         return std::optional<Event>(Event{.body = body, .who = "w", .why = "y"});
                       });
  }
  Result<ControlLog> Read() { return ReadControlLog(ctx, *store, kRetail, kRun); }
};

TEST_F(ControlLogTest, AppendsUnderTheNextNumber) {
  EXPECT_TRUE(Read().value().empty());
  ASSERT_TRUE(IsOk(Append(BackupOpened())));
  ASSERT_TRUE(IsOk(Append(kA1)));
  const ControlLog log = Read().value();
  ASSERT_EQ(log.entries.size(), 2U);
  EXPECT_EQ(log.entries[1].number, 1);
  EXPECT_EQ(log.entries[1].who, "w");
  EXPECT_NE(log.entries[0].writer, log.entries[1].writer);
  EXPECT_TRUE(Exists(ControlEntryKey(kRetail, kRun, 1)));
}

TEST_F(ControlLogTest, DecidesAgainWhenTheNumberIsTaken) {
  ASSERT_TRUE(IsOk(Append(BackupOpened())));
  int asked = 0;
  const auto log =
      AppendEvent(ctx, vault(), kRetail, kRun,
                  [&](const ControlLog&, const RunFacts& facts) -> Result<std::optional<Event>> {
                    // While we think for the first time, somebody else abandons the run.
                    if (++asked == 1) {
                      EXPECT_TRUE(IsOk(Append(Abandoned{.reason = AbandonReason::kLost})));
                    }
                    if (facts.abandoned) return std::optional<Event>();
                    return std::optional<Event>(Event{.body = kA1});
                  });
  ASSERT_TRUE(IsOk(log));
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(log->entries.size(), 2U);
  EXPECT_TRUE(Fold(*log).abandoned.has_value());
}

TEST_F(ControlLogTest, LostAnswersAreReadBackAndUnknownIsAnError) {
  store->Plan({.operation = "put", .effect = Fault::Effect::kFailAfter});
  ASSERT_TRUE(IsOk(Append(BackupOpened())));
  EXPECT_EQ(Read().value().entries.size(), 1U);
  store->Plan({.operation = "put", .times = 3, .effect = Fault::Effect::kFailBefore});
  EXPECT_EQ(CodeOf(Append(kA1)), "vault.unknown_outcome");
}

TEST_F(ControlLogTest, ForbiddenEventsChangeNothing) {
  ASSERT_TRUE(IsOk(Append(BackupOpened())));
  EXPECT_EQ(CodeOf(Append(BackupOpened())), "vault.log_transition");
  EXPECT_EQ(CodeOf(Append(Deleted{})), "vault.log_transition");
  EXPECT_EQ(Read().value().entries.size(), 1U);
}

TEST_F(ControlLogTest, WhatCouldNotBeReadBackIsNotWritten) {
  Opened opened = BackupOpened();
  opened.initiator = "\xff\xfe";
  EXPECT_EQ(CodeOf(Append(opened)), "vault.log_event");
  ASSERT_TRUE(IsOk(Append(BackupOpened())));
  EXPECT_EQ(CodeOf(Append(Abandoned{.error = {{"message", std::string(2 << 20, 'x')}}})),
            "vault.log_event");
  EXPECT_EQ(Read().value().entries.size(), 1U);
}

TEST_F(ControlLogTest, GapsForeignNamesAndDamageAreCorrupt) {
  for (const EventBody& body : {EventBody(BackupOpened()), EventBody(kA1), EventBody(Abandoned{})})
    ASSERT_TRUE(IsOk(Append(body)));
  const std::string second = ControlEntryKey(kRetail, kRun, 1);
  const std::string bytes = store->Get(ctx, second).value();

  ASSERT_TRUE(IsOk(store->Delete(ctx, second)));
  EXPECT_EQ(CodeOf(Read()), "vault.log_gap");
  Overwrite(second, "{}");
  EXPECT_EQ(CodeOf(Read()), "vault.log_entry");
  Overwrite(second, EncodeLogEntry(kRetail, kRun, {.number = 1, .at = kNow, .body = Deleted{}}));
  EXPECT_EQ(CodeOf(Read()), "vault.log_order");
  Overwrite(second, bytes);
  EXPECT_TRUE(IsOk(Read()));
  ASSERT_TRUE(
      IsOk(store->Put(ctx, {.key = ControlLogPrefix(kRetail, kRun) + "note", .body = "x"})));
  EXPECT_EQ(CodeOf(Read()), "vault.log_foreign");
  EXPECT_EQ(Read().error().kind, ErrorKind::kCorrupt);
}

TEST_F(ControlLogTest, DecidersErrorsAndStopsPassThrough) {
  const auto denied =
      AppendEvent(ctx, vault(), kRetail, kRun,
                  [](const ControlLog&, const RunFacts&) -> Result<std::optional<Event>> {
                    return Error{.kind = ErrorKind::kDenied, .code = "x.y"};
                  });
  EXPECT_EQ(CodeOf(denied), "x.y");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(AppendEvent(ctx.WithStop(stop.get_token()), vault(), kRetail, kRun,
                        [](const ControlLog&, const RunFacts&) -> Result<std::optional<Event>> {
                          return std::optional<Event>(Event{.body = BackupOpened()});
                        })
                .error()
                .kind,
            ErrorKind::kCancelled);
  EXPECT_EQ(CodeOf(ReadControlLog(ctx, *store, kRetail, RunId("../x"))), "vault.bad_name");
}

}  // namespace
}  // namespace lc2::vault
