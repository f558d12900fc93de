#include "database/server_admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "database/tests/portal_fixture.h"

namespace lc2::database {
namespace {

using ::testing::HasSubstr;

class ServerAdminTest : public PortalTest {
 protected:
  void SetUp() override {
    PortalTest::SetUp();
    if (server_ != nullptr) admin_.emplace(Admin(Target("any")));
  }
  ServerAdmin Admin(const DatabaseTarget& target) const {
    return ServerAdmin::Connect(ctx_, target).value();
  }
  std::string Property(const std::string& database, const std::string& what) const {
    return Psql("postgres",
                "select " + what + " from pg_database where datname = '" + database + "'");
  }
  // The restored database stands beside the one that it replaces.
  void CopyProperties(const std::string& from, const std::string& to) {
    const auto copied = admin_->CopyProperties(ctx_, from, to);
    ASSERT_TRUE(copied.has_value()) << Describe(copied.error());
  }

  std::optional<ServerAdmin> admin_;
};

TEST_F(ServerAdminTest, DescribesWhatIsNotThere) {
  const TargetFacts facts = admin_->Describe(ctx_, "nowhere").value();
  EXPECT_EQ(facts.state, TargetState::kAbsent);
  EXPECT_EQ(facts.size_bytes, 0);
  EXPECT_TRUE(facts.can_create_database);
  EXPECT_EQ(facts.server_version, admin_->server_version());
  EXPECT_EQ(admin_->IdOf(ctx_, "nowhere").value(), 0);
}

TEST_F(ServerAdminTest, KnowsWhatARoleMay) {
  const std::string database = server_->NewDatabase();
  const std::string role = NewRole("");
  const auto facts = [&] {
    ServerAdmin admin = Admin(TargetAs(role, database));
    return admin.Describe(ctx_, database).value();
  };
  EXPECT_FALSE(facts().can_create_database);
  EXPECT_FALSE(facts().owns_database);
  Psql("postgres", "alter role " + role + " createdb");
  EXPECT_TRUE(facts().can_create_database);
  Psql("postgres", "alter database " + database + " owner to " + role);
  EXPECT_TRUE(facts().owns_database);
}

TEST_F(ServerAdminTest, NamesTheSessionsOfOthers) {
  const std::string database = server_->NewDatabase();
  const auto one = Connect(ctx_, Target(database)).value();
  const auto two = Connect(ctx_, Target(database)).value();
  const TargetFacts facts = admin_->Describe(ctx_, database).value();
  EXPECT_EQ(facts.foreign_sessions, 2);
  EXPECT_EQ(facts.sessions, "lc2 from 127.0.0.1 (2)");
}

TEST_F(ServerAdminTest, ASessionThatHasJustEndedIsWaitedFor) {
  const std::string database = server_->NewDatabase();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(Connect(ctx_, Target(database)).has_value());
    EXPECT_EQ(admin_->Describe(ctx_, database)->foreign_sessions, 0);
  }
}

TEST_F(ServerAdminTest, ADatabaseOfPostgresItselfIsAdministeredFromAnother) {
  ServerAdmin admin = Admin(Target("postgres"));
  EXPECT_EQ(admin.Describe(ctx_, "postgres")->state, TargetState::kEmpty);
}

TEST_F(ServerAdminTest, CreatesWithTheLocaleOfAnother) {
  const std::string c = server_->NewDatabase();
  const std::string utf8 = c + "_utf8";
  const std::string latin = c + "_latin";
  Psql("postgres", "create database " + utf8 + " template template0 locale 'C.UTF-8'");
  Psql("postgres", "create database " + latin + " template template0 encoding 'LATIN1'");
  for (const std::string& like : {c, utf8, latin, std::string("nowhere")}) {
    const std::string created = "like_" + like;
    const auto done = admin_->Create(ctx_, created, like);
    ASSERT_TRUE(done.has_value()) << like << ": " << Describe(done.error());
    EXPECT_EQ(Property(created, "pg_encoding_to_char(encoding)"), "UTF8");
    EXPECT_EQ(Property(created, "datcollate"), like == utf8 ? "C.UTF-8" : "C");
  }
  EXPECT_EQ(Property("like_" + c, "pg_get_userbyid(datdba)"),
            Property(c, "pg_get_userbyid(datdba)"));
  EXPECT_EQ(admin_->Create(ctx_, c, c).error().kind, ErrorKind::kAlreadyExists);
}

TEST_F(ServerAdminTest, CreatesWithTheIcuLocaleOfAnother) {
  const std::string has_icu =
      Psql("postgres", "select count(*) > 0 from pg_collation where collname = 'de-x-icu'");
  if (server_->major() < 15 || has_icu != "t") GTEST_SKIP() << "needs a server of 15 with ICU";
  Psql("postgres",
       "create database with_icu template template0 locale_provider icu"
       " icu_locale 'de-DE' locale 'C'");
  ASSERT_TRUE(admin_->Create(ctx_, "like_icu", "with_icu").has_value());
  EXPECT_EQ(Property("like_icu", "datlocprovider"), "i");
}

TEST_F(ServerAdminTest, CreatesWithTheBuiltinLocaleOfAnother) {
  if (server_->major() < 17) GTEST_SKIP() << "needs a server of 17";
  Psql("postgres",
       "create database with_builtin template template0 locale_provider builtin"
       " builtin_locale 'C.UTF-8' locale 'C'");
  ASSERT_TRUE(admin_->Create(ctx_, "like_builtin", "with_builtin").has_value());
  EXPECT_EQ(Property("like_builtin", "datlocprovider::text || datlocale"), "bC.UTF-8");
}

TEST_F(ServerAdminTest, CreatesInTheTablespaceOfAnotherIfItMay) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to make a folder for the server";
  const std::filesystem::path folder = server_->folder() / "space";
  std::filesystem::create_directory(folder);
  struct stat facts {};
  ASSERT_EQ(::stat((server_->folder() / "data").c_str(), &facts), 0);
  ASSERT_EQ(::chown(folder.c_str(), facts.st_uid, facts.st_gid), 0);
  Psql("postgres", "create tablespace space location '" + folder.native() + "'");
  Psql("postgres", "create database in_space template template0 tablespace space");
  const std::string role = NewRole("createdb");
  Psql("postgres", "alter database in_space owner to " + role);
  ServerAdmin as_role = Admin(TargetAs(role, "any"));
  ASSERT_TRUE(admin_->Create(ctx_, "like_in_space", "in_space").has_value());
  ASSERT_TRUE(as_role.Create(ctx_, "may_not", "in_space").has_value());
  const std::string where = "(select spcname from pg_tablespace t where t.oid = dattablespace)";
  EXPECT_EQ(Property("like_in_space", where), "space");
  EXPECT_EQ(Property("may_not", where), "pg_default");
  EXPECT_TRUE(admin_->Describe(ctx_, "in_space")->free_bytes.has_value());
}

