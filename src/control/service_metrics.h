#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "catalog/record.h"
#include "codec/json.h"
#include "control/notifier.h"
#include "control/service.h"

namespace lc2::control {

// The metrics of `lc2 serve` (domain.md section 10). A text writer of our own: there are a dozen
// families without histograms, and a library would only be one more thing to link.

// Backup requests that ended since the process began. Thread-safe.
class EndedBackups {
 public:
  struct Totals {
    std::int64_t count = 0;
    double seconds = 0;  // of those that have a start and an end
    std::int64_t timed = 0;
  };
  using Key = std::tuple<std::string, std::string, std::string>;  // project, environment, state

  // Counts a BackupRequest; other objects are ignored.
  void Add(const codec::Json& request);
  std::map<Key, Totals> totals() const;

 private:
  mutable std::mutex mutex_;
  std::map<Key, Totals> totals_;
};

struct ScheduleFigures {
  std::string project_id;
  std::string environment;
  std::string schedule;
  std::optional<std::chrono::seconds> expected_interval;  // nothing while suspended
  std::optional<Time> last_missed;
};

struct MetricsInput {
  std::map<EndedBackups::Key, EndedBackups::Totals> ended;
  ServiceFacts service;
  std::vector<catalog::BackupRecord> last_succeeded;  // the newest of each environment
  std::vector<ScheduleFigures> schedules;
  std::map<NotificationTotals::Key, std::int64_t> notifications;
};

// Text exposition format 0.0.4 of Prometheus. Pure; equal inputs give equal bytes.
std::string FormatMetrics(const MetricsInput& input);
inline constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace lc2::control
