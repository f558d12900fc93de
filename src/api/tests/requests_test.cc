#include <gtest/gtest.h>

#include "api/spec_hash.h"
#include "api/tests/samples.h"
#include "base/hash.h"
#include "base/time_format.h"

namespace lc2::api {
namespace {

using testing::SampleBackup;
using testing::SampleEnvironment;
using testing::SampleRestore;

Condition Make(std::string type, ConditionStatus status, std::string reason = "Because") {
  return Condition{.type = std::move(type), .status = status, .reason = std::move(reason)};
}

TEST(Conditions, TheTransitionTimeIsThatOfTheStatus) {
  const Time first = ParseRfc3339("2025-11-09T14:30:00Z").value();
  const Time later = first + std::chrono::hours(1);
  Conditions conditions = SetCondition({}, Make("Ready", ConditionStatus::kFalse), first);
  Condition next = Make("Ready", ConditionStatus::kFalse, "StillNot");
  next.observed_generation = 2;
  conditions = SetCondition(conditions, next, later);
  ASSERT_EQ(conditions.size(), 1U);
  EXPECT_EQ(conditions[0].reason, "StillNot");
  EXPECT_EQ(conditions[0].observed_generation, 2);
  EXPECT_EQ(conditions[0].last_transition_time, first);
  conditions = SetCondition(conditions, Make("Ready", ConditionStatus::kTrue), later);
  EXPECT_EQ(conditions[0].last_transition_time, later);
  conditions = SetCondition(conditions, Make("Other", ConditionStatus::kTrue), later);
  EXPECT_EQ(conditions.size(), 2U);
  EXPECT_TRUE(HasCondition(conditions, "Ready"));
  EXPECT_FALSE(HasCondition(conditions, "Ready", ConditionStatus::kFalse));
  EXPECT_EQ(FindCondition(conditions, "Nothing"), nullptr);
}

struct BackupCase {
  Conditions conditions;
  bool started;
  BackupState state;
  bool terminal;
};

TEST(BackupState, IsWhatTheConditionsAddUpTo) {
  using S = ConditionStatus;
  const BackupCase cases[] = {
      {{}, false, BackupState::kPending, false},
      {{Make("Accepted", S::kTrue)}, false, BackupState::kPending, false},
      {{Make("Accepted", S::kFalse, "NotAllowed")}, false, BackupState::kFailed, true},
      {{Make("Accepted", S::kTrue), Make("Reconciling", S::kTrue)},
       true,
       BackupState::kInProgress,
       false},
      {{Make("Succeeded", S::kUnknown, "Unavailable")}, true, BackupState::kInProgress, false},
      {{Make("Succeeded", S::kTrue)}, true, BackupState::kSucceeded, true},
      {{Make("Succeeded", S::kFalse, "Corrupt")}, true, BackupState::kFailed, true},
      {{Make("Succeeded", S::kFalse, "Cancelled")}, true, BackupState::kCancelled, true},
      {{Make("Succeeded", S::kTrue), Make("Expired", S::kTrue)}, true, BackupState::kExpired, true},
  };
  for (const BackupCase& c : cases) {
    BackupRequest request = SampleBackup();
    request.status.conditions = c.conditions;
    if (c.started) request.status.start_time = Time();
    EXPECT_EQ(codec::Word(DeriveBackupState(request)), codec::Word(c.state));
    EXPECT_EQ(IsTerminal(request), c.terminal) << codec::Word(c.state);
    request.metadata.deletion_timestamp = Time();
    EXPECT_EQ(DeriveBackupState(request), BackupState::kDeleting);
    EXPECT_FALSE(IsTerminal(request));
  }
}

struct RestoreCase {
  Conditions conditions;
  bool started;
  bool dry_run;
  RestoreState state;
  bool terminal;
};

TEST(RestoreState, IsWhatTheConditionsAddUpTo) {
  using S = ConditionStatus;
  const RestoreCase cases[] = {
      {{}, false, false, RestoreState::kPending, false},
      {{Make("Planned", S::kTrue)}, false, false, RestoreState::kPlanned, false},
      {{Make("Planned", S::kTrue), Make("Approved", S::kFalse)},
       true,
       false,
       RestoreState::kAwaitingApproval,
       false},
      {{Make("Planned", S::kTrue)}, true, false, RestoreState::kInProgress, false},
      {{Make("Switched", S::kTrue)}, true, false, RestoreState::kSwitched, false},
      {{Make("Switched", S::kTrue), Make("Succeeded", S::kTrue)},
       true,
       false,
       RestoreState::kSucceeded,
       true},
      {{Make("Succeeded", S::kTrue)}, true, true, RestoreState::kPlanned, true},
      {{Make("Succeeded", S::kFalse, "Cancelled")}, true, false, RestoreState::kCancelled, true},
      {{Make("Succeeded", S::kFalse, "Denied")}, true, false, RestoreState::kFailed, true},
      {{Make("Accepted", S::kFalse, "NotAllowed")}, false, false, RestoreState::kFailed, true},
      {{Make("Succeeded", S::kTrue), Make("Undone", S::kTrue)},
       true,
       false,
       RestoreState::kUndone,
       true},
  };
  for (const RestoreCase& c : cases) {
    RestoreRequest request = SampleRestore();
    request.status.conditions = c.conditions;
    request.spec.dry_run = c.dry_run;
    if (c.started) request.status.start_time = Time();
    EXPECT_EQ(codec::Word(DeriveRestoreState(request)), codec::Word(c.state));
    EXPECT_EQ(IsTerminal(request), c.terminal) << codec::Word(c.state);
  }
}

TEST(BackupType, ComesFromRequestThenEnvironmentThenProvider) {
  LiferayEnvironment environment = SampleEnvironment();
  BackupRequest request = SampleBackup();
  EXPECT_EQ(EffectiveBackupType(request, environment), BackupType::kDump);
  environment.spec.provider = Provider::kAws;
  EXPECT_EQ(EffectiveBackupType(request, environment), BackupType::kBoth);
  environment.spec.database.backup_type = BackupType::kSnapshot;
  EXPECT_EQ(EffectiveBackupType(request, environment), BackupType::kSnapshot);
  request.spec.database.type = BackupType::kNone;
  EXPECT_EQ(EffectiveBackupType(request, environment), BackupType::kNone);
}

TEST(Environment, FillsInItsNamespaces) {
  LiferayEnvironment environment = SampleEnvironment();
  EXPECT_EQ(NamespaceOf(environment), "proj-retail-prd");
  EXPECT_EQ(RunNamespaceOf(environment), "lc2-run-retail-prd");
  environment.spec.namespace_ = "shop";
  environment.spec.run_namespace = "runs";
  EXPECT_EQ(NamespaceOf(environment), "shop");
  EXPECT_EQ(RunNamespaceOf(environment), "runs");
}

TEST(Restore, TheSourceIsTheTargetUnlessSaid) {
  RestoreRequest request = SampleRestore();
  EXPECT_EQ(SourceOf(request, SampleEnvironment()).str(), "retail-prd");
  request.spec.source_environment = "uat";
  request.spec.source_project_id = "shop";
  EXPECT_EQ(SourceOf(request, SampleEnvironment()).str(), "shop-uat");
}

TEST(Restore, AnErrorIsShownWithItsCausesAndHint) {
  const Error error{.kind = ErrorKind::kDenied,
                    .code = "a.b",
                    .message = "cannot read",
                    .cause = Share(Error{.message = "no rights", .hint = "ask"})};
  EXPECT_EQ(
      ToErrorStatus(error),
      (ErrorStatus{
          .kind = "Denied", .code = "a.b", .message = "cannot read: no rights", .hint = "ask"}));
}

// Pinned: a changed hash would refuse every accepted request as NameReused.
TEST(SpecHash, IsOverWhatIsAskedForAndNothingElse) {
  const BackupRequest plain = SampleBackup();
  EXPECT_EQ(SpecHash(plain), Sha256Tagged(R"({"environment":"prd","projectId":"retail"})"));
  BackupRequest changed = plain;
  changed.spec.cancel = true;
  changed.spec.hold.reason = "law";
  changed.spec.deletion_policy = DeletionPolicy::kDelete;
  changed.spec.retention_days = 90;
  changed.metadata.name = "other";
  EXPECT_EQ(SpecHash(changed), SpecHash(plain));
  changed.spec.verify = VerifyLevel::kFull;
  EXPECT_NE(SpecHash(changed), SpecHash(plain));

  const RestoreRequest restore = SampleRestore();
  EXPECT_EQ(SpecHash(restore),
            Sha256Tagged(
                R"({"backupId":"retail-prd-backup-20251109-143000","targetEnvironment":"prd"})"));
  RestoreRequest cancelled = restore;
  cancelled.spec.cancel = true;
  EXPECT_EQ(SpecHash(cancelled), SpecHash(restore));
}

}  // namespace
}  // namespace lc2::api
