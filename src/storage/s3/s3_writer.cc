#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <future>
#include <utility>

#include "base/crc.h"
#include "cloud/aws/s3_multipart.h"
#include "storage/s3/s3_place_internal.h"

namespace lc2::storage {

namespace {

namespace aws = cloud::aws;

constexpr std::size_t kPartsOnTheirWay = 3;
constexpr auto kTimeToGiveUp = std::chrono::seconds(60);

// 10,000 parts are to hold 5 TiB, and the first ones little memory: 16 GiB in the first 2,000 with
// parts of 8 MiB, 200 GiB in the first 5,000, 5 TiB in all.
std::int64_t PartBytes(std::int64_t first, int number) {
  if (number <= 2'000) return first;
  return number <= 5'000 ? first * 8 : first * 128;
}

// Holds what fits into one part, which is put at the end; sends more part by part.
class S3Writer final : public ObjectWriter {
 public:
  S3Writer(const Context& ctx, S3Place& place, std::string key, PutMode mode)
      : ctx_(ctx), place_(place), key_(std::move(key)), mode_(mode), traits_(place.Traits(true)) {}

  ~S3Writer() override {
    if (!finished_) GiveUp();
  }

  Result<void> Write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const auto room =
          static_cast<std::size_t>(PartBytes(part_bytes(), next_part_)) - held_.size();
      // A part goes when more follows, so that the last one is not empty.
      if (room == 0) {
        LC2_RETURN_IF_ERROR(SendPart());
        continue;
      }
      const std::size_t count = std::min(room, bytes.size());
      held_.append(bytes.substr(0, count));
      bytes.remove_prefix(count);
    }
    return {};
  }

  Result<ObjectFacts> Finish() override {
    // Without the part that failed it would be another object.
    if (failed_) return *failed_;
    auto made = upload_.empty() ? PutWhole() : PutTogether();
    finished_ = made.has_value();
    return made;
  }

 private:
  struct Part {
    int number = 0;
    std::future<Result<net::HttpResponse>> answer;
  };

  std::int64_t part_bytes() const { return place_.options().part_bytes; }
  bool checks() const { return place_.options().can.checksums; }
  bool create_only() const { return mode_ == PutMode::kCreateOnly; }
  bool conditional() const { return create_only() && place_.options().can.conditional_put; }

  Result<ObjectFacts> PutWhole() {
    LC2_RETURN_IF_ERROR(LookFirst());
    size_ = static_cast<std::int64_t>(held_.size());
    auto response = place_.client().Call(ctx_, aws::PutObjectCall({.key = place_.Full(key_),
                                                                   .body = std::move(held_),
                                                                   .traits = traits_,
                                                                   .create_only = conditional(),
                                                                   .checksum = checks()}));
    if (response.has_value()) return FactsOf(aws::ReadPut(*response), size_);
    return OwnOr(std::move(response).error());
  }

  Result<void> Begin() {
    auto response =
        place_.client().Call(ctx_, aws::CreateUploadCall(place_.Full(key_), traits_, checks()));
    // An upload whose answer was lost is nobody's: GiveUp() finds it.
    begun_ = true;
    if (!response.has_value()) return std::move(response).error();
    LC2_ASSIGN_OR_RETURN(upload_, aws::ReadUploadId(*response));
    return {};
  }

  Result<void> SendPart() {
    if (upload_.empty()) LC2_RETURN_IF_ERROR(Begin());
    while (on_their_way_.size() >= kPartsOnTheirWay) LC2_RETURN_IF_ERROR(TakeOne());
    if (next_part_ > aws::kMaxParts) {
      return Error{.kind = ErrorKind::kInvalid,
                   .code = "store.too_large",
                   .message = fmt::format("'{}' in {} has more than 5 TiB", key_, place_.name())};
    }
    std::string checksum;
    if (checks()) {
      Crc64Nvme crc;
      crc.Update(held_);
      checksum = CrcBase64(crc.value());
      whole_ = size_ == 0 ? crc.value() : Crc64Nvme::Combine(whole_, crc.value(), held_.size());
    }
    size_ += static_cast<std::int64_t>(held_.size());
    const auto promise = std::make_shared<std::promise<Result<net::HttpResponse>>>();
    on_their_way_.push_back({next_part_, promise->get_future()});
    place_.client().Submit(
        ctx_,
        aws::UploadPartCall(place_.Full(key_), upload_, next_part_, std::exchange(held_, {}),
                            checksum),
        [promise](Result<net::HttpResponse> outcome) { promise->set_value(std::move(outcome)); });
    ++next_part_;
    return {};
  }

