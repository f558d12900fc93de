#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "s3sim/body.h"

// What proves that an object is whole: the checksums of S3, and its entity tags
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html).
namespace lc2::s3sim {

enum class ChecksumKind : std::uint8_t { kNone, kCrc32, kCrc32c, kCrc64Nvme, kSha1, kSha256 };
inline constexpr std::array<ChecksumKind, 5> kChecksumKinds = {
    ChecksumKind::kCrc32, ChecksumKind::kCrc32c, ChecksumKind::kCrc64Nvme, ChecksumKind::kSha1,
    ChecksumKind::kSha256};

// "CRC64NVME" in headers and XML; the header is "x-amz-checksum-crc64nvme", the element
// "ChecksumCRC64NVME".
std::string_view NameOf(ChecksumKind kind);
std::string HeaderOf(ChecksumKind kind);
std::optional<ChecksumKind> ChecksumKindOf(std::string_view name);  // any case
// Whether checks of parts combine to that of the whole. Those that do not have a composite one
// only: the check of the parts' checks.
bool IsCrc(ChecksumKind kind);

// Most significant byte first, as S3 encodes it.
std::string Checksum(ChecksumKind kind, const Body& body);
// What a whole has whose parts have these; `kind` is a CRC.
std::string CombinedCrc(ChecksumKind kind, const std::string& first, const std::string& rest,
                        std::int64_t rest_bytes);
// The check over the parts' own.
std::string CompositeChecksum(ChecksumKind kind, const std::vector<std::string>& parts);

using Md5Digest = std::array<std::uint8_t, 16>;
Md5Digest Md5(std::string_view bytes);

// Larger made bodies get a tag that is no MD5: theirs would take seconds, and S3 promises one for
// nothing but a single plain upload. Such tags end in "-1", as those of multipart uploads do.
inline constexpr std::int64_t kLargestMd5 = 1 << 20;
struct EntityTag {
  Md5Digest digest{};
  std::uint16_t parts = 0;  // 0: the digest is that of the object

  std::string str() const;  // with quotes: "\"9a0364b9e99bb480dd25e1f0284c8555-3\""
  bool operator==(const EntityTag&) const = default;
};
EntityTag EntityTagOf(const Body& body);
EntityTag EntityTagOfParts(const std::vector<Md5Digest>& parts);

}  // namespace lc2::s3sim
