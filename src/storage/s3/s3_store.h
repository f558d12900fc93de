#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/random.h"
#include "cloud/aws/credential_cache.h"
#include "cloud/aws/s3_client.h"
#include "net/transport.h"
#include "storage/object_store.h"

namespace lc2 {

// What a service that speaks S3 can do. Not all of them do what Amazon's does.
struct S3Capabilities {
  bool conditional_put = true;  // If-None-Match on a put and at the end of a multipart upload
  bool checksums = true;        // compares CRC-64/NVME with what it received
  bool byte_order = true;       // lists in the order of key bytes
  bool versions = false;        // kept by this bucket
  bool object_lock = false;     // on in this bucket
};

struct S3StoreOptions {
  cloud::aws::S3Bucket bucket;
  std::string prefix;      // of all keys: "" or with "/" at its end
  bool read_only = false;  // every write answers kDenied
  S3Capabilities can;
  std::string storage_class;  // of what is written; "": the bucket's own
  std::string kms_key;        // that encrypts it; "": as the bucket does
  int window = 256;           // operations in flight
  cloud::aws::S3ClientOptions client;
  std::int64_t part_bytes = 8 << 20;  // of a writer's first parts, and of reads; at least 5 MiB
};

struct S3StoreLinks {
  net::Transport& transport;
  cloud::aws::CredentialCache& credentials;
  Random& random;
};

// Objects of a bucket below a prefix. What is written is durable when the operation completes; a
// barrier waits for nothing. Puts answer no last-modified time. Etags are without their quotes.
// A create-only put carries a token in its metadata (`lc2token`): it decides whether an object
// that is there is that of an earlier try whose answer was lost. Where the service does not know
// conditions, create-only is a look before the put, good enough for a single writer, and
// features().create_only is false. Copies are kInvalid "store.unsupported". Where the service lists
// in another order, each listing reads all that lies below its prefix and sorts it outside of
// memory. What is given must outlive the store.
std::unique_ptr<ObjectStore> MakeS3Store(const S3StoreLinks& links, const S3StoreOptions& options);

}  // namespace lc2
