#pragma once

#include <string>
#include <vector>

#include "catalog/record.h"
#include "cli/output.h"
#include "codec/json.h"

namespace lc2::cli {

// A backup as lists print it: the catalogue's record, with `metadata`, `spec` and `status` where
// a BackupRequest has them, so that one jq path fits both (`.status.state`, `.status.backupId`).
codec::Json ShowBackup(const catalog::BackupRecord& record);

// All formats; `next_cursor` is told by JSON and YAML only (as `nextCursor`).
std::string RenderBackups(const std::vector<catalog::BackupRecord>& records,
                          const std::string& next_cursor, OutputFormat format, Time now);
std::string RenderBackup(const catalog::BackupRecord& record, OutputFormat format, Time now);

}  // namespace lc2::cli
