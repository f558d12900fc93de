#include "api/documents.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "api/tests/samples.h"
#include "base/file.h"

namespace lc2::api {
namespace {

using codec::Json;

TEST(LoadManifests, ReadsTheExamples) {
  for (const char* name : {"one-machine.yaml", "aws.yaml"}) {
    const std::string file = std::string(LC2_SOURCE_DIR) + "/api/examples/" + name;
    const auto documents = LoadManifests(name, ReadFile(file, 1 << 20).value());
    ASSERT_TRUE(documents.has_value()) << documents.error().message;
    EXPECT_GE(documents->size(), 3U);
  }
}

TEST(LoadManifests, WhatOthersReferToComesFirst) {
  const auto documents = LoadManifests("f.yaml", R"(apiVersion: backup.liferay.cloud/v1alpha1
kind: BackupRequest
metadata: {name: nightly, resourceVersion: "12"}
spec: {projectId: retail, environment: prd}
---
apiVersion: backup.liferay.cloud/v1alpha1
kind: BackupLocation
metadata: {name: disk}
spec: {provider: local, bucket: /srv/vault}
)");
  ASSERT_TRUE(documents.has_value()) << documents.error().message;
  ASSERT_EQ(documents->size(), 2U);
  EXPECT_EQ(documents->at(0).kind, "BackupLocation");
  EXPECT_EQ(documents->at(0).line, 6);
  EXPECT_EQ(documents->at(1).object.at("metadata").at("namespace"), Json("proj-retail-prd"));
  EXPECT_EQ(documents->at(1).object.at("metadata").at("resourceVersion"), Json("12"));
}

TEST(LoadManifests, TellsEveryFaultOfEveryDocumentWithItsLine) {
  const auto documents = LoadManifests("env.yaml", R"(apiVersion: backup.liferay.cloud/v1alpha1
kind: BackupLocation
metadata:
  name: disk
spec:
  provider: lokal
  bucket: /srv/vault
---
apiVersion: backup.liferay.cloud/v1alpha1
kind: BackupRequest
metadata:
  name: nightly
spec:
  projectId: retail
  environment: prd
  retentionDay: 30
  documentLibrary:
    excludeGeneratedFiles: 1
---
- no object
)");
  ASSERT_FALSE(documents.has_value());
  EXPECT_EQ(documents.error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(documents.error().code, "resource.invalid");
  EXPECT_EQ(documents.error().message,
            "'env.yaml' is not valid, nothing was changed\n"
            "  env.yaml:6: spec.provider: 'lokal' is not one of 'aws', 'gcp', 'azure', 'local'; "
            "did you mean 'local'?\n"
            "  env.yaml:18: spec.documentLibrary.excludeGeneratedFiles: must be true or false, is "
            "an integer\n"
            "  env.yaml:16: spec.retentionDay: unknown field, did you mean 'retentionDays'?\n"
            "  env.yaml:20: must be an object");
  EXPECT_NE(documents.error().hint, "");
}

TEST(LoadManifests, AListIsItsItems) {
  const auto documents = LoadManifests("-", R"({"apiVersion": "v1", "kind": "List", "items": [
 {"apiVersion": "backup.liferay.cloud/v1alpha1", "kind": "BackupLocation",
  "metadata": {"name": "disk"}, "spec": {"provider": "local", "bucket": "/srv/vault"}},
 {"apiVersion": "backup.liferay.cloud/v1alpha1", "kind": "BackupLocation",
  "metadata": {"name": "disk2"}, "spec": {"provider": "local", "bucket": "relative"}}]})");
  ASSERT_FALSE(documents.has_value());
  EXPECT_EQ(documents.error().message,
            "'-' is not valid, nothing was changed\n"
            "  -:5: spec.bucket: must be the absolute path of a folder");
}

TEST(LoadManifests, OneObjectStandsOnce) {
  constexpr std::string_view kOne =
      "{apiVersion: backup.liferay.cloud/v1alpha1, kind: BackupLocation, metadata: {name: a}, "
      "spec: {provider: local, bucket: /v}}\n---\n";
  const auto documents = LoadManifests("f", std::string(kOne) + std::string(kOne));
  ASSERT_FALSE(documents.has_value());
  EXPECT_EQ(documents.error().message,
            "'f' is not valid, nothing was changed\n"
            "  f:3: metadata.name: BackupLocation 'a' stands in the file twice");
}

TEST(LoadManifests, WhatCannotBeReadOrHoldsNothing) {
  const auto broken = LoadManifests("f.yaml", "a: [");
  ASSERT_FALSE(broken.has_value());
  EXPECT_EQ(broken.error().code, "yaml.invalid");
  EXPECT_EQ(broken.error().message.substr(0, 57),
            "'f.yaml' cannot be read, nothing was changed\n  f.yaml:1: ");
  EXPECT_NE(broken.error().hint, "");
  for (const char* empty : {"", "# nothing\n", "---\n---\n"}) {
    const auto none = LoadManifests("f.yaml", empty);
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().code, "resource.none");
  }
  EXPECT_FALSE(LoadManifests("f", "{kind: List, items: []}").has_value());
  // On which the parser would hang.
  for (const char* comma : {",", "a: 1\n--- ,\n", "%x\n,"}) {
    EXPECT_FALSE(LoadManifests("f.yaml", comma).has_value());
  }
}

TEST(LoadManifests, KnowsTheLinesOfItsFieldsAfterwards) {
  const auto documents = LoadManifests("f", R"({"apiVersion": "v1", "kind": "List", "items": [
 {"apiVersion": "backup.liferay.cloud/v1alpha1", "kind": "BackupLocation",
  "metadata": {"name": "disk"},
  "spec": {"provider": "local",
           "bucket": "/srv/vault"}}]})");
  ASSERT_TRUE(documents.has_value()) << documents.error().message;
  EXPECT_EQ(documents->at(0).LineOf("spec.bucket"), 5);
  EXPECT_EQ(documents->at(0).LineOf("spec.region"), 4);  // a default: it stands nowhere
  EXPECT_EQ(documents->at(0).LineOf(""), 2);
}

TEST(FaultsError, AlwaysHasAHint) {
  EXPECT_NE(FaultsError("w", {Fault{.message = "m"}}).hint, "");
  EXPECT_EQ(FaultsError("w", {Fault{.message = "m"}, Fault{.message = "n", .hint = "h"}}).hint,
            "h");
}

TEST(Fault, IsDescribedWithAllThatIsKnown) {
  EXPECT_EQ(Describe(Fault{.message = "m"}), "m");
  EXPECT_EQ(Describe(Fault{.path = "p", .message = "m"}), "p: m");
  EXPECT_EQ(Describe(Fault{.path = "p", .message = "m", .file = "f", .line = 3}), "f:3: p: m");
}

}  // namespace
}  // namespace lc2::api
