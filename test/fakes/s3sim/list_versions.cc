#include <algorithm>
#include <mutex>

#include "s3sim/call_internal.h"
#include "s3sim/list_rows_internal.h"
#include "s3sim/text_internal.h"

namespace lc2::s3sim {

namespace {

std::string VersionXml(const std::string& key, const Version& version, bool is_latest,
                       const ListNames& names) {
  const char* element = version.is_delete_marker ? "DeleteMarker" : "Version";
  std::string content = names.Text("Key", key) + Element("VersionId", VersionIdText(version.id)) +
                        Element("IsLatest", is_latest ? "true" : "false") +
                        Element("LastModified", XmlTime(version.modified));
  if (!version.is_delete_marker) {
    content += Element("ETag", version.tag.str()) +
               Element("Size", std::to_string(version.body.size())) +
               Element("StorageClass", NameOf(version.storage_class));
    if (version.checksum_kind != ChecksumKind::kNone) {
      content += Element("ChecksumAlgorithm", NameOf(version.checksum_kind));
    }
  }
  return "<" + std::string(element) + ">" + content + "</" + element + ">";
}

// A page that is being filled.
struct Page {
  std::string rows;
  std::int64_t left = 0;
  bool more = false;
  std::string last_key;
  std::string last_id;

  // Whether there was room.
  bool Add(std::string row, std::string key, std::string id) {
    if (left == 0) {
      more = true;
      return false;
    }
    --left;
    rows += row;
    last_key = std::move(key);
    last_id = std::move(id);
    return true;
  }
};

// The versions of one key, from behind the one of `after_id` on.
bool AddVersions(const Bucket& bucket, const std::string& key, const std::string& after_id,
                 const ListNames& names, Page& page) {
  const std::vector<const Version*> versions = bucket.VersionsOf(key);
  auto at = versions.begin();
  if (!after_id.empty()) {
    at = std::find_if(versions.begin(), versions.end(), [&](const Version* version) {
      return VersionIdText(version->id) == after_id;
    });
    if (at != versions.end()) ++at;
  }
  for (; at != versions.end(); ++at) {
    const bool is_latest = at == versions.begin();
    if (!page.Add(VersionXml(key, **at, is_latest, names), key, VersionIdText((*at)->id))) {
      return false;
    }
  }
  return true;
}

void Fill(const Bucket& bucket, const ListRange& range, const std::string& after_id,
          const ListNames& names, Page& page) {
  // The marker's own key is not finished where a version of it is named.
  if (!after_id.empty() && range.after.starts_with(range.prefix) &&
      !AddVersions(bucket, range.after, after_id, names, page)) {
    return;
  }
  ListCursor cursor(bucket.objects(), range);
  while (const auto row = cursor.Next(/*with_markers=*/true)) {
    const std::string name(row->name);
    const bool room =
        row->object == nullptr
            ? page.Add("<CommonPrefixes>" + names.Text("Prefix", name) + "</CommonPrefixes>", name,
                       "")
            : AddVersions(bucket, name, "", names, page);
    if (!room) return;
  }
}

}  // namespace

Answer ListVersions(const Call& call) {
  const S3Request& request = call.request;
  const auto most = NumberOf(request.QueryOr("max-keys", std::to_string(kLargestPage)));
  if (!most) return InvalidArgument("max-keys is a number");
  auto encoding = ListNamesOf(request);
  if (auto* refusal = std::get_if<Refusal>(&encoding)) return std::move(*refusal);
  const auto& names = std::get<ListNames>(encoding);
  const ListRange range{.prefix = request.QueryOr("prefix"),
                        .delimiter = request.QueryOr("delimiter"),
                        .after = request.QueryOr("key-marker")};
  const std::string after_id = request.QueryOr("version-id-marker");
  if (!after_id.empty() && range.after.empty()) {
    return InvalidArgument("a version-id-marker needs a key-marker");
  }
  Page page{.left = std::min(*most, kLargestPage)};
  {
    const std::lock_guard lock(call.state.mutex);
    const Bucket* bucket = call.state.Find(request.bucket);
    if (bucket == nullptr) return NoSuchBucket();
    Fill(*bucket, range, after_id, names, page);
  }
  std::string content = Element("Name", request.bucket) + names.Text("Prefix", range.prefix) +
                        names.Text("KeyMarker", range.after) +
                        Element("VersionIdMarker", after_id) + names.EncodingElement() +
                        Element("MaxKeys", std::to_string(*most)) +
                        Element("IsTruncated", page.more ? "true" : "false");
  if (!range.delimiter.empty()) content += names.Text("Delimiter", range.delimiter);
  if (page.more && *most > 0) {
    content += names.Text("NextKeyMarker", page.last_key);
    if (!page.last_id.empty()) content += Element("NextVersionIdMarker", page.last_id);
  }
  return XmlReply(MakeXml("ListVersionsResult", content + page.rows));
}

Answer ListUploads(const Call& call) {
  const S3Request& request = call.request;
  const auto most = NumberOf(request.QueryOr("max-uploads", std::to_string(kLargestPage)));
  if (!most) return InvalidArgument("max-uploads is a number");
  auto encoding = ListNamesOf(request);
  if (auto* refusal = std::get_if<Refusal>(&encoding)) return std::move(*refusal);
  const auto& names = std::get<ListNames>(encoding);
  const ListRange range{.prefix = request.QueryOr("prefix"),
                        .delimiter = request.QueryOr("delimiter"),
                        .after = request.QueryOr("key-marker")};
  const std::string after_id = request.QueryOr("upload-id-marker");
  Page page{.left = std::min(*most, kLargestPage)};
  std::string last_prefix;
  {
    const std::lock_guard lock(call.state.mutex);
    const Bucket* bucket = call.state.Find(request.bucket);
    if (bucket == nullptr) return NoSuchBucket();
    for (const auto& [name, upload] : bucket->uploads) {
      const auto& [key, id] = name;
      if (!key.starts_with(range.prefix) || key < range.after) continue;
      if (key == range.after && !range.after.empty() && (after_id.empty() || id <= after_id)) {
        continue;
      }
      const std::string common(CommonPrefixOf(key, range));
      if (!common.empty()) {
        if (common == last_prefix || (!range.after.empty() && common <= range.after)) continue;
        if (!page.Add("<CommonPrefixes>" + names.Text("Prefix", common) + "</CommonPrefixes>",
                      common, "")) {
          break;
        }
        last_prefix = common;
        continue;
      }
      const std::string row = "<Upload>" + names.Text("Key", key) + Element("UploadId", id) +
                              Element("Initiated", XmlTime(upload.initiated)) +
                              Element("StorageClass", NameOf(upload.storage_class)) + "</Upload>";
      if (!page.Add(row, key, id)) break;
    }
  }
  std::string content = Element("Bucket", request.bucket) + names.Text("KeyMarker", range.after) +
                        Element("UploadIdMarker", after_id) + names.Text("Prefix", range.prefix) +
                        names.EncodingElement() + Element("MaxUploads", std::to_string(*most)) +
                        Element("IsTruncated", page.more ? "true" : "false");
  if (page.more) {
    content +=
        names.Text("NextKeyMarker", page.last_key) + Element("NextUploadIdMarker", page.last_id);
  }
  return XmlReply(MakeXml("ListMultipartUploadsResult", content + page.rows));
}

}  // namespace lc2::s3sim
