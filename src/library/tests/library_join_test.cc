#include "library/library_join.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/random.h"
#include "library/tests/streams.h"

namespace lc2::library {
namespace {

// Nothing changed lately.
const JoinOptions kSettled{.certain_before = Time::max()};

Time At(std::int64_t nanoseconds) { return Time(std::chrono::nanoseconds(nanoseconds)); }

TEST(IsUnchanged, NeedsSizeAndWholeFolderIdentity) {
  const Entry base = Backed(Listed("a", 5));
  EXPECT_TRUE(IsUnchanged(Listed("a", 5), base));
  EXPECT_FALSE(IsUnchanged(Listed("a", 6), base));
  for (int member = 0; member < 5; ++member) {
    Entry listed = Listed("a", 5);
    if (member == 0) listed.folder->mtime_ns = 11;
    if (member == 1) listed.folder->ctime_ns = 21;
    if (member == 2) listed.folder->inode = 2;
    if (member == 3) listed.folder->device = 9;
    if (member == 4) listed.folder.reset();
    EXPECT_FALSE(IsUnchanged(listed, base)) << member;
  }
}

TEST(IsUnchanged, WithoutFolderUsesVersionThenEtag) {
  const Entry v1{.key = "a", .size = 5, .etag = "e", .source_version_id = "v1"};
  Entry v2 = v1;
  v2.source_version_id = "v2";
  EXPECT_TRUE(IsUnchanged(v1, v1));
  EXPECT_FALSE(IsUnchanged(v2, v1));

  const Entry etag{.key = "a", .size = 5, .etag = "e", .last_modified = At(3'000'000'500)};
  Entry from_json = etag;
  from_json.last_modified = At(3'000'000'000);
  EXPECT_TRUE(IsUnchanged(etag, from_json));
  from_json.last_modified = At(4'000'000'000);
  EXPECT_FALSE(IsUnchanged(etag, from_json));
  from_json = etag;
  from_json.etag = "f";
  EXPECT_FALSE(IsUnchanged(etag, from_json));

  const Entry bare{.key = "a", .size = 5};
  EXPECT_FALSE(IsUnchanged(bare, bare));
}

TEST(IsCertain, LooksAtTheChangeTimeOfAFolder) {
  const Entry entry = Listed("a", 1);  // ctime 20
  EXPECT_TRUE(IsCertain(entry, At(21)));
  EXPECT_FALSE(IsCertain(entry, At(20)));
  const Entry object{.key = "a", .last_modified = At(5)};
  EXPECT_TRUE(IsCertain(object, At(6)));
  EXPECT_FALSE(IsCertain(object, At(5)));
}

struct Case {
  const char* what;
  bool reference, listed, base;
  KeyClass key_class;
  Standing standing;
  CopyAction action;
};

TEST(DecideEntry, FollowsTheTable) {
  using S = Standing;
  using A = CopyAction;
  using K = KeyClass;
  const Case table[] = {
      {"new row and object", true, true, false, K::kContent, S::kReferenced, A::kCopy},
      {"unchanged", true, true, true, K::kContent, S::kReferenced, A::kCarry},
      {"row without object", true, false, false, K::kContent, S::kMissing, A::kLeaveOut},
      {"row without object, base has it", true, false, true, K::kContent, S::kMissing,
       A::kLeaveOut},
      {"new orphan", false, true, false, K::kContent, S::kOrphan, A::kCopy},
      {"old orphan", false, true, true, K::kContent, S::kOrphan, A::kCarry},
      {"gone", false, false, true, K::kContent, S::kGone, A::kLeaveOut},
      {"generated", false, true, true, K::kGenerated, S::kGenerated, A::kLeaveOut},
      {"generated name with a row", true, true, false, K::kGenerated, S::kReferenced, A::kCopy},
      {"the store's own", false, true, false, K::kStoreOwn, S::kStoreOwn, A::kLeaveOut},
      {"the store's own with a row", true, true, true, K::kStoreOwn, S::kReferenced, A::kCarry},
  };
  const Reference reference = Row("a", 5);
  const Entry listed = Listed("a", 5);
  const Entry base = Backed(Listed("a", 5));
  for (const Case& c : table) {
    const KeyDecision decision = DecideEntry({.reference = c.reference ? &reference : nullptr,
                                              .listed = c.listed ? &listed : nullptr,
                                              .base = c.base ? &base : nullptr,
                                              .key_class = c.key_class},
                                             kSettled);
    EXPECT_EQ(decision.standing, c.standing) << c.what;
    EXPECT_EQ(decision.action, c.action) << c.what;
  }
}

TEST(DecideEntry, OtherSizeIsAMismatchAndStillKept) {
  const Reference reference = Row("a", 6);
  const Entry listed = Listed("a", 5);
  const Entry base = Backed(Listed("a", 5));
  EXPECT_EQ(DecideEntry({.reference = &reference, .listed = &listed}, {}),
            (KeyDecision{.standing = Standing::kSizeMismatch, .action = CopyAction::kCopy}));
  EXPECT_EQ(DecideEntry({.reference = &reference, .listed = &listed, .base = &base}, kSettled),
            (KeyDecision{.standing = Standing::kSizeMismatch, .action = CopyAction::kCarry}));
}

TEST(DecideEntry, GeneratedFilesAreKeptOnRequest) {
  const Entry listed = Listed("a", 5);
  EXPECT_EQ(DecideEntry({.listed = &listed, .key_class = KeyClass::kGenerated},
                        {.exclude_generated = false}),
            (KeyDecision{.standing = Standing::kGenerated, .action = CopyAction::kCopy}));
}

TEST(DecideEntry, WithoutReferencesNothingIsAnOrphan) {
  const Entry listed = Listed("a", 5);
  EXPECT_EQ(DecideEntry({.listed = &listed, .has_references = false}, {}),
            (KeyDecision{.standing = Standing::kUnchecked, .action = CopyAction::kCopy}));
}

TEST(DecideEntry, CarriesOnlyWhatIsProven) {
  const Entry listed = Listed("a", 5);
  const auto action = [&](const Entry& base, Time certain_before) {
    return DecideEntry({.listed = &listed, .base = &base}, {.certain_before = certain_before})
        .action;
  };
  const Entry base = Backed(Listed("a", 5));
  EXPECT_EQ(action(base, Time::max()), CopyAction::kCarry);
  EXPECT_EQ(action(base, At(20)), CopyAction::kCopy) << "changed just before the listing";
  Entry no_path = base;
  no_path.path.clear();
  EXPECT_EQ(action(no_path, Time::max()), CopyAction::kCopy);
  Entry no_checksum = base;
  no_checksum.checksum.reset();
  EXPECT_EQ(action(no_checksum, Time::max()), CopyAction::kCopy);
  Entry uncertain = base;  // as SteadyCopier writes what changed while the base was made
  uncertain.folder.reset();
  EXPECT_EQ(action(uncertain, Time::max()), CopyAction::kCopy);
}

// The same decision from plain maps, written without looking at streams.
struct World {
  std::map<std::string, Reference> references;
  std::map<std::string, Entry> listing, base;
  std::set<std::string> Keys() const {
    std::set<std::string> keys;
    for (const auto& item : references) keys.insert(item.first);
    for (const auto& item : listing) keys.insert(item.first);
    for (const auto& item : base) keys.insert(item.first);
    return keys;
  }
  KeyDecision Decide(const std::string& key) const {
    const bool row = references.count(key) == 1;
    const bool listed = listing.count(key) == 1;
    if (!listed) return {.standing = row ? Standing::kMissing : Standing::kGone};
    const bool index = key.ends_with(".index") && listing.count(key.substr(0, key.size() - 6)) == 1;
    const bool generated = index || key.find("/0/adaptive/") != std::string::npos;
    if (!row && key == "README.txt") return {.standing = Standing::kStoreOwn};
    if (!row && generated) return {.standing = Standing::kGenerated};
    KeyDecision decision{.standing = Standing::kOrphan, .action = CopyAction::kCopy};
    if (row) {
      decision.standing = references.at(key).size == listing.at(key).size ? Standing::kReferenced
                                                                          : Standing::kSizeMismatch;
    }
    const auto old = base.find(key);
    if (old != base.end() && old->second.size == listing.at(key).size &&
        old->second.folder == listing.at(key).folder) {
      decision.action = CopyAction::kCarry;
    }
    return decision;
  }
};

template <class T>
std::vector<T> Values(const std::map<std::string, T>& map) {
  std::vector<T> values;
  for (const auto& item : map) values.push_back(item.second);
  return values;
}

World RandomWorld(Random& random) {
  World world;
  const char* const kKeys[] = {"1/2/3/1.",      "1/2/3/2.", "1/2/4/1.",
                               "1/0/adaptive/", "9/9/9/",   "1/2/3/"};
  for (std::int64_t i = random.Between(0, 80); i > 0; --i) {
    std::string key = kKeys[random.Between(0, 5)] + std::to_string(random.Between(0, 9));
    if (random.Between(0, 3) == 0) key += ".index";
    if (random.Between(0, 9) == 0) key += "-x";
    if (random.Between(0, 40) == 0) key = "README.txt";
    const std::int64_t size = random.Between(0, 2);
    const auto inode = static_cast<std::uint64_t>(random.Between(1, 2));
    if (random.Between(0, 2) != 0) world.references[key] = Row(key, random.Between(0, 2));
    if (random.Between(0, 2) != 0) world.listing[key] = Listed(key, size, inode);
    if (random.Between(0, 2) != 0) world.base[key] = Backed(Listed(key, size, inode));
    if (random.Between(0, 4) == 0) world.base[key] = Backed(Listed(key, size + 1, inode));
  }
  return world;
}

TEST(LibraryJoin, AgreesWithTheModelOverSeededWorlds) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    SeededRandom random(seed);
    const World world = RandomWorld(random);
    const auto batch = static_cast<std::size_t>(random.Between(1, 7));
    BatchedReader<Reference> references(Values(world.references), batch);
    BatchedReader<Entry> listing(Values(world.listing), batch + 1);
    BatchedReader<Entry> base(Values(world.base), batch + 2);
    const std::string start = random.Between(0, 1) == 0 ? "" : "1/2/3/1.4";
    LibraryJoin join(&references, &listing, &base,
                     {.certain_before = Time::max(), .start_after = start});
    for (const std::string& key : world.Keys()) {
      if (key <= start) continue;
      JoinedKey* const joined = join.Next().value();
      ASSERT_NE(joined, nullptr) << key << " seed " << seed;
      ASSERT_EQ(join.key(), key) << "seed " << seed;
      EXPECT_EQ(joined->decision, world.Decide(key)) << key << " seed " << seed;
    }
    EXPECT_EQ(join.Next().value(), nullptr);
  }
}

TEST(LibraryJoin, WithoutReferencesEverythingIsUnchecked) {
  VectorReader<Entry> listing({Listed("a", 1)});
  LibraryJoin join(nullptr, &listing, nullptr, {});
  EXPECT_EQ(join.Next().value()->decision.standing, Standing::kUnchecked);
}

TEST(LibraryJoin, AnEmptyReferenceListMakesOrphans) {
  VectorReader<Entry> listing({Listed("a", 1)});
  VectorReader<Reference> references({});
  LibraryJoin join(&references, &listing, nullptr, {});
  EXPECT_EQ(join.Next().value()->decision.standing, Standing::kOrphan);
}

TEST(OverlayReader, TheUpperStreamWins) {
  VectorReader<Entry> over({Listed("b", 1), Listed("d", 1)});
  VectorReader<Entry> under({Listed("a", 2), Listed("b", 2), Listed("c", 2)});
  OverlayReader overlay(&over, &under);
  std::string seen;
  while (true) {
    const std::vector<Entry> batch = overlay.Read().value();
    if (batch.empty()) break;
    for (const Entry& entry : batch) seen += entry.key + std::to_string(entry.size) + " ";
  }
  EXPECT_EQ(seen, "a2 b1 c2 d1 ");
}

}  // namespace
}  // namespace lc2::library