  Result<void> TakeOne() {
    Part part = std::move(on_their_way_.front());
    on_their_way_.pop_front();
    auto response = part.answer.get();
    if (!response.has_value()) {
      failed_ = response.error();
      return *failed_;
    }
    parts_.push_back(aws::ReadPart(*response, part.number));
    return {};
  }

  Result<ObjectFacts> PutTogether() {
    LC2_RETURN_IF_ERROR(SendPart());
    while (!on_their_way_.empty()) LC2_RETURN_IF_ERROR(TakeOne());
    LC2_RETURN_IF_ERROR(LookFirst());
    auto response = place_.client().Call(
        ctx_, aws::CompleteUploadCall(place_.Full(key_), upload_, parts_, size_,
                                      checks() ? CrcBase64(whole_) : "", conditional()));
    if (response.has_value()) {
      LC2_ASSIGN_OR_RETURN(const aws::WrittenObject written, aws::ReadCompleted(*response));
      return FactsOf(written, size_);
    }
    return OwnOr(std::move(response).error());
  }

  // The only way where the service knows no conditions.
  Result<void> LookFirst() {
    if (!create_only() || conditional()) return {};
    auto there = place_.client().Call(ctx_, aws::HeadObjectCall(place_.Full(key_)));
    if (!there.has_value()) {
      if (there.error().kind == ErrorKind::kNotFound) return {};
      return std::move(there).error();
    }
    return Error{.kind = ErrorKind::kAlreadyExists,
                 .code = "s3.exists",
                 .message = fmt::format("'{}' in {} is there already", key_, place_.name())};
  }

  // What an earlier try made, whose answer was lost, else the error: an object is there, or the
  // upload is not there any more.
  Result<ObjectFacts> OwnOr(Error error) {
    const bool lost = error.kind == ErrorKind::kNotFound && !upload_.empty();
    if (error.kind != ErrorKind::kAlreadyExists && !lost) return error;
    const auto told = std::make_shared<std::promise<Result<OperationResult>>>();
    TellWhose(ctx_, place_, key_, traits_.metadata.at(kTokenName), std::move(error),
              [told](Result<OperationResult> result) { told->set_value(std::move(result)); });
    LC2_ASSIGN_OR_RETURN(OperationResult own, told->get_future().get());
    return std::move(own.facts);
  }

  // Leaves no parts behind, also when the caller's time is over.
  void GiveUp() {
    for (Part& part : on_their_way_) part.answer.wait();
    const Context ctx = Context(ctx_.clock(), ctx_.log()).WithTimeout(kTimeToGiveUp);
    if (!upload_.empty()) return Abort(ctx, upload_);
    // One whose beginning nobody answered has an id that nobody knows. What is run-owned has one
    // writer, so all that are there are its own; what others may write as well, collection ends.
    if (!begun_ || create_only()) return;
    auto response = place_.client().Call(ctx, aws::ListUploadsCall(place_.Full(key_)));
    if (!response.has_value()) return Warn(ctx, response.error());
    const auto page = aws::ReadUploadPage(*response);
    if (!page.has_value()) return Warn(ctx, page.error());
    for (const aws::Upload& upload : page->uploads) {
      if (upload.key == place_.Full(key_)) Abort(ctx, upload.id);
    }
  }

  void Abort(const Context& ctx, const std::string& upload) {
    const auto ended = place_.client().Call(ctx, aws::AbortUploadCall(place_.Full(key_), upload));
    if (!ended.has_value() && ended.error().kind != ErrorKind::kNotFound) Warn(ctx, ended.error());
  }

  void Warn(const Context& ctx, const Error& error) const {
    ctx.log().Warning("s3.upload_left", {{"key", place_.Full(key_)}, {"error", Describe(error)}});
  }

  const Context ctx_;
  S3Place& place_;
  const std::string key_;
  const PutMode mode_;
  const aws::ObjectTraits traits_;
  std::string held_;  // of the next part
  int next_part_ = 1;
  std::int64_t size_ = 0;    // of all parts that were sent
  std::uint64_t whole_ = 0;  // CRC-64/NVME of them
  bool begun_ = false;       // an upload, perhaps
  std::string upload_;       // its id
  std::deque<Part> on_their_way_;
  std::vector<aws::UploadedPart> parts_;
  bool finished_ = false;
  std::optional<Error> failed_;  // a part
};

}  // namespace

std::unique_ptr<ObjectWriter> MakeS3Writer(const Context& ctx, S3Place& place,
                                           const std::string& key, PutMode mode) {
  return std::make_unique<S3Writer>(ctx, place, key, mode);
}

}  // namespace lc2::storage
