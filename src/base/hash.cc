#include "base/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

namespace lc2 {

namespace {
// Fetched once and kept: looking it up costs more than hashing a short text.
const EVP_MD* Algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  LC2_CHECK(algorithm != nullptr);
  return algorithm;
}
}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  LC2_CHECK(state_->context != nullptr);
  LC2_CHECK(EVP_DigestInit_ex(state_->context, Algorithm(), nullptr) == 1);
}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::Update(std::string_view bytes) {
  LC2_CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

Sha256Digest Sha256::Finish() {
  Sha256Digest digest;
  unsigned length = 0;
  LC2_CHECK(EVP_DigestFinal_ex(state_->context, digest.data(), &length) == 1);
  LC2_CHECK(length == digest.size());
  LC2_CHECK(EVP_DigestInit_ex(state_->context, nullptr, nullptr) == 1);
  return digest;
}

std::string Sha256::FinishHex() { return Hex(Finish()); }

std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text(bytes.size() * 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    text[2 * i] = kDigits[byte >> 4];
    text[2 * i + 1] = kDigits[byte & 15];
  }
  return text;
}

namespace {
int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
}  // namespace

Result<std::string> ParseHex(std::string_view text) {
  const Error bad{
      .kind = ErrorKind::kInvalid, .code = "text.not_hex", .message = "not a hex string"};
  if (text.size() % 2 != 0) return bad;
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = HexValue(text[i]);
    const int low = HexValue(text[i + 1]);
    if (high < 0 || low < 0) return bad;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string Sha256Hex(std::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.FinishHex();
}

std::string Sha256Tagged(std::string_view bytes) { return "sha256:" + Sha256Hex(bytes); }

Sha256Digest HmacSha256(std::string_view key, std::string_view message) {
  Sha256Digest digest;
  unsigned length = 0;
  LC2_CHECK(HMAC(Algorithm(), key.data(), static_cast<int>(key.size()),
                 reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                 digest.data(), &length) != nullptr);
  LC2_CHECK(length == digest.size());
  return digest;
}

namespace {
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int Base64Value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}
}  // namespace

std::string Base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += j <= count ? kBase64[group >> (18 - 6 * j) & 63] : '=';
    }
  }
  return text;
}

// EVP_DecodeBlock will not do: it skips white space at both ends, takes "=" anywhere, and does not
// say how many bytes there were.
Result<std::string> ParseBase64(std::string_view text) {
  const Error bad{
      .kind = ErrorKind::kInvalid, .code = "text.not_base64", .message = "not a base64 string"};
  if (text.size() % 4 != 0) return bad;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text.substr(0, text.size() - padding)) {
    const int value = Base64Value(c);
    if (value < 0) return bad;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xFF);
    }
  }
  if ((bits & ((1U << count) - 1)) != 0) return bad;  // two texts would mean the same bytes
  return bytes;
}

}  // namespace lc2
