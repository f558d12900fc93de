#include <gtest/gtest.h>

#include "cli/tests/commands_fixture.h"
#include "cli/usage_internal.h"

namespace lc2::cli {
namespace {

struct Case {
  std::vector<std::string> words;
  std::string message;
  std::string hint;
};

TEST(UsageError, SaysWhatIsWrongAndWhatWasMeant) {
  Program program;
  for (const Case& c : std::vector<Case>{
           {{"backpu"},
            "'lc2' has no command 'backpu'",
            "did you mean 'backup'? its commands are apply, get, describe, delete, env, location, "
            "backup, restore, schedule, retention, catalog, gc, doctor, serve, notify, completion"},
           {{"restore", "undo"},
            "'lc2 restore' has no command 'undo'",
            "its commands are create, plan, logs"},
           {{"env", "help"}, "'lc2 env' has no command 'help'", "write `lc2 env --help`"},
           {{"catalog"},
            "'lc2 catalog' needs a command",
            "use one of rebuild; `lc2 catalog --help` says more"},
           {{"backup", "create", "--retenion-days", "9"},
            "'lc2 backup create' has no option '--retenion-days'",
            "did you mean '--retention-days'? see `lc2 backup create --help`"},
           {{"backup", "create", "--retention=9"},
            "'lc2 backup create' has no option '--retention'",
            "did you mean '--retention-days'? see `lc2 backup create --help`"},
           {{"doctor", "--frobnicate"},
            "'lc2 doctor' has no option '--frobnicate'",
            "see `lc2 doctor --help`"},
           {{"doctor", "-o", "Json"},
            "'Json' is not a value of '--output'",
            "did you mean 'json'? use one of table, wide, json, yaml, name"},
           {{"--home"}, "option '--home' needs a value", "see `lc2 --help`"},
           {{"backup", "cat", "id"},
            "'lc2 backup cat' needs the argument KEY (key of the document)",
            "see the example of `lc2 backup cat --help`"},
           {{"env", "init", "--library", "/l"},
            "'lc2 env init' needs the option '--vault' (folder for backups)",
            "see the example of `lc2 env init --help`"},
           {{"backup", "list", "--limit", "ten"},
            "'ten' is not a number, which '--limit' needs",
            "see `lc2 backup list --help`"},
           {{"backup", "get", "a", "b"},
            "'b' is one argument too many for 'lc2 backup get'",
            "see `lc2 backup get --help`; a value with blanks needs quotes"},
       }) {
    const Error error = UsageError(program.app, c.words, "of the parser");
    EXPECT_EQ(error.message, c.message);
    EXPECT_EQ(error.hint, c.hint) << c.message;
    EXPECT_EQ(error.kind, ErrorKind::kInvalid);
    EXPECT_EQ(error.code, "cli.usage");
  }
}

TEST(UsageError, WhatIsNotUnderstoodHereIsTheParsersWord) {
  Program program;
  const Error error = UsageError(program.app, {"doctor"}, "Something odd");
  EXPECT_EQ(error.message, "something odd");
  EXPECT_EQ(error.hint, "see `lc2 doctor --help`");
}

// What is refused above is refused by the parser, and what it takes is found right here.
TEST(UsageError, ParserAndReaderAgree) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"bakup"}, {"backup"}, {"doctor", "x"}, {"-o", "xml", "doctor"}, {"backup", "get"}}) {
    Program program;
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    EXPECT_THROW(program.app.parse(reversed), CLI::ParseError) << words.front();
  }
  Program program;
  std::vector<std::string> words{"20097/1", "id", "cat", "backup", "prd", "--environment"};
  EXPECT_NO_THROW(program.app.parse(words));
}

}  // namespace
}  // namespace lc2::cli
