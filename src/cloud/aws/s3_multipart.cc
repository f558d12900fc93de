#include "cloud/aws/s3_multipart.h"

#include <fmt/core.h>

#include "base/time_format.h"
#include "codec/xml.h"
#include "net/percent.h"

namespace lc2::cloud::aws {

namespace {

Error BadAnswer(std::string_view what) {
  return Error{.kind = ErrorKind::kUnavailable,
               .code = "s3.bad_answer",
               .message = fmt::format("what S3 says of an upload cannot be read: {}", what)};
}

S3Call PartCall(const std::string& key, const std::string& upload, int number) {
  return {.method = "PUT",
          .key = key,
          .query = {{"partNumber", std::to_string(number)}, {"uploadId", upload}},
          .what = fmt::format("write part {} of object '{}'", number, key)};
}

Result<codec::XmlElement> ResultOf(const net::HttpResponse& response, std::string_view what) {
  auto result = codec::ParseXml(response.body);
  if (!result.has_value()) return BadAnswer(what);
  return result;
}

// Names are encoded where the answer says so.
std::string Name(const codec::XmlElement& page, std::string text) {
  if (page.TextOf("EncodingType") != "url") return text;
  auto decoded = net::FormDecode(text);
  return decoded.has_value() ? std::move(decoded).value() : text;
}

}  // namespace

S3Call CreateUploadCall(const std::string& key, const ObjectTraits& traits, bool checksum) {
  S3Call call{.method = "POST",
              .key = key,
              .query = {{"uploads", std::nullopt}},
              .headers = HeadersOf(traits),
              .what = fmt::format("begin to write object '{}'", key),
              .promised = S3Body::kResult,
              .repeatable = false};
  if (checksum) {
    call.headers.push_back({"x-amz-checksum-algorithm", "CRC64NVME"});
    call.headers.push_back({"x-amz-checksum-type", "FULL_OBJECT"});
  }
  return call;
}

Result<std::string> ReadUploadId(const net::HttpResponse& response) {
  LC2_ASSIGN_OR_RETURN(const codec::XmlElement result, ResultOf(response, "its id"));
  std::string id = result.TextOf("UploadId");
  if (id.empty()) return BadAnswer("it has no id");
  return id;
}

S3Call UploadPartCall(const std::string& key, const std::string& upload, int number,
                      std::string body, const std::string& checksum) {
  S3Call call = PartCall(key, upload, number);
  if (!checksum.empty()) call.headers.push_back({"x-amz-checksum-crc64nvme", checksum});
  call.body = std::move(body);
  return call;
}

UploadedPart ReadPart(const net::HttpResponse& response, int number) {
  const WrittenObject written = ReadPut(response);
  const auto checksum = written.checksums.find("crc64nvme");
  return {.number = number,
          .etag = written.etag,
          .checksum = checksum == written.checksums.end() ? "" : checksum->second};
}

S3Call CopyPartCall(const std::string& key, const std::string& upload, int number,
                    const PartSource& source) {
  S3Call call = PartCall(key, upload, number);
  call.promised = S3Body::kResult;
  call.headers = {{"x-amz-copy-source", CopySource(source.bucket, source.key, source.version)},
                  {"x-amz-copy-source-range",
                   fmt::format("bytes={}-{}", source.first, source.first + source.count - 1)}};
  if (!source.etag.empty()) call.headers.push_back({"x-amz-copy-source-if-match", source.etag});
  return call;
}

Result<UploadedPart> ReadCopiedPart(const net::HttpResponse& response, int number) {
  LC2_ASSIGN_OR_RETURN(const codec::XmlElement result, ResultOf(response, "a copied part"));
  UploadedPart part{.number = number,
                    .etag = result.TextOf("ETag"),
                    .checksum = result.TextOf("ChecksumCRC64NVME")};
  if (part.etag.empty()) return BadAnswer("a copied part has no etag");
  return part;
}

S3Call CompleteUploadCall(const std::string& key, const std::string& upload,
                          const std::vector<UploadedPart>& parts, std::int64_t size,
                          const std::string& checksum, bool create_only) {
  S3Call call{.method = "POST",
              .key = key,
              .query = {{"uploadId", upload}},
              .headers = {{"content-type", "application/xml"},
                          {"x-amz-mp-object-size", std::to_string(size)}},
              .what = fmt::format("put object '{}' together", key),
              .promised = S3Body::kResult,
              .create_only = create_only};
  if (create_only) call.headers.push_back({"if-none-match", "*"});
  if (!checksum.empty()) {
    call.headers.push_back({"x-amz-checksum-crc64nvme", checksum});
    call.headers.push_back({"x-amz-checksum-type", "FULL_OBJECT"});
  }
  call.body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (const UploadedPart& part : parts) {
    // An etag is hex digits in quotes, which stand for themselves.
    call.body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag>", part.number,
                             codec::XmlText(part.etag).value_or(""));
    if (!checksum.empty() && !part.checksum.empty()) {
      call.body += fmt::format("<ChecksumCRC64NVME>{}</ChecksumCRC64NVME>", part.checksum);
    }
    call.body += "</Part>";
  }
  call.body += "</CompleteMultipartUpload>";
  // The service may need minutes; it sends spaces meanwhile.
  call.limits.total = std::chrono::minutes(15);
  return call;
}

Result<WrittenObject> ReadCompleted(const net::HttpResponse& response) {
  LC2_ASSIGN_OR_RETURN(const codec::XmlElement result, ResultOf(response, "its result"));
  WrittenObject written = ReadPut(response);
  written.etag = result.TextOf("ETag");
  if (written.etag.empty()) return BadAnswer("its object has no etag");
  if (const std::string crc = result.TextOf("ChecksumCRC64NVME"); !crc.empty()) {
    written.checksums["crc64nvme"] = crc;
  }
  return written;
}

S3Call AbortUploadCall(const std::string& key, const std::string& upload) {
  return {.method = "DELETE",
          .key = key,
          .query = {{"uploadId", upload}},
          .what = fmt::format("give up writing object '{}'", key)};
}

S3Call ListUploadsCall(const std::string& prefix, const std::string& key_marker,
                       const std::string& upload_marker) {
  S3Call call{.query = {{"uploads", std::nullopt}, {"encoding-type", "url"}},
              .what = fmt::format("list the uploads below '{}'", prefix),
              .promised = S3Body::kResult};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) call.query.push_back({name, value});
  };
  add("prefix", prefix);
  add("key-marker", key_marker);
  add("upload-id-marker", upload_marker);
  return call;
}

Result<UploadPage> ReadUploadPage(const net::HttpResponse& response) {
  LC2_ASSIGN_OR_RETURN(const codec::XmlElement page, ResultOf(response, "the list of uploads"));
  UploadPage read;
  for (const codec::XmlElement& child : page.children) {
    if (child.name != "Upload") continue;
    const auto initiated = ParseRfc3339(child.TextOf("Initiated"));
    Upload upload{.key = Name(page, child.TextOf("Key")), .id = child.TextOf("UploadId")};
    if (upload.key.empty() || upload.id.empty() || !initiated.has_value()) {
      return BadAnswer("one of them has no key, id or time");
    }
    upload.initiated = *initiated;
    read.uploads.push_back(std::move(upload));
  }
  if (page.TextOf("IsTruncated") != "true") return read;
  read.next_key = Name(page, page.TextOf("NextKeyMarker"));
  read.next_upload = page.TextOf("NextUploadIdMarker");
  if (read.next_key.empty()) return BadAnswer("more follow, but not where");
  return read;
}

}  // namespace lc2::cloud::aws
