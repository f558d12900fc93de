#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "storage/entry_json.h"

namespace lc2 {
namespace {

// A source that owns its text.
class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)), source_(text_) {}
  Result<std::size_t> Read(std::span<char> buffer) override { return source_.Read(buffer); }

 private:
  const std::string text_;
  StringSource source_;
};

std::unique_ptr<EntryReader> EntriesIn(std::string stored) {
  return ReadNdjson<Entry>(std::make_unique<TextSource>(std::move(stored)));
}

std::string Compressed(const std::string& text) {
  StringSink sink;
  auto frames = codec::ZstdFrameWriter::Make(sink, {});
  EXPECT_TRUE(frames->Write(text).has_value());
  EXPECT_TRUE(frames->Finish().has_value());
  return sink.text();
}

std::string NumberedKey(int i) { return "k/" + std::to_string(10'000'000 + i); }

TEST(Ndjson, ReadsBackInFramesOfWholeLines) {
  constexpr int kCount = 20'000;
  StringSink sink;
  NdjsonWriter<Entry> writer(sink);
  for (int i = 0; i < kCount; ++i) {
    ASSERT_TRUE(
        writer
            .Write(Entry{
                .key = NumberedKey(i),
                .size = i,
                .checksum = Checksum{.alg = "sha256", .value = std::string(64, 'f'), .by = "lc2"}})
            .has_value());
  }
  EXPECT_EQ(writer.count(), kCount);
  const auto summary = writer.Finish();
  ASSERT_TRUE(summary.has_value());
  EXPECT_GT(summary.value().frames.size(), 1u);
  for (const codec::ZstdFrame& frame : summary.value().frames) {
    EXPECT_LE(frame.raw_size, 1 << 20);
    // Each frame alone is whole lines.
    auto reader = EntriesIn(sink.text().substr(static_cast<std::size_t>(frame.offset),
                                               static_cast<std::size_t>(frame.size)));
    while (true) {
      const auto batch = reader->Read();
      ASSERT_TRUE(batch.has_value()) << Describe(batch.error());
      if (batch.value().empty()) break;
    }
  }
  auto reader = EntriesIn(sink.text());
  Cursor<Entry> cursor(*reader);
  for (int i = 0; i < kCount; ++i) {
    ASSERT_TRUE(cursor.Advance().has_value());
    ASSERT_NE(cursor.get(), nullptr);
    ASSERT_EQ(cursor.get()->key, NumberedKey(i));
  }
  ASSERT_TRUE(cursor.Advance().has_value());
  EXPECT_EQ(cursor.get(), nullptr);
}

TEST(Ndjson, NothingIsAnEmptyStream) {
  StringSink sink;
  NdjsonWriter<Reference> writer(sink);
  ASSERT_TRUE(writer.Finish().has_value());
  auto reader = ReadNdjson<Reference>(std::make_unique<TextSource>(sink.text()));
  EXPECT_TRUE(reader->Read().value().empty());
}

TEST(Ndjson, ReferencesMayHaveAnyKey) {
  StringSink sink;
  NdjsonWriter<Reference> writer(sink);
  ASSERT_TRUE(writer.Write({.key = "a//\x02", .size = -1, .row_id = 5}).has_value());
  ASSERT_TRUE(writer.Finish().has_value());
  auto reader = ReadNdjson<Reference>(std::make_unique<TextSource>(sink.text()));
  EXPECT_EQ(reader->Read().value().at(0).key, "a//\x02");
}

TEST(Ndjson, RefusesWhatCouldNotBeReadBack) {
  StringSink sink;
  NdjsonWriter<Entry> entries(sink);
  for (const Entry& entry :
       {Entry{.key = "a/"}, Entry{.key = "a", .path = "/x"}, Entry{.key = "a", .etag = "\xFF"},
        Entry{.key = "a", .etag = std::string((1 << 20) + 1, 'x')}}) {
    const Result<void> written = entries.Write(entry);
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error().code, "entry.unwritable");
  }
  EXPECT_EQ(entries.count(), 0);
  NdjsonWriter<Reference> references(sink);
  EXPECT_EQ(references.Write({.key = "\xC3"}).error().code, "entry.unwritable");
}

TEST(NdjsonDeathTest, OutOfOrderIsOurBug) {
  StringSink sink;
  NdjsonWriter<Entry> writer(sink);
  ASSERT_TRUE(writer.Write(Entry{.key = "b"}).has_value());
  EXPECT_DEATH((void)writer.Write(Entry{.key = "b"}), "invariant");
}

TEST(Ndjson, DamageIsCorrupt) {
  StringSink sink;
  NdjsonWriter<Entry> writer(sink);
  ASSERT_TRUE(writer.Write(Entry{.key = "a", .size = 1}).has_value());
  ASSERT_TRUE(writer.Finish().has_value());
  std::string damaged = sink.text();
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
  for (const std::string& stored : {damaged, sink.text().substr(0, sink.text().size() - 1)}) {
    const auto read = EntriesIn(stored)->Read();
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().kind, ErrorKind::kCorrupt);
  }
}

TEST(Ndjson, ABadLineIsNamedByItsNumber) {
  const auto bad = EntriesIn(Compressed("{\"key\":\"a\",\"size\":1}\n{\"key\":\"b\"}\n"))->Read();
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().kind, ErrorKind::kCorrupt);
  EXPECT_NE(Describe(bad.error()).find("line 2 is damaged"), std::string::npos);
  EXPECT_NE(Describe(bad.error()).find("size"), std::string::npos);

  const auto order =
      EntriesIn(Compressed("{\"key\":\"b\",\"size\":1}\n{\"key\":\"b\",\"size\":1}\n"))->Read();
  ASSERT_FALSE(order.has_value());
  EXPECT_EQ(order.error().code, "entry.out_of_order");
  EXPECT_EQ(order.error().kind, ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace lc2
