#include <malloc.h>

#include "s3sim_test_support.h"

namespace lc2::s3sim {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kMeasures = false;
#else
constexpr bool kMeasures = true;
#endif

// Two million objects are to fit into 1.5 GB, with what the tests themselves need.
TEST(Memory, OfAnObjectIsAFewHundredBytes) {
  testing::FakeClock clock;
  Service service({}, clock);
  service.CreateBucket("b", {.versioned = true});
  const auto before = ::mallinfo2().uordblks;
  constexpr std::int64_t kObjects = 20'000;
  ASSERT_TRUE(service.Fill({.bucket = "b",
                            .prefix = "20097/20121/documents/",
                            .count = kObjects,
                            .size = 4'096,
                            .digests = false}));
  const auto used = (::mallinfo2().uordblks - before) / kObjects;
  RecordProperty("bytes_per_object", std::to_string(used));
  EXPECT_EQ(service.Versions("b").size(), static_cast<std::size_t>(kObjects));
  // The sanitizer has another allocator, which does not tell.
  if (kMeasures) {
    EXPECT_LT(used, 320U);
  }
}

}  // namespace
}  // namespace lc2::s3sim
