#include "vault/manifest_checks.h"

#include <fmt/format.h>

#include <initializer_list>

#include "base/time_format.h"
#include "codec/described.h"
#include "storage/object_store.h"
#include "vault/paths.h"

namespace lc2::vault {
namespace {

// Outside text in a message: bounded, and nothing that a terminal obeys.
std::string Shown(std::string_view text) {
  std::string shown(text.substr(0, 200));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return shown;
}

struct Count {
  std::string_view what;
  std::int64_t value = 0;
};
Result<void> CheckCounts(std::initializer_list<Count> counts, const std::string& name) {
  for (const Count& count : counts) {
    if (count.value < 0 || count.value > kMaxJsonInteger)
      return BadManifest(name, count.what, fmt::format("0 to {}", kMaxJsonInteger),
                         std::to_string(count.value));
  }
  return {};
}

Result<void> CheckDigest(std::string_view sha256, std::string_view what, const std::string& name) {
  if (IsSha256Hex(sha256)) return {};
  return BadManifest(name, what, "64 lower-case hex digits", sha256);
}

Result<void> CheckList(const ListFacts& list, const EnvironmentId& env, const std::string& what,
                       const std::string& name) {
  LC2_RETURN_IF_ERROR(CheckInside(list.path, env, name, what + ".path"));
  LC2_RETURN_IF_ERROR(CheckDigest(list.sha256, what + ".sha256", name));
  return CheckCounts({{what + ".count", list.count}}, name);
}

Result<void> CheckFiles(const LibraryFacts& facts, const EnvironmentId& env,
                        const std::string& name) {
  std::int64_t bytes = 0;
  const Entry* before = nullptr;
  for (const Entry& file : facts.files) {
    LC2_RETURN_IF_ERROR(CheckEntry(file, facts.layout, env, name));
    if (before != nullptr && before->key >= file.key)
      return BadManifest(name, "documentLibrary.files",
                         fmt::format("a key after '{}'", Shown(before->key)), file.key);
    before = &file;
    bytes += file.size;  // cannot wrap: at most 64 MiB of JSON, each size below 2^53
    if (bytes > kMaxJsonInteger)
      return BadManifest(name, "documentLibrary.totalSizeBytes", "less than 2^53", "more");
  }
  if (facts.object_count != static_cast<std::int64_t>(facts.files.size()))
    return BadManifest(name, "documentLibrary.objectCount", std::to_string(facts.files.size()),
                       std::to_string(facts.object_count));
  if (facts.total_size_bytes != bytes)
    return BadManifest(name, "documentLibrary.totalSizeBytes", std::to_string(bytes),
                       std::to_string(facts.total_size_bytes));
  return {};
}

}  // namespace

Error BadManifest(const std::string& name, std::string_view what, std::string_view expected,
                  std::string_view found) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "manifest.invalid",
               .message = fmt::format("'{}' is damaged: {} should be {}, found '{}'", Shown(name),
                                      what, Shown(expected), Shown(found)),
               .hint = "restore an older version of this object"};
}

Error BadManifest(const std::string& name, const Error& cause) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "manifest.invalid",
               .message = fmt::format("'{}' is damaged", Shown(name)),
               .hint = "restore an older version of this object",
               .cause = Share(cause)};
}

