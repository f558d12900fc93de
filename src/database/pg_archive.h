#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lc2::database {

// What a whole archive held.
struct ArchiveFacts {
  std::string format_version;  // "1.14"
  std::string server_version;  // as the archive says
  std::string tool_version;
  std::string database;
  std::int64_t entries = 0;       // of the table of contents
  std::int64_t data_entries = 0;  // of those, with data
  std::int64_t large_objects = 0;
  std::int64_t raw_bytes = 0;
};

// Follows a custom-format archive of pg_dump (-Fc, format versions 1.12 to 1.16) as it streams past
// and proves that it is whole: head and table of contents are well formed, each entry that has data
// has exactly one data block, every block runs to its end marker, and nothing follows the last one.
// Constant memory but for the table of contents' numbers. Data bytes are skipped, not looked at.
//
// The format is that of PostgreSQL's src/bin/pg_dump/pg_backup_archiver.{h,c} and
// pg_backup_custom.c; docs of it exist nowhere else.
class ArchiveChecker {
 public:
  ArchiveChecker();
  ~ArchiveChecker();
  // Returns how many of these bytes belong to the head: everything before the first data.
  // Errors: kCorrupt "database.bad_archive" with the offset, as soon as it is clear.
  Result<std::size_t> Consume(std::string_view bytes);
  // The table of contents has not ended yet.
  bool in_head() const;
  // The stream is over: the facts, or kCorrupt "database.dump_incomplete" naming what is missing.
  Result<ArchiveFacts> Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Follows a plain dump: only its last 4 KiB matter (domain.md 6.4: the end comment, which newer
// versions let a line "\unrestrict ..." follow).
class PlainDumpChecker {
 public:
  void Consume(std::string_view bytes);
  // kCorrupt "database.dump_incomplete" unless pg_dump's end comment was the last comment.
  Result<void> Finish() const;

 private:
  std::string tail_;
};

}  // namespace lc2::database
