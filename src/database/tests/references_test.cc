#include "database/references.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "database/tests/portal_fixture.h"
#include "storage/entry_json.h"

namespace lc2::database {
namespace {

using ::testing::HasSubstr;

class ReferencesTest : public PortalTest {
 protected:
  void SetUp() override {
    PortalTest::SetUp();
    if (server_ == nullptr) return;
    database_ = server_->NewDatabase("portal");
    Psql(database_, kPortalTables);
    connection_ = Connect(ctx_, Target(database_)).value();
  }
  void Sql(const std::string& sql) const { Psql(database_, sql); }
  // A version `id` (text: its UUID as SQL) of an entry of its own that is named `name`.
  void AddVersion(int id, const std::string& name, const std::string& uuid = "null",
                  int size = 5) const {
    Sql(
        fmt::format("insert into dlfileentry values ({0}, 0, 1, 20, 30, '{1}', '1.0', 5);"
                    "insert into dlfileversion values ({0}, 0, 1, 20, 30, {0}, '1.0', {2}, {3})",
                    id, name, size, uuid));
  }
  Result<std::vector<Reference>> TryRead(const SchemaOptions& options = {}) const {
    LC2_ASSIGN_OR_RETURN(const auto reader, ReadReferences(ctx_, *connection_, options));
    std::vector<Reference> all;
    while (true) {
      LC2_ASSIGN_OR_RETURN(const std::vector<Reference> batch, reader->Read());
      if (batch.empty()) return all;
      all.insert(all.end(), batch.begin(), batch.end());
    }
  }
  std::vector<std::string> Keys(const SchemaOptions& options = {}) const {
    const std::vector<Reference> references = TryRead(options).value();
    std::vector<std::string> keys;
    for (const Reference& reference : references) keys.push_back(reference.key);
    return keys;
  }

