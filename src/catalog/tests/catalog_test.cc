#include "catalog/catalog.h"

#include <gmock/gmock.h>

#include <fstream>
#include <thread>

#include "base/file.h"
#include "codec/described.h"
#include "codec/json.h"
#include "sql/sqlite.h"
#include "vault/deletion.h"
#include "vault/tests/vault_fixture.h"

namespace lc2::catalog {
namespace {

using vault::By;
using vault::CodeOf;
using vault::IsOk;
using vault::kRetail;
using vault::VaultFixture;

const By kBob{.who = "bob", .why = "test"};

std::vector<std::string> Ids(const BackupPage& page) {
  std::vector<std::string> ids;
  for (const BackupRecord& record : page.records) ids.push_back(record.backup_id);
  return ids;
}

class CatalogTest : public ::testing::Test {
 protected:
  std::unique_ptr<Catalog> OpenOne(const std::string& name = "catalog.db") {
    return Catalog::Open(ctx(), folder_.path() / name).value();
  }
  const Context& ctx() const { return fixture_.ctx; }

  // A record of the given minute.
  BackupRecord Record(int minute, const std::string& run) const {
    return {.location = "disk",
            .project_id = "retail",
            .environment = "prd",
            .backup_id = "b" + std::to_string(minute),
            .run_id = run,
            .state = BackupState::kSucceeded,
            .initiator = "alice",
            .backup_type = "manual",
            .timestamp = fixture_.clock.Now() + std::chrono::minutes(minute),
            .database_type = "dump",
            .portable = true};
  }
  Result<BackupPage> List(const BackupFilter& filter) { return catalog_->List(ctx(), filter); }
  std::vector<std::string> IdsOf(const BackupFilter& filter) {
    const auto page = List(filter);
    EXPECT_TRUE(IsOk(page));
    return page.has_value() ? Ids(*page) : std::vector<std::string>();
  }
  // Everything it knows, as text.
  static std::string Whole(const Context& ctx, Catalog& catalog) {
    BackupFilter filter{
        .states = {BackupState::kInProgress, BackupState::kSucceeded, BackupState::kFailed,
                   BackupState::kCancelled, BackupState::kDeleting, BackupState::kDeleted},
        .limit = 2};
    std::string text;
    do {
      const BackupPage page = catalog.List(ctx, filter).value();
      for (const BackupRecord& record : page.records) {
        text += codec::CompactJson(codec::Encode(record)) + "\n";
      }
      filter.cursor = page.next_cursor;
    } while (!filter.cursor.empty());
    return text;
  }

