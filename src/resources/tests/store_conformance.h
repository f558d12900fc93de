#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "api/tests/samples.h"
#include "base/time_format.h"
#include "resources/resource_store.h"
#include "testing/fake_clock.h"

// What every ResourceStore must do. An implementation runs it with
//   INSTANTIATE_TEST_SUITE_P(Embedded, StoreConformance, ::testing::Values(StoreCase{...}));
namespace lc2::testing {

// A store on nothing, and all that has to live as long.
class StoreFixture {
 public:
  virtual ~StoreFixture() = default;
  virtual ResourceStore& store() = 0;
};

struct StoreCase {
  std::string name;
  std::function<std::unique_ptr<StoreFixture>()> make;
};

class StoreConformance : public ::testing::TestWithParam<StoreCase> {
 protected:
  using Json = codec::Json;

  ResourceStore& store() { return fixture_->store(); }
  const Context& ctx() const { return ctx_; }

  api::BackupRequest CreateBackup(const std::string& name,
                                  const std::vector<std::string>& finalizers = {}) {
    api::BackupRequest request = api::testing::SampleBackup(name);
    request.metadata.finalizers = finalizers;
    Result<api::BackupRequest> created = CreateAs(ctx_, store(), request);
    EXPECT_TRUE(created.has_value()) << created.error().message;
    return created.has_value() ? *created : api::BackupRequest{};
  }

  // The next events, each "Put nightly", "Delete nightly", "Synced", "Reset", until one of them
  // is `last`.
  std::string Events(ResourceWatch& watch, const std::string& last) {
    std::string all;
    for (;;) {
      Result<std::optional<WatchEvent>> event = watch.Next(ctx_, std::chrono::seconds(10));
      if (!event.has_value() || !event->has_value()) return all + "(nothing)";
      const std::string text = TextOf(**event);
      all += (all.empty() ? "" : ", ") + text;
      if (text == last) return all;
    }
  }

  static std::string TextOf(const WatchEvent& event) {
    switch (event.type) {
      case WatchEventType::kPut:
        return "Put " + RefOf(event.object).name;
      case WatchEventType::kDelete:
        return "Delete " + RefOf(event.object).name;
      case WatchEventType::kSynced:
        return "Synced";
      case WatchEventType::kReset:
        return "Reset";
    }
    return "?";
  }

  std::unique_ptr<StoreFixture> fixture_ = GetParam().make();
  FakeClock clock_{"2025-11-09T14:30:00Z"};
  Context ctx_{clock_};
};

TEST_P(StoreConformance, CreateSetsWhatTheApiSets) {
  api::BackupRequest request = api::testing::SampleBackup();
  request.metadata.uid = "mine";
  request.metadata.generation = 9;
  request.status.backup_id = "forged";
  const auto created = CreateAs(ctx(), store(), request);
  ASSERT_TRUE(created.has_value()) << created.error().message;
  EXPECT_NE(created->metadata.uid, "mine");
  EXPECT_EQ(created->metadata.uid.size(), 36U);
  EXPECT_NE(created->metadata.resource_version, "");
  EXPECT_EQ(created->metadata.generation, 1);
  EXPECT_TRUE(created->metadata.creation_timestamp.has_value());
  EXPECT_EQ(created->status.backup_id, "");
  EXPECT_EQ(GetAs<api::BackupRequest>(ctx(), store(), "proj-retail-prd", "nightly").value(),
            *created);
}

TEST_P(StoreConformance, CreateRefusesWhatIsThere) {
  CreateBackup("nightly");
  const auto again = CreateAs(ctx(), store(), api::testing::SampleBackup());
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().kind, ErrorKind::kAlreadyExists);
  EXPECT_EQ(again.error().code, "resource.already_exists");
}

TEST_P(StoreConformance, CreateAndUpdateRefuseWhatIsNotValid) {
  api::BackupRequest bad = api::testing::SampleBackup();
  bad.spec.retention_days = 3;
  bad.spec.project_id = "-";
  const auto created = CreateAs(ctx(), store(), bad);
  ASSERT_FALSE(created.has_value());
  EXPECT_EQ(created.error().kind, ErrorKind::kInvalid);
  EXPECT_NE(created.error().message.find("spec.retentionDays"), std::string::npos);
  EXPECT_NE(created.error().message.find("spec.projectId"), std::string::npos);
  EXPECT_TRUE(ListAs<api::BackupRequest>(ctx(), store()).value().empty());

  api::BackupRequest good = CreateBackup("nightly");
  good.spec.verify = api::VerifyLevel::kFull;  // a spec does not change
  const auto changed = UpdateAs(ctx(), store(), good);
  ASSERT_FALSE(changed.has_value());
  EXPECT_EQ(changed.error().kind, ErrorKind::kInvalid);
}

