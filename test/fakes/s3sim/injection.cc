#include <algorithm>

#include "base/time_format.h"
#include "s3sim/checksum.h"
#include "s3sim/copy_source_internal.h"
#include "s3sim/injection_internal.h"
#include "s3sim/list_token_internal.h"
#include "s3sim/mix_internal.h"
#include "s3sim/text_internal.h"

namespace lc2::s3sim {

namespace {

// In [low, high].
std::int64_t Between(std::uint64_t dice, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(dice % static_cast<std::uint64_t>(high - low + 1));
}

class Injector {
 public:
  Injector(const Fault& fault, const FaultOptions& options, S3Request& request, Service& service,
           Duplicates& duplicates, Exchange& exchange)
      : fault_(fault),
        options_(options),
        request_(request),
        service_(service),
        duplicates_(duplicates),
        exchange_(exchange) {}

  bool Run() {
    switch (fault_.kind) {
      case FaultKind::kSlowDown:
        return Refuse({503, "SlowDown", "reduce the rate of requests"});
      case FaultKind::kInternalError:
        return Refuse({500, "InternalError", "an internal error; try again"});
      case FaultKind::kExpiredToken:
        return Refuse({400, "ExpiredToken", "the session has ended"});
      case FaultKind::kTimeSkewed:
        return Refuse({403,
                       "RequestTimeTooSkewed",
                       "the request's time and the service's are too far apart",
                       {{"ServerTime", FormatRfc3339(service_.Now())}}});
      case FaultKind::kRedirect:
        return Redirect(301, "PermanentRedirect");
      case FaultKind::kWrongRegion:
        return Redirect(400, "AuthorizationHeaderMalformed");
      case FaultKind::kConflict:
        return Refuse({409, "ConditionalRequestConflict",
                       "another write of this key is under way; try again"});
      case FaultKind::kPreconditionFailed:
        return Refuse({412, "PreconditionFailed", "a condition of the request does not hold"});
      case FaultKind::kResetBeforeHeaders:
        exchange_.delivery = Delivery::kNothing;
        return true;
      case FaultKind::kErrorInside200:
        return ErrorInside200();
      case FaultKind::kSourceChanged:
      case FaultKind::kSourceGone:
        return Disturb();
      case FaultKind::kNoSuchUpload:
        return Handled(
            service_.DropUpload(request_.bucket, request_.key, request_.QueryOr("uploadId")));
      case FaultKind::kInvalidPart:
        return Handled(
            service_.DropLastPart(request_.bucket, request_.key, request_.QueryOr("uploadId")));
      case FaultKind::kRepeatedPage:
        return RepeatPage();
      case FaultKind::kSkippedPage:
        return SkipPage();
      case FaultKind::kFlippedByte:
        return Flip();
      default:
        return Damage();
    }
  }

 private:
  void Handle() { exchange_.reply = service_.Handle(request_); }
  bool Handled(bool happened) {
    Handle();
    return happened;
  }
  bool Succeeded() const { return exchange_.reply.status < 300; }
  std::int64_t BodySize() const { return exchange_.reply.body.size(); }

  bool Refuse(const Refusal& refusal) {
    exchange_.reply = service_.Refuse(request_, refusal);
    return true;
  }

  // To where the bucket is, which is where the request came to: it succeeds the next time.
  bool Redirect(int status, const char* code) {
    const S3Request ask{
        .operation = Operation::kHeadBucket, .method = "HEAD", .bucket = request_.bucket};
    const Reply known = service_.Handle(ask, /*trusted=*/true);
    const std::string* region = known.Header("x-amz-bucket-region");
    if (region == nullptr) return Handled(false);
    return Refuse({status,
                   code,
                   "the bucket is in another region",
                   {{"Region", *region}, {"Bucket", request_.bucket}},
                   {{"x-amz-bucket-region", *region}}});
  }

  bool ErrorInside200() {
    Refuse({500, "InternalError", "an internal error; try again"});
    exchange_.reply.status = 200;
    return true;
  }

  // What is read is not what was listed.
  bool Disturb() {
    const auto source = CopySourceOf(request_);
    const std::string& bucket = source ? source->bucket : request_.bucket;
    const std::string& key = source ? source->key : request_.key;
    return Handled(fault_.kind == FaultKind::kSourceChanged
                       ? service_.ChangeObject(bucket, key, fault_.dice)
                       : service_.RemoveObject(bucket, key));
  }

