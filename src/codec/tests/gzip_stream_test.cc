#include "codec/gzip_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/hash.h"

namespace lc2::codec {
namespace {

// Gives at most `piece` bytes a call.
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

class FailingSink final : public ByteSink {
 public:
  Result<void> Write(std::string_view) override {
    ++writes;
    if (writes > 1) return {};
    return Error{.kind = ErrorKind::kUnavailable, .code = "test.full", .message = "full"};
  }
  int writes = 0;
};

std::string Packed(std::string_view text, int level = 6) {
  StringSink stored;
  GzipSink sink(stored, level);
  EXPECT_TRUE(sink.Write(text).has_value());
  EXPECT_TRUE(sink.Finish().has_value());
  return stored.text();
}

Result<std::string> Unpacked(std::string_view stored, std::size_t piece = 1 << 20) {
  SlowSource source(stored, piece);
  GzipSource gzip(source);
  return ReadAll(gzip, 64 << 20);
}

std::string Mixed(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += Sha256Hex(std::to_string(i)) + "the same again ";
  text.resize(size);
  return text;
}

TEST(Gzip, RoundTrips) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{131072}, std::size_t{3'000'000}}) {
    const std::string text = Mixed(size);
    const std::string stored = Packed(text);
    EXPECT_EQ(Unpacked(stored).value(), text);
    EXPECT_EQ(Packed(text), stored);
  }
  EXPECT_EQ(Unpacked(Packed(Mixed(5000), 1), 1).value(), Mixed(5000));
}

// Made by `printf hello | gzip -n`.
TEST(Gzip, ReadsWhatGzipWrites) {
  const std::string stored = ParseHex(
                                 "1f8b0800000000000003cb48cdc9c907008"
                                 "6a6103605000000")
                                 .value();
  EXPECT_EQ(Unpacked(stored).value(), "hello");
}

TEST(Gzip, ReadsSeveralMembers) {
  const std::string stored = Packed("one ") + Packed("") + Packed("two");
  EXPECT_EQ(Unpacked(stored).value(), "one two");
  EXPECT_EQ(Unpacked(stored, 1).value(), "one two");
}

TEST(Gzip, RefusesAStreamThatIsCutAnywhere) {
  const std::string stored = Packed(Mixed(300));
  for (std::size_t size = 0; size < stored.size(); ++size) {
    const Result<std::string> text = Unpacked(stored.substr(0, size));
    ASSERT_FALSE(text.has_value()) << size;
    EXPECT_EQ(text.error().code, "gzip.corrupt");
    EXPECT_EQ(text.error().kind, ErrorKind::kCorrupt);
  }
  EXPECT_FALSE(Unpacked(stored + Packed("x").substr(0, 12)).has_value());
}

TEST(Gzip, NoFlippedBitGivesOtherBytes) {
  const std::string text = Mixed(200);
  const std::string stored = Packed(text);
  int harmless = 0;
  for (std::size_t bit = 0; bit < stored.size() * 8; ++bit) {
    std::string flipped = stored;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    const Result<std::string> read = Unpacked(flipped);
    if (!read.has_value()) continue;
    EXPECT_EQ(read.value(), text);
    ++harmless;
  }
  // The header's time, system and level mean nothing, nor do the bits that fill the last byte of
  // the compressed data.
  EXPECT_LE(harmless, 8 * 8 + 7);
}

TEST(Gzip, RefusesWhatFollowsTheLastMember) {
  for (const std::string_view rest : {std::string_view("x"), std::string_view("garbage behind it"),
                                      std::string_view("\0\0\0\0", 4)}) {
    EXPECT_EQ(Unpacked(Packed("text") + std::string(rest)).error().code, "gzip.corrupt");
  }
}

TEST(Gzip, StaysFailedOnceDamaged) {
  StringSource stored("no gzip at all");
  GzipSource gzip(stored);
  char buffer[10];
  EXPECT_FALSE(gzip.Read(buffer).has_value());
  EXPECT_EQ(gzip.Read(buffer).error().code, "gzip.corrupt");
}

TEST(Gzip, AFailedSinkFailsTheWholeStream) {
  FailingSink stored;
  GzipSink sink(stored);
  std::string noise;
  for (int i = 0; i < 10'000; ++i) noise += ParseHex(Sha256Hex(std::to_string(i))).value();
  EXPECT_EQ(sink.Write(noise).error().code, "test.full");
  EXPECT_EQ(sink.Write("more").error().code, "test.full");
  EXPECT_EQ(sink.Finish().error().code, "test.full");
  EXPECT_EQ(stored.writes, 1);
}

}  // namespace
}  // namespace lc2::codec