TEST_P(StoreConformance, GetOfNothingIsNotFound) {
  const auto got = store().Get(ctx(), {"BackupRequest", "proj-retail-prd", "nothing"});
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(got.error().code, "resource.not_found");
}

TEST_P(StoreConformance, ListChoosesAndOrders) {
  api::BackupRequest labelled = api::testing::SampleBackup("b");
  labelled.metadata.labels = {{"tier", "gold"}};
  ASSERT_TRUE(CreateAs(ctx(), store(), labelled).has_value());
  CreateBackup("a");
  api::BackupRequest other = api::testing::SampleBackup("c");
  other.spec.environment = "dev";
  other.metadata.namespace_ = "proj-retail-dev";
  ASSERT_TRUE(CreateAs(ctx(), store(), other).has_value());
  ASSERT_TRUE(CreateAs(ctx(), store(), api::testing::SampleRestore()).has_value());

  const auto names = [&](const std::string& ns, const std::map<std::string, std::string>& labels) {
    std::string text;
    const auto items = ListAs<api::BackupRequest>(ctx(), store(), ns, labels);
    for (const api::BackupRequest& item : *items) text += item.metadata.name;
    return text;
  };
  EXPECT_EQ(names("", {}), "cab");  // proj-retail-dev before proj-retail-prd
  EXPECT_EQ(names("proj-retail-prd", {}), "ab");
  EXPECT_EQ(names("", {{"tier", "gold"}}), "b");
  EXPECT_EQ(names("", {{"tier", "tin"}}), "");
}

TEST_P(StoreConformance, UpdateCountsGenerationsOfTheSpecOnly) {
  api::BackupRequest request = CreateBackup("nightly");
  const std::string first = request.metadata.resource_version;
  request.metadata.labels["tier"] = "gold";
  request = UpdateAs(ctx(), store(), request).value();
  EXPECT_EQ(request.metadata.generation, 1);
  EXPECT_NE(request.metadata.resource_version, first);
  request.spec.cancel = true;
  request = UpdateAs(ctx(), store(), request).value();
  EXPECT_EQ(request.metadata.generation, 2);
  request.status.backup_id = "id";
  request = UpdateStatusAs(ctx(), store(), request).value();
  EXPECT_EQ(request.metadata.generation, 2);
  EXPECT_EQ(request.status.backup_id, "id");
}

TEST_P(StoreConformance, ASameObjectIsNotWritten) {
  const api::BackupRequest request = CreateBackup("nightly");
  EXPECT_EQ(UpdateAs(ctx(), store(), request)->metadata.resource_version,
            request.metadata.resource_version);
  const api::BackupRequest once = UpdateStatusAs(ctx(), store(), request).value();
  EXPECT_EQ(UpdateStatusAs(ctx(), store(), once)->metadata.resource_version,
            once.metadata.resource_version);
}

TEST_P(StoreConformance, SpecAndStatusDoNotOverwriteEachOther) {
  api::BackupRequest request = CreateBackup("nightly");
  request.spec.cancel = true;
  request.status.backup_id = "id";
  const api::BackupRequest with_status = UpdateStatusAs(ctx(), store(), request).value();
  EXPECT_FALSE(with_status.spec.cancel);
  EXPECT_EQ(with_status.status.backup_id, "id");
  api::BackupRequest with_spec = with_status;
  with_spec.spec.cancel = true;
  with_spec.status.backup_id = "other";
  with_spec = UpdateAs(ctx(), store(), with_spec).value();
  EXPECT_TRUE(with_spec.spec.cancel);
  EXPECT_EQ(with_spec.status.backup_id, "id");
}

TEST_P(StoreConformance, AStaleWriteIsAConflict) {
  const api::BackupRequest old_one = CreateBackup("nightly");
  api::BackupRequest changed = old_one;
  changed.spec.cancel = true;
  ASSERT_TRUE(UpdateAs(ctx(), store(), changed).has_value());
  for (const auto& result :
       {UpdateAs(ctx(), store(), old_one), UpdateStatusAs(ctx(), store(), old_one),
        UpdateFinalizersAs(ctx(), store(), old_one)}) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::kConflict);
    EXPECT_EQ(result.error().code, "resource.conflict");
  }
  api::BackupRequest without_version = old_one;
  without_version.metadata.resource_version.clear();
  EXPECT_EQ(UpdateAs(ctx(), store(), without_version).error().kind, ErrorKind::kInvalid);
}

TEST_P(StoreConformance, AWriteToAnObjectMadeAnewIsAConflict) {
  api::BackupRequest old_one = CreateBackup("nightly");
  ASSERT_TRUE(store().Delete(ctx(), RefOf(api::EncodeResource(old_one)), {}).has_value());
  EXPECT_EQ(UpdateAs(ctx(), store(), old_one).error().kind, ErrorKind::kNotFound);
  const api::BackupRequest anew = CreateBackup("nightly");
  EXPECT_NE(anew.metadata.uid, old_one.metadata.uid);
  old_one.metadata.resource_version = anew.metadata.resource_version;
  EXPECT_EQ(UpdateStatusAs(ctx(), store(), old_one).error().kind, ErrorKind::kConflict);
}

