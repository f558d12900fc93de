#include "base/random.h"

#include <openssl/rand.h>

#include "base/check.h"

namespace lc2 {

std::string Random::Hex(int bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(static_cast<std::size_t>(bytes) * 2);
  std::uint64_t word = 0;
  for (int i = 0; i < bytes; ++i) {
    if (i % 8 == 0) word = Next();
    text += kDigits[word >> 4 & 15];
    text += kDigits[word & 15];
    word >>= 8;
  }
  return text;
}

std::int64_t Random::Between(std::int64_t low, std::int64_t high) {
  LC2_CHECK(low <= high);
  const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
  const std::uint64_t offset = span == 0 ? Next() : Next() % span;
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
}

std::uint64_t SystemRandom::Next() {
  std::uint64_t value = 0;
  LC2_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&value), sizeof value) == 1);
  return value;
}

}  // namespace lc2
