#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lc2 {

using Sha256Digest = std::array<std::uint8_t, 32>;

// Incremental SHA-256 (FIPS 180-4), hardware-accelerated where the processor can.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void Update(std::string_view bytes);
  // Ends the message; the object starts a new one.
  Sha256Digest Finish();
  std::string FinishHex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string Hex(std::string_view bytes);
inline std::string Hex(const Sha256Digest& digest) {
  return Hex(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}
// Lower or upper case; kInvalid on an odd number of digits or another character.
Result<std::string> ParseHex(std::string_view text);

// 64 lower-case hex digits.
std::string Sha256Hex(std::string_view bytes);
// "sha256:<64 hex digits>", the form in manifests and logs.
std::string Sha256Tagged(std::string_view bytes);

// HMAC with SHA-256 (RFC 2104); any length of key.
Sha256Digest HmacSha256(std::string_view key, std::string_view message);

// RFC 4648, section 4, with padding and without line breaks.
std::string Base64(std::string_view bytes);
// Takes what Base64 gives and nothing else: no white space, no missing or surplus padding, no bits
// left over. Error: kInvalid.
Result<std::string> ParseBase64(std::string_view text);

}  // namespace lc2
