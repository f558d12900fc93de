#include "codec/zstd_stream.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/hash.h"

namespace lc2::codec {
namespace {

class SlowSource final : public ByteSource {
 public:
  SlowSource(std::string_view text, std::size_t piece) : source_(text), piece_(piece) {}
  Result<std::size_t> Read(std::span<char> buffer) override {
    return source_.Read(buffer.first(std::min(piece_, buffer.size())));
  }

 private:
  StringSource source_;
  const std::size_t piece_;
};

// Fails once, at write `failing`, and would go on afterwards.
class FailingSink final : public ByteSink {
 public:
  explicit FailingSink(int failing) : failing_(failing) {}
  Result<void> Write(std::string_view) override {
    if (++writes != failing_) return {};
    return Error{.kind = ErrorKind::kUnavailable, .code = "test.full", .message = "full"};
  }
  int writes = 0;

 private:
  const int failing_;
};

std::string Mixed(std::size_t size, int seed = 0) {
  std::string text;
  for (int i = seed; text.size() < size; ++i)
    text += Sha256Hex(std::to_string(i)) + "the same again ";
  text.resize(size);
  return text;
}

struct Written {
  std::string stored;
  ZstdSummary summary;
};

Written Write(std::string_view text, const ZstdWriterOptions& options,
              std::size_t piece = 1 << 20) {
  StringSink sink;
  const auto writer = ZstdFrameWriter::Make(sink, options);
  while (!text.empty()) {
    EXPECT_TRUE(writer->Write(text.substr(0, piece)).has_value());
    text.remove_prefix(std::min(piece, text.size()));
  }
  ZstdSummary summary = writer->Finish().value();
  return {std::move(sink.text()), std::move(summary)};
}

Result<std::string> Read(std::string_view stored, std::size_t piece = 1 << 20) {
  SlowSource source(stored, piece);
  ZstdSource zstd(source);
  return ReadAll(zstd, 64 << 20);
}

std::string Skippable(std::string_view content) {
  std::string frame("\x50\x2A\x4D\x18", 4);  // RFC 8878, section 3.1.2
  for (int i = 0; i < 4; ++i) frame += static_cast<char>(content.size() >> (8 * i) & 0xFF);
  return frame + std::string(content);
}

TEST(ZstdFrameWriter, ThreadsDoNotShowInTheBytes) {
  const std::string text = Mixed(3'000'000);
  const ZstdWriterOptions options{.frame_bytes = 100'000, .hash_raw = true};
  const Written one = Write(text, options);
  EXPECT_EQ(Read(one.stored).value(), text);
  EXPECT_EQ(one.summary.frames.size(), 30U);
  for (const int threads : {2, 3, 7}) {
    ZstdWriterOptions more = options;
    more.threads = threads;
    const Written other = Write(text, more, 7777);
    EXPECT_EQ(other.stored, one.stored);
    EXPECT_EQ(other.summary.sha256, one.summary.sha256);
    EXPECT_EQ(other.summary.raw_sha256, one.summary.raw_sha256);
  }
}

TEST(ZstdFrameWriter, SummaryTellsWhereEachFrameIs) {
  for (const int threads : {1, 2}) {
    const std::string text = Mixed(250'000);
    const Written written =
        Write(text, {.frame_bytes = 100'000, .threads = threads, .hash_raw = true});
    const ZstdSummary& summary = written.summary;
    EXPECT_EQ(summary.size, static_cast<std::int64_t>(written.stored.size()));
    EXPECT_EQ(summary.raw_size, 250'000);
    EXPECT_EQ(summary.sha256, Sha256Hex(written.stored));
    EXPECT_EQ(summary.raw_sha256, Sha256Hex(text));
    ASSERT_EQ(summary.frames.size(), 3U);
    std::int64_t raw_at = 0;
    for (const ZstdFrame& frame : summary.frames) {
      const std::string_view stored =
          std::string_view(written.stored)
              .substr(static_cast<std::size_t>(frame.offset), static_cast<std::size_t>(frame.size));
      EXPECT_EQ(frame.sha256, Sha256Hex(stored));
      EXPECT_EQ(Read(stored).value(), text.substr(static_cast<std::size_t>(raw_at),
                                                  static_cast<std::size_t>(frame.raw_size)));
      raw_at += frame.raw_size;
    }
    EXPECT_EQ(raw_at, 250'000);
  }
}

TEST(ZstdFrameWriter, AnEmptyStreamIsOneEmptyFrame) {
  for (const int threads : {1, 3}) {
    const Written written = Write("", {.threads = threads, .hash_raw = true});
    ASSERT_EQ(written.summary.frames.size(), 1U);
    EXPECT_EQ(written.summary.frames[0].raw_size, 0);
    EXPECT_EQ(written.summary.raw_sha256, Sha256Hex(""));
    EXPECT_EQ(Read(written.stored).value(), "");
  }
  EXPECT_EQ(Write("x", {}).summary.raw_sha256, "");
}

TEST(ZstdFrameWriter, EndFrameStartsANewOneWhereAskedTo) {
  StringSink sink;
  const auto writer = ZstdFrameWriter::Make(sink, {.frame_bytes = 10});
  EXPECT_TRUE(writer->EndFrame().has_value());
  EXPECT_TRUE(writer->Write("abc").has_value());
  EXPECT_EQ(writer->open_frame_bytes(), 3);
  EXPECT_TRUE(writer->EndFrame().has_value());
  EXPECT_TRUE(writer->EndFrame().has_value());
  EXPECT_EQ(writer->open_frame_bytes(), 0);
  EXPECT_TRUE(writer->Write("0123456789").has_value());
  EXPECT_EQ(writer->open_frame_bytes(), 0);
  EXPECT_TRUE(writer->Write("d").has_value());
  const ZstdSummary summary = writer->Finish().value();
  std::vector<std::int64_t> sizes;
  for (const ZstdFrame& frame : summary.frames) sizes.push_back(frame.raw_size);
  EXPECT_EQ(sizes, (std::vector<std::int64_t>{3, 10, 1}));
  EXPECT_EQ(Read(sink.text()).value(), "abc0123456789d");
}

TEST(ZstdFrameWriter, FramesCarryTheirSizeAndAChecksum) {
  const Written written = Write("some text", {});
  EXPECT_EQ(ZSTD_getFrameContentSize(written.stored.data(), written.stored.size()), 9U);
  EXPECT_NE(static_cast<unsigned char>(written.stored[4]) & 4, 0);  // RFC 8878: checksum flag
}

// A stream with a hole must never be called finished, even if its writer looked away once.
TEST(ZstdFrameWriter, AFailedSinkFailsEveryLaterCall) {
  for (const int threads : {1, 2, 4}) {
    FailingSink sink(3);
    const auto writer = ZstdFrameWriter::Make(sink, {.frame_bytes = 1000, .threads = threads});
    bool failed = false;
    for (int i = 0; i < 50 && !failed; ++i) failed = !writer->Write(Mixed(1000, i)).has_value();
    EXPECT_TRUE(failed);
    EXPECT_EQ(writer->Write("x").error().code, "test.full");
    EXPECT_EQ(writer->EndFrame().error().code, "test.full");
    EXPECT_EQ(writer->Finish().error().code, "test.full");
    EXPECT_EQ(sink.writes, 3);
  }
}

TEST(ZstdFrameWriter, FinishGivesTheErrorOfTheLastFrames) {
  for (const int threads : {1, 4}) {
    FailingSink sink(1);
    const auto writer = ZstdFrameWriter::Make(sink, {.threads = threads});
    EXPECT_TRUE(writer->Write("x").has_value());
    EXPECT_EQ(writer->Finish().error().code, "test.full");
  }
}

TEST(ZstdFrameWriter, DroppedUnfinishedItEndsItsThreads) {
  for (int round = 0; round < 20; ++round) {
    StringSink sink;
    const auto writer = ZstdFrameWriter::Make(sink, {.frame_bytes = 1000, .threads = 4});
    EXPECT_TRUE(writer->Write(Mixed(static_cast<std::size_t>(round) * 997)).has_value());
  }
}

TEST(ZstdFrameWriterDeathTest, NothingComesAfterFinish) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  StringSink sink;
  const auto writer = ZstdFrameWriter::Make(sink, {});
  ASSERT_TRUE(writer->Finish().has_value());
  EXPECT_DEATH((void)writer->Finish(), "finished");
  EXPECT_DEATH((void)writer->Write("x"), "finished");
}

TEST(ZstdSource, ReadsFramesInAnyPieces) {
  const std::string text = Mixed(5000);
  const std::string stored = Write(text, {.frame_bytes = 700}).stored;
  for (const std::size_t piece : {1, 2, 3, 100}) EXPECT_EQ(Read(stored, piece).value(), text);
  StringSource source(stored);
  ZstdSource zstd(source);
  std::string read;
  char byte[1];
  while (zstd.Read(byte).value() == 1) read += byte[0];
  EXPECT_EQ(read, text);
  EXPECT_EQ(zstd.Read(byte).value(), 0U);
}

TEST(ZstdSource, PassesOverEmptyAndSkippableFrames) {
  const std::string frame = Write("one ", {}).stored;
  const std::string empty = Write("", {}).stored;
  const std::string stored = Skippable("first") + empty + frame + empty + empty + Skippable("") +
                             frame + Skippable("last");
  EXPECT_EQ(Read(stored).value(), "one one ");
  EXPECT_EQ(Read(stored, 1).value(), "one one ");
}

TEST(ZstdSource, RefusesAStreamThatIsCutAnywhereButBetweenFrames) {
  const std::string text = Mixed(400);
  const Written written = Write(text, {.frame_bytes = 200});
  const auto between = static_cast<std::size_t>(written.summary.frames[1].offset);
  for (std::size_t size = 0; size < written.stored.size(); ++size) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{1} << 20}) {
      const Result<std::string> read = Read(written.stored.substr(0, size), piece);
      if (size == between) {
        EXPECT_EQ(read.value(), text.substr(0, 200));
        continue;
      }
      ASSERT_FALSE(read.has_value()) << size;
      EXPECT_EQ(read.error().code, "zstd.corrupt");
      EXPECT_EQ(read.error().kind, ErrorKind::kCorrupt);
    }
  }
  EXPECT_NE(Read("").error().message.find("empty"), std::string::npos);
}

TEST(ZstdSource, NoFlippedBitGivesOtherBytes) {
  const std::string text = Mixed(300);
  const std::string stored = Write(text, {.frame_bytes = 150}).stored;
  for (std::size_t bit = 0; bit < stored.size() * 8; ++bit) {
    std::string flipped = stored;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    const Result<std::string> read = Read(flipped);
    if (read.has_value()) {
      EXPECT_EQ(read.value(), text) << bit;
    }
  }
}

TEST(ZstdSource, RefusesWhatFollowsTheLastFrame) {
  const std::string stored = Write("text", {}).stored;
  for (const std::string_view rest : {std::string_view("x"), std::string_view("garbage behind it"),
                                      std::string_view("\0\0\0\0\0\0", 6)}) {
    const Result<std::string> read = Read(stored + std::string(rest));
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, "zstd.corrupt");
  }
}

TEST(ZstdSource, SaysWhichFrameIsDamaged) {
  const Written written = Write(Mixed(20'000), {.frame_bytes = 10'000});
  std::string stored = written.stored;
  stored.back() = static_cast<char>(stored.back() ^ 1);
  const std::string place = std::to_string(written.summary.frames.back().offset);
  EXPECT_EQ(Read(stored).error().message, "the zstd frame at byte " + place +
                                              " is damaged: Restored data doesn't match checksum");
  stored.pop_back();
  EXPECT_EQ(Read(stored).error().message,
            "the zstd frame at byte " + place + " is damaged: the stream ends within it");
}

TEST(ZstdSource, RefusesAWindowAboveItsLimit) {
  // RFC 8878, 3.1.1.1.2: exponent 18 is 256 MiB. No content size, no checksum, one empty last
  // block.
  const std::string huge("\x28\xB5\x2F\xFD\x00\x90\x01\x00\x00", 9);
  EXPECT_EQ(Read(huge).error().code, "zstd.corrupt");
  const std::string small("\x28\xB5\x2F\xFD\x00\x50\x01\x00\x00", 9);
  EXPECT_EQ(Read(small).value(), "");
}

// The decoder itself would start anew in the middle after an error.
TEST(ZstdSource, StaysFailedOnceDamaged) {
  const std::string stored = "garbage!" + Write("text", {}).stored;
  SlowSource source(stored, 8);
  ZstdSource zstd(source);
  char buffer[100];
  for (int i = 0; i < 3; ++i) EXPECT_EQ(zstd.Read(buffer).error().code, "zstd.corrupt");
}

std::vector<std::string> Lines(std::string_view text, std::size_t piece = 1 << 20,
                               std::int64_t max_line = 1 << 20) {
  SlowSource source(text, piece);
  LineReader reader(source, max_line);
  std::vector<std::string> lines;
  while (true) {
    const auto line = reader.Next();
    if (!line.has_value()) {
      lines.push_back(line.error().code);
      return lines;
    }
    if (!line.value().has_value()) break;
    lines.emplace_back(**line);
  }
  EXPECT_FALSE(reader.Next().value().has_value());
  return lines;
}

using Texts = std::vector<std::string>;

TEST(LineReader, GivesLinesWithoutTheirBreak) {
  EXPECT_EQ(Lines(""), Texts{});
  EXPECT_EQ(Lines("a"), Texts{"a"});
  EXPECT_EQ(Lines("a\n"), Texts{"a"});
  EXPECT_EQ(Lines("a\nb"), (Texts{"a", "b"}));
  EXPECT_EQ(Lines("\n\na\n"), (Texts{"", "", "a"}));
  EXPECT_EQ(Lines("a\r\nb\n"), (Texts{"a\r", "b"}));
  EXPECT_EQ(Lines(std::string_view("a\0b\n", 4)), (Texts{std::string("a\0b", 3)}));
}

TEST(LineReader, JoinsLinesAcrossReadsAndBuffers) {
  Texts expected;
  std::string text;
  for (int i = 0; i < 300; ++i) {
    expected.push_back(Mixed(static_cast<std::size_t>(i) * 31 % 5000, i));
    text += expected.back() + "\n";
  }
  EXPECT_EQ(Lines(text), expected);
  EXPECT_EQ(Lines(text, 7), expected);
  EXPECT_EQ(Lines(text, 1000, 5000), expected);
}

TEST(LineReader, RefusesALineAboveItsLimitWhereverItEnds) {
  const std::string fits(100, 'x');
  EXPECT_EQ(Lines(fits + "\n" + fits, 1 << 20, 100), (Texts{fits, fits}));
  // All of these fit into the buffer, which is larger than the limit.
  EXPECT_EQ(Lines(fits + "x\n", 1 << 20, 100), Texts{"ndjson.line_too_long"});
  EXPECT_EQ(Lines(fits + "x", 1 << 20, 100), Texts{"ndjson.line_too_long"});
  EXPECT_EQ(Lines("a\n" + fits + "x\nb", 1, 100), (Texts{"a", "ndjson.line_too_long"}));
  const std::string large(1 << 20, 'y');
  EXPECT_EQ(Lines(large + "\n" + large), (Texts{large, large}));
  EXPECT_EQ(Lines(large + "y\n"), Texts{"ndjson.line_too_long"});
  EXPECT_EQ(Lines(std::string(3 << 20, 'z'), 100'000), Texts{"ndjson.line_too_long"});
}

TEST(LineReader, PassesTheErrorOn) {
  StringSource stored("no zstd");
  ZstdSource zstd(stored);
  LineReader reader(zstd);
  EXPECT_EQ(reader.Next().error().code, "zstd.corrupt");
}

}  // namespace
}  // namespace lc2::codec
