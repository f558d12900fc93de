#include "control/service_metrics.h"

#include <fmt/core.h>

#include <algorithm>

#include "api/backup_request.h"
#include "api/documents.h"
#include "codec/described.h"

namespace lc2::control {

namespace {

using Labels = std::vector<std::pair<const char*, std::string>>;

// Prometheus exposition format, "Comments, help text, and type information": in a label's value
// backslash, double quote and line feed are escaped.
std::string Escaped(const std::string& value) {
  std::string escaped;
  for (const char c : value) {
    if (c == '\\' || c == '"') escaped += '\\';
    if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

class Writer {
 public:
  // The samples of a family follow it.
  void Family(const char* name, const char* type, const char* help) {
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  template <class Number>
  void Sample(const char* name, const Labels& labels, Number value) {
    text_ += name;
    if (labels.size() > 0) {
      text_ += '{';
      const char* comma = "";
      for (const auto& [key, word] : labels) {
        text_ += fmt::format("{}{}=\"{}\"", comma, key, Escaped(word));
        comma = ",";
      }
      text_ += '}';
    }
    text_ += fmt::format(" {}\n", value);
  }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

double Seconds(Time time) { return std::chrono::duration<double>(time.time_since_epoch()).count(); }

void WriteEnded(Writer& writer, const MetricsInput& input) {
  writer.Family("backup_requests_total", "counter", "Backup requests that ended, by state.");
  for (const auto& [key, totals] : input.ended) {
    const auto& [project, environment, state] = key;
    writer.Sample("backup_requests_total",
                  {{"project_id", project}, {"environment", environment}, {"state", state}},
                  totals.count);
  }
  writer.Family("backup_duration_seconds", "summary", "From the start of a run to its end.");
  for (const auto& [key, totals] : input.ended) {
    const auto& [project, environment, state] = key;
    const Labels labels{{"project_id", project}, {"environment", environment}, {"state", state}};
    writer.Sample("backup_duration_seconds_sum", labels, totals.seconds);
    writer.Sample("backup_duration_seconds_count", labels, totals.timed);
  }
}

void WriteLast(Writer& writer, const MetricsInput& input) {
  const auto family = [&](const char* name, const char* help, const auto& value) {
    writer.Family(name, "gauge", help);
    for (const catalog::BackupRecord& record : input.last_succeeded) {
      writer.Sample(name, {{"project_id", record.project_id}, {"environment", record.environment}},
                    value(record));
    }
  };
  family("backup_database_size_bytes", "Stored dump of the newest backup.",
         [](const auto& record) { return record.database_bytes; });
  family("backup_dl_size_bytes", "Document library of the newest backup.",
         [](const auto& record) { return record.library_bytes; });
  family("lc2_last_success_timestamp_seconds",
         "When the newest backup was begun: what it holds is at least as old as this.",
         [](const auto& record) { return Seconds(record.timestamp); });
}

void WriteSchedules(Writer& writer, const std::vector<ScheduleFigures>& schedules) {
  writer.Family("lc2_expected_interval_seconds", "gauge",
                "Longest time between coming backups of the environment's most frequent schedule.");
  std::map<std::pair<std::string, std::string>, std::chrono::seconds> shortest;
  for (const ScheduleFigures& schedule : schedules) {
    if (!schedule.expected_interval) continue;
    const auto [found, fresh] = shortest.try_emplace({schedule.project_id, schedule.environment},
                                                     *schedule.expected_interval);
    if (!fresh) found->second = std::min(found->second, *schedule.expected_interval);
  }
  for (const auto& [environment, interval] : shortest) {
    writer.Sample("lc2_expected_interval_seconds",
                  {{"project_id", environment.first}, {"environment", environment.second}},
                  interval.count());
  }
  writer.Family("lc2_schedule_last_missed_timestamp_seconds", "gauge",
                "The latest time of a schedule whose backup was never asked for.");
  for (const ScheduleFigures& schedule : schedules) {
    if (!schedule.last_missed) continue;
    writer.Sample("lc2_schedule_last_missed_timestamp_seconds",
                  {{"project_id", schedule.project_id},
                   {"environment", schedule.environment},
                   {"schedule", schedule.schedule}},
                  Seconds(*schedule.last_missed));
  }
}

void WriteService(Writer& writer, const ServiceFacts& service) {
  writer.Family("semaphore_queue_depth", "gauge", "Requests that wait for their turn.");
  for (const auto& [project, count] : service.waiting) {
    writer.Sample("semaphore_queue_depth", {{"project_id", project}}, count);
  }
  writer.Family("lc2_requests_running", "gauge", "Requests that have begun and not ended.");
  writer.Sample("lc2_requests_running", {}, service.running);
  writer.Family("lc2_queue_wait_seconds", "summary", "From a request's arrival to its turn.");
  writer.Sample("lc2_queue_wait_seconds_sum", {},
                std::chrono::duration<double>(service.queue_wait).count());
  writer.Sample("lc2_queue_wait_seconds_count", {}, service.started);
  writer.Family("lc2_reconciles_total", "counter", "Looks at requests.");
  writer.Sample("lc2_reconciles_total", {}, service.looks);
  writer.Family("lc2_reconcile_errors_total", "counter", "Looks and tasks that failed, by kind.");
  for (const auto& [kind, count] : service.errors) {
    writer.Sample("lc2_reconcile_errors_total", {{"kind", kind}}, count);
  }
}

void WriteNotifications(Writer& writer, const MetricsInput& input) {
  writer.Family("lc2_notifications_total", "counter",
                "Events for webhooks, by the state that they entered.");
  for (const auto& [key, count] : input.notifications) {
    const auto& [event, state] = key;
    writer.Sample("lc2_notifications_total", {{"event", event}, {"state", state}}, count);
  }
}

}  // namespace

void EndedBackups::Add(const codec::Json& object) {
  if (RefOf(object).kind != api::BackupRequest::kKind) return;
  const auto request = api::DecodeResource<api::BackupRequest>(object);
  if (!request.has_value()) return;
  const api::BackupRequestStatus& status = request->status;
  const std::lock_guard lock(mutex_);
  Totals& totals =
      totals_[{request->spec.project_id, request->spec.environment, codec::Word(status.state)}];
  ++totals.count;
  if (!status.start_time || !status.completion_time) return;
  totals.seconds += Seconds(*status.completion_time) - Seconds(*status.start_time);
  ++totals.timed;
}

std::map<EndedBackups::Key, EndedBackups::Totals> EndedBackups::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

std::string FormatMetrics(const MetricsInput& input) {
  Writer writer;
  WriteEnded(writer, input);
  WriteLast(writer, input);
  WriteSchedules(writer, input.schedules);
  WriteService(writer, input.service);
  WriteNotifications(writer, input);
  return std::move(writer).text();
}

}  // namespace lc2::control
