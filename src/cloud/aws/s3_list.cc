#include "cloud/aws/s3_list.h"

#include <charconv>
#include <optional>

#include "base/time_format.h"
#include "codec/xml.h"
#include "net/percent.h"

namespace lc2::cloud::aws {

namespace {

Error BadPage(std::string why) {
  return Error{.kind = ErrorKind::kUnavailable,
               .code = "s3.bad_page",
               .message = "a page of a bucket's listing cannot be read: " + std::move(why)};
}

std::optional<std::int64_t> SizeOf(std::string_view text) {
  std::int64_t size = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (failed != std::errc() || end != text.data() + text.size() || size < 0) return std::nullopt;
  return size;
}

// Fills a page as it is read; a name counts where it stands.
class PageReader final : public codec::XmlHandler {
 public:
  void Begin(std::string_view name) override {
    ++depth_;
    if (depth_ == 1 && name != "ListBucketResult") Fail("it is no listing");
    if (depth_ != 2) return;
    inside_ = name == "Contents" ? Inside::kObject
                                 : (name == "CommonPrefixes" ? Inside::kPrefix : Inside::kNothing);
    if (inside_ == Inside::kObject) page_.objects.emplace_back();
  }

  void End(std::string_view name, std::string_view text) override {
    if (depth_ == 2) OfPage(name, text);
    if (depth_ == 3 && inside_ == Inside::kObject) OfObject(name, text, page_.objects.back());
    if (depth_ == 3 && inside_ == Inside::kPrefix && name == "Prefix") {
      page_.common_prefixes.emplace_back(text);
    }
    --depth_;
  }

  Result<ListPage> Finish() {
    if (problem_) return BadPage(*problem_);
    if (truncated_ && page_.next_token.empty()) return BadPage("more follow, but not where");
    if (!truncated_) page_.next_token.clear();
    for (ListedObject& object : page_.objects) {
      if (!Decode(object.key) || object.key.empty()) return BadPage("an object has no key");
    }
    for (std::string& prefix : page_.common_prefixes) {
      if (!Decode(prefix)) return BadPage("a prefix is not encoded as it says");
    }
    return std::move(page_);
  }

 private:
  enum class Inside { kNothing, kObject, kPrefix };

  void Fail(std::string problem) {
    if (!problem_) problem_ = std::move(problem);
  }

  void OfPage(std::string_view name, std::string_view text) {
    if (name == "IsTruncated") truncated_ = text == "true";
    if (name == "NextContinuationToken") page_.next_token = text;
    if (name == "ContinuationToken") page_.token = text;
    if (name == "EncodingType") encoded_ = text == "url";
  }

  void OfObject(std::string_view name, std::string_view text, ListedObject& object) {
    if (name == "Key") {
      object.key = text;
    } else if (name == "Size") {
      const std::optional<std::int64_t> size = SizeOf(text);
      if (!size) return Fail("an object has no size");
      object.size = *size;
    } else if (name == "LastModified") {
      const Result<Time> time = ParseRfc3339(text);
      if (!time.has_value()) return Fail("an object has no time");
      object.last_modified = *time;
    } else if (name == "ETag") {
      object.etag = text;
    } else if (name == "StorageClass") {
      object.storage_class = text;
    }
  }

  // Some services do not encode, whatever they are asked for; they do not say that they did.
  bool Decode(std::string& text) const {
    if (!encoded_) return true;
    auto decoded = net::FormDecode(text);
    if (!decoded.has_value()) return false;
    text = std::move(decoded).value();
    return true;
  }

  ListPage page_;
  int depth_ = 0;
  Inside inside_ = Inside::kNothing;
  bool truncated_ = false;
  bool encoded_ = false;
  std::optional<std::string> problem_;
};

}  // namespace

S3Call ListCall(const ListQuery& query) {
  S3Call call{.what = "list what lies below '" + query.prefix + "'"};
  // A page of 1,000 keys of 1,024 bytes, three characters each.
  call.limits.max_response_bytes = codec::kMaxXmlBytes;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) call.query.push_back({name, value});
  };
  add("list-type", "2");
  add("encoding-type", "url");
  add("max-keys", std::to_string(query.max_keys));
  add("prefix", query.prefix);
  add("delimiter", query.delimiter);
  add("continuation-token", query.continuation_token);
  if (query.continuation_token.empty()) add("start-after", query.start_after);
  return call;
}

Result<ListPage> ParseListPage(std::string_view body) {
  PageReader reader;
  const Result<void> read = codec::ReadXml(body, reader);
  if (!read.has_value()) return BadPage(read.error().message);
  return reader.Finish();
}

}  // namespace lc2::cloud::aws
