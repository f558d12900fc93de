#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "base/strong.h"
#include "codec/json.h"
#include "storage/entry.h"

// manifest.json, version 2.0 (design.md section 5; docs/format.md; api/manifest.schema.json).
namespace lc2::vault {

// At most so many entries stand in the manifest itself.
inline constexpr std::int64_t kMaxInlineFiles = 10'000;
inline constexpr std::int64_t kMaxShardEntries = 1'000'000;
inline constexpr std::int64_t kMaxManifestBytes = 64 << 20;
// The largest integer that every JSON reader keeps (RFC 8259 section 6).
inline constexpr std::int64_t kMaxJsonInteger = 9'007'199'254'740'991;

// What LCP's tools read (domain.md 2.5).
struct LcpFacts {
  std::string tracker_file_version = "v2";
  std::string storage_strategy = "gcs";  // gcs: a folder; sfs: an archive
  std::string backup_type = "manual";    // automatic | manual
  bool operator==(const LcpFacts&) const = default;
};
BOOST_DESCRIBE_STRUCT(LcpFacts, (), (tracker_file_version, storage_strategy, backup_type))

// The index of the dump's frames, which lies beside it.
struct DumpIndexFacts {
  std::string path;
  std::string sha256;  // hex
  bool operator==(const DumpIndexFacts&) const = default;
};
BOOST_DESCRIBE_STRUCT(DumpIndexFacts, (), (path, sha256))

struct DumpFacts {
  std::string path;
  std::string format;                     // "pg-custom+zstd" | "plain+gzip"
  std::string tool;                       // "pg_dump 16.11"
  std::int64_t size_bytes = 0;            // as stored
  std::optional<std::int64_t> raw_bytes;  // before compression
  std::string sha256;                     // of the stored bytes, hex
  std::optional<DumpIndexFacts> index;    // custom format only
  bool operator==(const DumpFacts&) const = default;
};
BOOST_DESCRIBE_STRUCT(DumpFacts, (), (path, format, tool, size_bytes, raw_bytes, sha256, index))

// A stored list: references, findings.
struct ListFacts {
  std::string path;
  std::int64_t count = 0;
  std::string sha256;  // of the stored bytes, hex
  bool operator==(const ListFacts&) const = default;
};
BOOST_DESCRIBE_STRUCT(ListFacts, (), (path, count, sha256))

struct DatabaseFacts {
  std::string type = "dump";  // snapshot | dump | both | none
  std::optional<std::string> snapshot_id;
  std::optional<std::string> instance_id;
  std::optional<std::string> engine;  // postgres | mysql
  std::optional<std::string> engine_version;
  std::optional<std::int64_t> size_bytes;  // of the live database
  std::optional<DumpFacts> dump;
  std::optional<ListFacts> references;
  bool operator==(const DatabaseFacts&) const = default;
};
BOOST_DESCRIBE_STRUCT(DatabaseFacts, (),
                      (type, snapshot_id, instance_id, engine, engine_version, size_bytes, dump,
                       references))

enum class Layout { kPool, kFolder };
BOOST_DESCRIBE_ENUM(Layout, kPool, kFolder)

struct ExcludedFacts {
  bool generated_files = false;
  std::int64_t object_count = 0;
  std::int64_t total_size_bytes = 0;
  bool operator==(const ExcludedFacts&) const = default;
};
BOOST_DESCRIBE_STRUCT(ExcludedFacts, (), (generated_files, object_count, total_size_bytes))

struct IndexFacts {
  std::string path;
  std::string sha256;
  std::int64_t shards = 0;
  bool operator==(const IndexFacts&) const = default;
};
BOOST_DESCRIBE_STRUCT(IndexFacts, (), (path, sha256, shards))

struct LibraryFacts {
  std::string store;  // "FileSystem", "S3", ...
  std::string source_bucket;
  std::string source_prefix;
  Layout layout = Layout::kPool;
  std::int64_t object_count = 0;
  std::int64_t total_size_bytes = 0;
  std::optional<ExcludedFacts> excluded;
  std::optional<IndexFacts> index;  // above kMaxInlineFiles; then `files` is empty
  std::vector<Entry> files;         // sorted by key bytes
  bool operator==(const LibraryFacts&) const = default;
};
// `files` is coded apart: entries have their own form (storage/entry_json.h).
BOOST_DESCRIBE_STRUCT(LibraryFacts, (),
                      (store, source_bucket, source_prefix, layout, object_count, total_size_bytes,
                       excluded, index))

enum class ConsistencyLevel { kAsOf, kOrdered };
BOOST_DESCRIBE_ENUM(ConsistencyLevel, kAsOf, kOrdered)

struct ConsistencyFacts {
  ConsistencyLevel level = ConsistencyLevel::kOrdered;
  std::vector<Time> window;  // [from, to] on the store's clock, whole seconds; see MakeWindow()
  std::int64_t references = 0;
  std::int64_t missing = 0;
  std::int64_t orphans = 0;
  std::int64_t size_mismatches = 0;
  std::int64_t recovered = 0;
  std::int64_t in_flight = 0;
  std::optional<ListFacts> findings;
  bool operator==(const ConsistencyFacts&) const = default;
};
BOOST_DESCRIBE_STRUCT(ConsistencyFacts, (),
                      (level, window, references, missing, orphans, size_mismatches, recovered,
                       in_flight, findings))

// `from` cut and `to` raised to whole seconds: the window never claims to be sharper than it is.
std::vector<Time> MakeWindow(Time from, Time to);

struct RetentionFacts {
  Time expires_at{};
  bool operator==(const RetentionFacts&) const = default;
};
BOOST_DESCRIBE_STRUCT(RetentionFacts, (), (expires_at))

struct Manifest {
  std::string version = "2.0";
  BackupId backup_id;
  Time timestamp{};
  RunId run_id;
  std::optional<BackupId> base;
  ProjectId project_id;
  EnvironmentName environment;
  std::string initiator;
  std::string provider;  // aws | gcp | azure | local
  LcpFacts lcp;
  DatabaseFacts database;
  LibraryFacts document_library;
  ConsistencyFacts consistency;
  RetentionFacts retention;
  std::string checksum;  // "sha256:..." over the RFC 8785 form without this member; set by Encode

