#include "s3sim/fault_plan.h"

#include <algorithm>
#include <utility>

#include "s3sim/copy_source_internal.h"
#include "s3sim/mix_internal.h"

namespace lc2::s3sim {

namespace {

constexpr std::array<std::string_view, kFaultKinds> kNames = {
    "slowDown",           "internalError",  "resetBeforeHeaders", "resetAfterHeaders",
    "truncatedBody",      "stalledBody",    "wrongLength",        "flippedByte",
    "wrongEtag",          "errorInside200", "answerLost",         "duplicate",
    "repeatedPage",       "skippedPage",    "brokenXml",          "expiredToken",
    "timeSkewed",         "redirect",       "wrongRegion",        "conflict",
    "preconditionFailed", "sourceChanged",  "sourceGone",         "noSuchUpload",
    "invalidPart",        "delay"};

bool IsListing(Operation operation) {
  return operation == Operation::kListObjectsV2 || operation == Operation::kListObjectVersions ||
         operation == Operation::kListMultipartUploads || operation == Operation::kListParts;
}

// A response of theirs has a body when they succeed.
bool HasBody(Operation operation) {
  switch (operation) {
    case Operation::kGetObject:
    case Operation::kCopyObject:
    case Operation::kUploadPartCopy:
    case Operation::kCompleteMultipartUpload:
    case Operation::kCreateMultipartUpload:
    case Operation::kDeleteObjects:
    case Operation::kGetObjectTagging:
      return true;
    default:
      return IsListing(operation);
  }
}

bool IsUpload(Operation operation) {
  return operation == Operation::kPutObject || operation == Operation::kUploadPart;
}

bool IsConditional(const S3Request& request) {
  const bool writes = request.operation == Operation::kPutObject ||
                      request.operation == Operation::kCopyObject ||
                      request.operation == Operation::kCompleteMultipartUpload;
  return writes &&
         (request.Header("if-none-match") != nullptr || request.Header("if-match") != nullptr);
}

bool NamesOneRun(std::string_view parameter) {
  return parameter.starts_with("X-Amz-") || parameter == "versionId" || parameter == "uploadId" ||
         parameter == "version-id-marker" || parameter == "upload-id-marker";
}

// "bucket" or "bucket/prefix" each.
bool LiesIn(const std::vector<std::string>& places, std::string_view bucket, std::string_view key) {
  const std::string name = std::string(bucket) + "/" + std::string(key);
  return std::any_of(places.begin(), places.end(), [&](const std::string& place) {
    return place.find('/') == std::string::npos ? place == bucket : name.starts_with(place);
  });
}

}  // namespace

std::string_view NameOf(FaultKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

std::optional<FaultKind> FaultKindOf(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<FaultKind>(found - kNames.begin());
}

bool FaultOptions::any() const {
  return !ordered.empty() ||
         std::any_of(rates.begin(), rates.end(), [](double rate) { return rate > 0; });
}

std::uint64_t FaultPlan::IdentityOf(const S3Request& request) {
  std::uint64_t identity = Mix(0, NameOf(request.operation));
  identity = Mix(identity, request.method);
  identity = Mix(identity, request.bucket);
  identity = Mix(identity, request.key);
  if (const auto source = CopySourceOf(request)) {
    identity = Mix(identity, source->bucket);
    identity = Mix(identity, source->key);
  }
  std::vector<std::pair<std::string_view, std::string_view>> query;
  for (const auto& [name, value] : request.query) {
    if (!NamesOneRun(name)) query.emplace_back(name, value);
  }
  std::sort(query.begin(), query.end());
  for (const auto& [name, value] : query) identity = Mix(Mix(identity, name), value);
  if (const std::string* range = request.Header("range")) identity = Mix(identity, *range);
  return identity;
}

bool FaultPlan::CanHappen(FaultKind kind, const S3Request& request) const {
  const Operation operation = request.operation;
  switch (kind) {
    case FaultKind::kSlowDown:
    case FaultKind::kInternalError:
    case FaultKind::kResetBeforeHeaders:
    case FaultKind::kResetAfterHeaders:
    case FaultKind::kExpiredToken:
    case FaultKind::kTimeSkewed:
    case FaultKind::kRedirect:
    case FaultKind::kWrongRegion:
    case FaultKind::kDelay:
      return true;
    case FaultKind::kTruncatedBody:
    case FaultKind::kStalledBody:
    case FaultKind::kWrongLength:
      return HasBody(operation);
    case FaultKind::kFlippedByte:
      return operation == Operation::kGetObject || (IsUpload(operation) && !request.body.empty());
    case FaultKind::kWrongEtag:
      return operation == Operation::kGetObject || operation == Operation::kHeadObject ||
             IsUpload(operation);
    case FaultKind::kErrorInside200:
      return operation == Operation::kCopyObject || operation == Operation::kUploadPartCopy ||
             operation == Operation::kCompleteMultipartUpload;
    case FaultKind::kAnswerLost:
      return IsWrite(operation);
    case FaultKind::kDuplicate:
      return IsWrite(operation) && !request.key.empty();
    case FaultKind::kRepeatedPage:
      return operation == Operation::kListObjectsV2 &&
             request.Query("continuation-token") != nullptr;
    case FaultKind::kSkippedPage:
      return operation == Operation::kListObjectsV2;
    case FaultKind::kBrokenXml:
      return IsListing(operation);
    case FaultKind::kConflict:
    case FaultKind::kPreconditionFailed:
      return IsConditional(request);
    case FaultKind::kSourceChanged:
    case FaultKind::kSourceGone: {
      if (operation == Operation::kGetObject) {
        return LiesIn(options_.changing, request.bucket, request.key);
      }
      const auto source = CopySourceOf(request);
      return source.has_value() && LiesIn(options_.changing, source->bucket, source->key);
    }
    case FaultKind::kNoSuchUpload:
      return operation == Operation::kUploadPart || operation == Operation::kUploadPartCopy ||
             operation == Operation::kCompleteMultipartUpload;
    case FaultKind::kInvalidPart:
      return operation == Operation::kCompleteMultipartUpload;
  }
  return false;
}

std::optional<Fault> FaultPlan::Draw(std::uint64_t identity, const S3Request& request,
                                     std::int64_t nth, int failed) const {
  const std::uint64_t dice = Mix(Mix(options_.seed, identity), static_cast<std::uint64_t>(nth));
  const std::string place = request.bucket + "/" + request.key;
  for (const OrderedFault& order : options_.ordered) {
    const bool meant = order.operation.empty() || order.operation == NameOf(request.operation);
    if (meant && order.place == place && order.nth == nth) {
      return Fault{.kind = order.kind, .dice = Mix(dice)};
    }
  }
  if (options_.max_consecutive > 0 && failed >= options_.max_consecutive) return std::nullopt;
  const std::string name = request.key.empty() ? request.QueryOr("prefix") : request.key;
  if (!options_.only.empty() && !LiesIn(options_.only, request.bucket, name)) return std::nullopt;
  const auto kind = KindFor(Fraction(dice), request);
  if (!kind) return std::nullopt;
  return Fault{.kind = *kind, .dice = Mix(dice)};
}

std::optional<FaultKind> FaultPlan::KindFor(double drawn, const S3Request& request) const {
  double upto = 0;
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    const auto kind = static_cast<FaultKind>(i);
    // A kind that cannot happen here keeps its share of the line: whether another one does is no
    // question of it.
    upto += options_.rates[i];
    if (drawn >= upto) continue;
    if (!CanHappen(kind, request)) return std::nullopt;
    return kind;
  }
  return std::nullopt;
}

}  // namespace lc2::s3sim
