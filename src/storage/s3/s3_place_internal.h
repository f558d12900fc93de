#pragma once

#include <optional>
#include <string>

#include "cloud/aws/s3_client.h"
#include "cloud/aws/s3_object.h"
#include "storage/s3/s3_store.h"

namespace lc2::storage {

// The bucket and the prefix below which a store lies, for its parts.
class S3Place {
 public:
  S3Place(const S3StoreLinks& links, const S3StoreOptions& options)
      : options_(options),
        name_("s3://" + options.bucket.name + "/" + options.prefix),
        random_(links.random),
        client_(links.transport, links.credentials, options.bucket, links.random, options.client) {}

  cloud::aws::S3Client& client() { return client_; }
  const S3StoreOptions& options() const { return options_; }
  const std::string& name() const { return name_; }
  std::string Full(const std::string& key) const { return options_.prefix + key; }

  // What every object gets; with a token of its own where it must be known again.
  cloud::aws::ObjectTraits Traits(bool with_token);

  // kDenied "store.read_only" where nothing may be written.
  Result<void> CheckWritable() const;

 private:
  const S3StoreOptions options_;
  const std::string name_;
  std::mutex random_mutex_;
  Random& random_;
  cloud::aws::S3Client client_;
};

inline constexpr const char* kTokenName = "lc2token";

// Without its quotes, as the port knows it; and as S3 wants it back.
std::string PlainEtag(const std::string& etag);
std::string QuotedEtag(const std::string& etag);

ObjectFacts FactsOf(const cloud::aws::ObjectHead& head);
ObjectFacts FactsOf(const cloud::aws::WrittenObject& written, std::int64_t size);

// A reader or writer of one object; see ObjectStore. `place` must outlive them.
Result<std::unique_ptr<ObjectReader>> OpenS3Reader(const Context& ctx, S3Place& place,
                                                   const std::string& key,
                                                   std::optional<ByteRange> range,
                                                   const std::string& version);
std::unique_ptr<ObjectWriter> MakeS3Writer(const Context& ctx, S3Place& place,
                                           const std::string& key, PutMode mode);
Result<std::unique_ptr<EntryReader>> OpenS3Lister(const Context& ctx, S3Place& place,
                                                  const ListQuery& query);

// A create-only write found an object. Completes as that write would have, if the object carries
// its token: an earlier try made it, and its answer was lost. Else with `error`.
void TellWhose(const Context& ctx, S3Place& place, const std::string& key, std::string token,
               Error error, Completion done);

}  // namespace lc2::storage
