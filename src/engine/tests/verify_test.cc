#include "engine/verify.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/tests/world.h"
#include "library/tests/hooked_store.h"

namespace lc2::engine {
namespace {

using ::testing::AllOf;

using ::testing::Field;
using ::testing::HasSubstr;

using ::testing::SizeIs;

constexpr api::VerifyLevel kAllLevels[] = {api::VerifyLevel::kExists, api::VerifyLevel::kSample,
                                           api::VerifyLevel::kFull};

Files ManyFiles(int count) {
  Files files;
  for (int i = 0; i < count; ++i) {
    files[fmt::format("20097/20123/{:06}/1.0", i)] = fmt::format("content {}", i);
  }
  return files;
}

class Verify : public ::testing::Test, public MemoryWorld {
 protected:
  vault::OpenedBackup Make(const Files& files) {
    PutAll(files);
    Settle();
    auto backup = site.BackUpWithRows(kFirstBackup, RowsOf(files));
    EXPECT_TRUE(IsOk(backup));
    return std::move(backup).value();
  }
  VerifyReport Report(const vault::OpenedBackup& backup, api::VerifyLevel level) {
    auto report = site.Verify(backup.manifest, level);
    EXPECT_TRUE(IsOk(report));
    return report.has_value() ? *report : VerifyReport{};
  }
  // The one thing that is damaged.
  Damage Only(const VerifyReport& report) {
    EXPECT_EQ(report.damaged, 1);
    EXPECT_THAT(report.damages, SizeIs(1));
    return report.damages.empty() ? Damage{} : report.damages.front();
  }
};

const Files kThree = {{"20097/20123/4301/1.0", "one"},
                      {"20097/20123/4302/1.0", "two, longer"},
                      {"20097/20123/4303/1.0", ""}};

TEST_F(Verify, FindsARemovedObjectAtEveryLevel) {
  site.database = api::BackupType::kNone;
  PutAll(kThree);
  const auto backup = site.BackUp(kFirstBackup).value();
  const Entry lost = site.Entries(backup.manifest)[1];
  ASSERT_TRUE(IsOk(vault->Delete(ctx, lost.path)));
  for (const api::VerifyLevel level : kAllLevels) {
    const VerifyReport report = Report(backup, level);
    EXPECT_FALSE(report.passed());
    const Damage damage = Only(report);
    EXPECT_EQ(damage.key, lost.key);
    EXPECT_EQ(damage.path, lost.path);
    EXPECT_EQ(report.objects, 3);
  }
}

TEST_F(Verify, FindsAnObjectOfAnotherSizeAtEveryLevel) {
  PutAll(kThree);
  const auto backup = site.BackUp(kFirstBackup).value();
  const Entry cut = site.Entries(backup.manifest)[1];
  Replace(cut.path, "two");
  for (const api::VerifyLevel level : kAllLevels) {
    EXPECT_THAT(Only(Report(backup, level)),
                AllOf(Field(&Damage::key, cut.key), Field(&Damage::what, HasSubstr("11")),
                      Field(&Damage::what, HasSubstr("3"))));
  }
}

TEST_F(Verify, FindsAFlippedBitWhereverItReads) {
  PutAll(kThree);
  const auto backup = site.BackUp(kFirstBackup).value();
  const Entry flipped = site.Entries(backup.manifest)[0];
  Flip(flipped.path);
  EXPECT_TRUE(Report(backup, api::VerifyLevel::kExists).passed());  // it reads no object
  EXPECT_EQ(Only(Report(backup, api::VerifyLevel::kSample)).key, flipped.key);
  EXPECT_EQ(Only(Report(backup, api::VerifyLevel::kFull)).key, flipped.key);
}

TEST_F(Verify, FindsDamageOfTheLists) {
  const auto backup = Make(kThree);
  const std::string lists[] = {backup.manifest.database.references->path,
                               backup.manifest.consistency.findings->path};
  for (const std::string& path : lists) {
    const std::string sound = vault->Get(ctx, path).value();
    Flip(path);
    EXPECT_THAT(Only(Report(backup, api::VerifyLevel::kExists)),
                AllOf(Field(&Damage::path, path), Field(&Damage::what, HasSubstr("SHA-256"))));
    ASSERT_TRUE(IsOk(vault->Delete(ctx, path)));
    EXPECT_EQ(Only(Report(backup, api::VerifyLevel::kExists)).path, path);
    ASSERT_TRUE(IsOk(vault->Put(ctx, {.key = path, .body = sound})));
  }
  EXPECT_TRUE(Report(backup, api::VerifyLevel::kExists).passed());
}

TEST_F(Verify, FindsDamageOfTheDump) {
  const auto backup = Make(kThree);
  const std::string path = backup.manifest.database.dump->path;
  Replace(path, "no dump");
  EXPECT_EQ(Only(Report(backup, api::VerifyLevel::kExists)).path, path);
  EXPECT_EQ(Only(Report(backup, api::VerifyLevel::kFull)).path, path);
  ASSERT_TRUE(IsOk(vault->Delete(ctx, path)));
  EXPECT_EQ(Only(Report(backup, api::VerifyLevel::kExists)).path, path);
  EXPECT_EQ(Only(Report(backup, api::VerifyLevel::kSample)).path, path);
}

TEST_F(Verify, FindsDamageOfIndexAndShards) {
  const auto backup = Make(ManyFiles(10'100));
  ASSERT_TRUE(backup.manifest.document_library.index.has_value());
  const std::string index = backup.manifest.document_library.index->path;
  const std::string shard = index.substr(0, index.rfind('/')) + "/00000.ndjson.zst";
  EXPECT_TRUE(Report(backup, api::VerifyLevel::kExists).passed());
  for (const std::string& path : {index, shard}) {
    const std::string sound = vault->Get(ctx, path).value();
    Flip(path);
    EXPECT_EQ(Only(Report(backup, api::VerifyLevel::kExists)).path, path);
    ASSERT_TRUE(IsOk(vault->Delete(ctx, path)));
    EXPECT_EQ(Only(Report(backup, api::VerifyLevel::kExists)).path, path);
    ASSERT_TRUE(IsOk(vault->Put(ctx, {.key = path, .body = sound})));
  }
}

TEST_F(Verify, BlamesNoObjectForADamagedShard) {
  const auto backup = Make(ManyFiles(10'100));
  const std::string index = backup.manifest.document_library.index->path;
  const std::string shard = index.substr(0, index.rfind('/')) + "/00000.ndjson.zst";
  const std::string sound = vault->Get(ctx, shard).value();
  for (int part = 0; part < 24; ++part) {
    std::string flipped = sound;
    flipped[sound.size() * static_cast<std::size_t>(part) / 24] ^= 1 << (part % 8);
    Replace(shard, flipped);
    EXPECT_EQ(Only(Report(backup, api::VerifyLevel::kExists)).path, shard) << part;
  }
}

TEST_F(Verify, SampleReadsAThousandAndLooksAtAll) {
  PutAll(ManyFiles(1'500));
  const auto backup = site.BackUp(kFirstBackup).value();
  const VerifyReport report = Report(backup, api::VerifyLevel::kSample);
  EXPECT_TRUE(report.passed());
  EXPECT_EQ(report.objects, 1'500);
  std::int64_t all = 0;
  for (const auto& [key, content] : Library()) all += static_cast<std::int64_t>(content.size());
  EXPECT_GT(report.bytes, all / 2);
  EXPECT_LT(report.bytes, all);
  // Whichever are chosen: what is not there is missed.
  for (const Entry& entry : site.Entries(backup.manifest)) {
    ASSERT_TRUE(IsOk(vault->Delete(ctx, entry.path)));
  }
  const VerifyReport nothing = Report(backup, api::VerifyLevel::kSample);
  EXPECT_EQ(nothing.damaged, 1'500);
  EXPECT_THAT(nothing.damages, SizeIs(kMaxNamed));
}

TEST_F(Verify, SampleChoosesTheSameForTheSameSeed) {
  PutAll(ManyFiles(1'100));
  const auto backup = site.BackUp(kFirstBackup).value();
  for (const Entry& entry : site.Entries(backup.manifest)) Flip(entry.path);
  const auto keys = [&] {
    std::vector<std::string> found;
    for (const Damage& damage : Report(backup, api::VerifyLevel::kSample).damages) {
      found.push_back(damage.key);
    }
    std::sort(found.begin(), found.end());
    return found;
  };
  const std::vector<std::string> first = keys();
  EXPECT_EQ(first.size(), 1'000U);
  EXPECT_EQ(keys(), first);
}

// A manifest that promises less than its own references ask for.
TEST_F(Verify, FindsReferencesThatTheBackupDoesNotHold) {
  Files files = ManyFiles(40);
  vault::OpenedBackup backup = Make(files);
  auto& entries = backup.manifest.document_library.files;
  backup.manifest.document_library.object_count -= 20;
  entries.erase(entries.begin() + 10, entries.begin() + 30);
  const VerifyReport report = Report(backup, api::VerifyLevel::kExists);
  EXPECT_EQ(report.damaged, 20);
  ASSERT_THAT(report.damages, SizeIs(20));
  EXPECT_EQ(report.damages.front().key, "20097/20123/000010/1.0");
  EXPECT_EQ(report.damages.back().key, "20097/20123/000029/1.0");
}

TEST_F(Verify, FindsReferencesOfAnotherSizeThanTheBackupHolds) {
  vault::OpenedBackup backup = Make(kThree);
  Entry& entry = backup.manifest.document_library.files[0];
  Replace(entry.path, "another size");
  entry.size = 12;
  entry.checksum->value = Sha256Hex("another size");
  EXPECT_THAT(Only(Report(backup, api::VerifyLevel::kFull)),
              Field(&Damage::path, HasSubstr("dump")));
  EXPECT_EQ(Only(Report(backup, api::VerifyLevel::kExists)).key, entry.key);
}

TEST_F(Verify, LossesThatTheBackupRecordsAreNoDamage) {
  PutAll(kThree);
  std::vector<Reference> rows = RowsOf(kThree);
  for (int i = 0; i < 15; ++i) {
    rows.push_back({.key = fmt::format("20097/20123/9{:03}/1.0", i), .size = 3, .row_id = 100 + i});
  }
  rows[1].size = 4;
  Settle();
  site.safeguard = true;
  vault::OpenedBackup backup = site.BackUpWithRows(kFirstBackup, rows).value();
  EXPECT_EQ(backup.manifest.consistency.missing, 15);
  EXPECT_EQ(backup.manifest.consistency.size_mismatches, 1);
  EXPECT_TRUE(Report(backup, api::VerifyLevel::kExists).passed());
  // What is lost beside them is named, and they are not.
  auto& entries = backup.manifest.document_library.files;
  const std::string lost = entries.back().key;
  entries.pop_back();
  EXPECT_EQ(Only(Report(backup, api::VerifyLevel::kExists)).key, lost);
}

TEST_F(Verify, StopsForAVaultThatCannotBeRead) {
  PutAll(kThree);
  const auto backup = site.BackUp(kFirstBackup).value();
  for (const char* operation : {"head", "get"}) {
    vault->Plan({.operation = operation, .times = 1});
    const auto level = *operation == 'h' ? api::VerifyLevel::kExists : api::VerifyLevel::kFull;
    EXPECT_EQ(CodeOf(site.Verify(backup.manifest, level)), "store.planned_fault");
  }
  EXPECT_TRUE(Report(backup, api::VerifyLevel::kFull).passed());
}

TEST_F(Verify, StopsForAFaultBetweenManyObjects) {
  PutAll(ManyFiles(2'000));
  const auto backup = site.BackUp(kFirstBackup).value();
  vault->Plan({.operation = "get", .key_part = "/pool/", .skip = 500});
  EXPECT_EQ(CodeOf(site.Verify(backup.manifest, api::VerifyLevel::kFull)), "store.planned_fault");
  vault->Plan({.operation = "get", .key_part = "/pool/", .skip = 500});
  EXPECT_EQ(CodeOf(site.Verify(backup.manifest, api::VerifyLevel::kSample)), "store.planned_fault");
}

TEST_F(Verify, StopsForAShardThatCannotBeReadASecondTime) {
  const auto backup = Make(ManyFiles(10'100));
  vault->Plan({.operation = "get", .key_part = "/00000.ndjson.zst", .skip = 1});
  EXPECT_EQ(CodeOf(site.Verify(backup.manifest, api::VerifyLevel::kExists)), "store.planned_fault");
}

TEST_F(Verify, AnExceptionInAThreadIsAnError) {
  const auto backup = Make(kThree);
  library::HookedStore throwing(*vault);
  throwing.before_open = [](const std::string& key, int) -> Result<void> {
    if (key.find("/pool/") != std::string::npos) throw std::runtime_error("out of something");
    return {};
  };
  const auto report = VerifyContents(ctx, throwing,
                                     {.env = kRetail,
                                      .database = backup.manifest.database,
                                      .library = backup.manifest.document_library,
                                      .consistency = backup.manifest.consistency},
                                     api::VerifyLevel::kFull, "seed");
  ASSERT_EQ(CodeOf(report), "verify.exception");
  EXPECT_EQ(report.error().kind, ErrorKind::kInternal);
  EXPECT_THAT(report.error().message, HasSubstr("out of something"));
}

TEST_F(Verify, StopsWhenItIsCancelled) {
  const auto backup = Make(kThree);
  std::stop_source stop;
  stop.request_stop();
  const auto report = VerifyContents(ctx.WithStop(stop.get_token()), *vault,
                                     {.env = kRetail,
                                      .database = backup.manifest.database,
                                      .library = backup.manifest.document_library,
                                      .consistency = backup.manifest.consistency},
                                     api::VerifyLevel::kFull, "seed");
  EXPECT_EQ(report.error().kind, ErrorKind::kCancelled);
}

TEST_F(Verify, RefusesAChecksumThatItCannotCompute) {
  PutAll(kThree);
  vault::OpenedBackup backup = site.BackUp(kFirstBackup).value();
  backup.manifest.document_library.files[0].checksum->alg = "crc64nvme";
  EXPECT_EQ(CodeOf(site.Verify(backup.manifest, api::VerifyLevel::kFull)),
            "library.checksum_unsupported");
}

}  // namespace
}  // namespace lc2::engine
