#include "base/hash.h"

#include <openssl/evp.h>

#include <vector>

namespace lc2 {

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  ~State() {
    EVP_MD_CTX_free(context);
    EVP_MD_free(algorithm);
  }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  LC2_CHECK(EVP_DigestInit_ex(state_->context, state_->algorithm, nullptr) == 1);
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
  LC2_CHECK(EVP_DigestInit_ex(state_->context, state_->algorithm, nullptr) == 1);
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
  const Error bad{.kind = ErrorKind::kInvalid, .code = "text.not_hex", .message = "not a hex string"};
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

std::string Base64(std::string_view bytes) {
  std::vector<unsigned char> text((bytes.size() + 2) / 3 * 4 + 1);
  const int length =
      EVP_EncodeBlock(text.data(), reinterpret_cast<const unsigned char*>(bytes.data()),
                      static_cast<int>(bytes.size()));
  return std::string(text.begin(), text.begin() + length);
}

Result<std::string> ParseBase64(std::string_view text) {
  const Error bad{
      .kind = ErrorKind::kInvalid, .code = "text.not_base64", .message = "not a base64 string"};
  if (text.size() % 4 != 0) return bad;
  if (text.empty()) return std::string();
  std::vector<unsigned char> bytes(text.size() / 4 * 3);
  if (EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size())) < 0) {
    return bad;
  }
  std::size_t length = bytes.size();
  if (text.ends_with("==")) {
    length -= 2;
  } else if (text.ends_with("=")) {
    length -= 1;
  }
  return std::string(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
}

}  // namespace lc2
