#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "s3sim/body.h"
#include "s3sim/checksum.h"

// What is stored under a key. Two million of these are to fit into memory, so what most objects do
// not have lies in one shared text.
namespace lc2::s3sim {

enum class StorageClass : std::uint8_t {
  kStandard,
  kStandardIa,
  kIntelligentTiering,
  kOnezoneIa,
  kGlacierIr,
  kGlacier,  // this and the next cannot be read before they are restored
  kDeepArchive,
};
std::string_view NameOf(StorageClass storage_class);  // "DEEP_ARCHIVE"
std::optional<StorageClass> StorageClassOf(std::string_view name);
inline bool IsArchived(StorageClass storage_class) {
  return storage_class == StorageClass::kGlacier || storage_class == StorageClass::kDeepArchive;
}

enum class LockMode : std::uint8_t { kNone, kGovernance, kCompliance };
std::string_view NameOf(LockMode mode);  // "GOVERNANCE"; "" for kNone
std::optional<LockMode> LockModeOf(std::string_view name);

struct Lock {
  Time retain_until{};
  LockMode mode = LockMode::kNone;
  bool legal_hold = false;

  // Nobody may delete the version now, but for governance with the right to bypass it.
  bool Holds(Time now, bool bypass_governance) const;
};

// Names and values that were given with an object and are given back with it. Immutable; copies
// share them.
class Attributes {
 public:
  Attributes() = default;
  explicit Attributes(const std::vector<std::pair<std::string, std::string>>& pairs);

  // "" where there is none.
  std::string_view Get(std::string_view name) const;
  std::vector<std::pair<std::string_view, std::string_view>> All() const;
  // The same with another value, or without one where it is "".
  Attributes With(std::string_view name, std::string_view value) const;

 private:
  std::shared_ptr<const std::string> lines_;  // "name:value\n"; null: none
};

// Names of attributes that are no headers to give back as they are.
inline constexpr std::string_view kTags = "(tags)";      // "key=value&...", encoded
inline constexpr std::string_view kDigest = "(digest)";  // checksum of a kind that is no CRC, hex
inline constexpr std::string_view kCustomerKey = "(customer-key)";  // MD5 of it, as it was sent

// One version, or a delete marker.
struct Version {
  Body body;
  Attributes attributes;
  Time modified{};
  std::uint64_t id = 0;  // 0: the null version
  Lock lock;
  EntityTag tag;
  std::array<char, 8> crc{};  // of the kinds that are one
  ChecksumKind checksum_kind = ChecksumKind::kNone;
  bool checksum_is_composite = false;
  StorageClass storage_class = StorageClass::kStandard;
  bool restored = false;  // from an archive: can be read for now
  bool is_delete_marker = false;

  // The checksum's bytes; "" where there is none.
  std::string checksum() const;
  void set_checksum(ChecksumKind kind, const std::string& bytes, bool composite);
  // As S3 writes it: base64, a composite one with its number of parts behind it.
  std::string checksum_text() const;
};

// "null" for 0, else 32 characters that say nothing of their order.
std::string VersionIdText(std::uint64_t id);

struct Object {
  Version current;
  std::unique_ptr<std::vector<Version>> older;  // the newest last; null: none
};

}  // namespace lc2::s3sim
