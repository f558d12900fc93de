#pragma once

#include <string>

#include "database/restore.h"
#include "database/tests/portal_fixture.h"

namespace lc2::database {

class RestoreTest : public PortalTest {
 protected:
  RestoreOptions Options(const DumpFacts& dump) const {
    return {.dump = dump, .run8 = "0badcafe", .tools = Tools()};
  }
  RestoreOptions Overwriting(const DumpFacts& dump) const {
    RestoreOptions options = Options(dump);
    options.overwrite = true;
    return options;
  }
  Result<RestoreFacts> Run(const std::string& target, const RestoreOptions& options) const {
    return Restore(ctx_, Target(target), *store_, options);
  }
  RestoreFacts Must(const std::string& target, const RestoreOptions& options) const {
    const auto restored = Run(target, options);
    EXPECT_TRUE(restored.has_value()) << Describe(restored.error());
    return restored.has_value() ? *restored : RestoreFacts{};
  }
  Error Refused(const std::string& target, const RestoreOptions& options) const {
    const auto restored = Run(target, options);
    return restored.has_value() ? Error{.code = "it was restored"} : restored.error();
  }
  std::string Absent() const {
    static int count = 0;
    return "absent" + std::to_string(++count);
  }
  // What tells one portal from another: its rows and its large objects.
  std::string Contents(const std::string& database) const {
    return Psql(database,
                "select string_agg(v::text, ' ') from dlfileversion v;"
                "select string_agg(r::text, ' ' order by r) from release_ r;"
                "select convert_from(lo_get(data_), 'UTF8') from dlcontent order by contentid");
  }
  // A portal that is not the one of NewPortal().
  std::string NewOther() const {
    const std::string name = NewPortal();
    Psql(name, "update dlfileversion set version = 'other'");
    return name;
  }
};

}  // namespace lc2::database
