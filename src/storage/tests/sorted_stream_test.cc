#include "storage/sorted_stream.h"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <stdexcept>
#include <string>

namespace lc2 {
namespace {

Entry Named(std::string key) { return Entry{.key = std::move(key)}; }

// Batches of one; then the error, an exception, or the end.
class CountingReader final : public EntryReader {
 public:
  enum class End { kPlain, kError, kThrow };
  CountingReader(int items, End end, std::atomic<int>* reads = nullptr)
      : items_(items), end_(end), reads_(reads) {}

  Result<std::vector<Entry>> Read() override {
    if (reads_ != nullptr) ++*reads_;
    if (next_ < items_) return std::vector<Entry>{Named("k" + std::to_string(1000 + next_++))};
    if (end_ == End::kThrow) throw std::runtime_error("boom");
    if (end_ == End::kError) return Error{.kind = ErrorKind::kCorrupt, .code = "test.corrupt"};
    return std::vector<Entry>();
  }

 private:
  const int items_;
  const End end_;
  std::atomic<int>* reads_;
  int next_ = 0;
};

TEST(Cursor, LooksAtEachItemOnce) {
  VectorReader<Entry> reader({Named("a"), Named("b")});
  Cursor<Entry> cursor(reader);
  ASSERT_TRUE(cursor.Advance().has_value());
  ASSERT_NE(cursor.get(), nullptr);
  EXPECT_EQ(cursor.get()->key, "a");
  ASSERT_TRUE(cursor.Advance().has_value());
  EXPECT_EQ(cursor.get()->key, "b");
  ASSERT_TRUE(cursor.Advance().has_value());
  EXPECT_EQ(cursor.get(), nullptr);
  ASSERT_TRUE(cursor.Advance().has_value());
  EXPECT_EQ(cursor.get(), nullptr);
}

TEST(Prefetch, DeliversAllInOrder) {
  auto reader =
      Prefetch<Entry>(std::make_unique<CountingReader>(100, CountingReader::End::kPlain), 3);
  Cursor<Entry> cursor(*reader);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(cursor.Advance().has_value());
    ASSERT_NE(cursor.get(), nullptr);
    EXPECT_EQ(cursor.get()->key, "k" + std::to_string(1000 + i));
  }
  ASSERT_TRUE(cursor.Advance().has_value());
  EXPECT_EQ(cursor.get(), nullptr);
  EXPECT_TRUE(reader->Read().value().empty());
}

TEST(Prefetch, ReferencesToo) {
  auto reader = Prefetch<Reference>(std::make_unique<VectorReader<Reference>>(
      std::vector<Reference>{{.key = "a", .size = 1, .row_id = 2}}));
  EXPECT_EQ(reader->Read().value().size(), 1u);
  EXPECT_TRUE(reader->Read().value().empty());
}

TEST(Prefetch, KeepsAnError) {
  auto reader =
      Prefetch<Entry>(std::make_unique<CountingReader>(1, CountingReader::End::kError), 1);
  EXPECT_TRUE(reader->Read().has_value());
  EXPECT_EQ(reader->Read().error().code, "test.corrupt");
  EXPECT_EQ(reader->Read().error().code, "test.corrupt");
}

TEST(Prefetch, AnExceptionIsAnError) {
  auto reader =
      Prefetch<Entry>(std::make_unique<CountingReader>(0, CountingReader::End::kThrow), 1);
  const auto read = reader->Read();
  EXPECT_EQ(read.error().kind, ErrorKind::kInternal);
  EXPECT_NE(read.error().message.find("boom"), std::string::npos);
}

TEST(Prefetch, DroppedEarlyItStopsAfterWhatFits) {
  std::atomic<int> reads = 0;
  {
    auto reader = Prefetch<Entry>(
        std::make_unique<CountingReader>(1 << 20, CountingReader::End::kPlain, &reads), 2);
    ASSERT_TRUE(reader->Read().has_value());
  }
  EXPECT_LE(reads, 1 + 2 + 1 + 1);  // taken, queued, one in the hand, one after the close
}

}  // namespace
}  // namespace lc2
