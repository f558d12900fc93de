#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace lc2 {

// What a file system says to tell one state of a file from another. Two states of a file are taken
// for equal only if size and all of these agree.
struct FolderIdentity {
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  std::uint64_t inode = 0;
  std::uint64_t device = 0;
  auto operator<=>(const FolderIdentity&) const = default;
};

// A checksum of an object's bytes and who computed it.
struct Checksum {
  std::string alg;    // "sha256", "crc64nvme", ...
  std::string value;  // lower-case hex for sha256
  std::string by;     // "lc2" or "store"
  auto operator<=>(const Checksum&) const = default;
};

// One object: as a store lists it (first part), and as a backup holds it (both parts).
struct Entry {
  std::string key;
  std::int64_t size = 0;
  std::string etag;
  Time last_modified{};
  std::string source_version_id;
  std::optional<FolderIdentity> folder;  // only where the source is a folder

  std::optional<Checksum> checksum;
  std::string path;  // where the backup's copy lies, below the location's prefix
  std::string pool_version_id;
  std::optional<Time> locked_until;

  bool operator==(const Entry&) const = default;
};

// Where a reference comes from (domain.md 6.3).
enum class ReferenceSource { kDLFileVersion, kImage };

// An object that must exist because a database row says so.
struct Reference {
  std::string key;
  std::int64_t size = 0;
  std::int64_t row_id = 0;
  ReferenceSource source = ReferenceSource::kDLFileVersion;
  bool operator==(const Reference&) const = default;
};

}  // namespace lc2
