#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/strong.h"
#include "storage/entry.h"
#include "vault/manifest.h"

// The checks that manifests, candidates and shards share. Each error names the file, what it should
// say and what it says.
namespace lc2::vault {

// kCorrupt "manifest.invalid".
Error BadManifest(const std::string& name, std::string_view what, std::string_view expected,
                  std::string_view found);
Error BadManifest(const std::string& name, const Error& cause);

// The key is valid and the path a pool object or a copy of this environment, by layout. Errors:
// kCorrupt "manifest.invalid", "manifest.escapes".
Result<void> CheckEntry(const Entry& entry, Layout layout, const EnvironmentId& env,
                        const std::string& name);
// Error: kCorrupt "manifest.escapes".
Result<void> CheckInside(std::string_view path, const EnvironmentId& env, const std::string& name,
                         std::string_view what);
bool IsSha256Hex(std::string_view text);

}  // namespace lc2::vault
