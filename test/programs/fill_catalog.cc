// Fills a catalogue with backups, for test/bars/safe.7 to list: fill_catalog FILE ENVIRONMENTS COUNT.
// The environments are "p000-prd", "p001-prd", ... of location "local"; each has the same number of
// backups, six hours apart. Of a hundred of them 3 failed, 2 were cancelled, 10 are deleted and 1
// waits for its deletion; every fifth was made by a schedule. The newest is of 2025-11-09T14:30:00Z.
#include <fmt/format.h>

#include <cstdlib>
#include <iostream>

#include "base/log.h"
#include "base/random.h"
#include "base/time_format.h"
#include "catalog/catalog.h"

namespace {

using lc2::catalog::BackupRecord;
using lc2::catalog::BackupState;

BackupState StateOf(std::int64_t number) {
  const std::int64_t one = number % 100;
  if (one < 3) return BackupState::kFailed;
  if (one < 5) return BackupState::kCancelled;
  if (one < 15) return BackupState::kDeleted;
  return one == 15 ? BackupState::kDeleting : BackupState::kSucceeded;
}

// "20251109-143000" of "2025-11-09T14:30:00Z".
std::string Stamp(lc2::Time time) {
  std::string digits;
  for (const char c : lc2::FormatRfc3339(time)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  return digits.substr(0, 8) + "-" + digits.substr(8, 6);
}

BackupRecord Make(lc2::Random& random, std::int64_t environment, std::int64_t number) {
  const lc2::Time newest = lc2::ParseRfc3339("2025-11-09T14:30:00Z").value();
  const lc2::Time made = newest - std::chrono::hours(6 * number) - std::chrono::seconds(environment);
  const std::string project = fmt::format("p{:03}", environment);
  const bool whole = StateOf(number) == BackupState::kSucceeded;
  BackupRecord record{.location = "local",
                      .project_id = project,
                      .environment = "prd",
                      .backup_id = fmt::format("{}-prd-backup-{}", project, Stamp(made)),
                      .run_id = random.Hex(16),
                      .state = StateOf(number),
                      .initiator = "alice@example",
                      .timestamp = made,
                      .completed_at = made + std::chrono::minutes(7),
                      .expires_at = made + std::chrono::hours(24 * 30)};
  if (!whole) return record;
  record.backup_type = number % 5 == 0 ? "automatic" : "manual";
  record.database_type = "dump";
  record.engine = "postgres";
  record.engine_version = "16.11";
  record.database_bytes = 48'535'150'182;
  record.object_count = 12'453;
  record.library_bytes = 135'078'812'160;
  record.level = "Ordered";
  record.references = 12'001;
  record.portable = true;
  record.manifest_path = fmt::format("{}/prd/{}/manifest.json", project, Stamp(made));
  return record;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: fill_catalog FILE ENVIRONMENTS COUNT\n";
    return 2;
  }
  const std::int64_t environments = std::atoll(argv[2]), count = std::atoll(argv[3]);
  const lc2::SystemClock clock;
  const lc2::Context ctx{clock};
  lc2::SeededRandom random(1);
  const auto catalog = lc2::catalog::Catalog::Open(ctx, argv[1]);
  if (!catalog.has_value()) {
    std::cerr << lc2::Describe(catalog.error()) << "\n";
    return 1;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const auto put = (*catalog)->Put(ctx, Make(random, i % environments, i / environments));
    if (put.has_value()) continue;
    std::cerr << lc2::Describe(put.error()) << "\n";
    return 1;
  }
  std::cout << count << " backups of " << environments << " environments\n";
  return 0;
}
