#include "vault/tracker.h"

#include <boost/json/object.hpp>

#include "base/time_format.h"
#include "vault/paths.h"

namespace lc2::vault {
namespace {

// Where an LCP tool finds the files: the plain copy where there is one, else the backup's folder.
std::string LibraryDirectory(const Manifest& manifest) {
  const LibraryFacts& library = manifest.document_library;
  const std::string folder = BackupFolder(manifest.env(), manifest.backup_id) + "/";
  if (library.layout != Layout::kFolder) return folder;
  if (!library.files.empty()) {
    const Entry& first = library.files.front();
    return first.path.substr(0, first.path.size() - first.key.size());
  }
  if (!library.index) return folder + "dl/";
  // "<folder>library/<attempt>/index.json" lies beside "<folder>dl/<attempt>/".
  const std::string& index = library.index->path;
  const std::size_t end = index.rfind('/');
  const std::size_t begin = index.rfind('/', end - 1);
  return folder + "dl" + index.substr(begin, end - begin + 1);
}

}  // namespace

std::string EncodeTracker(const Manifest& manifest) {
  const std::string& backup_type = manifest.lcp.backup_type;
  const std::string directory = LibraryDirectory(manifest);
  const std::string& uuid = manifest.run_id.str();
  codec::JsonObject json;
  json["backupId"] = manifest.backup_id.str();
  json["timestamp"] = FormatRfc3339(manifest.timestamp);
  // Description A.
  json["creationType"] = backup_type == "automatic" ? "auto" : backup_type;
  json["creator"] = manifest.initiator;
  json["status"] = "success";
  json["structure"] = manifest.lcp.storage_strategy;
  json["uuid"] = uuid;
  json["doclib"] = {{"directory", directory}, {"size", manifest.document_library.total_size_bytes}};
  // Description B.
  json["documentLibrary"] = {{"uuid", uuid}, {"path", directory}};
  if (const auto& dump = manifest.database.dump) {
    json["dbDump"] = {{"location", dump->path}, {"size", dump->size_bytes}};
    json["databaseDump"] = {{"uuid", uuid}, {"path", dump->path}};
  }
  json["lcp"] = {{"trackerFileVersion", manifest.lcp.tracker_file_version},
                 {"storageStrategy", manifest.lcp.storage_strategy},
                 {"backupType", backup_type}};
  return codec::CanonicalJson(json);
}

}  // namespace lc2::vault
