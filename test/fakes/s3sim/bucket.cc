#include "s3sim/bucket.h"

#include <algorithm>

namespace lc2::s3sim {

Version* Bucket::Current(std::string_view key) {
  Version* newest = Newest(key);
  return newest == nullptr || newest->is_delete_marker ? nullptr : newest;
}

Version* Bucket::Newest(std::string_view key) {
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : &found->second.current;
}

Version* Bucket::Find(std::string_view key, std::string_view version_id) {
  const auto found = objects_.find(key);
  if (found == objects_.end()) return nullptr;
  Object& object = found->second;
  if (VersionIdText(object.current.id) == version_id) return &object.current;
  if (object.older == nullptr) return nullptr;
  for (Version& version : *object.older) {
    if (VersionIdText(version.id) == version_id) return &version;
  }
  return nullptr;
}

std::vector<const Version*> Bucket::VersionsOf(std::string_view key) const {
  std::vector<const Version*> versions;
  const auto found = objects_.find(key);
  if (found == objects_.end()) return versions;
  versions.push_back(&found->second.current);
  if (const auto& older = found->second.older) {
    std::for_each(older->rbegin(), older->rend(),
                  [&](const Version& version) { versions.push_back(&version); });
  }
  return versions;
}

Version& Bucket::Put(const std::string& key, Version version, std::uint64_t next_id) {
  version.id = versioning == Versioning::kEnabled ? next_id : 0;
  if (versioning == Versioning::kSuspended) DropNullVersion(key);
  return Push(key, std::move(version));
}

const Version* Bucket::Delete(const std::string& key, Time now, std::uint64_t next_id) {
  if (versioning == Versioning::kNever) {
    objects_.erase(key);
    return nullptr;
  }
  Version marker;
  marker.modified = now;
  marker.is_delete_marker = true;
  marker.id = versioning == Versioning::kEnabled ? next_id : 0;
  if (versioning == Versioning::kSuspended) DropNullVersion(key);
  return &Push(key, std::move(marker));
}

bool Bucket::DeleteVersion(std::string_view key, std::string_view version_id) {
  const auto found = objects_.find(key);
  if (found == objects_.end()) return false;
  Object& object = found->second;
  if (VersionIdText(object.current.id) == version_id) {
    if (object.older == nullptr) {
      objects_.erase(found);
    } else {
      object.current = std::move(object.older->back());
      object.older->pop_back();
      if (object.older->empty()) object.older.reset();
    }
    return true;
  }
  if (object.older == nullptr) return false;
  const std::size_t gone = std::erase_if(*object.older, [&](const Version& version) {
    return VersionIdText(version.id) == version_id;
  });
  if (object.older->empty()) object.older.reset();
  return gone != 0;
}

Version& Bucket::Push(const std::string& key, Version version) {
  const auto [place, fresh] = objects_.try_emplace(key);
  Object& object = place->second;
  if (!fresh && versioning != Versioning::kNever) {
    if (object.older == nullptr) object.older = std::make_unique<std::vector<Version>>();
    object.older->push_back(std::move(object.current));
  }
  object.current = std::move(version);
  return object.current;
}

void Bucket::DropNullVersion(std::string_view key) { DeleteVersion(key, VersionIdText(0)); }

}  // namespace lc2::s3sim
