#include "control/service_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/documents.h"
#include "api/tests/samples.h"
#include "base/time_format.h"

namespace lc2::control {
namespace {

using ::testing::HasSubstr;

api::BackupRequest Ended(api::BackupState state) {
  api::BackupRequest request = api::testing::SampleBackup("a");
  request.status.state = state;
  request.status.start_time = ParseRfc3339("2025-11-09T14:30:00Z").value();
  request.status.completion_time = ParseRfc3339("2025-11-09T14:30:08Z").value();
  return request;
}

TEST(ServiceMetrics, EndedBackupsAreCountedByState) {
  EndedBackups ended;
  ended.Add(api::EncodeResource(Ended(api::BackupState::kSucceeded)));
  ended.Add(api::EncodeResource(Ended(api::BackupState::kSucceeded)));
  ended.Add(api::EncodeResource(Ended(api::BackupState::kFailed)));
  ended.Add(api::EncodeResource(api::testing::SampleRestore()));
  const std::string text = FormatMetrics({.ended = ended.totals()});
  EXPECT_THAT(text, HasSubstr("backup_requests_total{project_id=\"retail\",environment=\"prd\","
                              "state=\"Succeeded\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("state=\"Failed\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("backup_duration_seconds_sum{project_id=\"retail\","
                              "environment=\"prd\",state=\"Succeeded\"} 16\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE backup_requests_total counter\n"));
}

TEST(ServiceMetrics, FiguresOfTheServiceAndOfTheNewestBackups) {
  ServiceFacts service;
  service.waiting = {{"retail", 3}};
  service.running = 2;
  service.errors = {{"Unavailable", 7}};
  catalog::BackupRecord record;
  record.project_id = "retail";
  record.environment = "prd";
  record.database_bytes = 10;
  record.library_bytes = 20;
  record.timestamp = Time(std::chrono::seconds(1'762'698'600));
  const std::string text = FormatMetrics({.service = service, .last_succeeded = {record}});
  EXPECT_THAT(text, HasSubstr("semaphore_queue_depth{project_id=\"retail\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("lc2_requests_running 2\n"));
  EXPECT_THAT(text, HasSubstr("lc2_reconcile_errors_total{kind=\"Unavailable\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("backup_database_size_bytes{project_id=\"retail\",environment="
                              "\"prd\"} 10\n"));
  EXPECT_THAT(text,
              HasSubstr("backup_dl_size_bytes{project_id=\"retail\",environment=\"prd\"} 20"));
  EXPECT_THAT(text, HasSubstr("lc2_last_success_timestamp_seconds{project_id=\"retail\","
                              "environment=\"prd\"} 1762698600\n"));
}

TEST(ServiceMetrics, SchedulesSayHowOftenBackupsAreExpected) {
  const auto figures = [](const char* name, std::optional<std::chrono::seconds> interval) {
    return ScheduleFigures{.project_id = "retail",
                           .environment = "prd",
                           .schedule = name,
                           .expected_interval = interval,
                           .last_missed = {}};
  };
  MetricsInput input{.ended = {}, .service = {}, .last_succeeded = {}, .schedules = {}};
  input.schedules = {figures("weekly", std::chrono::days(7)),
                     figures("nightly", std::chrono::days(1)), figures("suspended", std::nullopt)};
  input.schedules[1].last_missed = Time(std::chrono::seconds(1'762'698'600));
  const std::string text = FormatMetrics(input);
  EXPECT_THAT(text, HasSubstr("lc2_expected_interval_seconds{project_id=\"retail\",environment="
                              "\"prd\"} 86400\n"));
  EXPECT_THAT(text, HasSubstr("lc2_schedule_last_missed_timestamp_seconds{project_id=\"retail\","
                              "environment=\"prd\",schedule=\"nightly\"} 1762698600\n"));
  EXPECT_EQ(text.find("weekly"), std::string::npos);
}

TEST(ServiceMetrics, NotificationsByTheStateThatTheyEntered) {
  NotificationTotals totals;
  const api::Delivery waits{.id = "a", .event = api::NotificationEvent::kDamaged};
  api::Delivery ends = waits;
  ends.state = api::DeliveryState::kDelivered;
  totals.Count({}, {waits});
  totals.Count({waits}, {waits});
  totals.Count({waits}, {ends});
  totals.Count({ends}, {ends});
  EXPECT_THAT(FormatMetrics({.notifications = totals.totals()}),
              HasSubstr("lc2_notifications_total{event=\"Damaged\",state=\"Delivered\"} 1\n"
                        "lc2_notifications_total{event=\"Damaged\",state=\"Pending\"} 1\n"));
}

TEST(ServiceMetrics, LabelsAreEscaped) {
  ServiceFacts service;
  service.waiting = {{"a\"b\\c\nd", 1}};
  const std::string text = FormatMetrics({.service = service});
  EXPECT_THAT(text, HasSubstr("{project_id=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

}  // namespace
}  // namespace lc2::control