  VaultFixture fixture_;
  TemporaryFolder folder_ = TemporaryFolder::Create("lc2-catalog").value();
  std::unique_ptr<Catalog> catalog_ = OpenOne();
};

TEST_F(CatalogTest, ARecordComesBackAsItWasPut) {
  const Time now = fixture_.clock.Now();
  const BackupRecord full{.location = "disk",
                          .project_id = "retail",
                          .environment = "prd",
                          .backup_id = "b",
                          .run_id = "r",
                          .state = BackupState::kDeleting,
                          .initiator = "alice 'x'",
                          .backup_type = "automatic",
                          .timestamp = now,
                          .completed_at = now + std::chrono::seconds(1),
                          .expires_at = now + std::chrono::seconds(2),
                          .base = "a",
                          .database_type = "dump",
                          .engine = "postgres",
                          .engine_version = "15.8",
                          .database_bytes = 1,
                          .object_count = 2,
                          .library_bytes = 3,
                          .level = "Ordered",
                          .references = 4,
                          .missing = 5,
                          .orphans = 6,
                          .size_mismatches = 7,
                          .portable = true,
                          .hold_reason = "audit",
                          .verified_level = "Full",
                          .verified_result = "Damaged",
                          .verified_at = now + std::chrono::seconds(3),
                          .error_code = "code",
                          .error_message = "message",
                          .manifest_path = "path"};
  ASSERT_TRUE(IsOk(catalog_->Put(ctx(), full)));
  EXPECT_EQ(catalog_->Get(ctx(), kRetail, BackupId("b")).value(), full);
  BackupRecord changed = full;
  changed.state = BackupState::kDeleted;
  changed.completed_at.reset();
  ASSERT_TRUE(IsOk(catalog_->Put(ctx(), changed)));
  EXPECT_EQ(catalog_->Get(ctx(), kRetail, BackupId("b")).value(), changed);
  EXPECT_EQ(List({.states = {BackupState::kDeleted}})->records.size(), 1U);
}

TEST_F(CatalogTest, GetOfNothingIsNotFound) {
  ASSERT_TRUE(IsOk(catalog_->Put(ctx(), Record(1, "r1"))));
  const EnvironmentId other{.project = ProjectId("retail"), .environment = EnvironmentName("uat")};
  EXPECT_EQ(CodeOf(catalog_->Get(ctx(), kRetail, BackupId("b2"))), "backup.not_found");
  EXPECT_EQ(CodeOf(catalog_->Get(ctx(), other, BackupId("b1"))), "backup.not_found");
}

TEST_F(CatalogTest, FiltersByEachPart) {
  BackupRecord record = Record(1, "r1");
  ASSERT_TRUE(IsOk(catalog_->Put(ctx(), record)));
  record = Record(2, "r2");
  record.project_id = "bank";
  ASSERT_TRUE(IsOk(catalog_->Put(ctx(), record)));
  record = Record(3, "r3");
  record.environment = "uat";
  ASSERT_TRUE(IsOk(catalog_->Put(ctx(), record)));
  record = Record(4, "r4");
  record.location = "cloud";
  ASSERT_TRUE(IsOk(catalog_->Put(ctx(), record)));
  record = Record(5, "r5");
  record.backup_type = "automatic";
  ASSERT_TRUE(IsOk(catalog_->Put(ctx(), record)));
  record = Record(6, "r6");
  record.database_type = "none";
  record.verified_result = "Damaged";
  ASSERT_TRUE(IsOk(catalog_->Put(ctx(), record)));
  record = Record(7, "r7");
  record.state = BackupState::kFailed;
  ASSERT_TRUE(IsOk(catalog_->Put(ctx(), record)));
  record = Record(8, "r8");
  record.state = BackupState::kDeleted;
  ASSERT_TRUE(IsOk(catalog_->Put(ctx(), record)));

  using ::testing::ElementsAre;
  EXPECT_THAT(IdsOf({}), ElementsAre("b7", "b6", "b5", "b4", "b3", "b2", "b1"));
  EXPECT_THAT(IdsOf({.project_id = "bank"}), ElementsAre("b2"));
  EXPECT_THAT(IdsOf({.project_id = "retail", .environment = "uat"}), ElementsAre("b3"));
  EXPECT_THAT(IdsOf({.location = "cloud"}), ElementsAre("b4"));
  EXPECT_THAT(IdsOf({.backup_type = "automatic"}), ElementsAre("b5"));
  EXPECT_THAT(IdsOf({.database_type = "none"}), ElementsAre("b6"));
  EXPECT_THAT(IdsOf({.verified_result = "Damaged"}), ElementsAre("b6"));
  EXPECT_THAT(IdsOf({.states = {BackupState::kFailed, BackupState::kDeleted}}),
              ElementsAre("b8", "b7"));
  const Time start = fixture_.clock.Now();
  EXPECT_THAT(
      IdsOf({.since = start + std::chrono::minutes(2), .until = start + std::chrono::minutes(4)}),
      ElementsAre("b3", "b2"));
  EXPECT_THAT(IdsOf({.project_id = "x' or '1'='1"}), ElementsAre());
}

TEST_F(CatalogTest, PagesGiveEachRecordOnceInOneOrder) {
  std::vector<std::string> expected;
  // Equal times, and one run that two locations hold: a vault and its copy.
  for (int i = 0; i < 9; ++i) {
    BackupRecord record = Record(i / 3, "r" + std::to_string(i % 3));
    record.backup_id = "b" + std::to_string(i);
    for (const char* location : {"copy", "disk"}) {
      record.location = location;
      ASSERT_TRUE(IsOk(catalog_->Put(ctx(), record)));
    }
  }
  const BackupPage whole = List({}).value();
  ASSERT_EQ(whole.records.size(), 6U);  // a run is one record of a location: the last one put
  EXPECT_EQ(whole.next_cursor, "");
  for (const std::int64_t limit : {1, 2, 4, 5, 6}) {
    BackupFilter filter{.limit = limit};
    std::vector<BackupRecord> all;
    for (int pages = 0; pages < 10; ++pages) {
      const BackupPage page = List(filter).value();
      EXPECT_LE(page.records.size(), static_cast<std::size_t>(limit));
      all.insert(all.end(), page.records.begin(), page.records.end());
      filter.cursor = page.next_cursor;
      if (filter.cursor.empty()) break;
    }
    EXPECT_EQ(all, whole.records) << "limit " << limit;
  }
}

TEST_F(CatalogTest, PagesOfSeveralStatesAreOneList) {
  constexpr BackupState kStates[] = {BackupState::kFailed, BackupState::kSucceeded,
                                     BackupState::kCancelled, BackupState::kDeleted};
  for (int i = 0; i < 12; ++i) {
    BackupRecord record = Record(i, "r" + std::to_string(i));
    record.state = kStates[i % 4];
    ASSERT_TRUE(IsOk(catalog_->Put(ctx(), record)));
  }
  // One that is asked for twice is there once.
  BackupFilter filter{
      .states = {BackupState::kDeleted, BackupState::kFailed, BackupState::kDeleted}, .limit = 4};
  EXPECT_THAT(IdsOf(filter), ::testing::ElementsAre("b11", "b8", "b7", "b4"));
  filter.cursor = List(filter)->next_cursor;
  EXPECT_THAT(IdsOf(filter), ::testing::ElementsAre("b3", "b0"));
  EXPECT_EQ(List(filter)->next_cursor, "");
}

TEST_F(CatalogTest, APageStandsWhereItStoodWhenNewerBackupsCome) {
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(IsOk(catalog_->Put(ctx(), Record(i, "r" + std::to_string(i)))));
  }
  const BackupPage first = List({.limit = 2}).value();
  ASSERT_TRUE(IsOk(catalog_->Put(ctx(), Record(9, "r9"))));
  EXPECT_THAT(IdsOf({.limit = 2, .cursor = first.next_cursor}), ::testing::ElementsAre("b1", "b0"));
}

TEST_F(CatalogTest, LimitsAreKeptWithinReason) {
  ASSERT_TRUE(IsOk(catalog_->Put(ctx(), Record(1, "r1"))));
  ASSERT_TRUE(IsOk(catalog_->Put(ctx(), Record(2, "r2"))));
  EXPECT_EQ(List({.limit = 0})->records.size(), 1U);
  EXPECT_EQ(List({.limit = -5})->records.size(), 1U);
  EXPECT_EQ(List({.limit = 1'000'000'000'000})->records.size(), 2U);
}

TEST_F(CatalogTest, ACursorThatIsNoneIsRefused) {
  for (const char* cursor : {"x", ".", "..", ".r1.disk", "12", "12.r1", "1x.r1.disk", "-.r.d",
                             "99999999999999999999.r1.disk"}) {
    const auto page = List({.cursor = cursor});
    EXPECT_EQ(CodeOf(page), "catalog.bad_cursor") << cursor;
  }
  const auto page = List({.cursor = std::string(10'000, 'x')});
  ASSERT_FALSE(page.has_value());
  EXPECT_LT(page.error().message.size(), 200U);
  EXPECT_NE(page.error().hint, "");
}

// A vault with a backup of every state.
class RebuildTest : public CatalogTest {
 protected:
  vault::Vault vault() { return fixture_.vault(); }

  RunId Make(const std::string& time, const std::string& base = {}) {
    vault::MakeOptions options{.name = "retail-prd-backup-" + time,
                               .files = vault::SomeFiles(3, time)};
    if (!base.empty()) options.base = BackupId("retail-prd-backup-" + base);
    fixture_.clock.Advance(std::chrono::minutes(1));
    return Follow(fixture_.Make(options).value().facts.run);
  }
  RunId Open(const std::string& time) {
    return Follow(fixture_.Start({.name = "retail-prd-backup-" + time}).value().run);
  }
  // As control does after each decision.
  RunId Follow(const RunId& run) {
    EXPECT_TRUE(IsOk(catalog_->Refresh(ctx(), "disk", *fixture_.store, kRetail, run)));
    return run;
  }
  void MakeOneOfEach() {
    Make("20251109-143100");
    Make("20251109-143200", "20251109-143100");
    const RunId held = Make("20251109-143300");
    ASSERT_TRUE(
        IsOk(vault::SetHold(ctx(), vault(), kRetail, held, {.on = true, .reason = "audit"}, kBob)));
    Follow(held);
    const RunId verified = Make("20251109-143400");
    ASSERT_TRUE(IsOk(vault::RecordVerified(ctx(), vault(), kRetail, verified,
                                           {.level = "Full", .result = "Damaged", .damaged = {"a"}},
                                           kBob)));
    Follow(verified);
    const RunId extended = Make("20251109-143500");
    ASSERT_TRUE(IsOk(vault::ExtendRetention(ctx(), vault(), kRetail, extended,
                                            ctx().clock().Now() + std::chrono::days(99), kBob)));
    Follow(extended);
    const RunId deleting = Make("20251109-143600");
    ASSERT_TRUE(IsOk(vault::RequestDeletion(ctx(), vault(), kRetail, deleting,
                                            ctx().clock().Now() + std::chrono::days(1), kBob)));
    Follow(deleting);
    const RunId deleted = Make("20251109-143700");
    ASSERT_TRUE(
        IsOk(vault::RequestDeletion(ctx(), vault(), kRetail, deleted, ctx().clock().Now(), kBob)));
    ASSERT_TRUE(IsOk(vault::ExecuteDeletion(ctx(), vault(), kRetail, deleted, kBob)));
    Follow(deleted);
    const RunId failed = Open("20251109-143800");
    ASSERT_TRUE(IsOk(
        vault::AbandonRun(ctx(), vault(), kRetail, failed,
                          {.reason = vault::AbandonReason::kFailed,
                           .heir = {},
                           .error = codec::JsonObject{{"code", "x.y"}, {"message", "it broke"}},
                           .consistency = {}},
                          "control", "x.y")));
    Follow(failed);
    const RunId cancelled = Open("20251109-143900");
    ASSERT_TRUE(IsOk(vault::AbandonRun(ctx(), vault(), kRetail, cancelled,
                                       {.reason = vault::AbandonReason::kCancelled}, "control",
                                       "cancelled")));
    Follow(cancelled);
    Open("20251109-144000");
  }
  Result<RebuildReport> Rebuild(Catalog& catalog) {
    return catalog.Rebuild(ctx(), "disk", *fixture_.store);
  }
};

TEST_F(RebuildTest, GivesTheAnswersOfTheOneThatGrew) {
  MakeOneOfEach();
  const std::string grown = Whole(ctx(), *catalog_);
  const auto fresh = OpenOne("fresh.db");
  const auto report = Rebuild(*fresh);
  ASSERT_TRUE(IsOk(report));
  EXPECT_EQ(report->environments, 1);
  EXPECT_EQ(report->runs, 10);
  EXPECT_TRUE(report->damaged.empty());
  EXPECT_EQ(Whole(ctx(), *fresh), grown);
  EXPECT_THAT(grown, ::testing::AllOf(
                         ::testing::HasSubstr("audit"), ::testing::HasSubstr("Damaged"),
                         ::testing::HasSubstr("\"Deleted\""), ::testing::HasSubstr("\"Deleting\""),
                         ::testing::HasSubstr("it broke"), ::testing::HasSubstr("Cancelled"),
                         ::testing::HasSubstr("InProgress"), ::testing::HasSubstr("portable")));
  // Over what was there, too.
  ASSERT_TRUE(IsOk(Rebuild(*catalog_)));
  EXPECT_EQ(Whole(ctx(), *catalog_), grown);
}

TEST_F(RebuildTest, ForgetsWhatTheVaultDoesNotHold) {
  Make("20251109-143100");
  const std::string before = Whole(ctx(), *catalog_);
  ASSERT_TRUE(IsOk(catalog_->Put(ctx(), Record(5, "ghost"))));
  BackupRecord elsewhere = Record(6, "elsewhere");
  elsewhere.location = "cloud";
  ASSERT_TRUE(IsOk(catalog_->Put(ctx(), elsewhere)));
  ASSERT_TRUE(IsOk(Rebuild(*catalog_)));
  EXPECT_THAT(IdsOf({.location = "disk"}),
              ::testing::ElementsAre("retail-prd-backup-20251109-143100"));
  EXPECT_THAT(IdsOf({.location = "cloud"}), ::testing::ElementsAre("b6"));
}

TEST_F(RebuildTest, ABrokenManifestIsShownAndStopsNoOther) {
  Make("20251109-143100");
  Make("20251109-143200");
  Make("20251109-143300");
  fixture_.Overwrite("retail/prd/20251109-143100/manifest.json", "{}");
  ASSERT_TRUE(IsOk(fixture_.store->Delete(ctx(), "retail/prd/20251109-143200/manifest.json")));
  const auto report = Rebuild(*catalog_);
  ASSERT_TRUE(IsOk(report));
  ASSERT_EQ(report->damaged.size(), 2U);
  EXPECT_THAT(report->damaged,
              ::testing::UnorderedElementsAre(::testing::HasSubstr("20251109-143100"),
                                              ::testing::HasSubstr("20251109-143200")));
  EXPECT_EQ(List({})->records.size(), 3U);
  EXPECT_EQ(catalog_->Get(ctx(), kRetail, BackupId("retail-prd-backup-20251109-143300"))
                .value()
                .object_count,
            3);
  const BackupRecord broken =
      catalog_->Get(ctx(), kRetail, BackupId("retail-prd-backup-20251109-143100")).value();
  EXPECT_EQ(broken.state, BackupState::kSucceeded);
  EXPECT_EQ(broken.manifest_path, "");
}

TEST_F(RebuildTest, ABrokenLogIsShownAndStopsNoOther) {
  const RunId broken = Make("20251109-143100");
  Make("20251109-143200");
  fixture_.Overwrite(vault::ControlEntryKey(kRetail, broken, 1), "{");
  const auto report = Rebuild(*catalog_);
  ASSERT_TRUE(IsOk(report));
  ASSERT_EQ(report->damaged.size(), 1U);
  EXPECT_THAT(report->damaged[0], ::testing::HasSubstr(broken.str()));
  EXPECT_THAT(IdsOf({}), ::testing::ElementsAre("retail-prd-backup-20251109-143200"));
}

TEST_F(RebuildTest, AVaultThatFailsLeavesTheCatalogueAsItWas) {
  Make("20251109-143100");
  Make("20251109-143200");
  const std::string before = Whole(ctx(), *catalog_);
  fixture_.store->Plan({.operation = "get", .key_part = "143100/manifest.json", .times = 1});
  EXPECT_FALSE(IsOk(Rebuild(*catalog_)));
  EXPECT_EQ(Whole(ctx(), *catalog_), before);
}

TEST_F(RebuildTest, RefreshOfADamagedManifestShowsTheDecision) {
  const RunId run = Make("20251109-143100");
  fixture_.Overwrite("retail/prd/20251109-143100/manifest.json", "{}");
  ASSERT_TRUE(
      IsOk(vault::SetHold(ctx(), vault(), kRetail, run, {.on = true, .reason = "audit"}, kBob)));
  const auto record = catalog_->Refresh(ctx(), "disk", *fixture_.store, kRetail, run);
  ASSERT_TRUE(IsOk(record));
  EXPECT_EQ(record->hold_reason, "audit");
  EXPECT_EQ(record->state, BackupState::kSucceeded);
}

TEST_F(RebuildTest, RefreshOfNoRunIsNotFound) {
  EXPECT_EQ(CodeOf(catalog_->Refresh(ctx(), "disk", *fixture_.store, kRetail,
                                     RunId(std::string(32, 'a')))),
            "backup.not_found");
}

TEST_F(RebuildTest, ADamagedFileIsNamedAndMadeAnew) {
  MakeOneOfEach();
  const std::string grown = Whole(ctx(), *catalog_);
  catalog_.reset();
  for (const std::string& bytes :
       {std::string("this is no database, it never was"), std::string(8192, '\xaa')}) {
    std::filesystem::remove(folder_.path() / "catalog.db-wal");
    std::filesystem::remove(folder_.path() / "catalog.db-shm");
    std::ofstream(folder_.path() / "catalog.db", std::ios::binary | std::ios::trunc) << bytes;
    catalog_ = OpenOne();
    for (const Error& error :
         {List({}).error(), catalog_->Get(ctx(), kRetail, BackupId("b")).error(),
          catalog_->Put(ctx(), Record(1, "r1")).error()}) {
      EXPECT_EQ(error.code, "catalog.damaged");
      EXPECT_EQ(error.kind, ErrorKind::kCorrupt);
      EXPECT_THAT(error.hint, ::testing::HasSubstr("lc2 catalog rebuild"));
      EXPECT_THAT(error.message, ::testing::HasSubstr("catalog.db"));
    }
    ASSERT_TRUE(IsOk(Rebuild(*catalog_)));
    EXPECT_EQ(Whole(ctx(), *catalog_), grown);
    catalog_.reset();
  }
}

TEST_F(RebuildTest, AFileThatIsDamagedInsideIsMadeAnewToo) {
  MakeOneOfEach();
  const std::string grown = Whole(ctx(), *catalog_);
  catalog_.reset();
  // The last close has written everything into the file itself. Its head stays, all else goes.
  const std::filesystem::path file = folder_.path() / "catalog.db";
  const auto size = std::filesystem::file_size(file);
  ASSERT_GT(size, 8192U);
  {
    std::fstream damage(file, std::ios::binary | std::ios::in | std::ios::out);
    damage.seekp(4096);
    damage << std::string(size - 4096, '\x55');
  }
  catalog_ = OpenOne();
  EXPECT_EQ(CodeOf(List({})), "catalog.damaged");
  ASSERT_TRUE(IsOk(Rebuild(*catalog_)));
  EXPECT_EQ(Whole(ctx(), *catalog_), grown);
}

TEST_F(CatalogTest, AFileOfANewerReleaseIsRefused) {
  const auto raw = sql::OpenSqlite(ctx(), folder_.path() / "newer.db").value();
  ASSERT_TRUE(IsOk(raw->Execute(ctx(), "pragma user_version = 99")));
  const auto opened = Catalog::Open(ctx(), folder_.path() / "newer.db");
  EXPECT_EQ(CodeOf(opened), "sql.newer_schema");
}

TEST_F(CatalogTest, SeveralProcessesWorkOnOneFile) {
  constexpr int kEach = 40;
  const auto write = [&](int process) {
    const auto mine = OpenOne();
    for (int i = 0; i < kEach; ++i) {
      EXPECT_TRUE(
          IsOk(mine->Put(ctx(), Record(i, std::to_string(process) + "-" + std::to_string(i)))));
    }
  };
  {
    const std::jthread first([&] { write(1); });
    const std::jthread second([&] { write(2); });
  }
  EXPECT_EQ(List({.limit = 1000})->records.size(), 2U * kEach);
}

TEST_F(CatalogTest, ViewsOfTheFileSumUp) {
  BackupRecord record = Record(1, "r1");
  record.database_bytes = 10;
  record.library_bytes = 5;
  ASSERT_TRUE(IsOk(catalog_->Put(ctx(), record)));
  record = Record(2, "r2");
  record.state = BackupState::kFailed;
  ASSERT_TRUE(IsOk(catalog_->Put(ctx(), record)));
  const auto raw = sql::OpenSqlite(ctx(), folder_.path() / "catalog.db").value();
  const auto row =
      raw->QueryOne(ctx(),
                    "select backups, succeeded, failed, bytes from backup_summary_by_project "
                    "where project_id = 'retail'");
  ASSERT_TRUE(IsOk(row));
  ASSERT_TRUE(row->has_value());
  EXPECT_EQ((*row)->Int(0), 2);
  EXPECT_EQ((*row)->Int(1), 1);
  EXPECT_EQ((*row)->Int(2), 1);
  EXPECT_EQ((*row)->Int(3), 15);
}

}  // namespace
}  // namespace lc2::catalog
