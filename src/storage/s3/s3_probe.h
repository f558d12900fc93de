#pragma once

#include "base/context.h"
#include "base/result.h"
#include "storage/s3/s3_store.h"

namespace lc2 {

// Finds out what a bucket's service can do, by asking it and by a few small objects below
// `<prefix>.lc2-probe-<random>/`, which are removed again. `options.can` is not looked at. Errors:
// those of an ordinary put, list or delete; a service that lacks something is no error.
Result<S3Capabilities> ProbeS3(const Context& ctx, const S3StoreLinks& links,
                               const S3StoreOptions& options);

// What the bucket itself says: versions and object lock, without writing anything. kDenied
// where it may not be asked for versions: deletions would then only mark.
Result<S3Capabilities> AskS3(const Context& ctx, const S3StoreLinks& links,
                             const S3StoreOptions& options);

}  // namespace lc2
