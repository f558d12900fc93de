#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "s3sim/object.h"

namespace lc2::s3sim {

enum class Versioning { kNever, kEnabled, kSuspended };

// What a new version gets that asks for no lock of its own.
struct DefaultRetention {
  LockMode mode = LockMode::kNone;
  int days = 0;
};

struct Part {
  Body body;
  Md5Digest md5{};
  std::string checksum;  // of the upload's kind; "" where it has none
  Time modified{};
};

// A multipart upload that is under way.
struct Upload {
  Attributes attributes;
  Time initiated{};
  Lock lock;
  StorageClass storage_class = StorageClass::kStandard;
  ChecksumKind checksum_kind = ChecksumKind::kNone;
  bool checksum_is_composite = false;
  std::map<int, Part> parts;
};

// Objects by key, in the order of the keys' bytes. Pure state: what a request means is decided
// elsewhere. Not thread-safe.
class Bucket {
 public:
  std::string region;
  Time created{};
  Versioning versioning = Versioning::kNever;
  bool lock_enabled = false;
  DefaultRetention default_retention;
  std::string lifecycle;  // its XML, as it was put; "": none

  using Objects = std::map<std::string, Object, std::less<>>;
  using Uploads = std::map<std::pair<std::string, std::string>, Upload>;  // by key and upload id

  const Objects& objects() const { return objects_; }
  Uploads uploads;

  // The version that a request without version id sees; null if there is none or it is a marker.
  Version* Current(std::string_view key);
  // The newest, a delete marker too; null if there is none.
  Version* Newest(std::string_view key);
  // The one of this id, a delete marker too; "null" as well. Null if there is none.
  Version* Find(std::string_view key, std::string_view version_id);
  // Newest first, delete markers among them.
  std::vector<const Version*> VersionsOf(std::string_view key) const;

  // Makes `version` the current one, as the bucket's versioning has it; gives it its id.
  Version& Put(const std::string& key, Version version, std::uint64_t next_id);
  // Without a version id: the object goes, or a delete marker comes, which is returned then.
  const Version* Delete(const std::string& key, Time now, std::uint64_t next_id);
  // One version goes for good. Whether it was there.
  bool DeleteVersion(std::string_view key, std::string_view version_id);

 private:
  Version& Push(const std::string& key, Version version);
  void DropNullVersion(std::string_view key);

  Objects objects_;
};

}  // namespace lc2::s3sim
