#include "vault/entries.h"

#include "vault/spill.h"
#include "vault/tests/vault_fixture.h"

namespace lc2::vault {
namespace {

const RunId kRun("0123456789abcdef0123456789abcdef");
const RunId kStale("fedcba9876543210fedcba9876543210");
const BackupId kId("retail-prd-backup-20251109-143000");
const AttemptId kA1("a1");
const std::string kWritten = WrittenFolder(kRetail, kRun, kA1);

class EntriesTest : public ::testing::Test, protected VaultFixture {
 protected:
  std::vector<Entry> Some(int count, const RunId& run = kRun) {
    std::vector<Entry> entries;
    for (int i = 0; i < count; ++i) {
      entries.push_back(Entry{.key = "20097/" + std::to_string(100000 + i) + "/1.0",
                              .size = i,
                              .last_modified = clock.Now(),
                              .path = PoolKey(kRetail, Sha256Hex(std::to_string(i)), run)});
    }
    return entries;
  }
  Result<LibraryFacts> Write(const std::vector<Entry>& entries, std::int64_t inline_limit = 10,
                             std::int64_t shard_entries = 7) {
    const auto writer = LibraryWriter::Make(ctx, *store,
                                            {.env = kRetail,
                                             .backup_id = kId,
                                             .run = kRun,
                                             .attempt = kA1,
                                             .inherited = kStale,
                                             .inline_limit = inline_limit,
                                             .shard_entries = shard_entries,
                                             .spill_bytes = 1000});
    for (const Entry& entry : entries) LC2_RETURN_IF_ERROR(writer->Write(entry));
    return writer->Finish({.store = "S3"});
  }
};

TEST_F(EntriesTest, AnyNumberReadsBackAsWritten) {
  for (const int count : {0, 1, 9, 10, 11, 14, 15, 21, 22, 100}) {
    const std::vector<Entry> entries = Some(count);
    const auto facts = Write(entries);
    ASSERT_TRUE(IsOk(facts));
    EXPECT_EQ(facts->object_count, count);
    EXPECT_EQ(facts->store, "S3");
    EXPECT_EQ(facts->index.has_value(), count > 10) << count;
    if (facts->index) {
      EXPECT_EQ(facts->index->shards, (count + 6) / 7);
      EXPECT_TRUE(facts->files.empty());
    }
    EXPECT_TRUE(IsOk(CheckLibrary(*facts, kRetail, "x")));
    const auto read = ReadEntries(*facts);
    ASSERT_TRUE(IsOk(read));
    EXPECT_EQ(*read, entries) << count;
  }
}

// Every bit of index and shards is covered by a digest, whatever the decoder thinks of it.
TEST_F(EntriesTest, EveryFlippedByteIsDetected) {
  const LibraryFacts facts = Write(Some(20)).value();
  const std::string folder = LibraryFolder(kRetail, kId, kA1);
  for (const char* name :
       {"index.json", "00000.ndjson.zst", "00001.ndjson.zst", "00002.ndjson.zst"}) {
    const std::string path = folder + name;
    const std::string good = store->Get(ctx, path).value();
    for (std::size_t i = 0; i < good.size(); ++i) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
      Overwrite(path, bad);
      const auto read = ReadEntries(facts);
      ASSERT_FALSE(read.has_value()) << name << " byte " << i;
      ASSERT_EQ(read.error().kind, ErrorKind::kCorrupt) << name << " byte " << i;
      ASSERT_NE(Describe(read.error()).find(path), std::string::npos);
    }
    for (const std::size_t size : {std::size_t{0}, good.size() / 2, good.size() - 1}) {
      Overwrite(path, good.substr(0, size));
      ASSERT_FALSE(ReadEntries(facts).has_value()) << name << " cut at " << size;
    }
    Overwrite(path, good + "x");
    ASSERT_FALSE(ReadEntries(facts).has_value()) << name << " with a byte more";
    Overwrite(path, good);
  }
  EXPECT_TRUE(IsOk(ReadEntries(facts)));
}

TEST_F(EntriesTest, SwappedAndLostFilesAreNamed) {
  const LibraryFacts facts = Write(Some(20)).value();
  const std::string folder = LibraryFolder(kRetail, kId, kA1);
  const std::string first = store->Get(ctx, folder + "00000.ndjson.zst").value();
  const std::string second = store->Get(ctx, folder + "00001.ndjson.zst").value();
  Overwrite(folder + "00000.ndjson.zst", second);
  EXPECT_EQ(CodeOf(ReadEntries(facts)), "shard.mismatch");
  ASSERT_TRUE(IsOk(store->Delete(ctx, folder + "00000.ndjson.zst")));
  EXPECT_EQ(CodeOf(ReadEntries(facts)), "shard.lost");
  ASSERT_TRUE(IsOk(store->Put(ctx, {.key = folder + "00000.ndjson.zst", .body = first})));
  store->Plan({.operation = "get", .key_part = "00000"});
  EXPECT_EQ(ReadEntries(facts).error().kind, ErrorKind::kUnavailable);
  ASSERT_TRUE(IsOk(store->Delete(ctx, folder + "index.json")));
  EXPECT_EQ(CodeOf(ReadEntries(facts)), "index.lost");
  EXPECT_EQ(CodeOf(OpenEntries(ctx, *store, kRetail, facts)), "index.lost");
}

TEST_F(EntriesTest, AnErrorStaysAnError) {
  const LibraryFacts facts = Write(Some(20)).value();
  ASSERT_TRUE(IsOk(store->Delete(ctx, LibraryFolder(kRetail, kId, kA1) + "00001.ndjson.zst")));
  const auto reader = OpenEntries(ctx, *store, kRetail, facts).value();
  EXPECT_TRUE(IsOk(reader->Read()));
  EXPECT_EQ(CodeOf(reader->Read()), "shard.lost");
  EXPECT_EQ(CodeOf(reader->Read()), "shard.lost");
}

// An index that is signed for by the manifest may still be one that no LC2 wrote.
TEST_F(EntriesTest, IndexesThatContradictThemselvesAreRefused) {
  const LibraryFacts facts = Write(Some(20)).value();
  const LibraryIndex good =
      ParseIndex(store->Get(ctx, facts.index->path).value(), kRetail, facts.index->path).value();
  const struct {
    const char* what;
    void (*change)(LibraryIndex&);
    std::string code;
  } cases[] = {
      {"format", [](LibraryIndex& i) { i.format = 2; }, "index.invalid"},
      {"count", [](LibraryIndex& i) { i.object_count = 21; }, "index.invalid"},
      {"path", [](LibraryIndex& i) { i.shards[0].path = "retail/uat/x"; }, "manifest.escapes"},
      {"folder", [](LibraryIndex& i) { i.shards[0].path = "retail/prd/x"; }, "index.invalid"},
      {"empty shard", [](LibraryIndex& i) { i.shards[0].count = 0; }, "index.invalid"},
      {"digest", [](LibraryIndex& i) { i.shards[0].sha256 = "x"; }, "index.invalid"},
      {"first key", [](LibraryIndex& i) { i.shards[0].first_key = "z"; }, "index.invalid"},
      {"order", [](LibraryIndex& i) { std::swap(i.shards[0], i.shards[1]); }, "index.invalid"},
  };
  for (const auto& c : cases) {
    LibraryIndex index = good;
    c.change(index);
    EXPECT_EQ(CodeOf(ParseIndex(EncodeIndex(index), kRetail, facts.index->path)), c.code) << c.what;
  }
  for (const char* bytes : {"", "[]", R"({"shards":7})"})
    EXPECT_EQ(CodeOf(ParseIndex(bytes, kRetail, facts.index->path)), "index.invalid") << bytes;

  // Lies that only reading can find: consistent with each other, not with the shards.
  const struct {
    const char* what;
    void (*change)(LibraryIndex&);
    std::string code;
  } lies[] = {
      {"bytes", [](LibraryIndex& i) { i.total_size_bytes += 1; }, "index.mismatch"},
      {"first key", [](LibraryIndex& i) { i.shards[0].first_key = "1"; }, "shard.mismatch"},
      {"last key", [](LibraryIndex& i) { i.shards[2].last_key = "3"; }, "shard.mismatch"},
      {"size", [](LibraryIndex& i) { i.shards[0].size_bytes += 1; }, "shard.mismatch"},
      {"more",
       [](LibraryIndex& i) {
         i.shards[0].count += 1;
         i.object_count += 1;
       },
       "shard.mismatch"},
      {"fewer",
       [](LibraryIndex& i) {
         i.shards[0].count -= 1;
         i.object_count -= 1;
       },
       "shard.mismatch"},
  };
  for (const auto& lie : lies) {
    LibraryIndex index = good;
    lie.change(index);
    LibraryFacts changed = facts;
    const std::string bytes = EncodeIndex(index);
    Overwrite(facts.index->path, bytes);
    changed.index->sha256 = Sha256Hex(bytes);
    changed.object_count = index.object_count;
    changed.total_size_bytes = index.total_size_bytes;
    EXPECT_EQ(CodeOf(ReadEntries(changed)), lie.code) << lie.what;
  }
  Overwrite(facts.index->path, EncodeIndex(good));
  LibraryFacts other = facts;
  other.index->shards = 9;
  EXPECT_EQ(CodeOf(ReadEntries(other)), "index.mismatch");
  other = facts;
  other.object_count = 9;
  EXPECT_EQ(CodeOf(ReadEntries(other)), "index.mismatch");
}

TEST_F(EntriesTest, ShardsMayNotPointOutside) {
  std::vector<Entry> entries = Some(20);
  entries[3].path = "retail/uat/pool/00/" + std::string(64, '0') + "-01234567";
  EXPECT_EQ(CodeOf(ReadEntries(Write(entries).value())), "manifest.escapes");
}

TEST_F(EntriesTest, WritersReportWhatTheStoreRefuses) {
  for (const char* part : {"index.json", "ndjson.zst", "written/"}) {
    store->Plan({.operation = "put", .key_part = part, .times = 1});
    const auto facts = Write(Some(20));
    if (!facts.has_value()) {
      EXPECT_EQ(facts.error().kind, ErrorKind::kUnavailable) << part;
    }
  }
}

class SpillTest : public EntriesTest {
 protected:
  const OwnRuns own_{.run = kRun, .inherited = kStale};
  Result<PairSum> Check() { return CheckWrittenObjects(ctx, *store, kRetail, kWritten, own_); }
  void PutPool(const std::vector<Entry>& entries) {
    for (const Entry& entry : entries) {
      ASSERT_TRUE(
          IsOk(store->Put(ctx, {.key = entry.path,
                                .body = std::string(static_cast<std::size_t>(entry.size), 'x')})));
    }
  }
};

TEST_F(SpillTest, HoldsWhatTheRunAndItsHeritageWroteAndNothingElse) {
  std::vector<Entry> entries = Some(300);
  for (std::size_t i = 0; i < entries.size(); i += 3)
    entries[i].path = PoolKey(kRetail, Sha256Hex(std::to_string(i)), kStale);
  for (std::size_t i = 1; i < entries.size(); i += 3)
    entries[i].path =
        PoolKey(kRetail, Sha256Hex(std::to_string(i)), RunId("aaaaaaaa000000000000000000000000"));
  ASSERT_TRUE(IsOk(Write(entries)));
  PairSum expected;
  std::vector<Entry> ours;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i % 3 == 1) continue;
    ours.push_back(entries[i]);
    const PoolName name = ParsePoolKey(kRetail, entries[i].path).value();
    expected.Add(name.hash + "-" + name.run8, entries[i].size);
  }
  EXPECT_EQ(CodeOf(Check()), "candidate.object_lost");
  PutPool(ours);
  const auto sum = Check();
  ASSERT_TRUE(IsOk(sum));
  EXPECT_EQ(sum->count(), 200);
  EXPECT_EQ(*sum, expected);
}

