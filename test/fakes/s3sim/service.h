#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "net/transport.h"
#include "s3sim/access.h"
#include "s3sim/reply.h"
#include "s3sim/request.h"

namespace lc2::s3sim {

struct ServiceOptions {
  std::vector<AccessKey> keys;  // none: signatures are not looked at, everybody may do everything
  std::string region = "us-east-1";       // of buckets that are made without one
  std::string virtual_host_suffix;        // ".s3.example.org": names in front of it are buckets
  std::chrono::nanoseconds clock_skew{};  // how far the service's clock is ahead of the true one
};

struct BucketOptions {
  std::string region;  // "": the service's
  bool versioned = false;
  bool locked = false;  // object lock; makes it versioned
};

// Many objects at once, which take as good as no memory but for their keys.
struct FillOptions {
  std::string bucket;
  std::string prefix;  // keys are this and a number of 9 digits, from `first` on
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::int64_t size = 0;  // of each, bytes
  std::uint64_t seed = 1;
  // Compute MD5 and CRC64NVME of each, as if it had been uploaded. Otherwise, and above 1 MiB, the
  // tag is one of those that promise nothing, and there is no checksum.
  bool digests = true;
};

// What a checker sees of a version, without asking by requests.
struct ObjectFacts {
  std::string key;
  std::string version_id;
  std::int64_t size = 0;
  std::string etag;  // with its quotes
  std::string content_type;
  bool is_latest = false;
  bool is_delete_marker = false;
  Time modified{};
  bool operator==(const ObjectFacts&) const = default;
};

// S3 without sockets, faults and time of its own: a request in, a reply out. What it does is set
// down in README.md. The clock must outlive it. Thread-safe: each request is one step, but that a
// copy reads its source a moment before it writes.
class Service {
 public:
  Service(ServiceOptions options, const Clock& clock);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  Reply Handle(net::HttpRequest request);
  // The same for a request that is taken apart already. `trusted`: without asking who sent it.
  Reply Handle(const S3Request& request, bool trusted = false);
  std::variant<S3Request, Refusal> Parse(net::HttpRequest request) const;
  // As it goes out: with date, request id and length.
  Reply Refuse(const S3Request& request, const Refusal& refusal);
  // The time of the service's own clock.
  Time Now() const;

  // What happens behind the back of a client. Each is one step; false: there is no such thing.
  void CreateBucket(const std::string& name, const BucketOptions& options = {});
  bool Fill(const FillOptions& fill);
  bool PutObject(const std::string& bucket, const std::string& key, std::string bytes);
  // Content of the same size, but another.
  bool ChangeObject(const std::string& bucket, const std::string& key, std::uint64_t seed);
  bool RemoveObject(const std::string& bucket, const std::string& key);
  bool Archive(const std::string& bucket, const std::string& key);  // to GLACIER
  bool DropUpload(const std::string& bucket, const std::string& key, const std::string& upload_id);
  // Loses the part of this upload that has the highest number.
  bool DropLastPart(const std::string& bucket, const std::string& key,
                    const std::string& upload_id);

  // In the order of keys, of one key the newest first.
  std::vector<ObjectFacts> Versions(const std::string& bucket,
                                    const std::string& prefix = "") const;
  std::optional<std::string> Content(const std::string& bucket, const std::string& key) const;
  std::int64_t UploadsUnderWay(const std::string& bucket) const;

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace lc2::s3sim
