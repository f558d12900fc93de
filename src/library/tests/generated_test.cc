#include "library/generated.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "base/random.h"

namespace lc2 {
namespace {

KeyClass ClassOf(std::string_view key) {
  KeyClassifier classifier;
  return classifier.Classify(key);
}

TEST(KeyClassifier, KnowsFoldersOfGeneratedFiles) {
  const std::vector<std::pair<std::string, KeyClass>> table{
      {"20097/20123/4301/1.0", KeyClass::kContent},
      {"20097/0/adaptive/u-1/20123/20123/77/78/1.0", KeyClass::kGenerated},
      {"20097/0/document_preview/20123/77/78/1.0", KeyClass::kGenerated},
      {"20097/0/document_thumbnail/20123/77/78.jpg/1.0", KeyClass::kGenerated},
      {"20097/20123/adaptive/u-1/1.0", KeyClass::kGenerated},
      {"20097/20123/document_preview/1.0", KeyClass::kContent},
      {"20097/0/501.png/1.0", KeyClass::kContent},  // an image of table Image
      {"0/0/501.png/1.0", KeyClass::kContent},
      {"20097/0/adaptive", KeyClass::kContent},  // a file, not the folder
      {"20097/0/adaptive2/x/1.0", KeyClass::kContent},
      {"adaptive/0/x/1.0", KeyClass::kContent},
      {"20097/0/x/adaptive/1.0", KeyClass::kContent},
      {"README.txt", KeyClass::kStoreOwn},
      {"20097/README.txt", KeyClass::kContent},
      {"readme.txt", KeyClass::kContent},
      {"_deleted/20097/20123/4301/1.0", KeyClass::kStoreOwn},
      {"_deleted", KeyClass::kContent},
      {"stray", KeyClass::kContent},
  };
  for (const auto& [key, expected] : table) EXPECT_EQ(ClassOf(key), expected) << key;
}

TEST(KeyClassifier, IndexIsGeneratedOnlyBesideItsFile) {
  KeyClassifier classifier;
  EXPECT_EQ(classifier.Classify("1/2/3/1.0"), KeyClass::kContent);
  EXPECT_EQ(classifier.Classify("1/2/3/1.0-x"), KeyClass::kContent);
  EXPECT_EQ(classifier.Classify("1/2/3/1.0-x.index"), KeyClass::kGenerated);
  EXPECT_EQ(classifier.Classify("1/2/3/1.0.index"), KeyClass::kGenerated);
  EXPECT_EQ(classifier.Classify("1/2/3/1.1.index"), KeyClass::kContent);  // no 1.1
  EXPECT_EQ(classifier.Classify("1/2/4/1.0.index"), KeyClass::kContent);  // 1.0 is another file's
}

TEST(KeyClassifier, OnlyLabelsHaveAnIndex) {
  KeyClassifier classifier;
  EXPECT_EQ(classifier.Classify("1/2/3"), KeyClass::kContent);
  EXPECT_EQ(classifier.Classify("1/2/3.index"), KeyClass::kContent);
  EXPECT_EQ(classifier.Classify("1/2/4/.index"), KeyClass::kContent);
}

TEST(KeyClassifier, AgreesWithAModelThatRemembersAllKeys) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SeededRandom random(seed);
    std::set<std::string> keys;
    for (int i = 0; i < 60; ++i) {
      std::string key = "1/2/3/";
      const std::int64_t parts = random.Between(1, 4);
      for (std::int64_t part = 0; part < parts; ++part) {
        const char* const kParts[] = {"1.0", "-x", "/y", ".index", " ", "~u"};
        key += kParts[random.Between(0, 5)];
      }
      keys.insert(key);
    }
    KeyClassifier classifier;
    for (const std::string& key : keys) {
      const bool has_sibling =
          key.ends_with(".index") && keys.count(key.substr(0, key.size() - 6)) == 1;
      EXPECT_EQ(classifier.Classify(key), has_sibling ? KeyClass::kGenerated : KeyClass::kContent)
          << key << " seed " << seed;
    }
  }
}

}  // namespace
}  // namespace lc2
