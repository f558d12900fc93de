#include <fmt/format.h>

#include <mutex>

#include "base/hash.h"
#include "codec/xml.h"
#include "s3sim/call_internal.h"
#include "s3sim/conditions_internal.h"
#include "s3sim/text_internal.h"
#include "s3sim/upload_headers_internal.h"

namespace lc2::s3sim {

namespace {

// A part as the client lists it.
struct Listed {
  int number = 0;
  std::string etag;
  std::vector<std::pair<ChecksumKind, std::string>> checksums;
};

std::variant<std::vector<Listed>, Refusal> PartsIn(const S3Request& request) {
  const auto root = codec::ParseXml(request.body);
  if (!root.has_value() || root->name != "CompleteMultipartUpload") return MalformedXml();
  std::vector<Listed> parts;
  for (const codec::XmlElement& child : root->children) {
    const auto number = NumberOf(child.TextOf("PartNumber"));
    if (child.name != "Part" || !number || *number < 1 || *number > kMostParts) {
      return MalformedXml();
    }
    if (!parts.empty() && *number <= parts.back().number) {
      return Refusal{400, "InvalidPartOrder", "the parts are not in ascending order"};
    }
    Listed part{.number = static_cast<int>(*number), .etag = child.TextOf("ETag")};
    for (const ChecksumKind kind : kChecksumKinds) {
      const auto* element = child.Find("Checksum" + std::string(NameOf(kind)));
      if (element != nullptr) part.checksums.emplace_back(kind, element->text);
    }
    parts.push_back(std::move(part));
  }
  if (parts.empty()) return MalformedXml();
  return parts;
}

Refusal InvalidPart(const Listed& part) {
  return {400,
          "InvalidPart",
          "a part was not uploaded, or has another tag or checksum",
          {{"PartNumber", std::to_string(part.number)}, {"ETag", part.etag}}};
}

// The object that the listed parts make. Digests of parts are small, so this is quick.
std::variant<Version, Refusal> Assemble(const Upload& upload, const std::vector<Listed>& listed) {
  std::vector<Body> bodies;
  std::vector<Md5Digest> tags;
  std::vector<std::string> checksums;
  std::string whole;
  for (const Listed& one : listed) {
    const auto found = upload.parts.find(one.number);
    if (found == upload.parts.end()) return InvalidPart(one);
    const Part& part = found->second;
    if (!Names(one.etag, EntityTag{part.md5, 0})) return InvalidPart(one);
    for (const auto& [kind, text] : one.checksums) {
      if (kind == upload.checksum_kind && text != Base64(part.checksum)) return InvalidPart(one);
    }
    if (&one != &listed.back() && part.body.size() < kSmallestPart) {
      return Refusal{400,
                     "EntityTooSmall",
                     "a part but the last has less than 5 MiB",
                     {{"PartNumber", std::to_string(one.number)},
                      {"ProposedSize", std::to_string(part.body.size())},
                      {"MinSizeAllowed", std::to_string(kSmallestPart)}}};
    }
    if (!upload.checksum_is_composite) {
      whole = whole.empty()
                  ? part.checksum
                  : CombinedCrc(upload.checksum_kind, whole, part.checksum, part.body.size());
    }
    bodies.push_back(part.body);
    tags.push_back(part.md5);
    checksums.push_back(part.checksum);
  }
  Version version;
  version.body = Body::Joined(std::move(bodies));
  version.attributes = upload.attributes;
  version.tag = EntityTagOfParts(tags);
  version.lock = upload.lock;
  version.storage_class = upload.storage_class;
  if (upload.checksum_is_composite) whole = CompositeChecksum(upload.checksum_kind, checksums);
  version.set_checksum(upload.checksum_kind, whole, upload.checksum_is_composite);
  return version;
}

// What the headers say of the whole.
std::optional<Refusal> CheckWhole(const S3Request& request, const Version& version) {
  const auto [kind, text] = SentChecksum(request);
  if (kind != ChecksumKind::kNone) {
    if (kind != version.checksum_kind) {
      return InvalidRequest("the checksum is of another kind than that of the upload");
    }
    const std::string expected = version.checksum_text();
    // A composite one may come without its number of parts.
    if (text != expected && text != expected.substr(0, expected.find('-'))) {
      return Refusal{400, "BadDigest", "the checksum is not that of the whole object"};
    }
  }
  const std::string* type = request.Header("x-amz-checksum-type");
  if (type != nullptr && *type != (version.checksum_is_composite ? "COMPOSITE" : "FULL_OBJECT")) {
    return InvalidRequest("the checksum is of another type than that of the upload");
  }
  const std::string* size = request.Header("x-amz-mp-object-size");
  if (size != nullptr && NumberOf(*size) != version.body.size()) {
    return InvalidRequest("x-amz-mp-object-size is not the size of the parts");
  }
  return std::nullopt;
}

}  // namespace

Answer CompleteUpload(const Call& call) {
  const S3Request& request = call.request;
  const auto listed = PartsIn(request);
  if (const auto* refusal = std::get_if<Refusal>(&listed)) return *refusal;

  const std::lock_guard lock(call.state.mutex);
  Bucket* bucket = call.state.Find(request.bucket);
  if (bucket == nullptr) return NoSuchBucket();
  const auto upload = bucket->uploads.find({request.key, request.QueryOr("uploadId")});
  if (upload == bucket->uploads.end()) return NoSuchUpload();
  auto assembled = Assemble(upload->second, std::get<std::vector<Listed>>(listed));
  if (auto* refusal = std::get_if<Refusal>(&assembled)) return std::move(*refusal);
  auto& version = std::get<Version>(assembled);
  if (auto refusal = CheckWhole(request, version)) return *std::move(refusal);
  // The upload outlives a condition that does not hold.
  if (auto refusal = CheckWriteConditions(request, bucket->Current(request.key))) {
    return *std::move(refusal);
  }
  version.modified = call.now;
  bucket->uploads.erase(upload);
  const Version& put = bucket->Put(request.key, std::move(version), ++call.state.last_id);
  Reply reply = XmlReply(MakeXml(
      "CompleteMultipartUploadResult",
      Element("Location",
              fmt::format("http://{}/{}/{}", request.host, request.bucket, request.key)) +
          Element("Bucket", request.bucket) + Element("Key", request.key) + DescribeInXml(put)));
  Describe(put, *bucket, reply);
  std::erase_if(reply.headers, [](const net::HttpHeader& one) { return one.name == "etag"; });
  return reply;
}

}  // namespace lc2::s3sim
