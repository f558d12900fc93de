#include "api/admission.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "api/tests/samples.h"

namespace lc2::api {
namespace {

using codec::Json;
using testing::AllOf;
using testing::FromYaml;

constexpr std::string_view kBackup = R"(
apiVersion: backup.liferay.cloud/v1alpha1
kind: BackupRequest
metadata: {name: nightly}
spec: {projectId: retail, environment: prd}
)";

std::string FaultsOf(std::string_view yaml) { return AllOf(AdmitNew(FromYaml(yaml)).faults); }

TEST(AdmitNew, FillsInDefaultsAndNamespace) {
  const Admitted admitted = AdmitNew(FromYaml(kBackup));
  ASSERT_EQ(AllOf(admitted.faults), "");
  EXPECT_EQ(admitted.object.at("metadata").at("namespace"), Json("proj-retail-prd"));
  EXPECT_EQ(admitted.object.at("spec").at("retentionDays"), Json(30));
  EXPECT_EQ(admitted.object.at("spec").at("documentLibrary").at("excludeGeneratedFiles"),
            Json(true));
}

TEST(AdmitNew, DropsWhatTheApiSets) {
  const Admitted admitted = AdmitNew(FromYaml(R"(
apiVersion: backup.liferay.cloud/v1alpha1
kind: BackupRequest
metadata:
  {name: nightly, namespace: "", uid: u, resourceVersion: "7", generation: 9,
   creationTimestamp: null, managedFields: []}
spec: {projectId: retail, environment: prd}
status: {state: Succeeded, nonsense: true}
)"));
  ASSERT_EQ(AllOf(admitted.faults), "");
  EXPECT_EQ(codec::CompactJson(admitted.object.at("metadata")),
            R"({"name":"nightly","namespace":"proj-retail-prd"})");
  EXPECT_EQ(admitted.object.as_object().if_contains("status"), nullptr);
}

TEST(AdmitNew, TellsEveryFaultAtOnce) {
  EXPECT_EQ(FaultsOf(R"(
apiVersion: v1
kind: BackupRequest
metadata: {name: Nightly, labels: {"-x": a, y: "a b"}, annotations: {"a/b/c": x}}
spec:
  {projectId: retail, environment: prd, retentionDay: 3, retentionDays: 3,
   database: {type: dump, retention: 2}}
extra: 1
statsu: {}
)"),
            "apiVersion: must be 'backup.liferay.cloud/v1alpha1'; "
            "extra: unknown field; fields of a kind stand below 'spec'; "
            "statsu: unknown field, did you mean 'status'?; "
            "metadata.name: does not have the form "
            "'^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'; "
            "metadata.labels.y: does not have the form "
            "'^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$'; "
            "metadata.labels.-x: is no valid name of a label or annotation; "
            "metadata.annotations.a/b/c: is no valid name of a label or annotation; "
            "spec.retentionDays: must be at least 7, is 3; "
            "spec.retentionDay: unknown field, did you mean 'retentionDays'?; "
            "spec.database.retention: is 2, less than the 3 of retentionDays");
}

TEST(AdmitNew, RefusesWhatIsNoObjectOfOurs) {
  EXPECT_EQ(FaultsOf("[]"), "must be an object");
  EXPECT_EQ(FaultsOf("{a: 1}"), "kind: is required");
  EXPECT_EQ(FaultsOf("{kind: Secret}"), "kind: 'Secret' is no kind of resource");
  EXPECT_EQ(FaultsOf("{kind: backuprequest}"), "kind: 'backuprequest' is spelt 'BackupRequest'");
  EXPECT_EQ(FaultsOf("{apiVersion: backup.liferay.cloud/v1alpha1, kind: BackupRequest}"),
            "metadata.name: is required; spec: is required");
  EXPECT_EQ(FaultsOf("{apiVersion: backup.liferay.cloud/v1alpha1, kind: BackupRequest, "
                     "metadata: 1, spec: 1}"),
            "metadata: must be an object, is an integer; spec: must be an object, is an integer");
}

TEST(AdmitNew, KindsOfTheClusterHaveNoNamespace) {
  EXPECT_EQ(FaultsOf("{apiVersion: backup.liferay.cloud/v1alpha1, kind: BackupLocation, metadata: "
                     "{name: a, namespace: b}, spec: {provider: local, bucket: /v}}"),
            "metadata.namespace: a BackupLocation belongs to no namespace");
}

std::string NamespaceOfRestore(std::string_view metadata, std::string_view spec) {
  const std::string yaml =
      "{apiVersion: backup.liferay.cloud/v1alpha1, kind: RestoreRequest, metadata: {name: r" +
      std::string(metadata) + "}, spec: {targetEnvironment: uat, " + std::string(spec) + "}}";
  const Admitted admitted = AdmitNew(FromYaml(yaml));
  if (!admitted.faults.empty()) return AllOf(admitted.faults);
  return std::string(admitted.object.at("metadata").at("namespace").as_string());
}

TEST(AdmitNew, TheNamespaceOfARestoreIsThatOfItsTarget) {
  EXPECT_EQ(NamespaceOfRestore("", "backupId: retail-x-prd-backup-20251109-143000"),
            "proj-retail-x-uat");
  EXPECT_EQ(NamespaceOfRestore("", "backupId: other, sourceProjectId: bank"), "proj-bank-uat");
  EXPECT_EQ(NamespaceOfRestore(", labels: {backup.liferay.cloud/project: shop}", "backupId: other"),
            "proj-shop-uat");
  EXPECT_EQ(NamespaceOfRestore("", "backupId: other"),
            "metadata.namespace: is required, because nothing else says which project is meant");
}

TEST(AdmitChange, KeepsWhatTheApiSetsAndTakesTheRest) {
  Json before = AdmitNew(FromYaml(kBackup)).object;
  before.at("metadata").as_object()["uid"] = "u";
  before.at("metadata").as_object()["labels"] = FromYaml("{old: one}");
  before.as_object()["status"] = FromYaml("{state: Pending}");
  Json after = before;
  after.at("metadata").as_object()["uid"] = "forged";
  after.at("metadata").as_object()["labels"] = FromYaml("{new: one}");
  after.at("spec").as_object()["cancel"] = true;
  after.as_object()["status"] = FromYaml("{state: Succeeded}");
  const Admitted admitted = AdmitChange(before, after);
  ASSERT_EQ(AllOf(admitted.faults), "");
  EXPECT_EQ(admitted.object.at("metadata").at("uid"), Json("u"));
  EXPECT_EQ(admitted.object.at("metadata").at("labels"), FromYaml("{new: one}"));
  EXPECT_EQ(admitted.object.at("status").at("state"), Json("Pending"));
  EXPECT_EQ(admitted.object.at("spec").at("cancel"), Json(true));

  after.at("spec").as_object()["environment"] = "uat";
  after.at("metadata").as_object()["namespace"] = "proj-retail-prd";
  EXPECT_EQ(AllOf(AdmitChange(before, after).faults), "spec.environment: cannot be changed");
  after.at("spec").as_object()["environment"] = "UAT";
  EXPECT_EQ(AdmitChange(before, after).faults.at(0).path, "spec.environment");
}

TEST(AdmitChange, WorksForEachKind) {
  const auto unchanged = [](const auto& resource) {
    const Json object = EncodeResource(resource);
    return AllOf(AdmitChange(object, object).faults);
  };
  EXPECT_EQ(unchanged(testing::SampleLocation()), "");
  EXPECT_EQ(unchanged(testing::SampleEnvironment()), "");
  EXPECT_EQ(unchanged(testing::SampleBackup()), "");
  EXPECT_EQ(unchanged(testing::SampleRestore()), "");
}

TEST(AdmitStatus, TakesTheStatusAlone) {
  const Json before = AdmitNew(FromYaml(kBackup)).object;
  Json after = before;
  after.at("spec").as_object()["cancel"] = true;
  after.as_object()["status"] = FromYaml("{state: Pending}");
  const Admitted admitted = AdmitStatus(before, after);
  ASSERT_EQ(AllOf(admitted.faults), "");
  EXPECT_EQ(admitted.object.at("spec"), before.at("spec"));
  EXPECT_EQ(admitted.object.at("status").at("state"), Json("Pending"));
  after.as_object()["status"] = FromYaml("{state: Done}");
  EXPECT_EQ(AdmitStatus(before, after).faults.at(0).path, "status.state");
  after.as_object().erase("status");
  EXPECT_EQ(AllOf(AdmitStatus(before, after).faults), "");
}

TEST(AdmitFinalizers, CanOnlyBecomeFewerWhileDeleting) {
  Json before = AdmitNew(FromYaml(kBackup)).object;
  Json after = before;
  after.at("metadata").as_object()["finalizers"] = FromYaml("[a, b]");
  const Json two = AdmitFinalizers(before, after).object;
  EXPECT_EQ(two.at("metadata").at("finalizers"), FromYaml("[a, b]"));
  Json deleting = two;
  deleting.at("metadata").as_object()["deletionTimestamp"] = "2025-11-09T14:30:00Z";
  after.at("metadata").as_object()["finalizers"] = FromYaml("[b, c]");
  EXPECT_EQ(AllOf(AdmitFinalizers(deleting, after).faults),
            "metadata.finalizers: 'c' cannot be added while the object is being deleted");
  after.at("metadata").as_object().erase("finalizers");
  EXPECT_EQ(
      AdmitFinalizers(deleting, after).object.at("metadata").as_object().if_contains("finalizers"),
      nullptr);
  after.at("metadata").as_object()["finalizers"] = FromYaml("[a, a]");
  EXPECT_EQ(AllOf(AdmitFinalizers(before, after).faults),
            "metadata.finalizers[1]: stands in the list already");
}

}  // namespace
}  // namespace lc2::api
