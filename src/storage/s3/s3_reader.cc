#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <future>
#include <utility>

#include "storage/byte_range.h"
#include "storage/s3/s3_place_internal.h"

namespace lc2::storage {

namespace {

namespace aws = cloud::aws;

constexpr std::size_t kAhead = 2;  // parts that are read before they are wanted
constexpr int kTries = 3;          // of a part that came with another length

Error Changed(const std::string& key, const S3Place& place) {
  return Error{
      .kind = ErrorKind::kConflict,
      .code = "store.changed",
      .message = fmt::format("'{}' in {} is another object by now, or none", key, place.name())};
}

// Reads an object part by part; each must be of the state that the first was of.
class S3Reader final : public ObjectReader {
 public:
  S3Reader(const Context& ctx, S3Place& place, std::string key, std::string version)
      : ctx_(ctx), place_(place), key_(std::move(key)), version_(std::move(version)) {}
  // Completions of parts on their way use this object.
  ~S3Reader() override {
    for (Part& part : parts_) part.answer.wait();
  }

  // The first part tells what the object is.
  Result<void> Open(const std::optional<ByteRange>& wanted) {
    const ByteRange first{.offset = wanted ? wanted->offset : 0,
                          .length = wanted ? std::min(wanted->length, part_bytes()) : part_bytes()};
    // What has no length cannot be asked for.
    if (first.offset < 0 || first.length <= 0) return BadRange(wanted);
    auto response = place_.client().Call(ctx_, CallFor(first));
    if (!response.has_value()) {
      const Error& error = response.error();
      const bool beyond = error.provider && error.provider->http_status == 416;
      return beyond ? BadRange(wanted) : std::move(response).error();
    }
    LC2_ASSIGN_OR_RETURN(head_, aws::ReadObjectHead(*response));
    LC2_ASSIGN_OR_RETURN(const ByteRange range, ResolveRange(wanted, head_.size, key_));
    next_ = range.offset;
    end_ = range.offset + range.length;
    const std::int64_t length = std::min(first.length, end_ - next_);
    if (static_cast<std::int64_t>(response->body.size()) != length) return WrongLength();
    buffer_ = std::move(response->body);
    next_ += length;
    return {};
  }

  Result<std::size_t> Read(std::span<char> buffer) override {
    // An error stays: the next part in its place would hide the one that failed.
    if (failed_) return *failed_;
    while (at_ == buffer_.size()) {
      Ask();
      if (parts_.empty()) return std::size_t{0};
      auto part = Take();
      if (!part.has_value()) {
        failed_ = part.error();
        return *failed_;
      }
      buffer_ = std::move(part).value();
      at_ = 0;
    }
    Ask();
    const std::size_t count = std::min(buffer.size(), buffer_.size() - at_);
    std::copy_n(buffer_.data() + at_, count, buffer.data());
    at_ += count;
    return count;
  }

  Result<ObjectFacts> CurrentFacts() override {
    auto response = place_.client().Call(ctx_, aws::HeadObjectCall(place_.Full(key_), version_));
    if (!response.has_value()) {
      if (response.error().kind == ErrorKind::kNotFound) return Changed(key_, place_);
      return std::move(response).error();
    }
    LC2_ASSIGN_OR_RETURN(const aws::ObjectHead now, aws::ReadObjectHead(*response));
    if (now.etag != head_.etag || now.version != head_.version || now.size != head_.size ||
        now.last_modified != head_.last_modified) {
      return Changed(key_, place_);
    }
    return FactsOf(now);
  }

 private:
  struct Part {
    ByteRange range;
    std::future<Result<net::HttpResponse>> answer;
  };

  std::int64_t part_bytes() const { return place_.options().part_bytes; }

  // Where a part may not start beyond the end, one of an empty object may not start at all.
  Result<void> BadRange(const std::optional<ByteRange>& wanted) {
    LC2_ASSIGN_OR_RETURN(
        const net::HttpResponse response,
        place_.client().Call(ctx_, aws::HeadObjectCall(place_.Full(key_), version_)));
    LC2_ASSIGN_OR_RETURN(head_, aws::ReadObjectHead(response));
    LC2_ASSIGN_OR_RETURN(const ByteRange range, ResolveRange(wanted, head_.size, key_));
    next_ = range.offset;
    end_ = range.offset + range.length;
    return {};
  }

  // The etag guards what was not asked for by its version, which takes another permission.
  aws::S3Call CallFor(const ByteRange& range) const {
    return aws::GetObjectCall({.key = place_.Full(key_),
                               .version = version_,
                               .range = {{range.offset, range.length}},
                               .if_match = head_.etag,
                               .limit = range.length});
  }

  std::future<Result<net::HttpResponse>> Fetch(const ByteRange& range) {
    const auto promise = std::make_shared<std::promise<Result<net::HttpResponse>>>();
    auto answer = promise->get_future();
    place_.client().Submit(ctx_, CallFor(range), [promise](Result<net::HttpResponse> outcome) {
      promise->set_value(std::move(outcome));
    });
    return answer;
  }

  void Ask() {
    while (next_ < end_ && parts_.size() < kAhead) {
      const ByteRange range{.offset = next_, .length = std::min(part_bytes(), end_ - next_)};
      parts_.push_back({range, Fetch(range)});
      next_ += range.length;
    }
  }

  Result<std::string> Take() {
    Part part = std::move(parts_.front());
    parts_.pop_front();
    for (int left = kTries;; --left) {
      auto response = part.answer.get();
      if (!response.has_value()) {
        if (response.error().kind == ErrorKind::kConflict) return Changed(key_, place_);
        return std::move(response).error();
      }
      if (static_cast<std::int64_t>(response->body.size()) == part.range.length) {
        return std::move(response->body);
      }
      if (left <= 1) return WrongLength();
      part.answer = Fetch(part.range);
    }
  }

  Error WrongLength() const {
    return Error{.kind = ErrorKind::kUnavailable,
                 .code = "s3.bad_answer",
                 .message = fmt::format("a part of '{}' in {} came with another length than it has",
                                        key_, place_.name())};
  }

  const Context ctx_;
  S3Place& place_;
  const std::string key_;
  const std::string version_;  // that was asked for
  aws::ObjectHead head_;
  std::int64_t next_ = 0;  // the first byte that nobody has asked for
  std::int64_t end_ = 0;
  std::string buffer_;
  std::size_t at_ = 0;  // in the buffer
  std::deque<Part> parts_;
  std::optional<Error> failed_;
};

}  // namespace

Result<std::unique_ptr<ObjectReader>> OpenS3Reader(const Context& ctx, S3Place& place,
                                                   const std::string& key,
                                                   std::optional<ByteRange> range,
                                                   const std::string& version) {
  auto reader = std::make_unique<S3Reader>(ctx, place, key, version);
  LC2_RETURN_IF_ERROR(reader->Open(range));
  return std::unique_ptr<ObjectReader>(std::move(reader));
}

}  // namespace lc2::storage