TEST_F(SpillTest, WrongSizesAndLostObjectsAreFound) {
  const std::vector<Entry> entries = Some(50);
  ASSERT_TRUE(IsOk(Write(entries)));
  PutPool(entries);
  ASSERT_TRUE(IsOk(Check()));
  Overwrite(entries[7].path, "another size");
  EXPECT_EQ(CodeOf(Check()), "candidate.object_size");
  ASSERT_TRUE(IsOk(store->Delete(ctx, entries[7].path)));
  EXPECT_EQ(CodeOf(Check()), "candidate.object_lost");
}

TEST_F(SpillTest, SameContentUnderTwoKeysIsOneObject) {
  std::vector<Entry> entries = Some(2);
  entries[1].path = entries[0].path;
  entries[1].size = entries[0].size;
  ASSERT_TRUE(IsOk(Write(entries)));
  PutPool({entries[0]});
  EXPECT_EQ(Check().value().count(), 2);
  entries[1].size = 77;
  ASSERT_TRUE(IsOk(Write(entries)));
  EXPECT_EQ(CodeOf(Check()), "spill.invalid") << "one object cannot have two sizes";
}

TEST_F(SpillTest, DamagedSetsAreRefused) {
  const std::string name = std::string(64, '0') + "-01234567";
  for (const std::string& line :
       {std::string("x"), std::string("{}"), R"({"name":")" + name + R"(","size":"1"})",
        R"({"name":"11)" + name.substr(2) + R"(","size":1})",
        R"({"name":")" + std::string(64, '0') + R"(-99999999","size":1})"}) {
    Overwrite(kWritten + "00-000000.ndjson", line + "\n");
    EXPECT_EQ(CodeOf(Check()), "spill.invalid") << line;
  }
  ASSERT_TRUE(IsOk(store->Delete(ctx, kWritten + "00-000000.ndjson")));
  for (const char* part : {"-1-000000.ndjson", "x", "zz-000000.ndjson"}) {
    Overwrite(kWritten + part, "");
    EXPECT_EQ(CodeOf(Check()), "spill.invalid") << part;
    ASSERT_TRUE(IsOk(store->Delete(ctx, kWritten + part)));
  }
  EXPECT_EQ(Check().value().count(), 0);
}

TEST(PairSum, IsOfPairsInAnyOrder) {
  PairSum one, two, three;
  one.Add("a", 1);
  one.Add("b", 2);
  two.Add("b", 2);
  two.Add("a", 1);
  three.Add("a", 2);
  three.Add("b", 1);
  EXPECT_EQ(one, two);
  EXPECT_NE(one, three);
  two.Add("a", 1);
  EXPECT_NE(one, two) << "repeats count";
}

}  // namespace
}  // namespace lc2::vault