TEST_P(StoreConformance, AStatusThatDoesNotFitIsRefused) {
  Json object = api::EncodeResource(CreateBackup("nightly"));
  object.as_object()["status"] = Json({{"state", "Nonsense"}});
  const auto written = store().UpdateStatus(ctx(), object);
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().kind, ErrorKind::kInvalid);
}

TEST_P(StoreConformance, DeleteWithoutFinalizersRemoves) {
  const api::BackupRequest request = CreateBackup("nightly");
  const ResourceRef ref = RefOf(api::EncodeResource(request));
  EXPECT_EQ(store().Delete(ctx(), ref, {.uid = "other"}).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(store().Delete(ctx(), ref, {.resource_version = "0"}).error().kind,
            ErrorKind::kConflict);
  EXPECT_TRUE(store()
                  .Delete(ctx(), ref,
                          {.uid = request.metadata.uid,
                           .resource_version = request.metadata.resource_version})
                  .has_value());
  EXPECT_EQ(store().Get(ctx(), ref).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(store().Delete(ctx(), ref, {}).error().kind, ErrorKind::kNotFound);
}

TEST_P(StoreConformance, FinalizersHoldADeletedObject) {
  api::BackupRequest request = CreateBackup("nightly", {"one", "two"});
  const ResourceRef ref = RefOf(api::EncodeResource(request));
  ASSERT_TRUE(store().Delete(ctx(), ref, {}).has_value());
  ASSERT_TRUE(store().Delete(ctx(), ref, {}).has_value());
  request = GetAs<api::BackupRequest>(ctx(), store(), ref.namespace_, ref.name).value();
  EXPECT_TRUE(request.metadata.deletion_timestamp.has_value());
  EXPECT_EQ(CreateAs(ctx(), store(), api::testing::SampleBackup()).error().kind,
            ErrorKind::kAlreadyExists);

  api::BackupRequest more = request;
  more.metadata.finalizers.push_back("three");
  EXPECT_EQ(UpdateFinalizersAs(ctx(), store(), more).error().kind, ErrorKind::kInvalid);
  request.metadata.finalizers = {"two"};
  request = UpdateFinalizersAs(ctx(), store(), request).value();
  request.metadata.finalizers.clear();
  ASSERT_TRUE(UpdateFinalizersAs(ctx(), store(), request).has_value());
  EXPECT_EQ(store().Get(ctx(), ref).error().kind, ErrorKind::kNotFound);
}

TEST_P(StoreConformance, FinalizersOfALivingObjectComeAndGo) {
  api::BackupRequest request = CreateBackup("nightly");
  request.metadata.finalizers = {"one"};
  request = UpdateFinalizersAs(ctx(), store(), request).value();
  EXPECT_EQ(request.metadata.finalizers, std::vector<std::string>{"one"});
  request.metadata.finalizers.clear();
  request = UpdateFinalizersAs(ctx(), store(), request).value();
  EXPECT_TRUE(request.metadata.finalizers.empty());
}

TEST_P(StoreConformance, AWatchGivesTheSetThenChanges) {
  CreateBackup("a");
  auto watch = store().Watch(ctx(), {"BackupRequest", "proj-retail-prd", {}}).value();
  EXPECT_EQ(Events(*watch, "Synced"), "Put a, Synced");
  CreateBackup("b");
  EXPECT_EQ(Events(*watch, "Put b"), "Put b");
  ASSERT_TRUE(store().Delete(ctx(), {"BackupRequest", "proj-retail-prd", "a"}, {}).has_value());
  EXPECT_EQ(Events(*watch, "Delete a"), "Delete a");
  ASSERT_TRUE(CreateAs(ctx(), store(), api::testing::SampleRestore()).has_value());
  EXPECT_FALSE(watch->Next(ctx(), std::chrono::milliseconds(0)).value().has_value());
}

TEST_P(StoreConformance, AWatchEndsWithThePresentState) {
  auto watch = store().Watch(ctx(), {"BackupRequest", "", {}}).value();
  EXPECT_EQ(Events(*watch, "Synced"), "Synced");
  api::BackupRequest request = CreateBackup("a");
  for (int days = 31; days < 40; ++days) {
    request.spec.retention_days = days;
    request = UpdateAs(ctx(), store(), request).value();
  }
  std::int64_t seen = 0;
  while (seen != 39) {
    const auto event = watch->Next(ctx(), std::chrono::seconds(10));
    ASSERT_TRUE(event.has_value() && event->has_value());
    ASSERT_EQ((*event)->type, WatchEventType::kPut);
    seen = api::DecodeResource<api::BackupRequest>((*event)->object)->spec.retention_days;
  }
}

TEST_P(StoreConformance, AWatchFollowsLabels) {
  auto watch = store().Watch(ctx(), {"BackupRequest", "", {{"tier", "gold"}}}).value();
  EXPECT_EQ(Events(*watch, "Synced"), "Synced");
  api::BackupRequest request = api::testing::SampleBackup("a");
  request.metadata.labels = {{"tier", "gold"}};
  request = CreateAs(ctx(), store(), request).value();
  EXPECT_EQ(Events(*watch, "Put a"), "Put a");
  request.metadata.labels.clear();
  ASSERT_TRUE(UpdateAs(ctx(), store(), request).has_value());
  EXPECT_EQ(Events(*watch, "Delete a"), "Delete a");
}

TEST_P(StoreConformance, AStoppedContextStops) {
  std::stop_source stop;
  stop.request_stop();
  const Context stopped = ctx().WithStop(stop.get_token());
  auto watch = store().Watch(ctx(), {"BackupRequest", "", {}}).value();
  EXPECT_EQ(watch->Next(stopped, std::chrono::seconds(10)).error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(CreateAs(stopped, store(), api::testing::SampleBackup()).error().kind,
            ErrorKind::kCancelled);
}

TEST_P(StoreConformance, AnUnknownKindIsInvalid) {
  EXPECT_EQ(store().Get(ctx(), {"Secret", "a", "b"}).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(store().List(ctx(), {"Secret", "", {}}).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(store().Watch(ctx(), {"Secret", "", {}}).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(store().Delete(ctx(), {"Secret", "a", "b"}, {}).error().kind, ErrorKind::kInvalid);
}

TEST_P(StoreConformance, CheckApplyTellsWhatApplyWouldRefuseAndStoresNothing) {
  const auto faults = [&](const Json& document) {
    const Result<api::Faults> found = CheckApply(ctx(), store(), document);
    EXPECT_TRUE(found.has_value()) << (found.has_value() ? "" : found.error().message);
    return found.has_value() ? found->size() : 99;
  };
  Json document = api::AdmitNew(api::testing::FromYaml(R"(
apiVersion: backup.liferay.cloud/v1alpha1
kind: BackupRequest
metadata: {name: nightly}
spec: {projectId: retail, environment: prd}
)"))
                      .object;
  EXPECT_EQ(faults(document), 0U);
  EXPECT_FALSE(store().Get(ctx(), RefOf(document)).has_value());
  ASSERT_TRUE(Apply(ctx(), store(), document).has_value());
  EXPECT_EQ(faults(document), 0U);
  document.at("spec").as_object()["verify"] = "Full";  // a request is carried out once
  EXPECT_EQ(faults(document), 1U);
  EXPECT_FALSE(Apply(ctx(), store(), document).has_value());
}

TEST_P(StoreConformance, ApplyCreatesThenChangesThenRests) {
  Json document = api::AdmitNew(api::testing::FromYaml(R"(
apiVersion: backup.liferay.cloud/v1alpha1
kind: BackupRequest
metadata: {name: nightly, labels: {a: "1"}}
spec: {projectId: retail, environment: prd}
)"))
                      .object;
  const auto created = Apply(ctx(), store(), document);
  ASSERT_TRUE(created.has_value()) << created.error().message;
  EXPECT_EQ(created->outcome, ApplyOutcome::kCreated);
  EXPECT_EQ(Apply(ctx(), store(), document)->outcome, ApplyOutcome::kUnchanged);

  document.at("metadata").as_object()["labels"] = Json({{"b", "2"}});
  document.at("spec").as_object()["retentionDays"] = 60;
  const auto changed = Apply(ctx(), store(), document);
  ASSERT_TRUE(changed.has_value()) << changed.error().message;
  EXPECT_EQ(changed->outcome, ApplyOutcome::kConfigured);
  const auto request = api::DecodeResource<api::BackupRequest>(changed->object).value();
  EXPECT_EQ(request.spec.retention_days, 60);
  EXPECT_EQ(request.metadata.labels, (std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}}));

  document.at("metadata").as_object()["resourceVersion"] = "1";  // of the first state
  document.at("spec").as_object()["retentionDays"] = 90;
  EXPECT_EQ(Apply(ctx(), store(), document).error().kind, ErrorKind::kConflict);
  document.at("metadata").as_object().erase("resourceVersion");
  document.at("spec").as_object()["verify"] = "Full";
  EXPECT_EQ(Apply(ctx(), store(), document).error().kind, ErrorKind::kInvalid);
}

inline std::string CaseName(const ::testing::TestParamInfo<StoreCase>& info) {
  return info.param.name;
}

}  // namespace lc2::testing
