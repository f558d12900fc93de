#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Cyclic redundancy checks that object stores take and give. They find accidents, not intent.
namespace lc2 {

// Of a message that comes in pieces. `kPolynomial` is reflected; the register begins and ends
// inverted, as the checks of S3 and Google Cloud Storage do.
template <class Word, Word kPolynomial>
class Crc {
 public:
  void Update(std::string_view bytes);
  Word value() const { return static_cast<Word>(~register_); }

  // The check of a message whose first part has `first` and whose rest, of so many bytes, has
  // `rest`.
  static Word Combine(Word first, Word rest, std::uint64_t rest_bytes);

 private:
  Word register_ = static_cast<Word>(~Word{0});
};

// CRC-32C (Castagnoli), RFC 3720, appendix B.4: Google Cloud Storage's, one of S3's.
using Crc32c = Crc<std::uint32_t, 0x82F63B78U>;
// CRC-64/NVME: what S3 computes by itself (Amazon S3 User Guide, "Checking object integrity").
using Crc64Nvme = Crc<std::uint64_t, 0x9A6C9329AC4BC9B5ULL>;

extern template class Crc<std::uint32_t, 0x82F63B78U>;
extern template class Crc<std::uint64_t, 0x9A6C9329AC4BC9B5ULL>;

// As it travels: base64 of the bytes, the most significant first.
std::string CrcBase64(std::uint32_t value);
std::string CrcBase64(std::uint64_t value);

}  // namespace lc2