TEST_F(ServerAdminTest, SettingsGrantsLimitAndOwnerAreCarriedOver) {
  const std::string from = server_->NewDatabase();
  const std::string to = server_->NewDatabase();
  const std::string owner = NewRole("");
  const std::string reader = NewRole("");
  Psql("postgres",
       fmt::format("alter database {0} set search_path to \"$user\", public, \"Odd, schema\";"
                   "alter database {0} set work_mem to '77MB';"
                   "alter database {0} set app.name to 'it''s = \"x\"';"
                   "alter database {0} set datestyle to 'ISO, DMY';"
                   "alter role {1} in database {0} set work_mem to '5MB';"
                   "alter database {0} connection limit 7;"
                   "revoke connect on database {0} from public;"
                   "grant connect on database {0} to {1} with grant option;"
                   "alter database {0} owner to {2}",
                   from, reader, owner));
  CopyProperties(from, to);
  const auto settings = [&](const std::string& database) {
    return Psql("postgres", fmt::format("select string_agg(setrole || setconfig::text, ';' order by"
                                        " setrole) from pg_db_role_setting s join pg_database d on"
                                        " d.oid = s.setdatabase where datname = '{}'",
                                        database));
  };
  EXPECT_THAT(settings(to), HasSubstr("77MB"));
  EXPECT_THAT(settings(to), HasSubstr("5MB"));
  const std::string search_path =
      "select unnest(setconfig) from pg_db_role_setting s join"
      " pg_database d on d.oid = s.setdatabase where setrole = 0 and"
      " datname = ";
  EXPECT_EQ(Psql("postgres", search_path + "'" + to + "' order by 1"),
            Psql("postgres", search_path + "'" + from + "' order by 1"));
  EXPECT_EQ(Property(to, "datconnlimit"), "7");
  EXPECT_EQ(Property(to, "pg_get_userbyid(datdba)"), owner);
  for (const std::string& what :
       {"has_database_privilege('" + reader + "', datname, 'CONNECT WITH GRANT OPTION')",
        "has_database_privilege('" + reader + "', datname, 'CREATE')",
        std::string("datacl::text like '%,=T/%' or datacl::text like '{=T/%'")}) {
    EXPECT_EQ(Property(to, what), Property(from, what)) << what;
  }
}

TEST_F(ServerAdminTest, ADatabaseWithoutAnythingOfItsOwnLeavesNothing) {
  const std::string from = server_->NewDatabase();
  const std::string to = server_->NewDatabase();
  CopyProperties(from, to);
  EXPECT_EQ(Property(to, "datacl is null and datconnlimit = -1"), "t");
  CopyProperties("nowhere", to);
}