bool IsSha256Hex(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<void> CheckInside(std::string_view path, const EnvironmentId& env, const std::string& name,
                         std::string_view what) {
  if (IsInside(env, path)) return {};
  return Error{
      .kind = ErrorKind::kCorrupt,
      .code = "manifest.escapes",
      .message = fmt::format("'{}' names an object outside of environment '{}': {} is '{}'",
                             Shown(name), env.str(), what, Shown(path)),
      .hint = "it was not written by lc2, or for another environment: do not use it"};
}

Result<void> CheckEntry(const Entry& entry, Layout layout, const EnvironmentId& env,
                        const std::string& name) {
  if (!CheckKey(entry.key).has_value())
    return BadManifest(name, "the key of an entry", "a valid key", entry.key);
  LC2_RETURN_IF_ERROR(CheckCounts({{"the size of an entry", entry.size}}, name));
  LC2_RETURN_IF_ERROR(CheckInside(entry.path, env, name, "the path of an entry"));
  if (layout == Layout::kPool && !ParsePoolKey(env, entry.path))
    return BadManifest(name, "the path of an entry", "a name in the pool", entry.path);
  if (layout == Layout::kFolder &&
      (!entry.path.ends_with("/" + entry.key) || entry.path.find("/dl/") == std::string::npos))
    return BadManifest(name, "the path of an entry", "its key below 'dl/'", entry.path);
  if (entry.checksum && entry.checksum->alg == "sha256")
    LC2_RETURN_IF_ERROR(CheckDigest(entry.checksum->value, "the checksum of an entry", name));
  return {};
}

Result<void> CheckDatabase(const DatabaseFacts& facts, const EnvironmentId& env,
                           const std::string& name) {
  const std::string& type = facts.type;
  if (type != "dump" && type != "snapshot" && type != "both" && type != "none")
    return BadManifest(name, "database.type", "snapshot, dump, both or none", type);
  const bool wants_dump = type == "dump" || type == "both";
  const bool wants_snapshot = type == "snapshot" || type == "both";
  if (wants_dump != facts.dump.has_value())
    return BadManifest(name, "database.dump", wants_dump ? "there" : "absent",
                       wants_dump ? "nothing" : "a dump");
  if (wants_snapshot != facts.snapshot_id.has_value())
    return BadManifest(name, "database.snapshotId", wants_snapshot ? "there" : "absent",
                       facts.snapshot_id.value_or("nothing"));
  LC2_RETURN_IF_ERROR(CheckCounts({{"database.sizeBytes", facts.size_bytes.value_or(0)}}, name));
  if (facts.dump) {
    LC2_RETURN_IF_ERROR(CheckInside(facts.dump->path, env, name, "database.dump.path"));
    LC2_RETURN_IF_ERROR(CheckDigest(facts.dump->sha256, "database.dump.sha256", name));
    if (facts.dump->index) {
      const DumpIndexFacts& index = *facts.dump->index;
      LC2_RETURN_IF_ERROR(CheckInside(index.path, env, name, "database.dump.index.path"));
      LC2_RETURN_IF_ERROR(CheckDigest(index.sha256, "database.dump.index.sha256", name));
    }
    LC2_RETURN_IF_ERROR(CheckCounts({{"database.dump.sizeBytes", facts.dump->size_bytes},
                                     {"database.dump.rawBytes", facts.dump->raw_bytes.value_or(0)}},
                                    name));
    if (facts.dump->format.empty())
      return BadManifest(name, "database.dump.format", "a format", "nothing");
  }
  if (facts.references)
    LC2_RETURN_IF_ERROR(CheckList(*facts.references, env, "database.references", name));
  return {};
}

Result<void> CheckLibrary(const LibraryFacts& facts, const EnvironmentId& env,
                          const std::string& name) {
  LC2_RETURN_IF_ERROR(CheckCounts({{"documentLibrary.objectCount", facts.object_count},
                                   {"documentLibrary.totalSizeBytes", facts.total_size_bytes}},
                                  name));
  if (facts.excluded) {
    LC2_RETURN_IF_ERROR(
        CheckCounts({{"documentLibrary.excluded.objectCount", facts.excluded->object_count},
                     {"documentLibrary.excluded.totalSizeBytes", facts.excluded->total_size_bytes}},
                    name));
  }
  if (!facts.index) return CheckFiles(facts, env, name);
  LC2_RETURN_IF_ERROR(CheckInside(facts.index->path, env, name, "documentLibrary.index.path"));
  LC2_RETURN_IF_ERROR(CheckDigest(facts.index->sha256, "documentLibrary.index.sha256", name));
  return CheckCounts({{"documentLibrary.index.shards", facts.index->shards}}, name);
}

Result<void> CheckConsistency(const ConsistencyFacts& facts, const EnvironmentId& env,
                              const std::string& name) {
  if (facts.window.size() != 2 || facts.window[0] > facts.window[1])
    return BadManifest(name, "consistency.window", "a time and one not before it",
                       fmt::format("{} times", facts.window.size()));
  LC2_RETURN_IF_ERROR(CheckCounts({{"consistency.references", facts.references},
                                   {"consistency.missing", facts.missing},
                                   {"consistency.orphans", facts.orphans},
                                   {"consistency.sizeMismatches", facts.size_mismatches},
                                   {"consistency.recovered", facts.recovered},
                                   {"consistency.inFlight", facts.in_flight}},
                                  name));
  if (facts.findings)
    LC2_RETURN_IF_ERROR(CheckList(*facts.findings, env, "consistency.findings", name));
  return {};
}

}  // namespace lc2::vault
