#include "cli/input_files.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "base/file.h"

namespace lc2::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class InputFilesTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const auto path = folder_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    EXPECT_TRUE(WriteFileAtomically(path, text).has_value());
    return path.native();
  }
  static std::string Location(const std::string& name) {
    return "apiVersion: backup.liferay.cloud/v1alpha1\nkind: BackupLocation\nmetadata: {name: " +
           name + "}\nspec: {provider: local, bucket: /v}\n";
  }

  TemporaryFolder folder_ = TemporaryFolder::Create("input").value();
};

TEST_F(InputFilesTest, FolderStandsForItsManifestsByName) {
  const std::string b = Write("b.yml", "");
  const std::string a = Write("a.yaml", "");
  const std::string c = Write("c.json", "");
  Write("notes.txt", "");
  Write("deeper/d.yaml", "");
  EXPECT_THAT(ExpandFiles({folder_.path().native()}).value(), ElementsAre(a, b, c));
}

TEST_F(InputFilesTest, FilesAndStandardInputStandForThemselves) {
  EXPECT_THAT(ExpandFiles({"-", "/no/such/file.yaml"}).value(),
              ElementsAre("-", "/no/such/file.yaml"));
}

TEST_F(InputFilesTest, FolderWithoutManifestsIsAnError) {
  Write("notes.txt", "");
  const auto files = ExpandFiles({folder_.path().native()});
  ASSERT_FALSE(files.has_value());
  EXPECT_EQ(files.error().kind, ErrorKind::kNotFound);
  EXPECT_THAT(files.error().message, HasSubstr("'" + folder_.path().native() + "'"));
}

TEST_F(InputFilesTest, DocumentsComeInOrder) {
  const std::string one = Write("1.yaml", Location("a") + "---\n" + Location("b"));
  const std::string two = Write("2.yaml", Location("c"));
  const auto documents = LoadFiles({one, two});
  ASSERT_TRUE(documents.has_value()) << documents.error().message;
  std::vector<std::string> kinds;
  for (const auto& document : *documents) kinds.push_back(document.kind);
  EXPECT_THAT(kinds, ElementsAre("BackupLocation", "BackupLocation", "BackupLocation"));
}

TEST_F(InputFilesTest, FaultsOfAllFilesComeTogether) {
  const std::string one = Write("1.yaml", "kind: Nonsense\n");
  const std::string good = Write("2.yaml", Location("c"));
  const std::string two = Write("3.yaml", Location("BAD"));
  const auto documents = LoadFiles({one, good, two});
  ASSERT_FALSE(documents.has_value());
  EXPECT_EQ(documents.error().kind, ErrorKind::kInvalid);
  EXPECT_THAT(documents.error().message, HasSubstr("1.yaml"));
  EXPECT_THAT(documents.error().message, HasSubstr("3.yaml"));
}

TEST_F(InputFilesTest, MissingFileIsNamed) {
  const auto documents = LoadFiles({"/no/such/file.yaml"});
  ASSERT_FALSE(documents.has_value());
  EXPECT_EQ(documents.error().kind, ErrorKind::kNotFound);
}

}  // namespace
}  // namespace lc2::cli
