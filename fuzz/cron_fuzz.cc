// Schedules as somebody writes them: what is accepted fires, and its firings keep their promises.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/cron.h"
#include "base/check.h"

namespace {

using namespace lc2;  // NOLINT(google-build-using-namespace): one file, one purpose

constexpr Time kNow{std::chrono::seconds(1'774'742'400)};  // 2026-03-29, when Berlin skips an hour

const TimeZone& Berlin() {
  static const TimeZone kBerlin = TimeZone::Find("Europe/Berlin").value();
  return kBerlin;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto cron = api::CronExpression::Parse(text);
  if (!cron.has_value()) {
    LC2_CHECK(cron.error().kind == ErrorKind::kInvalid && !cron.error().hint.empty());
    return 0;
  }
  LC2_CHECK(cron->text() == text);
  const auto next = cron->Next(kNow, Berlin());
  LC2_CHECK(next && *next > kNow);
  LC2_CHECK(next->time_since_epoch() % std::chrono::minutes(1) == std::chrono::minutes(0));
  const auto all = cron->Between(kNow, *next + std::chrono::days(1), Berlin());
  LC2_CHECK(!all.empty() && all.front() == *next);
  return 0;
}
