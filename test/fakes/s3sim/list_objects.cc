#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "base/hash.h"
#include "s3sim/call_internal.h"
#include "s3sim/list_rows_internal.h"
#include "s3sim/list_token_internal.h"
#include "s3sim/text_internal.h"

namespace lc2::s3sim {

std::string TokenText(const ListToken& token) {
  return Base64(fmt::format("t{}:{}{}", token.after.size(), token.after, token.before));
}

std::optional<ListToken> ParseToken(std::string_view text) {
  const auto bytes = ParseBase64(text);
  if (!bytes.has_value() || !bytes->starts_with('t')) return std::nullopt;
  const std::size_t colon = bytes->find(':');
  if (colon == std::string::npos) return std::nullopt;
  const auto size = NumberOf(std::string_view(*bytes).substr(1, colon - 1));
  if (!size || static_cast<std::size_t>(*size) > bytes->size() - colon - 1) return std::nullopt;
  const auto length = static_cast<std::size_t>(*size);
  return ListToken{bytes->substr(colon + 1, length), bytes->substr(colon + 1 + length)};
}

namespace {

void AppendObject(std::string& xml, const std::string& key, const Version& version,
                  const ListNames& names) {
  // By the million, so nothing that formats is called but once.
  xml += "<Contents><Key>";
  xml += names.Show(key);
  xml += "</Key><LastModified>";
  xml += XmlTime(version.modified);
  xml += "</LastModified><ETag>&quot;";
  const std::string tag = version.tag.str();
  xml.append(tag, 1, tag.size() - 2);
  xml += "&quot;</ETag>";
  if (version.checksum_kind != ChecksumKind::kNone) {
    xml += "<ChecksumAlgorithm>";
    xml += NameOf(version.checksum_kind);
    xml += "</ChecksumAlgorithm><ChecksumType>";
    xml += version.checksum_is_composite ? "COMPOSITE" : "FULL_OBJECT";
    xml += "</ChecksumType>";
  }
  xml += "<Size>";
  xml += std::to_string(version.body.size());
  xml += "</Size><StorageClass>";
  xml += NameOf(version.storage_class);
  xml += "</StorageClass></Contents>";
}

struct Query {
  ListRange range;
  ListNames names;
  std::int64_t max_keys = kLargestPage;
  std::string before;  // where the page before began
};

std::variant<Query, Refusal> QueryOf(const S3Request& request) {
  const auto most = NumberOf(request.QueryOr("max-keys", std::to_string(kLargestPage)));
  if (!most) return InvalidArgument("max-keys is a number");
  auto names = ListNamesOf(request);
  if (auto* refusal = std::get_if<Refusal>(&names)) return std::move(*refusal);
  Query query{.range = {.prefix = request.QueryOr("prefix"),
                        .delimiter = request.QueryOr("delimiter"),
                        .after = request.QueryOr("start-after")},
              .names = std::get<ListNames>(names),
              .max_keys = *most};
  if (const std::string* text = request.Query("continuation-token")) {
    const auto token = ParseToken(*text);
    if (!token) return InvalidArgument("the continuation token is none of ours");
    query.range.after = token->after;
    query.before = token->before;
  }
  return query;
}

}  // namespace

Answer ListObjects(const Call& call) {
  const S3Request& request = call.request;
  auto read = QueryOf(request);
  if (auto* refusal = std::get_if<Refusal>(&read)) return std::move(*refusal);
  const auto& query = std::get<Query>(read);
  const ListNames& names = query.names;
  const std::int64_t page = std::min(query.max_keys, kLargestPage);

  std::string rows;
  rows.reserve(static_cast<std::size_t>(page) * 300);
  std::int64_t count = 0;
  ListCursor::Row last;
  bool more = false;
  {
    const std::lock_guard lock(call.state.mutex);
    const Bucket* bucket = call.state.Find(request.bucket);
    if (bucket == nullptr) return NoSuchBucket();
    ListCursor cursor(bucket->objects(), query.range);
    while (const auto row = cursor.Next(/*with_markers=*/false)) {
      if (count == page) {
        more = page > 0;
        break;
      }
      ++count;
      last = *row;
      if (row->object != nullptr) {
        AppendObject(rows, std::string(row->name), row->object->current, names);
      } else {
        rows += "<CommonPrefixes>" + names.Text("Prefix", row->name) + "</CommonPrefixes>";
      }
    }
  }
  std::string content = Element("Name", request.bucket) + names.Text("Prefix", query.range.prefix);
  if (!query.range.delimiter.empty()) content += names.Text("Delimiter", query.range.delimiter);
  if (request.Query("start-after") != nullptr) {
    content += names.Text("StartAfter", request.QueryOr("start-after"));
  }
  if (const std::string* token = request.Query("continuation-token")) {
    content += Element("ContinuationToken", *token);
  }
  content += names.EncodingElement() + Element("MaxKeys", std::to_string(query.max_keys)) +
             Element("KeyCount", std::to_string(count)) +
             Element("IsTruncated", more ? "true" : "false");
  if (more) {
    content +=
        Element("NextContinuationToken", TokenText({std::string(last.name), query.range.after}));
  }
  return XmlReply(MakeXml("ListBucketResult", content + rows));
}

}  // namespace lc2::s3sim
