#include "base/time_zone.h"

#include <date/tz.h>
#include <fmt/core.h>

#include <exception>

namespace lc2 {

namespace {

using std::chrono::seconds;

constexpr Time ToTime(date::sys_seconds instant) { return Time(instant.time_since_epoch()); }

const date::time_zone& ZoneOf(const void* rules) {
  return *static_cast<const date::time_zone*>(rules);
}

date::local_info InfoOf(const void* rules, LocalTime local) {
  return ZoneOf(rules).get_info(date::local_seconds(local.time_since_epoch()));
}

}  // namespace

Result<TimeZone> TimeZone::Find(std::string_view name) {
  try {
    date::get_tzdb();
  } catch (const std::exception& problem) {
    return Error{.kind = ErrorKind::kUnavailable,
                 .code = "time_zone.no_database",
                 .message = fmt::format("cannot read the system's time zones: {}", problem.what()),
                 .hint = "install the package tzdata"};
  }
  try {
    const auto* zone = static_cast<const void*>(date::locate_zone(name));
    return TimeZone(std::string(name), static_cast<const Rules*>(zone));
  } catch (const std::exception&) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "time_zone.unknown",
                 .message = fmt::format("there is no time zone '{}'", name),
                 .hint = "use a name of the IANA database, 'Europe/Berlin' or 'UTC' for example"};
  }
}

LocalTime TimeZone::ToLocal(Time instant) const {
  const auto whole = std::chrono::floor<seconds>(instant);
  const date::sys_info info = ZoneOf(rules_).get_info(date::sys_seconds(whole.time_since_epoch()));
  return LocalTime(whole.time_since_epoch() + info.offset);
}

LocalInstants TimeZone::ToInstants(LocalTime local) const {
  const date::local_info info = InfoOf(rules_, local);
  if (info.result == date::local_info::nonexistent) {
    return {.first = {}, .second = {}, .skipped_until = ToTime(info.second.begin)};
  }
  const auto at = [&](const date::sys_info& which) {
    return Time(local.time_since_epoch() - which.offset);
  };
  LocalInstants instants{.first = at(info.first), .second = {}, .skipped_until = {}};
  if (info.result == date::local_info::ambiguous) instants.second = at(info.second);
  return instants;
}

std::optional<seconds> TimeZone::UniformOffset(std::chrono::local_days day) const {
  const date::local_info begins = InfoOf(rules_, LocalTime(day));
  if (begins.result != date::local_info::unique) return std::nullopt;
  const date::local_info ends = InfoOf(rules_, LocalTime(day) + std::chrono::days(1));
  // The same piece of the zone's history from midnight to midnight: nothing changes in between.
  if (ends.result != date::local_info::unique || ends.first.begin != begins.first.begin) {
    return std::nullopt;
  }
  return begins.first.offset;
}

}  // namespace lc2