TEST_F(ServerAdminTest, ASettingOfSomebodyMightierIsLeftOut) {
  const std::string role = NewRole("createdb");
  const std::string from = server_->NewDatabase();
  Psql("postgres", fmt::format("alter database {0} owner to {1};"
                               "alter database {0} set log_min_duration_statement to 5;"
                               "alter database {0} set work_mem to '77MB'",
                               from, role));
  ServerAdmin admin = Admin(TargetAs(role, from));
  ASSERT_TRUE(admin.Create(ctx_, from + "_to", from).has_value());
  const auto copied = admin.CopyProperties(ctx_, from, from + "_to");
  ASSERT_TRUE(copied.has_value()) << Describe(copied.error());
  EXPECT_EQ(Psql("postgres",
                 "select setconfig from pg_db_role_setting s join pg_database d on"
                 " d.oid = s.setdatabase where datname = '" +
                     from + "_to'"),
            "{work_mem=77MB}");
}

TEST_F(ServerAdminTest, DropsWhatIsThere) {
  const std::string database = server_->NewDatabase();
  EXPECT_TRUE(admin_->DropIfExists(ctx_, database, ServerAdmin::Sessions::kRespected).has_value());
  EXPECT_EQ(Databases(database), "");
  EXPECT_TRUE(admin_->DropIfExists(ctx_, database, ServerAdmin::Sessions::kRespected).has_value());
}

TEST_F(ServerAdminTest, SessionsAreRespectedOrEnded) {
  const std::string database = server_->NewDatabase();
  const auto session = Connect(ctx_, Target(database)).value();
  const auto respected = admin_->DropIfExists(ctx_, database, ServerAdmin::Sessions::kRespected);
  EXPECT_EQ(respected.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(respected.error().code, "database.in_use");
  EXPECT_TRUE(session->Execute(ctx_, "select 1").has_value());
  EXPECT_TRUE(admin_->DropIfExists(ctx_, database, ServerAdmin::Sessions::kEnded).has_value());
  EXPECT_FALSE(session->Execute(ctx_, "select 1").has_value());
}

// A client that was killed leaves its statement running: the database would be there after the
// drop.
TEST_F(ServerAdminTest, ADropOfOurOwnEndsItsCreation) {
  const std::string database = server_->NewDatabase() + "_loading";
  const auto blocker = Connect(ctx_, Target("postgres")).value();
  ASSERT_TRUE(blocker->Execute(ctx_, "begin").has_value());
  ASSERT_TRUE(blocker->Execute(ctx_, "lock table pg_database in share mode").has_value());
  ServerAdmin creator = Admin(Target("any"));
  Result<void> created;
  std::jthread creates([&] { created = creator.Create(ctx_, database, "nowhere"); });
  const auto waits = [&](std::string_view statement) {
    while (Psql("postgres", fmt::format("select count(*) from pg_stat_activity where"
                                        " wait_event_type = 'Lock' and query like '{}%'",
                                        statement)) != "1") {
      std::this_thread::yield();
    }
  };
  waits("create database");
  Result<void> dropped;
  std::jthread drops(
      [&] { dropped = admin_->DropIfExists(ctx_, database, ServerAdmin::Sessions::kEnded); });
  waits("drop database");
  EXPECT_TRUE(blocker->Execute(ctx_, "commit").has_value());
  creates.join();
  drops.join();
  EXPECT_TRUE(dropped.has_value());
  EXPECT_FALSE(created.has_value());
  EXPECT_EQ(Databases(database), "");
}

TEST_F(ServerAdminTest, ADropThatIsNotAllowedIsAnError) {
  const std::string database = server_->NewDatabase();
  ServerAdmin admin = Admin(TargetAs(NewRole(""), database));
  EXPECT_EQ(admin.DropIfExists(ctx_, database, ServerAdmin::Sessions::kEnded).error().kind,
            ErrorKind::kDenied);
}

TEST_F(ServerAdminTest, RenamesAllOrNone) {
  const std::string one = server_->NewDatabase();
  const std::string two = server_->NewDatabase();
  const std::int64_t id = admin_->IdOf(ctx_, two).value();
  ASSERT_TRUE(admin_->RenameAll(ctx_, {{one, one + "_old"}, {two, one}}).has_value());
  EXPECT_EQ(admin_->IdOf(ctx_, one).value(), id);
  EXPECT_EQ(Databases(one + "_old"), one + "_old");

  // The second cannot be: the first keeps its name.
  EXPECT_FALSE(admin_->RenameAll(ctx_, {{one, one + "_x"}, {"nowhere", one}}).has_value());
  EXPECT_EQ(admin_->IdOf(ctx_, one).value(), id);
  EXPECT_EQ(Databases(one + "_x"), "");
}

TEST_F(ServerAdminTest, ARenameWaitsForNobodysSession) {
  const std::string database = server_->NewDatabase();
  const auto session = Connect(ctx_, Target(database)).value();
  const auto renamed = admin_->RenameAll(ctx_, {{database, database + "_new"}});
  EXPECT_EQ(renamed.error().code, "database.in_use");
  EXPECT_EQ(Databases(database), database);
}

TEST_F(ServerAdminTest, AnUnreachableServerIsAnError) {
  DatabaseTarget target = Target("any");
  target.password = Secret("wrong");
  EXPECT_EQ(ServerAdmin::Connect(ctx_, target).error().code, "sql.wrong_password");
}

}  // namespace
}  // namespace lc2::database
