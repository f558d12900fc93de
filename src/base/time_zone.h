#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace lc2 {

// What a wall clock shows: no instant before a zone says so.
using LocalTime = std::chrono::local_seconds;

// When a wall clock shows a local time. Where clocks are put back it does so twice; where they are
// put forward, never, and `skipped_until` is then the first instant after the gap.
struct LocalInstants {
  std::optional<Time> first;
  std::optional<Time> second;
  std::optional<Time> skipped_until;
};

// A zone of the IANA database, as the system's tzdata has it. Cheap to copy; thread-safe.
class TimeZone {
 public:
  // "Europe/Berlin", "UTC". Errors: kInvalid "time_zone.unknown"; kUnavailable
  // "time_zone.no_database" where the system has no tzdata.
  static Result<TimeZone> Find(std::string_view name);

  const std::string& name() const { return name_; }
  LocalTime ToLocal(Time instant) const;
  LocalInstants ToInstants(LocalTime local) const;
  // The offset to UTC where it is one and the same for every local time of this day.
  std::optional<std::chrono::seconds> UniformOffset(std::chrono::local_days day) const;

 private:
  struct Rules;
  TimeZone(std::string name, const Rules* rules) : name_(std::move(name)), rules_(rules) {}

  std::string name_;
  const Rules* rules_;  // of the process-wide database, which is never unloaded
};

}  // namespace lc2
