#include "sql/sql_state.h"

#include <gtest/gtest.h>

namespace lc2::sql {
namespace {

TEST(SqlState, TellsWhatTheCallerHasToDo) {
  EXPECT_EQ(FactsOfSqlState("28P01").code, "sql.wrong_password");
  EXPECT_EQ(FactsOfSqlState("28000").code, "sql.not_allowed");
  EXPECT_EQ(FactsOfSqlState("3D000").kind, ErrorKind::kNotFound);
  EXPECT_EQ(FactsOfSqlState("55P03").kind, ErrorKind::kUnavailable);
  EXPECT_EQ(FactsOfSqlState("55006").kind, ErrorKind::kConflict);
  EXPECT_EQ(FactsOfSqlState("57014").kind, ErrorKind::kTimeout);
  EXPECT_EQ(FactsOfSqlState("57P01").kind, ErrorKind::kUnavailable);
  EXPECT_EQ(FactsOfSqlState("53300").kind, ErrorKind::kThrottled);
  EXPECT_EQ(FactsOfSqlState("53100").code, "sql.no_space");
  EXPECT_EQ(FactsOfSqlState("40001").kind, ErrorKind::kConflict);
  EXPECT_EQ(FactsOfSqlState("08006").kind, ErrorKind::kUnavailable);
  EXPECT_EQ(FactsOfSqlState("23505").kind, ErrorKind::kAlreadyExists);
  EXPECT_EQ(FactsOfSqlState("XX001").kind, ErrorKind::kCorrupt);
}

TEST(SqlState, AnUnknownStateIsInternal) {
  EXPECT_EQ(FactsOfSqlState("ZZ999").kind, ErrorKind::kInternal);
  EXPECT_EQ(FactsOfSqlState("").kind, ErrorKind::kInternal);
}

TEST(SqlState, IsFoundInAVerboseMessageOfAnyLanguage) {
  EXPECT_EQ(FindSqlState("connection to server at \"127.0.0.1\", port 5432 failed: "
                         "FATAL:  28P01: password authentication failed for user \"x\"\n"
                         "LOCATION:  auth_failed, auth.c:335\n"),
            "28P01");
  EXPECT_EQ(FindSqlState("FATAL:  3D000: la base de donn\xc3\xa9"
                         "es n'existe pas"),
            "3D000");
}

TEST(SqlState, IsNotMistakenForOtherText) {
  EXPECT_EQ(FindSqlState("could not translate host name \"x\" to address: Name unknown"), "");
  EXPECT_EQ(FindSqlState("ERROR: 28P01: one blank only"), "");
  EXPECT_EQ(FindSqlState("a: b"), "");
  EXPECT_EQ(FindSqlState(""), "");
}

}  // namespace
}  // namespace lc2::sql