  std::string database_;
  std::unique_ptr<sql::PostgresConnection> connection_;
};

TEST_F(ReferencesTest, AKeyIsMadeOfTheEntrysFolderElseItsGroup) {
  Sql("insert into dlfileentry values (1, 0, 9, 20, 30, '4301', '1.0', 5),"
      " (2, 0, 9, 20, 0, '4302', '1.1', 5);"
      // What the version says of folder and group may be old.
      "insert into dlfileversion values (11, 0, 9, 88, 99, 1, '1.0', 5, null),"
      " (12, 0, 9, 88, 99, 2, 'PWC', 6, 'u-1')");
  EXPECT_EQ(TryRead().value(),
            (std::vector<Reference>{{.key = "9/20/4302/PWC~u-1", .size = 6, .row_id = 12},
                                    {.key = "9/30/4301/1.0", .size = 5, .row_id = 11}}));
}

TEST_F(ReferencesTest, ImagesAreReferencesToo) {
  Sql("insert into image values (7, 0, 0, 'jpg', 70), (8, 0, 1, 'png', 80)");
  EXPECT_EQ(
      TryRead().value(),
      (std::vector<Reference>{
          {.key = "0/0/7.jpg/1.0", .size = 70, .row_id = 7, .source = ReferenceSource::kImage},
          {.key = "1/0/8.png/1.0", .size = 80, .row_id = 8, .source = ReferenceSource::kImage}}));
}

// Liferay's Validator.isNull (domain.md 5.1): it passes over blanks, and knows "null" in lower
// case.
TEST_F(ReferencesTest, AnEmptyStoreUuidIsNullOrBlankOrTheTextNull) {
  AddVersion(1, "a", "null");
  AddVersion(2, "b", "''");
  AddVersion(3, "c", "'   '");
  AddVersion(4, "d", "'null'");
  AddVersion(5, "e", "' null  '");
  AddVersion(6, "f", "'n ull'");
  AddVersion(7, "g", "'NULL'");
  AddVersion(8, "h", "'nullable'");
  AddVersion(9, "i", "'x'");
  EXPECT_EQ(Keys(), (std::vector<std::string>{
                        "1/30/a/1.0", "1/30/b/1.0", "1/30/c/1.0", "1/30/d/1.0", "1/30/e/1.0",
                        "1/30/f/1.0", "1/30/g/1.0~NULL", "1/30/h/1.0~nullable", "1/30/i/1.0~x"}));
}

TEST_F(ReferencesTest, KeysComeInOrderOfTheirBytes) {
  int id = 0;
  for (const char* name : {"b", "B", "a", "\xc3\xa4", "z", "a-1", "a.1", "_", "A", "10", "9"}) {
    AddVersion(++id, name);
  }
  const std::vector<std::string> keys = Keys();
  EXPECT_EQ(keys.size(), 11U);
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
}

TEST_F(ReferencesTest, RowsOfPublicationsAreLeftOut) {
  AddVersion(1, "kept");
  Sql("insert into dlfileversion values (2, 77, 1, 20, 30, 1, '1.1', 5, null);"
      // Both rows of an entry that a publication changes: one reference.
      "insert into dlfileentry values (1, 77, 1, 20, 31, 'moved', '1.0', 5);"
      "insert into image values (5, 77, 1, 'png', 9)");
  EXPECT_EQ(Keys(), std::vector<std::string>{"1/30/kept/1.0"});
}

TEST_F(ReferencesTest, EveryStatusCountsAndAVersionWithoutEntryDoesNot) {
  AddVersion(1, "4301");
  Sql("insert into dlfileversion values (2, 0, 1, 20, 30, 555, '1.0', 5, null)");
  EXPECT_EQ(Keys(), std::vector<std::string>{"1/30/4301/1.0"});
}

TEST_F(ReferencesTest, RowsOfOneKeyBecomeOneReferenceOfTheNewest) {
  AddVersion(1, "same");
  AddVersion(5, "same");
  AddVersion(3, "other", "null", 8);
  AddVersion(4, "other", "null", 9);
  AddVersion(2, "other", "null", 7);
  const ReferenceFacts facts =
      WriteReferences(ctx_, *connection_, {}, *store_, "references").value();
  EXPECT_EQ(facts.count, 2);
  EXPECT_EQ(facts.duplicate_rows, 1);
  EXPECT_EQ(facts.conflicting_rows, 2);
  EXPECT_EQ(facts.path, "references");
  EXPECT_EQ(facts.sha256, Sha256Hex(store_->Get(ctx_, "references").value()));
  const auto stored = ReadNdjson<Reference>(store_->OpenReader(ctx_, "references").value());
  EXPECT_EQ(stored->Read().value(),
            (std::vector<Reference>{{.key = "1/30/other/1.0", .size = 9, .row_id = 4},
                                    {.key = "1/30/same/1.0", .size = 5, .row_id = 5}}));
}

TEST_F(ReferencesTest, MoreRowsThanABatchComeWhole) {
  Sql("insert into dlfileentry select i, 0, 1, 20, 30, i, '1.0', 5 from generate_series(1, 5000) i;"
      "insert into dlfileversion select i, 0, 1, 20, 30, i, '1.0', 5, null"
      " from generate_series(1, 5000) i");
  const std::vector<std::string> keys = Keys();
  EXPECT_EQ(keys.size(), 5000U);
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
}

TEST_F(ReferencesTest, NoRowsAreNoReferences) {
  EXPECT_TRUE(Keys().empty());
  EXPECT_EQ(WriteReferences(ctx_, *connection_, {}, *store_, "references")->count, 0);
}

TEST_F(ReferencesTest, NullAndNegativeSizesAreZero) {
  AddVersion(1, "a", "null", -3);
  Sql("update dlfileversion set size_ = null; insert into image values (7, 0, 1, 'png', -1)");
  const std::vector<Reference> references = TryRead().value();
  EXPECT_EQ(references.size(), 2U);
  for (const Reference& reference : references) EXPECT_EQ(reference.size, 0);
}

TEST_F(ReferencesTest, PartitionsAreReadBesideTheDefaultCompany) {
  AddVersion(1, "default");
  for (const char* schema : {"lpartition_200", "lpartition_100"}) {
    Sql(
        fmt::format("create schema {0}; set search_path = {0}; {1}"
                    "insert into dlfileentry values (1, 0, {2}, 20, 30, 'p', '1.0', 5);"
                    "insert into dlfileversion values (1, 0, {2}, 20, 30, 1, '1.0', 5, null)",
                    schema, kPortalTables, schema + 11));
  }
  EXPECT_EQ(Keys(), (std::vector<std::string>{"1/30/default/1.0", "100/30/p/1.0", "200/30/p/1.0"}));
  const auto schemas = FindLiferaySchemas(ctx_, *connection_, {}).value();
  ASSERT_EQ(schemas.size(), 3U);
  EXPECT_EQ(schemas[0].name, "public");
  EXPECT_EQ(schemas[1].name, "lpartition_100");
  EXPECT_EQ(Keys({.partition_prefix = ""}), std::vector<std::string>{"1/30/default/1.0"});
  EXPECT_EQ(Keys({.schema = "lpartition_200", .partition_prefix = "none_"}),
            std::vector<std::string>{"200/30/p/1.0"});
}

TEST_F(ReferencesTest, APartitionWhoseTablesAreViewsIsToldNotPassedOver) {
  Sql("create schema lpartition_300; create view lpartition_300.image as select * from image");
  const auto read = TryRead();
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(read.error().code, "database.bad_partition");
  EXPECT_THAT(read.error().message, HasSubstr("lpartition_300"));
}

TEST_F(ReferencesTest, WhatIsNoPortalIsSaidToBeNone) {
  const auto refused = [&](const SchemaOptions& options = {}) { return TryRead(options).error(); };
  EXPECT_EQ(refused({.schema = "nowhere"}).code, "database.not_liferay");
  Sql("alter table image rename to pictures");
  EXPECT_EQ(refused().code, "database.not_liferay");
  EXPECT_EQ(refused().kind, ErrorKind::kInvalid);
  EXPECT_EQ(refused().message,
            "schema 'public' is not that of a Liferay portal: it has no table 'image'");
  Sql("create view image as select * from pictures");
  EXPECT_EQ(refused().code, "database.not_liferay");
  Sql("drop view image; alter table pictures rename to image;"
      "alter table image drop column type_");
  EXPECT_THAT(refused().message, HasSubstr("has no column 'type_'"));
  EXPECT_EQ(WriteReferences(ctx_, *connection_, {}, *store_, "references").error().code,
            "database.not_liferay");
  EXPECT_FALSE(Stored("references"));
}

// As a migration from MySQL may have left them (domain.md 6.2).
TEST_F(ReferencesTest, TablesAndColumnsAreFoundInAnyCase) {
  AddVersion(1, "4301", "'u'");
  Sql("alter table dlfileentry rename to \"DLFileEntry\";"
      "alter table \"DLFileEntry\" rename column folderid to \"folderId\";"
      "alter table dlfileversion rename column storeuuid to \"storeUUID\"");
  EXPECT_EQ(Keys(), std::vector<std::string>{"1/30/4301/1.0~u"});
  Sql("create table dlfileentry (like \"DLFileEntry\")");
  EXPECT_THAT(TryRead().error().message, HasSubstr("it has 2 tables 'dlfileentry'"));
}

TEST_F(ReferencesTest, OldPortalsHaveNeitherPublicationsNorStoreUuids) {
  AddVersion(1, "4301");
  Sql("alter table dlfileversion drop column storeuuid;"
      "alter table dlfileversion drop column ctcollectionid;"
      "alter table dlfileentry drop column ctcollectionid cascade");
  EXPECT_EQ(Keys(), std::vector<std::string>{"1/30/4301/1.0"});
}

TEST_F(ReferencesTest, AStoreThatFailsIsTheReason) {
  AddVersion(1, "4301");
  store_->Plan({.operation = "put", .kind = ErrorKind::kDenied});
  EXPECT_EQ(WriteReferences(ctx_, *connection_, {}, *store_, "references").error().kind,
            ErrorKind::kDenied);
  EXPECT_FALSE(Stored("references"));
}

TEST_F(ReferencesTest, BeingStoppedIsNoEndOfTheRows) {
  AddVersion(1, "4301");
  std::stop_source stop;
  stop.request_stop();
  const Context stopped = ctx_.WithStop(stop.get_token());
  EXPECT_EQ(WriteReferences(stopped, *connection_, {}, *store_, "references").error().kind,
            ErrorKind::kCancelled);
  EXPECT_FALSE(Stored("references"));
}

TEST_F(ReferencesTest, TheReleaseIsThePortalsOwn) {
  EXPECT_FALSE(ReadRelease(ctx_, *connection_, {}).value().has_value());
  Sql("insert into release_ values ('portal', '31.1.0', 7413, 1), ('other', '1.0.0', 1, 0)");
  const auto release = ReadRelease(ctx_, *connection_, {}).value();
  ASSERT_TRUE(release.has_value());
  EXPECT_EQ(release->build_number, 7413);
  EXPECT_EQ(release->state, 1);
  EXPECT_EQ(release->schema_version, "31.1.0");
  Sql("alter table release_ drop column schemaversion");
  EXPECT_EQ(ReadRelease(ctx_, *connection_, {}).value()->schema_version, "");
  Sql("alter table release_ drop column buildnumber");
  EXPECT_FALSE(ReadRelease(ctx_, *connection_, {}).value().has_value());
  Sql("drop table release_");
  EXPECT_FALSE(ReadRelease(ctx_, *connection_, {}).value().has_value());
}

TEST(ParseReferenceRow, ReadsBothSources) {
  EXPECT_EQ(ParseReferenceRow({"1/2/3/1.0", "5", "7", "v"}).value(),
            (Reference{.key = "1/2/3/1.0", .size = 5, .row_id = 7}));
  EXPECT_EQ(ParseReferenceRow({"k", "5", "7", "i"})->source, ReferenceSource::kImage);
}

TEST(ParseReferenceRow, RefusesWhatIsNoRowOfTheQuery) {
  using Fields = std::vector<sql::CopyField>;
  for (const Fields& fields :
       {Fields{"k", "5", "7"}, Fields{"k", "5", "7", std::nullopt}, Fields{"k", "x", "7", "v"},
        Fields{"k", "5", "7x", "v"}, Fields{std::nullopt, "5", "7", "v"}}) {
    const auto parsed = ParseReferenceRow(fields);
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().kind, ErrorKind::kCorrupt);
    EXPECT_EQ(parsed.error().code, "database.bad_reference");
  }
}

TEST(MakeReferenceQuery, QuotesWhatTheServerCalledThings) {
  const std::vector<std::string> version = {"companyid", "fileentryid", "fileversionid", "version",
                                            "size_"};
  const std::string query = MakeReferenceQuery(
      {{.name = "we\"ird",
        .file_entry = {.name = "DLFileEntry",
                       .columns = {"fileEntryId", "groupId", "folderId", "name"}},
        .file_version = {.name = "dlfileversion", .columns = version},
        .image = {.name = "image", .columns = {"companyid", "imageid", "type_", "size_"}}}});
  EXPECT_THAT(query, HasSubstr("\"we\"\"ird\".\"DLFileEntry\" e"));
  EXPECT_THAT(query, HasSubstr("e.\"folderId\" <> 0"));
  EXPECT_THAT(query, HasSubstr("order by k collate \"C\", r"));
}

}  // namespace
}  // namespace lc2::database
