#include "base/strong.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <unordered_set>
#include <vector>

namespace lc2 {
namespace {

TEST(StrongString, OneKindIsNotTakenForAnother) {
  static_assert(!std::is_convertible_v<std::string, ProjectId>);
  static_assert(!std::is_constructible_v<ProjectId, EnvironmentName>);
  static_assert(!std::equality_comparable_with<ProjectId, EnvironmentName>);
  EXPECT_TRUE(ProjectId().empty());
  EXPECT_EQ(ProjectId("retail"), ProjectId("retail"));
}

TEST(StrongString, IsOrderedByUnsignedBytes) {
  std::vector<ProjectId> ids{ProjectId("\xC3\xA9"), ProjectId("z"), ProjectId("a"),
                             ProjectId("aa")};
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(ids, (std::vector<ProjectId>{ProjectId("a"), ProjectId("aa"), ProjectId("z"),
                                         ProjectId("\xC3\xA9")}));
}

TEST(StrongString, Hashes) {
  const std::unordered_set<RunId> runs{RunId("1"), RunId("2"), RunId("1")};
  EXPECT_EQ(runs.size(), 2U);
}

TEST(EnvironmentId, IsProjectDashEnvironment) {
  const EnvironmentId id{ProjectId("retail"), EnvironmentName("prd")};
  EXPECT_EQ(id.str(), "retail-prd");
  EXPECT_LT(id, (EnvironmentId{ProjectId("retail"), EnvironmentName("uat")}));
}

}  // namespace
}  // namespace lc2
