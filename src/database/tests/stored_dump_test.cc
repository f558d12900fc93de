#include "database/stored_dump.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "codec/gzip_stream.h"
#include "codec/zstd_stream.h"
#include "database/dump_check.h"
#include "database/tests/archive_builder.h"
#include "storage/stores.h"
#include "testing/fake_clock.h"

namespace lc2::database {
namespace {

constexpr char kPlainDump[] =
    "CREATE TABLE t ();\n--\n-- PostgreSQL database dump complete\n--\n\n";

std::string Archive() {
  return ArchiveBuilder().Head({{.id = 2, .has_data = true}}).Data(2, {"row\n", "row\n"}).bytes;
}

class StoredDumpTest : public ::testing::TestWithParam<const char*> {
 protected:
  // Stores `raw` as the writer would, whatever it is, and says what a manifest would say.
  DumpFacts Store(const std::string& raw) const {
    StringSink stored;
    if (std::string_view(GetParam()) == kFormatCustomZstd) {
      const auto frames = codec::ZstdFrameWriter::Make(stored, {});
      EXPECT_TRUE(frames->Write(raw).has_value());
      EXPECT_TRUE(frames->Finish().has_value());
    } else {
      codec::GzipSink gzip(stored);
      EXPECT_TRUE(gzip.Write(raw).has_value());
      EXPECT_TRUE(gzip.Finish().has_value());
    }
    DumpFacts facts = StoreBytes(stored.text());
    facts.raw_bytes = static_cast<std::int64_t>(raw.size());
    return facts;
  }
  DumpFacts StoreBytes(const std::string& bytes) const {
    EXPECT_TRUE(store_->Put(ctx_, {.key = "dump", .body = bytes}).has_value());
    return {.path = "dump",
            .format = GetParam(),
            .size_bytes = static_cast<std::int64_t>(bytes.size()),
            .sha256 = Sha256Hex(bytes)};
  }
  std::string Whole() const {
    return std::string_view(GetParam()) == kFormatCustomZstd ? Archive() : kPlainDump;
  }
  Result<std::string> Read(const DumpFacts& facts) const {
    LC2_ASSIGN_OR_RETURN(const auto dump, StoredDump::Open(ctx_, *store_, facts));
    return ReadAll(*dump, 1 << 20);
  }
  void ExpectDamaged(const DumpFacts& facts, const std::string& what) const {
    const auto checked = CheckStoredDump(ctx_, *store_, facts);
    ASSERT_FALSE(checked.has_value()) << what;
    EXPECT_EQ(checked.error().kind, ErrorKind::kCorrupt) << what;
    EXPECT_EQ(checked.error().code, "database.dump_damaged") << what;
    EXPECT_NE(checked.error().message.find("'dump'"), std::string::npos) << what;
    EXPECT_FALSE(Read(facts).has_value()) << what;
  }

  const SystemClock clock_;
  const Context ctx_ = testing::TestContext();
  const std::unique_ptr<MemoryStore> store_ = MakeMemoryStore(clock_);
};
INSTANTIATE_TEST_SUITE_P(Formats, StoredDumpTest,
                         ::testing::Values(kFormatCustomZstd, kFormatPlainGzip),
                         [](const auto& format) {
                           return std::string(format.param) == kFormatCustomZstd ? "Custom"
                                                                                 : "Plain";
                         });

TEST_P(StoredDumpTest, GivesTheRawBytesOfAWholeDump) {
  const DumpFacts facts = Store(Whole());
  EXPECT_EQ(Read(facts).value(), Whole());
  const DumpCheck check = CheckStoredDump(ctx_, *store_, facts).value();
  EXPECT_EQ(check.size_bytes, facts.size_bytes);
  EXPECT_EQ(check.raw_bytes, facts.raw_bytes);
  EXPECT_TRUE(CheckStoredHash(ctx_, *store_, facts).has_value());
}

TEST_P(StoredDumpTest, TheEndStaysTheEnd) {
  const auto dump = StoredDump::Open(ctx_, *store_, Store(Whole())).value();
  EXPECT_EQ(ReadAll(*dump, 1 << 20).value(), Whole());
  char more[8];
  EXPECT_EQ(dump->Read(more).value(), 0U);
  EXPECT_EQ(dump->raw_bytes(), static_cast<std::int64_t>(Whole().size()));
}

TEST_P(StoredDumpTest, EveryFlippedBitIsFound) {
  const DumpFacts facts = Store(Whole());
  const std::string good = store_->Get(ctx_, "dump").value();
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
    (void)StoreBytes(bad);
    ExpectDamaged(facts, "byte " + std::to_string(i));
    EXPECT_EQ(CheckStoredHash(ctx_, *store_, facts).error().code, "database.dump_damaged");
  }
}

TEST_P(StoredDumpTest, WhatIsCutOrAddedIsFound) {
  const DumpFacts facts = Store(Whole());
  const std::string good = store_->Get(ctx_, "dump").value();
  for (const std::string& bad :
       {std::string(), good.substr(0, good.size() / 2), good.substr(0, good.size() - 1), good + "x",
        good + std::string(300'000, '\0'), good + good}) {
    (void)StoreBytes(bad);
    ExpectDamaged(facts, std::to_string(bad.size()) + " bytes");
    EXPECT_EQ(CheckStoredHash(ctx_, *store_, facts).error().code, "database.dump_damaged");
  }
}

// Sound bytes with the right hash that are no whole dump: nobody checked them before.
TEST_P(StoredDumpTest, BytesThatAreNoWholeDumpAreRefused) {
  for (const std::string& raw : {std::string("SELECT 1;\n"), Whole().substr(0, Whole().size() - 9),
                                 Whole() + "DROP TABLE t;\n", std::string()}) {
    ExpectDamaged(Store(raw), raw);
  }
}

TEST_P(StoredDumpTest, AnotherRawSizeThanRecordedIsFound) {
  DumpFacts facts = Store(Whole());
  ++facts.raw_bytes;
  ExpectDamaged(facts, "raw size");
  facts.raw_bytes = 0;  // imported: unknown
  EXPECT_TRUE(CheckStoredDump(ctx_, *store_, facts).has_value());
}

TEST_P(StoredDumpTest, WhatCannotBeReadIsNotCalledDamaged) {
  const DumpFacts facts = Store(Whole());
  store_->Plan({.operation = "get", .kind = ErrorKind::kUnavailable});
  EXPECT_EQ(CheckStoredDump(ctx_, *store_, facts).error().kind, ErrorKind::kUnavailable);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(CheckStoredDump(ctx_.WithStop(stop.get_token()), *store_, facts).error().kind,
            ErrorKind::kCancelled);
}

// A manifest names it, so it should be there.
TEST_P(StoredDumpTest, WhatIsGoneIsDamaged) {
  const DumpFacts facts = Store(Whole());
  ASSERT_TRUE(store_->Delete(ctx_, "dump").has_value());
  ExpectDamaged(facts, "it is not there");
  EXPECT_EQ(CheckStoredHash(ctx_, *store_, facts).error().code, "database.dump_damaged");
}

TEST_P(StoredDumpTest, AnUnknownFormatIsSaid) {
  DumpFacts facts = Store(Whole());
  facts.format = "pg-directory";
  const auto checked = CheckStoredDump(ctx_, *store_, facts);
  EXPECT_EQ(checked.error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(checked.error().code, "database.unknown_format");
}

}  // namespace
}  // namespace lc2::database