  std::string* Parameter(std::string_view name) {
    for (auto& [one, value] : request_.query) {
      if (one == name) return &value;
    }
    return nullptr;
  }

  // A changed request has a signature that does not fit: it is checked as it came, first.
  void HandleChanged() {
    if (Succeeded()) exchange_.reply = service_.Handle(request_, /*trusted=*/true);
  }

  bool RepeatPage() {
    Handle();
    std::string* text = Parameter("continuation-token");
    const auto token = text == nullptr ? std::nullopt : ParseToken(*text);
    if (!token || !Succeeded()) return false;
    std::erase_if(request_.query, [](const auto& one) {
      return one.first == "continuation-token" || one.first == "start-after";
    });
    request_.query.emplace_back("start-after", token->before);
    HandleChanged();
    return true;
  }

  bool SkipPage() {
    Handle();
    constexpr std::string_view kBegin = "<NextContinuationToken>";
    const std::string page = exchange_.reply.body.ReadAll();
    const std::size_t begin = page.find(kBegin);
    if (!Succeeded() || begin == std::string::npos) return false;
    const std::size_t end = page.find('<', begin + kBegin.size());
    const std::string next = page.substr(begin + kBegin.size(), end - begin - kBegin.size());
    if (std::string* token = Parameter("continuation-token")) {
      *token = next;
    } else {
      request_.query.emplace_back("continuation-token", next);
    }
    HandleChanged();
    return true;
  }

  bool Flip() {
    if (request_.operation != Operation::kGetObject) {
      // On its way to the service, whose checks are to find it.
      char& byte = request_.body[static_cast<std::size_t>(fault_.dice % request_.body.size())];
      byte = static_cast<char>(byte ^ 0x10);
      return Handled(true);
    }
    Handle();
    if (!Succeeded() || BodySize() == 0) return false;
    exchange_.flipped = Between(fault_.dice, 0, BodySize() - 1);
    return true;
  }

  // Those that leave the effect as it is, and spoil the reply.
  bool Damage() {
    Handle();
    switch (fault_.kind) {
      case FaultKind::kDelay:
        exchange_.latency += options_.delay;
        return true;
      case FaultKind::kResetAfterHeaders:
        exchange_.delivery = Delivery::kHeaders;
        return true;
      case FaultKind::kAnswerLost:
        if (!Succeeded()) return false;
        exchange_.delivery = Delivery::kNothing;
        return true;
      case FaultKind::kDuplicate:
        if (!Succeeded()) return false;
        duplicates_.Add(request_, static_cast<int>(Between(fault_.dice, 1, 3)));
        return true;
      case FaultKind::kWrongEtag:
        if (exchange_.reply.Header("etag") == nullptr) return false;
        exchange_.reply.Set("etag", EntityTag{Md5(std::to_string(fault_.dice)), 0}.str());
        return true;
      default:
        break;
    }
    if (!Succeeded() || BodySize() == 0) return false;
    const std::int64_t cut = Between(fault_.dice, 0, BodySize() - 1);
    switch (fault_.kind) {
      case FaultKind::kTruncatedBody:
        exchange_.delivery = Delivery::kCut;
        exchange_.delivered = cut;
        return true;
      case FaultKind::kStalledBody:
        exchange_.delivery = Delivery::kStalled;
        exchange_.delivered = cut;
        return true;
      case FaultKind::kWrongLength:
        exchange_.reply.Set("content-length", std::to_string(cut));
        return true;
      case FaultKind::kBrokenXml:
        exchange_.reply.body = exchange_.reply.body.Slice(0, cut);
        exchange_.reply.Set("content-length", std::to_string(cut));
        return true;
      default:
        return false;
    }
  }

  const Fault& fault_;
  const FaultOptions& options_;
  S3Request& request_;
  Service& service_;
  Duplicates& duplicates_;
  Exchange& exchange_;
};

}  // namespace

bool Inject(const Fault& fault, const FaultOptions& options, S3Request& request, Service& service,
            Duplicates& duplicates, Exchange& exchange) {
  return Injector(fault, options, request, service, duplicates, exchange).Run();
}

}  // namespace lc2::s3sim
