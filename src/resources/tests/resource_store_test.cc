#include "resources/resource_store.h"

#include <gtest/gtest.h>

#include "api/tests/samples.h"
#include "base/file.h"
#include "resources/embedded_store.h"
#include "resources/unreliable_store.h"
#include "testing/fake_clock.h"

namespace lc2 {
namespace {

using codec::Json;
using codec::JsonObject;

class ResourceStoreTest : public ::testing::Test {
 protected:
  Json Document(const std::string& name = "nightly") const {
    return api::EncodeResource(api::testing::SampleBackup(name));
  }
  ErrorKind KindOf(const Json& document) {
    const auto applied = Apply(ctx_, *store_, document);
    return applied.has_value() ? ErrorKind::kInternal : applied.error().kind;
  }

  testing::FakeClock clock_;
  Context ctx_{clock_};
  SeededRandom random_{1};
  TemporaryFolder folder_ = TemporaryFolder::Create("lc2-resources").value();
  std::unique_ptr<ResourceStore> store_ =
      OpenEmbeddedStore(ctx_, folder_.path() / "store.db", random_).value();
};

TEST(ResourceRef, NamesAnObjectForPeople) {
  EXPECT_EQ((ResourceRef{"BackupRequest", "proj-retail-prd", "nightly"}).str(),
            "BackupRequest proj-retail-prd/nightly");
  EXPECT_EQ((ResourceRef{"BackupLocation", "", "disk"}).str(), "BackupLocation disk");
}

TEST(ResourceRef, OfWhatIsNoObjectIsEmpty) {
  for (const Json& object :
       {Json(nullptr), Json("text"), Json(JsonObject{{"kind", 5}, {"metadata", "text"}}),
        Json(JsonObject{{"metadata", JsonObject{{"name", 5}}}})}) {
    EXPECT_EQ(RefOf(object), ResourceRef());
  }
}

TEST_F(ResourceStoreTest, ApplyRefusesWhatLacksItsParts) {
  ASSERT_TRUE(Apply(ctx_, *store_, Document()).has_value());
  Json no_spec = Document();
  no_spec.get_object().erase("spec");
  EXPECT_EQ(KindOf(no_spec), ErrorKind::kInvalid);
  Json no_metadata = Document();
  no_metadata.get_object().erase("metadata");
  EXPECT_EQ(KindOf(no_metadata), ErrorKind::kInvalid);
  EXPECT_EQ(KindOf(Json("text")), ErrorKind::kInvalid);
  EXPECT_EQ(KindOf(Json(JsonObject{})), ErrorKind::kInvalid);
  EXPECT_EQ((GetAs<api::BackupRequest>(ctx_, *store_, "proj-retail-prd", "nightly").value().spec),
            api::testing::SampleBackup().spec);
}

TEST_F(ResourceStoreTest, ApplyKeepsLabelsThatTheDocumentDoesNotName) {
  Json first = Document();
  first.at("metadata").get_object()["labels"] = JsonObject{{"mine", "1"}, {"both", "1"}};
  ASSERT_TRUE(Apply(ctx_, *store_, first).has_value());
  Json second = Document();
  second.at("metadata").get_object()["labels"] = JsonObject{{"both", "2"}};
  second.at("metadata").get_object()["annotations"] = JsonObject{{"why", "test"}};
  ASSERT_TRUE(Apply(ctx_, *store_, second).has_value());
  const auto stored =
      GetAs<api::BackupRequest>(ctx_, *store_, "proj-retail-prd", "nightly").value();
  EXPECT_EQ(stored.metadata.labels.at("mine"), "1");
  EXPECT_EQ(stored.metadata.labels.at("both"), "2");
  EXPECT_EQ(stored.metadata.annotations.at("why"), "test");
}

TEST_F(ResourceStoreTest, ApplyGivesUpAgainstEndlessConflicts) {
  ASSERT_TRUE(Apply(ctx_, *store_, Document()).has_value());
  const auto contended = MakeUnreliable(*store_, 1, {.stale_reads = 0, .conflicts = 100});
  Json changed = Document();
  changed.at("spec").get_object()["retentionDays"] = 60;
  const auto applied = Apply(ctx_, *contended, changed);
  ASSERT_FALSE(applied.has_value());
  EXPECT_EQ(applied.error().code, "resource.conflict");
}

TEST_F(ResourceStoreTest, TypedCallsHandOnErrorsAndRefuseAnotherKind) {
  EXPECT_EQ((GetAs<api::BackupRequest>(ctx_, *store_, "proj-retail-prd", "x").error().code),
            "resource.not_found");
  api::BackupRequest request = api::testing::SampleBackup();
  request.metadata.name = "Not A Name";
  EXPECT_EQ(CreateAs(ctx_, *store_, request).error().kind, ErrorKind::kInvalid);
  EXPECT_FALSE(api::DecodeResource<api::RestoreRequest>(Document()).has_value());
}

TEST_F(ResourceStoreTest, ListsChooseByLabelAndNamespace) {
  ASSERT_TRUE(Apply(ctx_, *store_, Document("a")).has_value());
  Json labelled = Document("b");
  labelled.at("metadata").get_object()["labels"] = JsonObject{{"team", "red"}};
  ASSERT_TRUE(Apply(ctx_, *store_, labelled).has_value());
  EXPECT_EQ(ListAs<api::BackupRequest>(ctx_, *store_).value().size(), 2U);
  EXPECT_EQ(ListAs<api::BackupRequest>(ctx_, *store_, "proj-other").value().size(), 0U);
  const auto red =
      ListAs<api::BackupRequest>(ctx_, *store_, "proj-retail-prd", {{"team", "red"}}).value();
  ASSERT_EQ(red.size(), 1U);
  EXPECT_EQ(red[0].metadata.name, "b");
}

}  // namespace
}  // namespace lc2
