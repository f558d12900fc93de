#pragma once

#include <string>
#include <vector>

#include "base/context.h"
#include "base/result.h"
#include "storage/object_store.h"

namespace lc2::vault {

// Reads many small objects with as many requests in flight as the store allows; answers in the
// order of `keys`.
std::vector<Result<std::string>> GetMany(const Context& ctx, ObjectStore& store,
                                         const std::vector<std::string>& keys, std::int64_t limit);

}  // namespace lc2::vault
