#include "net/http_date.h"

#include <gtest/gtest.h>

#include "base/time_format.h"

namespace lc2::net {
namespace {

TEST(HttpDate, IsReadInTheFormThatMustBeSent) {
  const auto time = ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT");
  ASSERT_TRUE(time.has_value());
  EXPECT_EQ(FormatRfc3339(*time), "1994-11-06T08:49:37Z");
  EXPECT_EQ(FormatRfc3339(ParseHttpDate("Fri, 27 Nov 2026 00:00:00 GMT").value()),
            "2026-11-27T00:00:00Z");
}

TEST(HttpDate, AnythingElseIsNone) {
  for (const char* text : {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
                           "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:61:00 GMT",
                           "Sun, 31 Feb 2026 08:49:37 GMT", "Sun, 06-Nov-1994 08:49:37 GMT"}) {
    EXPECT_FALSE(ParseHttpDate(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace lc2::net
