#pragma once

#include <cstdint>
#include <string>

#include <boost/describe.hpp>

#include "base/clock.h"
#include "base/context.h"
#include "base/random.h"
#include "base/result.h"
#include "storage/object_store.h"

namespace lc2::vault {

inline constexpr std::int64_t kVaultFormat = 1;

// vault.json: says that a vault lies here, and which.
struct VaultFile {
  std::int64_t format = kVaultFormat;
  std::string vault_id;  // 32 lower-case hex digits
  Time created_at{};
};
BOOST_DESCRIBE_STRUCT(VaultFile, (), (format, vault_id, created_at))

struct OpenVaultOptions {
  bool create = false;         // make a vault where none is
  bool single_writer = false;  // somebody states that nobody else writes here
};

// Errors: kNotFound "vault.not_found"; kInvalid "vault.needs_create_only" (the store cannot decide
// between two writers and no single writer is stated); kCorrupt "vault.newer_format" (made by a
// newer LC2), "vault.bad_file"; kUnavailable "vault.unknown_outcome".
Result<VaultFile> OpenVault(const Context& ctx, ObjectStore& store, Random& random,
                            const OpenVaultOptions& options = {});

}  // namespace lc2::vault
