#pragma once

#include <cstdint>
#include <optional>
#include <string>

// What a finished dump leaves behind: the facts that the manifest records (design.md section 5).
namespace lc2::database {

enum class DumpFormat {
  kCustom,  // pg_dump's custom archive in zstd frames: "lportal.dump.zst", with an index beside it
  kPlain,   // plain SQL in gzip, what LCP takes: "lportal.sql.gz"
};

inline constexpr char kFormatCustomZstd[] = "pg-custom+zstd";
inline constexpr char kFormatPlainGzip[] = "plain+gzip";

struct DumpFacts {
  std::string path;             // the object's key
  std::string format;           // kFormatCustomZstd or kFormatPlainGzip
  std::string tool;             // "pg_dump 16.11"
  std::int64_t size_bytes = 0;  // as stored
  std::int64_t raw_bytes = 0;   // before compression
  std::string sha256;           // of the stored bytes, hex
  // The index of frames, "<path>.index.json"; empty for plain dumps.
  std::string index_path;
  std::string index_sha256;
};

struct ReferenceFacts {
  std::string path;
  std::int64_t count = 0;
  std::string sha256;  // of the stored bytes, hex
  // Rows whose key another row has too: with the same size (harmless), and with another one, in
  // which case the reference is that of the newest row.
  std::int64_t duplicate_rows = 0;
  std::int64_t conflicting_rows = 0;
};

// The portal's own record of its build: Release_ where servletContextName is "portal".
struct ReleaseFacts {
  std::int64_t build_number = 0;
  std::int64_t state = 0;  // 0: fine
  std::string schema_version;
};

}  // namespace lc2::database