  EnvironmentId env() const { return {.project = project_id, .environment = environment}; }
  bool operator==(const Manifest&) const = default;
};
BOOST_DESCRIBE_STRUCT(Manifest, (),
                      (version, backup_id, timestamp, run_id, base, project_id, environment,
                       initiator, provider, lcp, database, document_library, consistency, retention,
                       checksum))

// manifest.json's bytes: RFC 8785, checksum set.
std::string EncodeManifest(const Manifest& manifest);

// Reads outside input: size and depth are limited, the checksum is proven, every path lies inside
// `env`, keys are valid, files sorted, counts agree. `name` is the file's name for messages.
// Errors: kCorrupt "manifest.invalid", "manifest.checksum", "manifest.newer_version",
// "manifest.escapes" (a path outside of the environment).
Result<Manifest> ParseManifest(std::string_view bytes, const EnvironmentId& env,
                               const std::string& name);

// The checks that a manifest and a candidate share: pure, on the parts a worker proposes.
Result<void> CheckDatabase(const DatabaseFacts& facts, const EnvironmentId& env,
                           const std::string& name);
Result<void> CheckLibrary(const LibraryFacts& facts, const EnvironmentId& env,
                          const std::string& name);
Result<void> CheckConsistency(const ConsistencyFacts& facts, const EnvironmentId& env,
                              const std::string& name);

// The JSON form of the library part with its files, and back.
codec::Json EncodeLibrary(const LibraryFacts& facts);
Result<LibraryFacts> DecodeLibrary(const codec::Json& json, const codec::Path& path);

}  // namespace lc2::vault
