#pragma once

#include <string>

#include "vault/manifest.h"

namespace lc2::vault {

// backup-metadata/<backupId>.json: an LCP tracker that satisfies both descriptions of domain.md
// 2.5 and carries the manifest's lcp block. A pure function of the manifest.
std::string EncodeTracker(const Manifest& manifest);

}  // namespace lc2::vault
