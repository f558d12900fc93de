#include <fmt/core.h>

#include "storage/s3/s3_place_internal.h"

namespace lc2::storage {

namespace aws = cloud::aws;

aws::ObjectTraits S3Place::Traits(bool with_token) {
  aws::ObjectTraits traits{.content_type = "application/octet-stream",
                           .storage_class = options_.storage_class,
                           .kms_key = options_.kms_key};
  if (with_token) {
    const std::lock_guard lock(random_mutex_);
    traits.metadata[kTokenName] = random_.Hex(16);
  }
  return traits;
}

Result<void> S3Place::CheckWritable() const {
  if (!options_.read_only) return {};
  return Error{.kind = ErrorKind::kDenied,
               .code = "store.read_only",
               .message = fmt::format("'{}' is only read, never written", name_)};
}

std::string PlainEtag(const std::string& etag) {
  if (etag.size() < 2 || etag.front() != '"' || etag.back() != '"') return etag;
  return etag.substr(1, etag.size() - 2);
}

std::string QuotedEtag(const std::string& etag) {
  // Weak ones stay as they are.
  if (etag.empty() || etag.front() == '"' || etag.starts_with("W/")) return etag;
  return "\"" + etag + "\"";
}

ObjectFacts FactsOf(const aws::ObjectHead& head) {
  return {.size = head.size,
          .etag = PlainEtag(head.etag),
          .version = head.version,
          .last_modified = head.last_modified,
          .folder = {}};
}

ObjectFacts FactsOf(const aws::WrittenObject& written, std::int64_t size) {
  return {.size = size,
          .etag = PlainEtag(written.etag),
          .version = written.version,
          .last_modified = written.last_modified.value_or(Time()),
          .folder = {}};
}

void TellWhose(const Context& ctx, S3Place& place, const std::string& key, std::string token,
               Error error, Completion done) {
  place.client().Submit(ctx, aws::HeadObjectCall(place.Full(key)),
                        [token = std::move(token), error = std::move(error),
                         done = std::move(done)](Result<net::HttpResponse> response) {
                          if (!response.has_value()) {
                            // Gone meanwhile: it was somebody's, or it would still be there.
                            const bool gone = response.error().kind == ErrorKind::kNotFound;
                            return done(gone ? error : std::move(response).error());
                          }
                          const auto head = aws::ReadObjectHead(*response);
                          if (!head.has_value()) return done(head.error());
                          const auto said = head->metadata.find(kTokenName);
                          if (said == head->metadata.end() || said->second != token)
                            return done(error);
                          done(OperationResult{.facts = FactsOf(*head), .body = {}});
                        });
}

}  // namespace lc2::storage
