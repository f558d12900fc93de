#include <gtest/gtest.h>

#include <set>

#include <boost/json.hpp>

#include "api/kinds.h"
#include "api/tests/samples.h"
#include "codec/described.h"

// The structs and the CustomResourceDefinitions say the same, field by field, both ways.
namespace lc2::api {
namespace {

using codec::Json;

template <class T>
void Compare(const Schema& schema, const T& fresh, const std::string& path);

template <class T>
void CompareStruct(const Schema& schema, const T& fresh, const std::string& path) {
  ASSERT_EQ(schema.type, SchemaType::kObject) << path;
  std::set<std::string> members;
  boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_public>>(
      [&](auto d) {
        const std::string name = codec::CamelCase(d.name);
        members.insert(name);
        const Schema* property = schema.Property(name);
        ASSERT_NE(property, nullptr) << path << '.' << name << " is in the struct only";
        Compare(*property, fresh.*d.pointer, path + "." + name);
      });
  for (const auto& [name, property] : schema.properties) {
    EXPECT_EQ(members.count(name), 1U) << path << '.' << name << " is in the schema only";
  }
}

template <class T>
void Compare(const Schema& schema, const T& fresh, const std::string& path) {
  EXPECT_FALSE(schema.description.empty()) << path << " has no description";
  if (schema.default_value && !codec::internal::IsLeftOut(fresh) &&
      schema.type != SchemaType::kObject) {
    EXPECT_EQ(*schema.default_value, codec::Encode(fresh)) << path << " has another default";
  }
  if constexpr (codec::internal::kIsOptional<T>) {
    Compare(schema, typename T::value_type(), path);
  } else if constexpr (codec::internal::kIsVector<T>) {
    ASSERT_EQ(schema.type, SchemaType::kArray) << path;
    EXPECT_TRUE(schema.max_items.has_value()) << path;
    ASSERT_NE(schema.items, nullptr) << path;
    Compare(*schema.items, typename T::value_type(), path + "[]");
  } else if constexpr (std::is_same_v<T, Json>) {
    EXPECT_TRUE(schema.preserve_unknown_fields) << path;
  } else if constexpr (std::is_same_v<T, Time>) {
    EXPECT_EQ(schema.format, SchemaFormat::kDateTime) << path;
  } else if constexpr (std::is_same_v<T, std::string>) {
    EXPECT_EQ(schema.type, SchemaType::kString) << path;
    EXPECT_TRUE(schema.max_length || !schema.enum_words.empty()) << path << " has no maxLength";
  } else if constexpr (std::is_same_v<T, bool>) {
    EXPECT_EQ(schema.type, SchemaType::kBoolean) << path;
  } else if constexpr (std::is_enum_v<T>) {
    std::vector<std::string> words;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
        [&](auto d) { words.push_back(codec::Word(d.value)); });
    EXPECT_EQ(schema.enum_words, words) << path;
  } else if constexpr (std::is_integral_v<T>) {
    EXPECT_EQ(schema.type, SchemaType::kInteger) << path;
    EXPECT_EQ(schema.format, SchemaFormat::kInt64) << path;
  } else {
    CompareStruct(schema, fresh, path);
  }
}

template <class T>
void CompareKind() {
  const Kind* kind = FindKind(T::kKind);
  ASSERT_NE(kind, nullptr);
  const T fresh;
  CompareStruct(kind->spec, fresh.spec, std::string(T::kKind) + ".spec");
  CompareStruct(kind->status, fresh.status, std::string(T::kKind) + ".status");
}

TEST(Structs, SayWhatTheDefinitionsSay) {
  CompareKind<BackupLocation>();
  CompareKind<LiferayEnvironment>();
  CompareKind<BackupRequest>();
  CompareKind<RestoreRequest>();
  CompareKind<BackupSchedule>();
}

template <class T>
void RoundTrip(const T& resource) {
  const Json json = EncodeResource(resource);
  const Kind* kind = FindKind(T::kKind);
  EXPECT_EQ(testing::AllOf(Check(kind->spec, json.at("spec"), codec::Path("spec")).faults), "");
  EXPECT_EQ(testing::AllOf(Check(kind->status, json.at("status"), codec::Path("status")).faults),
            "");
  const Result<T> back = DecodeResource<T>(json);
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_EQ(*back, resource);
}

TEST(Structs, SurviveTheWayThroughJson) {
  BackupLocation location = testing::SampleLocation();
  location.status.vault = LocationVault{.id = "0af3", .place = "local:/srv/vault"};
  location.status.usage = LocationUsage{.backups = 3,
                                        .objects = 1000,
                                        .bytes = 1 << 20,
                                        .measured_time = Time(std::chrono::hours(1))};
  location.metadata.owner_references = {{.api_version = "v1",
                                         .kind = "ConfigMap",
                                         .name = "owner",
                                         .uid = "u",
                                         .controller = true,
                                         .block_owner_deletion = true}};
  RoundTrip(location);
  LiferayEnvironment environment = testing::SampleEnvironment();
  environment.spec.webhook = {.url = "https://hooks.example.org/", .secret = {"hook"}};
  environment.status.notifications =
      NotificationStatus{.since_time = Time(std::chrono::hours(1)),
                         .deliveries = {{.id = "msg_1",
                                         .event = NotificationEvent::kDamaged,
                                         .subject = {.kind = "Backup", .name = "b"},
                                         .state = DeliveryState::kGivenUp,
                                         .attempts = 3}}};
  RoundTrip(environment);
  BackupRequest backup = testing::SampleBackup();
  backup.metadata.labels = StandardLabels(IdOf(backup));
  backup.metadata.uid = "u";
  backup.metadata.generation = 3;
  backup.spec.provider = Provider::kLocal;
  backup.spec.database.type = BackupType::kDump;
  backup.status.state = BackupState::kInProgress;
  backup.status.progress = ProgressStatus{.step = "library", .objects_done = 3};
  backup.status.consistency = ConsistencyStatus{.level = ConsistencyLevel::kAsOf};
  backup.status.conditions = SetCondition(
      {}, Condition{.type = "Accepted", .status = ConditionStatus::kTrue, .reason = "Accepted"},
      Time(std::chrono::hours(24)));
  RoundTrip(backup);
  RestoreRequest restore = testing::SampleRestore();
  restore.spec.restore_type = RestoreType::kDatabaseOnly;
  restore.spec.database.point_in_time = Time(std::chrono::hours(48));
  restore.status.plan = testing::FromYaml("{steps: [{name: ''}]}");
  restore.status.approvals = {
      {.approver = "bob", .plan_digest = "sha256:ab", .time = Time(std::chrono::hours(3))}};
  restore.status.error = ErrorStatus{.kind = "NotFound", .message = "no backup"};
  RoundTrip(restore);
  BackupSchedule schedule = testing::SampleSchedule();
  schedule.spec.starting_deadline_seconds = 3600;
  schedule.spec.template_.spec.database.type = BackupType::kDump;
  schedule.status.decided_until = Time(std::chrono::hours(48));
  schedule.status.active = {"nightly-19700102-020000"};
  RoundTrip(schedule);
}

TEST(Structs, EncodeLeavesOutWhatSaysNothing) {
  const Json json = EncodeResource(testing::SampleLocation());
  EXPECT_EQ(codec::CompactJson(json.at("metadata")), R"({"name":"disk"})");
  EXPECT_EQ(json.at("spec").at("prefix"), Json(""));  // a spec says its defaults
}

TEST(Structs, DecodingAnotherKindFails) {
  const auto decoded = DecodeResource<BackupRequest>(EncodeResource(testing::SampleLocation()));
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().code, "resource.wrong_kind");
}

}  // namespace
}  // namespace lc2::api
