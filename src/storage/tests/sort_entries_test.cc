#include "storage/sort_entries.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/random.h"
#include "testing/fake_clock.h"

namespace lc2 {
namespace {

using lc2::testing::TestContext;

// Batches of `size` items.
class Batches final : public EntryReader {
 public:
  Batches(std::vector<Entry> items, std::size_t size) : items_(std::move(items)), size_(size) {}
  Result<std::vector<Entry>> Read() override {
    if (fail_at_ && at_ >= *fail_at_) {
      return Error{.kind = ErrorKind::kUnavailable, .code = "test.gone", .message = "gone"};
    }
    const std::size_t end = std::min(at_ + size_, items_.size());
    std::vector<Entry> batch(items_.begin() + static_cast<std::ptrdiff_t>(at_),
                             items_.begin() + static_cast<std::ptrdiff_t>(end));
    at_ = end;
    return batch;
  }
  std::optional<std::size_t> fail_at_;

 private:
  const std::vector<Entry> items_;
  const std::size_t size_;
  std::size_t at_ = 0;
};

std::vector<Entry> All(EntryReader& reader) {
  std::vector<Entry> all;
  for (;;) {
    auto batch = reader.Read();
    EXPECT_TRUE(batch.has_value()) << Describe(batch.error());
    if (!batch.has_value() || batch->empty()) return all;
    std::move(batch->begin(), batch->end(), std::back_inserter(all));
  }
}

TEST(SortEntries, GivesTheOrderOfKeyBytesWhateverFitsIntoMemory) {
  for (const std::size_t in_memory : {1UL, 7UL, 100UL, 1'000UL, 100'000UL}) {
    SCOPED_TRACE(in_memory);
    SeededRandom random(in_memory);
    std::vector<Entry> items;
    std::map<std::string, std::int64_t> last;  // of a key that comes twice
    for (int i = 0; i < 5'000; ++i) {
      std::string key = "k" + std::to_string(random.Between(0, 4'000)) +
                        std::string(1, " /!a\xC3"[random.Between(0, 3)]) + "x";
      items.push_back({.key = key, .size = i, .etag = "e" + std::to_string(i)});
      last[key] = i;
    }
    Batches source(items, 300);
    auto sorted = SortEntries(TestContext(), source, in_memory);
    ASSERT_TRUE(sorted.has_value()) << Describe(sorted.error());
    const std::vector<Entry> all = All(**sorted);
    ASSERT_EQ(all.size(), last.size());
    auto expected = last.begin();
    for (const Entry& entry : all) {
      ASSERT_EQ(entry.key, expected->first);
      ASSERT_EQ(entry.size, expected->second);
      ASSERT_EQ(entry.etag, "e" + std::to_string(entry.size));
      ++expected;
    }
  }
}

TEST(SortEntries, NothingIsNothing) {
  Batches source({}, 10);
  EXPECT_TRUE(All(**SortEntries(TestContext(), source)).empty());
}

TEST(SortEntries, AnErrorOfTheSourceIsItsOwn) {
  Batches source({{.key = "b"}, {.key = "a"}, {.key = "c"}}, 1);
  source.fail_at_ = 2;
  const auto sorted = SortEntries(TestContext(), source, 1);
  ASSERT_FALSE(sorted.has_value());
  EXPECT_EQ(sorted.error().code, "test.gone");
}

TEST(SortEntries, EndsWithItsContext) {
  std::stop_source stop;
  stop.request_stop();
  Batches source({{.key = "a"}}, 1);
  const auto sorted = SortEntries(TestContext().WithStop(stop.get_token()), source);
  ASSERT_FALSE(sorted.has_value());
  EXPECT_EQ(sorted.error().kind, ErrorKind::kCancelled);
}

}  // namespace
}  // namespace lc2
