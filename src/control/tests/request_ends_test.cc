#include "control/request_ends.h"

#include "api/documents.h"
#include "control/tests/control_fixture.h"
#include "control/tests/faulty_store.h"

namespace lc2::control::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Time kEnd = ParseRfc3339("2025-11-09T15:00:00Z").value();

template <class Request>
Request Ended(Request request, const char* type, api::ConditionStatus status, const char* reason) {
  request.status.conditions = api::SetCondition(
      {}, {.type = type, .status = status, .reason = reason, .message = "why"}, kEnd);
  return request;
}

TEST(EndOf, AFailedBackupSaysWhy) {
  api::BackupRequest request =
      Ended(api::testing::SampleBackup(), "Succeeded", api::ConditionStatus::kFalse, "Corrupt");
  request.status.completion_time = kEnd + std::chrono::seconds(5);
  request.status.backup_id = "id";
  const auto end = EndOf(api::EncodeResource(request));
  ASSERT_TRUE(end.has_value());
  EXPECT_FALSE(end->succeeded);
  EXPECT_EQ(end->subject,
            (api::NotificationSubject{
                .kind = "BackupRequest", .namespace_ = "proj-retail-prd", .name = "nightly"}));
  EXPECT_EQ(end->time, kEnd + std::chrono::seconds(5));
  EXPECT_EQ(end->backup_id, "id");
  EXPECT_EQ(end->reason, "Corrupt");
  EXPECT_EQ(end->message, "why");
}

TEST(EndOf, ARefusedRequestEndedWhenItWasRefused) {
  const auto end = EndOf(api::EncodeResource(
      Ended(api::testing::SampleBackup(), "Accepted", api::ConditionStatus::kFalse, "NotAllowed")));
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->time, kEnd);
  EXPECT_EQ(end->reason, "NotAllowed");
}

TEST(EndOf, ABackupThatExpiredHadSucceeded) {
  api::BackupRequest request =
      Ended(api::testing::SampleBackup(), "Succeeded", api::ConditionStatus::kTrue, "Committed");
  request.status.completion_time = kEnd;
  request.status.conditions = api::SetCondition(
      request.status.conditions, {.type = "Expired", .status = api::ConditionStatus::kTrue}, kEnd);
  const auto end = EndOf(api::EncodeResource(request));
  ASSERT_TRUE(end.has_value());
  EXPECT_TRUE(end->succeeded);
}

TEST(EndOf, NothingOfWhatGoesOnOrWasCancelled) {
  EXPECT_FALSE(EndOf(api::EncodeResource(api::testing::SampleBackup())).has_value());
  EXPECT_FALSE(EndOf(api::EncodeResource(Ended(api::testing::SampleBackup(), "Succeeded",
                                               api::ConditionStatus::kUnknown, "Running")))
                   .has_value());
  EXPECT_FALSE(EndOf(api::EncodeResource(Ended(api::testing::SampleBackup(), "Succeeded",
                                               api::ConditionStatus::kFalse, "Cancelled")))
                   .has_value());
  EXPECT_FALSE(EndOf(api::EncodeResource(api::testing::SampleLocation())).has_value());
}

TEST(EndOf, OfRestoresTheFailedOnesButNoPlan) {
  api::RestoreRequest request =
      Ended(api::testing::SampleRestore(), "Succeeded", api::ConditionStatus::kFalse, "Denied");
  const auto end = EndOf(api::EncodeResource(request));
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->subject.kind, "RestoreRequest");
  EXPECT_EQ(end->backup_id, request.spec.backup_id);
  request.spec.dry_run = true;
  EXPECT_FALSE(EndOf(api::EncodeResource(request)).has_value());
  EXPECT_FALSE(EndOf(api::EncodeResource(Ended(api::testing::SampleRestore(), "Succeeded",
                                               api::ConditionStatus::kTrue, "Finished")))
                   .has_value());
}

class RequestEndsTest : public ControlFixture {
 protected:
  std::vector<std::string> Names() {
    EXPECT_TRUE(IsOk(ends.Follow(ctx, *resources)));
    std::vector<std::string> names;
    for (const EndedRequest& ended : ends.all()) {
      names.push_back(ended.subject.name + (ended.succeeded ? "" : " failed"));
    }
    return names;
  }
  RequestEnds ends{kNamespace};
};

TEST_F(RequestEndsTest, FollowsWhatComesAndGoes) {
  EXPECT_FALSE(ends.synced());
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_TRUE(ends.synced());
  MakeBackup("good");
  Create(Backup("waits"));
  EXPECT_THAT(Names(), ElementsAre("good"));
  ChangeEnvironment([](auto& e) { e.spec.document_library.bucket = "/srv/other"; });
  api::BackupRequest refused = Backup("refused");
  refused.spec.document_library.source_bucket = "/srv/library";
  Create(refused);
  EXPECT_TRUE(IsOk(Look("refused")));
  EXPECT_THAT(Names(), ElementsAre("good", "refused failed"));
  ASSERT_TRUE(IsOk(resources->Delete(ctx, RefTo<api::BackupRequest>(kNamespace, "good"), {})));
  EXPECT_THAT(Names(), ElementsAre("refused failed"));
}

TEST_F(RequestEndsTest, BeginsAnewWhenTheStoreDoesOrFails) {
  MakeBackup("good");
  FaultyStore store(*resources);
  const auto follow = [&] { return ends.Follow(ctx, store); };
  ASSERT_TRUE(IsOk(follow()));
  ASSERT_EQ(ends.all().size(), 1U);
  // Of what is forgotten, nothing is told any more unless it comes again.
  ASSERT_TRUE(IsOk(resources->Delete(ctx, RefTo<api::BackupRequest>(kNamespace, "good"), {})));
  MakeBackup("better");
  store.Plan(FaultyStore::Call::kNext, api::BackupRequest::kKind, FaultyStore::Fault::kReset);
  ASSERT_TRUE(IsOk(follow()));
  EXPECT_TRUE(ends.synced());
  ASSERT_EQ(ends.all().size(), 1U);
  EXPECT_EQ(ends.all()[0].subject.name, "better");
  store.Plan(FaultyStore::Call::kNext, api::BackupRequest::kKind, FaultyStore::Fault::kAway);
  EXPECT_EQ(CodeOf(follow()), "test.away");
  EXPECT_FALSE(ends.synced());
  EXPECT_THAT(ends.all(), IsEmpty());
  ASSERT_TRUE(IsOk(follow()));
  EXPECT_TRUE(ends.synced());
  EXPECT_EQ(ends.all().size(), 1U);
}

TEST_F(RequestEndsTest, SeesItsNamespaceAlone) {
  api::BackupRequest elsewhere =
      Ended(Backup("elsewhere"), "Succeeded", api::ConditionStatus::kFalse, "Corrupt");
  elsewhere.metadata.namespace_ = "proj-other";
  const api::BackupRequest stored = Create(elsewhere);
  elsewhere.metadata = stored.metadata;
  ASSERT_TRUE(IsOk(UpdateStatusAs(ctx, *resources, elsewhere)));
  EXPECT_THAT(Names(), IsEmpty());
}

}  // namespace
}  // namespace lc2::control::testing
