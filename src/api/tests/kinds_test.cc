#include "api/kinds.h"

#include <gtest/gtest.h>

#include "api/tests/samples.h"

namespace lc2::api {
namespace {

TEST(Kinds, AreFoundByAnyName) {
  ASSERT_EQ(Kinds().size(), 5U);
  for (const char* word : {"BackupRequest", "backuprequests", "backuprequest", "br", "BRS"}) {
    ASSERT_NE(FindKind(word), nullptr) << word;
    EXPECT_EQ(FindKind(word)->name, "BackupRequest") << word;
  }
  EXPECT_EQ(FindKind("rrs")->name, "RestoreRequest");
  EXPECT_EQ(FindKind("bs")->name, "BackupSchedule");
  EXPECT_TRUE(FindKind("BackupLocation")->cluster_scoped);
  EXPECT_FALSE(FindKind("rr")->cluster_scoped);
  EXPECT_EQ(FindKind("pods"), nullptr);
}

TEST(Kinds, AnUnknownOneNamesThoseThereAre) {
  const auto kind = RequireKind("BackupRequet");
  ASSERT_FALSE(kind.has_value());
  EXPECT_EQ(kind.error().code, "resource.unknown_kind");
  EXPECT_EQ(kind.error().message,
            "'BackupRequet' is no kind of resource, did you mean 'BackupRequest'?");
  EXPECT_EQ(kind.error().hint,
            "there are BackupLocation, LiferayEnvironment, BackupSchedule, BackupRequest, "
            "RestoreRequest");
}

TEST(Kinds, DefinitionsAreWhatKubernetesWants) {
  for (const Kind& kind : Kinds()) {
    const codec::Json crd = testing::FromYaml(kind.crd);
    EXPECT_EQ(crd.at("apiVersion"), codec::Json("apiextensions.k8s.io/v1"));
    EXPECT_EQ(crd.at("metadata").at("name"), codec::Json(kind.plural + ".backup.liferay.cloud"));
    EXPECT_EQ(crd.at("spec").at("group"), codec::Json("backup.liferay.cloud"));
    const codec::Json& version = crd.at("spec").at("versions").at(0);
    EXPECT_EQ(version.at("name"), codec::Json("v1alpha1"));
    EXPECT_TRUE(version.at("subresources").at("status").is_object());
    EXPECT_EQ(crd.at("spec").at("names").at("categories").at(0), codec::Json("liferay"));
    EXPECT_NE(kind.name, "LiferayBackup");  // belongs to Liferay's own chart
  }
}

TEST(Kinds, ColumnsReadTheirFields) {
  BackupRequest request = testing::SampleBackup();
  request.metadata.creation_timestamp = Time(std::chrono::hours(0));
  request.status.conditions = {Condition{.type = "Other"},
                               Condition{.type = "Portable", .status = ConditionStatus::kTrue}};
  const codec::Json object = EncodeResource(request);
  std::string row;
  for (const PrinterColumn& column : FindKind("br")->columns) {
    if (!column.wide) row += column.name + "=" + ColumnText(column, object) + " ";
  }
  EXPECT_EQ(row,
            "Project=retail Environment=prd State=Pending Portable=True Age=1970-01-01T00:00:00Z ");
  EXPECT_EQ(ColumnText(PrinterColumn{.path = {"spec", "retentionDays"}}, object), "30");
  EXPECT_EQ(ColumnText(PrinterColumn{.path = {"spec", "retentionDays", "x"}}, object), "");
  EXPECT_EQ(ColumnText(PrinterColumn{.path = {"spec", "[x]"}}, object), "");
  EXPECT_EQ(ColumnText(PrinterColumn{.path = {"status", "conditions", "[Nothing]"}}, object), "");
}

TEST(Kinds, ADefinitionThatIsNoneIsRefused) {
  constexpr std::string_view kHead =
      "{kind: CustomResourceDefinition, spec: {names: {kind: K}, versions: [{";
  const std::string head(kHead);
  for (const std::string& bad :
       {std::string("{"), std::string("a: 1\n---\nb: 1"), std::string("{kind: Pod}"), head + "}]}}",
        head + "additionalPrinterColumns: [{name: A, jsonPath: '.a..b'}]}]}}",
        head + "additionalPrinterColumns: [{name: A, jsonPath: '.a[0]'}]}]}}",
        head + "additionalPrinterColumns: [{name: A, jsonPath: \".a[?(@.type=='x\"}]}]}}",
        head + "schema: {openAPIV3Schema: {properties: {spec: {type: x}, status: {}}}}}]}}",
        head + "schema: {openAPIV3Schema: {properties: {spec: {}, status: {type: x}}}}}]}}"}) {
    const Result<Kind> kind = ParseKind(bad);
    ASSERT_FALSE(kind.has_value()) << bad;
    EXPECT_EQ(kind.error().kind, ErrorKind::kInvalid) << bad;
  }
}

}  // namespace
}  // namespace lc2::api
