#include "api/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "api/tests/samples.h"

namespace lc2::api {
namespace {

using testing::AllOf;
using testing::SampleBackup;
using testing::SampleEnvironment;
using testing::SampleLocation;
using testing::SampleRestore;

template <class T>
std::string After(T resource, const std::function<void(T&)>& change) {
  change(resource);
  return AllOf(CheckRules(resource));
}

std::string OfLocation(const std::function<void(BackupLocation&)>& change) {
  return After<BackupLocation>(SampleLocation(), change);
}
std::string OfEnvironment(const std::function<void(LiferayEnvironment&)>& change) {
  return After<LiferayEnvironment>(SampleEnvironment(), change);
}
std::string OfBackup(const std::function<void(BackupRequest&)>& change) {
  return After<BackupRequest>(SampleBackup(), change);
}
std::string OfRestore(const std::function<void(RestoreRequest&)>& change) {
  return After<RestoreRequest>(SampleRestore(), change);
}

TEST(Rules, SamplesKeepThem) {
  EXPECT_EQ(AllOf(CheckRules(SampleLocation())), "");
  EXPECT_EQ(AllOf(CheckRules(SampleEnvironment())), "");
  EXPECT_EQ(AllOf(CheckRules(SampleBackup())), "");
  EXPECT_EQ(AllOf(CheckRules(SampleRestore())), "");
  EXPECT_EQ(AllOf(CheckAgainstEnvironment(SampleBackup(), SampleEnvironment(), SampleLocation())),
            "");
  EXPECT_EQ(AllOf(CheckAgainstEnvironment(SampleRestore(), SampleEnvironment())), "");
}

std::string OfSchedule(const std::function<void(BackupSchedule&)>& change) {
  return After<BackupSchedule>(testing::SampleSchedule(), change);
}

TEST(Rules, OfASchedule) {
  EXPECT_EQ(OfSchedule([](auto&) {}), "");
  EXPECT_EQ(OfSchedule([](auto& s) { s.metadata.name = std::string(47, 'n'); }), "");
  EXPECT_EQ(OfSchedule([](auto& s) { s.metadata.name = std::string(48, 'n'); }),
            "metadata.name: must be at most 47 characters, is 48");
  EXPECT_THAT(OfSchedule([](auto& s) { s.spec.schedule = "0 0 31 2 *"; }),
              ::testing::StartsWith("spec.schedule: "));
  EXPECT_THAT(OfSchedule([](auto& s) { s.spec.schedule = "61 * * * *"; }),
              ::testing::StartsWith("spec.schedule: "));
  EXPECT_EQ(OfSchedule([](auto& s) { s.spec.time_zone = "Europe/Atlantis"; }),
            "spec.timeZone: there is no time zone 'Europe/Atlantis'");
}

TEST(Rules, OfALocation) {
  EXPECT_EQ(OfLocation([](auto& l) { l.spec.bucket = "vault"; }),
            "spec.bucket: must be the absolute path of a folder");
  EXPECT_EQ(OfLocation([](auto& l) { l.spec.bucket = "/srv/../etc"; }),
            "spec.bucket: must not contain '..'");
  EXPECT_EQ(OfLocation([](auto& l) { l.spec.bucket = "//."; }),
            "spec.bucket: must not be the root folder");
  EXPECT_EQ(OfLocation([](auto& l) { l.spec.prefix = "a/../b"; }),
            "spec.prefix: must not contain '.' or '..' as a folder");
  EXPECT_EQ(OfLocation([](auto& l) { l.spec.prefix = std::string("a\0b", 3); }),
            "spec.prefix: must not contain control characters");
  EXPECT_EQ(OfLocation([](auto& l) { l.spec.bucket = "/srv/a\nb"; }),
            "spec.bucket: must not contain control characters");
  EXPECT_EQ(OfLocation([](auto& l) {
              l.spec.provider = Provider::kAws;
              l.spec.bucket = "acme";
              l.spec.encryption.mode = EncryptionMode::kKMS;
            }),
            "spec.encryption.keyId: is required with mode KMS");
  EXPECT_EQ(OfLocation([](auto& l) {
              l.spec.encryption = {EncryptionMode::kKMS, "k"};
              l.spec.object_lock.mode = ObjectLockMode::kGovernance;
            }),
            "spec.encryption.mode: a folder has no keys of a provider; "
            "spec.objectLock.mode: a folder cannot lock objects");
}

TEST(Rules, OfAnEnvironment) {
  EXPECT_EQ(OfEnvironment([](auto& e) { e.metadata.name = "retail"; }),
            "metadata.name: is 'retail', must be 'retail-prd'");
  EXPECT_EQ(OfEnvironment([](auto& e) { e.spec.database.backup_type = BackupType::kBoth; }),
            "spec.database.backupType: provider 'local' has no snapshots");
  EXPECT_EQ(OfEnvironment([](auto& e) { e.spec.document_library.bucket.clear(); }),
            "spec.documentLibrary.bucket: is required");
  EXPECT_EQ(OfEnvironment([](auto& e) { e.spec.document_library.bucket = "data"; }),
            "spec.documentLibrary.bucket: must be the absolute path of a folder");
  EXPECT_EQ(OfEnvironment([](auto& e) { e.spec.document_library.prefix = "a/../.."; }),
            "spec.documentLibrary.prefix: must lie below the folder of the library");
  EXPECT_EQ(OfEnvironment([](auto& e) { e.spec.document_library.prefix = "a\x7f"; }),
            "spec.documentLibrary.prefix: must not contain control characters");
  EXPECT_EQ(OfEnvironment([](auto& e) { e.spec.document_library.store = LibraryStore::kDB; }),
            "spec.documentLibrary.bucket: must be left out with store DB");
  EXPECT_EQ(OfEnvironment([](auto& e) {
              e.spec.document_library = {.store = LibraryStore::kS3, .bucket = "bucket"};
            }),
            "");
  EXPECT_EQ(OfEnvironment([](auto& e) { e.metadata.labels[std::string(kProjectLabel)] = "bank"; }),
            "metadata.labels.backup.liferay.cloud/project: is 'bank', but the spec says 'retail'");
}

TEST(Rules, OfAWebhook) {
  const auto of = [](const Webhook& webhook) {
    const std::string location = OfLocation([&](auto& l) { l.spec.webhook = webhook; });
    EXPECT_EQ(OfEnvironment([&](auto& e) { e.spec.webhook = webhook; }), location);
    return location;
  };
  const std::string good = "https://hooks.example.org/services/T0?token=1";
  EXPECT_EQ(of({}), "");
  EXPECT_EQ(of({.url = good, .secret = {"hook"}}), "");
  EXPECT_EQ(of({.url = good}), "spec.webhook.secret.name: is required: every call is signed");
  EXPECT_EQ(of({.secret = {"hook"}}), "spec.webhook.url: is required with a secret");
  EXPECT_EQ(of({.url = "http://hooks.example.org/", .secret = {"hook"}}),
            "spec.webhook.url: must begin with https:// unless it is localhost");
}

TEST(Rules, OfABackupRequest) {
  EXPECT_EQ(OfBackup([](auto& b) {
              b.spec.provider = Provider::kLocal;
              b.spec.database.type = BackupType::kSnapshot;
            }),
            "spec.database.type: provider 'local' has no snapshots");
  const auto with_retention = [](std::int64_t days, std::optional<BackupType> type) {
    return OfBackup([=](auto& b) {
      b.spec.database.retention = days;
      b.spec.database.type = type;
    });
  };
  EXPECT_EQ(with_retention(7, BackupType::kDump),
            "spec.database.retention: is 7, less than the 30 of retentionDays");
  EXPECT_EQ(with_retention(7, BackupType::kBoth), "");
  EXPECT_EQ(with_retention(30, BackupType::kDump), "");
  EXPECT_EQ(with_retention(7, std::nullopt), "");  // the environment decides the type
}

TEST(Rules, OfARestoreRequest) {
  EXPECT_EQ(OfRestore([](auto& r) {
              r.spec.source_environment = "uat";
              r.spec.strategy = RestoreStrategy::kOverwrite;
            }),
            "spec.strategy: Overwrite is possible only within one environment");
  EXPECT_EQ(OfRestore([](auto& r) { r.spec.strategy = RestoreStrategy::kOverwrite; }), "");
  EXPECT_EQ(OfRestore([](auto& r) { r.spec.restore_type = RestoreType::kSelective; }),
            "spec.documentLibrary.include: is required with restoreType selective");
  EXPECT_EQ(OfRestore([](auto& r) {
              r.spec.document_library.include = {"a"};
              r.spec.document_library.exclude = {"b"};
            }),
            "spec.documentLibrary.include: needs restoreType selective; "
            "spec.documentLibrary.exclude: needs restoreType selective");
  EXPECT_EQ(OfRestore([](auto& r) {
              r.spec.restore_type = RestoreType::kSelective;
              r.spec.document_library.include = {"a"};
              r.spec.document_library.extra_keys = ExtraKeys::kRemove;
              r.spec.database.point_in_time = Time();
            }),
            "spec.documentLibrary.extraKeys: Remove is not possible with restoreType selective; "
            "spec.database.pointInTime: restoreType selective restores no database");
}

TEST(Changes, OfABackupRequestAreFew) {
  BackupRequest before = SampleBackup();
  BackupRequest after = before;
  after.spec.cancel = true;
  after.spec.hold.reason = "law";
  after.spec.deletion_policy = DeletionPolicy::kDelete;
  after.spec.retention_days = 60;
  EXPECT_EQ(AllOf(CheckChange(before, after)), "");
  EXPECT_EQ(AllOf(CheckChange(after, before)),
            "spec.retentionDays: can only be raised, and is 60 already");
  after = before;
  after.spec.verify = VerifyLevel::kFull;
  after.spec.database.instance_id = "other";
  after.spec.provider = Provider::kLocal;
  EXPECT_EQ(AllOf(CheckChange(before, after)),
            "spec.database.instanceId: cannot be changed; spec.verify: cannot be changed; "
            "spec.provider: cannot be changed");
}

TEST(Changes, OfARestoreRequestAreCancelAlone) {
  RestoreRequest after = SampleRestore();
  after.spec.cancel = true;
  EXPECT_EQ(AllOf(CheckChange(SampleRestore(), after)), "");
  after.spec.confirm = "Overwrite";
  EXPECT_EQ(AllOf(CheckChange(SampleRestore(), after)), "spec.confirm: cannot be changed");
}

TEST(Changes, WhatRecordsAreNamedByStays) {
  BackupLocation location = SampleLocation();
  location.spec.bucket = "/srv/other";
  location.spec.soft_delete_days = 1;
  EXPECT_EQ(AllOf(CheckChange(SampleLocation(), location)), "spec.bucket: cannot be changed");
  LiferayEnvironment environment = SampleEnvironment();
  environment.spec.namespace_ = "proj-retail-prd";  // the default, said
  environment.spec.database.name = "other";
  EXPECT_EQ(AllOf(CheckChange(SampleEnvironment(), environment)), "");
  environment.spec.namespace_ = "other";
  EXPECT_EQ(AllOf(CheckChange(SampleEnvironment(), environment)),
            "spec.namespace: cannot be changed");
}

TEST(Tenancy, ABackupRequestNamesOnlyWhatItsEnvironmentNames) {
  LiferayEnvironment environment = SampleEnvironment();
  environment.spec.database.instance_id = "db-1";
  BackupLocation location = SampleLocation();
  location.spec.prefix = "lc2";
  BackupRequest request = SampleBackup();
  request.spec.provider = Provider::kLocal;
  request.spec.database.instance_id = "db-1";
  request.spec.document_library = {.source_bucket = "/srv/library",
                                   .destination_bucket = "/srv/vault",
                                   .destination_prefix = "lc2"};
  EXPECT_EQ(AllOf(CheckAgainstEnvironment(request, environment, location)), "");

  request.metadata.namespace_ = "proj-bank-prd";
  request.spec.provider = Provider::kAws;
  request.spec.database.instance_id = "db-2";
  request.spec.document_library = {.source_bucket = "/srv/bank",
                                   .destination_bucket = "/srv/mine",
                                   .destination_prefix = "mine"};
  const Faults faults = CheckAgainstEnvironment(request, environment, location);
  ASSERT_EQ(faults.size(), 6U) << AllOf(faults);
  EXPECT_EQ(Describe(faults[0]),
            "metadata.namespace: is 'proj-bank-prd', but that of environment 'retail-prd' is "
            "'proj-retail-prd'");
  EXPECT_EQ(Describe(faults[1]),
            "spec.provider: is 'aws', but that of environment 'retail-prd' is 'local'");
  EXPECT_EQ(faults[2].path, "spec.database.instanceId");
  EXPECT_EQ(faults[3].path, "spec.documentLibrary.sourceBucket");
  EXPECT_EQ(faults[4].path, "spec.documentLibrary.destinationBucket");
  EXPECT_EQ(faults[5].path, "spec.documentLibrary.destinationPrefix");
}

TEST(Tenancy, ANameThatTheEnvironmentDoesNotHaveIsRefused) {
  BackupRequest request = SampleBackup();
  request.spec.database.instance_id = "db-2";
  request.spec.environment = "uat";
  EXPECT_EQ(AllOf(CheckAgainstEnvironment(request, SampleEnvironment(), SampleLocation())),
            "spec.environment: is 'uat', but that of environment 'retail-prd' is 'prd'; "
            "spec.database.instanceId: is 'db-2', but environment 'retail-prd' has none");
}

TEST(Tenancy, ABackupRequestAsksForNoMoreThanItsEnvironmentAllows) {
  LiferayEnvironment environment = SampleEnvironment();
  BackupRequest request = SampleBackup();
  request.spec.database.type = BackupType::kBoth;
  EXPECT_EQ(AllOf(CheckAgainstEnvironment(request, environment, SampleLocation())),
            "spec.database.type: is 'both', but environment 'retail-prd' allows 'dump'");
  request.spec.database.type = BackupType::kNone;
  EXPECT_EQ(AllOf(CheckAgainstEnvironment(request, environment, SampleLocation())), "");
  request.spec.database = {.retention = 7};
  EXPECT_EQ(AllOf(CheckAgainstEnvironment(request, environment, SampleLocation())),
            "spec.database.retention: is 7, less than the 30 of retentionDays");
}

TEST(Tenancy, VaultAndLibraryDoNotLieInEachOther) {
  for (const char* vault : {"/srv/library", "/srv/library/vault", "/srv", "/srv/./library/"}) {
    BackupLocation location = SampleLocation();
    location.spec.bucket = vault;
    const Faults faults = CheckAgainstEnvironment(SampleBackup(), SampleEnvironment(), location);
    ASSERT_EQ(faults.size(), 1U) << vault;
    EXPECT_EQ(faults[0].path, "spec.documentLibrary");
  }
  BackupLocation beside = SampleLocation();
  beside.spec.bucket = "/srv/library-vault";
  EXPECT_EQ(AllOf(CheckAgainstEnvironment(SampleBackup(), SampleEnvironment(), beside)), "");
  beside.metadata.name = "other";
  EXPECT_EQ(CheckAgainstEnvironment(SampleBackup(), SampleEnvironment(), beside).at(0).path,
            "spec.backupLocation");
}

TEST(Tenancy, ARestoreStaysInItsTarget) {
  RestoreRequest request = SampleRestore();
  request.spec.database = {.target_instance_id = "x", .target_name = "other"};
  request.spec.document_library.target_bucket = "/srv/bank";
  request.metadata.labels[std::string(kProjectLabel)] = "bank";
  request.spec.target_environment = "uat";
  const Faults faults = CheckAgainstEnvironment(request, SampleEnvironment());
  ASSERT_EQ(faults.size(), 5U) << AllOf(faults);
  EXPECT_EQ(faults[0].path, "spec.targetEnvironment");
  EXPECT_EQ(faults[4].path, "metadata.labels.backup.liferay.cloud/project");
}

TEST(Tenancy, AcrossEnvironmentsBothSidesAgree) {
  LiferayEnvironment source = SampleEnvironment("prd");
  LiferayEnvironment target = SampleEnvironment("uat");
  RestoreRequest request = SampleRestore();
  request.metadata.namespace_ = "proj-retail-uat";
  request.spec.target_environment = "uat";
  request.spec.source_environment = "prd";
  EXPECT_EQ(AllOf(CheckAgainstEnvironment(request, target)),
            "spec.sourceEnvironment: environment 'retail-uat' does not accept backups of "
            "'retail-prd'");
  EXPECT_EQ(CheckGiving(source, target).size(), 2U);

  target.spec.restore.accepts_from = {"retail-prd"};
  EXPECT_EQ(AllOf(CheckAgainstEnvironment(request, target)), "");
  EXPECT_EQ(CheckGiving(source, target).size(), 1U);
  source.spec.restore.gives_to = {"uat"};
  EXPECT_EQ(AllOf(CheckGiving(source, target)), "");
  source.spec.project_id = "bank";  // its 'uat' is another one
  EXPECT_EQ(CheckGiving(source, target).size(), 2U);

  request.spec.strategy = RestoreStrategy::kOverwrite;
  request.spec.sanitize = false;
  EXPECT_EQ(AllOf(CheckAgainstEnvironment(request, target)),
            "spec.strategy: Overwrite is possible only within one environment, and the backup is "
            "one of 'retail-prd'; spec.sanitize: environment 'retail-uat' accepts only sanitised "
            "data of others");
  target.spec.restore.require_sanitize = false;
  request.spec.strategy = RestoreStrategy::kPrepareAndSwap;
  EXPECT_EQ(AllOf(CheckAgainstEnvironment(request, target)), "");
}

}  // namespace
}  // namespace lc2::api
