#include "s3sim/checksum.h"

#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/crc.h"
#include "base/hash.h"
#include "s3sim/mix_internal.h"
#include "s3sim/text_internal.h"

namespace lc2::s3sim {

namespace {

// A body is read in pieces of so many bytes where it has to be read whole.
constexpr std::int64_t kPiece = 1 << 20;

template <class Word>
std::string BigEndian(Word value) {
  std::string bytes;
  for (int shift = sizeof(Word) * 8 - 8; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(value >> shift & 0xFF);
  }
  return bytes;
}

template <class Word>
Word Number(const std::string& bytes) {
  LC2_CHECK(bytes.size() == sizeof(Word));
  Word value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::uint32_t Crc32(const Body& body) {
  uLong crc = ::crc32(0, nullptr, 0);
  for (std::int64_t at = 0; at < body.size(); at += kPiece) {
    const std::string piece = body.Read(at, kPiece);
    crc = ::crc32_z(crc, reinterpret_cast<const Bytef*>(piece.data()), piece.size());
  }
  return static_cast<std::uint32_t>(crc);
}

std::string Sha1(const Body& body) {
  EVP_MD_CTX* const hash = ::EVP_MD_CTX_new();
  LC2_CHECK(hash != nullptr && ::EVP_DigestInit_ex(hash, ::EVP_sha1(), nullptr) == 1);
  for (std::int64_t at = 0; at < body.size(); at += kPiece) {
    const std::string piece = body.Read(at, kPiece);
    LC2_CHECK(::EVP_DigestUpdate(hash, piece.data(), piece.size()) == 1);
  }
  std::string digest(20, '\0');
  LC2_CHECK(::EVP_DigestFinal_ex(hash, reinterpret_cast<unsigned char*>(digest.data()), nullptr) ==
            1);
  ::EVP_MD_CTX_free(hash);
  return digest;
}

std::string Sha256Of(const Body& body) {
  Sha256 hash;
  for (std::int64_t at = 0; at < body.size(); at += kPiece) hash.Update(body.Read(at, kPiece));
  const Sha256Digest digest = hash.Finish();
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// Stands in for the MD5 of a body that is too large for one.
Md5Digest MadeUpDigest(const Body& body) {
  const std::uint64_t high = Mix(1, body.fingerprint());
  const std::uint64_t low = Mix(2, body.fingerprint());
  Md5Digest digest;
  std::memcpy(digest.data(), &high, sizeof(high));
  std::memcpy(digest.data() + sizeof(high), &low, sizeof(low));
  return digest;
}

}  // namespace

std::string_view NameOf(ChecksumKind kind) {
  switch (kind) {
    case ChecksumKind::kCrc32:
      return "CRC32";
    case ChecksumKind::kCrc32c:
      return "CRC32C";
    case ChecksumKind::kCrc64Nvme:
      return "CRC64NVME";
    case ChecksumKind::kSha1:
      return "SHA1";
    case ChecksumKind::kSha256:
      return "SHA256";
    case ChecksumKind::kNone:
      break;
  }
  return "";
}

std::string HeaderOf(ChecksumKind kind) { return "x-amz-checksum-" + LowerCase(NameOf(kind)); }

std::optional<ChecksumKind> ChecksumKindOf(std::string_view name) {
  const auto found =
      std::find_if(kChecksumKinds.begin(), kChecksumKinds.end(),
                   [&](ChecksumKind kind) { return LowerCase(NameOf(kind)) == LowerCase(name); });
  if (found == kChecksumKinds.end()) return std::nullopt;
  return *found;
}

bool IsCrc(ChecksumKind kind) {
  return kind == ChecksumKind::kCrc32 || kind == ChecksumKind::kCrc32c ||
         kind == ChecksumKind::kCrc64Nvme;
}

std::string Checksum(ChecksumKind kind, const Body& body) {
  switch (kind) {
    case ChecksumKind::kCrc32:
      return BigEndian(Crc32(body));
    case ChecksumKind::kCrc32c:
      return BigEndian(body.Crc32cOf());
    case ChecksumKind::kCrc64Nvme:
      return BigEndian(body.Crc64NvmeOf());
    case ChecksumKind::kSha1:
      return Sha1(body);
    case ChecksumKind::kSha256:
      return Sha256Of(body);
    case ChecksumKind::kNone:
      break;
  }
  return {};
}

std::string CombinedCrc(ChecksumKind kind, const std::string& first, const std::string& rest,
                        std::int64_t rest_bytes) {
  LC2_CHECK(IsCrc(kind));
  const auto count = static_cast<std::uint64_t>(rest_bytes);
  if (kind == ChecksumKind::kCrc64Nvme) {
    return BigEndian(
        Crc64Nvme::Combine(Number<std::uint64_t>(first), Number<std::uint64_t>(rest), count));
  }
  const auto a = Number<std::uint32_t>(first);
  const auto b = Number<std::uint32_t>(rest);
  if (kind == ChecksumKind::kCrc32c) return BigEndian(Crc32c::Combine(a, b, count));
  return BigEndian(static_cast<std::uint32_t>(::crc32_combine64(a, b, rest_bytes)));
}

std::string CompositeChecksum(ChecksumKind kind, const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += part;
  return Checksum(kind, Body::Bytes(std::move(all)));
}

Md5Digest Md5(std::string_view bytes) {
  // Looking the algorithm up costs as much as the digest of a small body.
  static const EVP_MD* const kMd5 = ::EVP_MD_fetch(nullptr, "MD5", nullptr);
  Md5Digest digest;
  LC2_CHECK(::EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, kMd5, nullptr) == 1);
  return digest;
}

std::string EntityTag::str() const {
  const std::string hex =
      Hex(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
  return parts == 0 ? '"' + hex + '"' : '"' + hex + '-' + std::to_string(parts) + '"';
}

EntityTag EntityTagOf(const Body& body) {
  if (!body.is_given() && body.size() > kLargestMd5) return {MadeUpDigest(body), 1};
  return {Md5(body.ReadAll()), 0};
}

EntityTag EntityTagOfParts(const std::vector<Md5Digest>& parts) {
  std::string all;
  for (const Md5Digest& part : parts) {
    all.append(reinterpret_cast<const char*>(part.data()), part.size());
  }
  return {Md5(all), static_cast<std::uint16_t>(parts.size())};
}

}  // namespace lc2::s3sim
