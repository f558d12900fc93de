#include "base/crc.h"

#include <array>
#include <bit>
#include <cstring>

#include "base/hash.h"

namespace lc2 {

namespace {

constexpr int kSlices = 8;

// Row 0 advances the register by one byte, row n by that byte and n zero bytes behind it: eight
// bytes are looked up at once.
template <class Word, Word kPolynomial>
constexpr auto MakeTables() {
  std::array<std::array<Word, 256>, kSlices> tables{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    Word value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? kPolynomial : 0);
    tables[0][byte] = value;
  }
  for (int n = 1; n < kSlices; ++n) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      const Word before = tables[n - 1][byte];
      tables[n][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}

template <class Word, Word kPolynomial>
constexpr auto kTables = MakeTables<Word, kPolynomial>();

// Polynomials modulo the check's own; the highest bit is the factor of x^0.
template <class Word, Word kPolynomial>
Word Multiply(Word a, Word b) {
  Word product = 0;
  for (Word bit = Word{1} << (sizeof(Word) * 8 - 1); bit != 0; bit >>= 1) {
    if (a & bit) product ^= b;
    b = (b >> 1) ^ ((b & 1) ? kPolynomial : 0);
  }
  return product;
}

template <class Word>
std::string BigEndianBase64(Word value) {
  std::string bytes;
  for (int shift = sizeof(Word) * 8 - 8; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(value >> shift & 0xFF);
  }
  return Base64(bytes);
}

}  // namespace

template <class Word, Word kPolynomial>
void Crc<Word, kPolynomial>::Update(std::string_view bytes) {
  static_assert(std::endian::native == std::endian::little);
  const auto& tables = kTables<Word, kPolynomial>;
  Word value = register_;
  while (bytes.size() >= kSlices) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, bytes.data(), kSlices);
    eight ^= value;
    value = 0;
    for (int n = 0; n < kSlices; ++n) value ^= tables[kSlices - 1 - n][eight >> (8 * n) & 0xFF];
    bytes.remove_prefix(kSlices);
  }
  for (const char c : bytes) {
    value = (value >> 8) ^ tables[0][(value ^ static_cast<unsigned char>(c)) & 0xFF];
  }
  register_ = value;
}

// The rest's bytes move the first part up by x^(8 * rest_bytes).
template <class Word, Word kPolynomial>
Word Crc<Word, kPolynomial>::Combine(Word first, Word rest, std::uint64_t rest_bytes) {
  constexpr int kTop = sizeof(Word) * 8 - 1;
  Word power = Word{1} << (kTop - 8);  // x^8, squared again and again
  for (; rest_bytes != 0; rest_bytes >>= 1) {
    if (rest_bytes & 1) first = Multiply<Word, kPolynomial>(first, power);
    power = Multiply<Word, kPolynomial>(power, power);
  }
  return first ^ rest;
}

template class Crc<std::uint32_t, 0x82F63B78U>;
template class Crc<std::uint64_t, 0x9A6C9329AC4BC9B5ULL>;

std::string CrcBase64(std::uint32_t value) { return BigEndianBase64(value); }
std::string CrcBase64(std::uint64_t value) { return BigEndianBase64(value); }

}  // namespace lc2
