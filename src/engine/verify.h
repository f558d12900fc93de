#pragma once

#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "api/backup_request.h"
#include "base/context.h"
#include "storage/object_store.h"
#include "vault/manifest.h"

namespace lc2::engine {

// What is to be verified: the parts that a manifest and a candidate share.
struct BackupContents {
  EnvironmentId env;
  const vault::DatabaseFacts& database;
  const vault::LibraryFacts& library;
  const vault::ConsistencyFacts& consistency;
};

// One thing that is not what the backup says it is.
struct Damage {
  std::string path;  // of the object in the vault
  std::string key;   // of the document, where it is one
  std::string what;  // expected and found
};
BOOST_DESCRIBE_STRUCT(Damage, (), (path, key, what))

struct VerifyReport {
  std::vector<Damage> damages;  // the first kMaxNamed
  std::int64_t damaged = 0;     // all of them
  std::int64_t objects = 0;     // checked
  std::int64_t bytes = 0;       // read
  bool passed() const { return damaged == 0; }
};
inline constexpr std::size_t kMaxNamed = 1'000;

// Reads a backup back and compares it with what it says of itself:
// - Exists: every reference has its entry, every entry its object of the recorded size;
// - Sample: also all objects up to 1,000, else 1,000 chosen by `seed`, and every frame of the dump;
// - Full: every byte of every object and of the dump.
// References, findings, index and shards are read whole at every level. Damage is reported, not an
// error; errors are those of a vault that cannot be read, and kCancelled, kTimeout.
Result<VerifyReport> VerifyContents(const Context& ctx, ObjectStore& vault,
                                    const BackupContents& contents, api::VerifyLevel level,
                                    const std::string& seed);

}  // namespace lc2::engine
