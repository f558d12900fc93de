#include "base/signing.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/hash.h"

namespace lc2 {

namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Digest = std::unique_ptr<EVP_MD_CTX, Free>;
using Bio = std::unique_ptr<BIO, Free>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Error BadKey(std::string_view what) {
  return Error{
      .kind = ErrorKind::kInvalid,
      .code = "key.invalid",
      .message = "not a PEM file with an Ed25519 " + std::string(what),
      .hint = "was it made by `openssl genpkey -algorithm ed25519`, without a passphrase?"};
}

Key PublicFromRaw(const std::string& raw) {
  Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(raw), raw.size()));
  LC2_CHECK(key != nullptr);
  return key;
}

Key PrivateFromRaw(const Secret& raw) {
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, Bytes(raw.Expose()),
                                       raw.Expose().size()));
  LC2_CHECK(key != nullptr);
  return key;
}

std::string RawPublic(EVP_PKEY* key) {
  std::string raw(32, '\0');
  std::size_t size = raw.size();
  LC2_CHECK(EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(raw.data()), &size) ==
            1);
  return raw;
}

std::string RawPrivate(EVP_PKEY* key) {
  std::string raw(32, '\0');
  std::size_t size = raw.size();
  LC2_CHECK(
      EVP_PKEY_get_raw_private_key(key, reinterpret_cast<unsigned char*>(raw.data()), &size) == 1);
  return raw;
}

// An encrypted PEM has no passphrase here; OpenSSL's own answer is to ask on the terminal.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) { return -1; }

constexpr std::size_t kMaxPemBytes = 64 * 1024;  // a key has about 120

// `read` is a PEM_read_bio function. A text of another kind gives null; what OpenSSL noted about it
// must not be taken for the failure of a later call.
Key ReadPem(std::string_view pem, EVP_PKEY* (*read)(BIO*, EVP_PKEY**, pem_password_cb*, void*)) {
  if (pem.empty() || pem.size() > kMaxPemBytes) return nullptr;
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  LC2_CHECK(bio != nullptr);
  Key key(read(bio.get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  if (key != nullptr && EVP_PKEY_id(key.get()) != EVP_PKEY_ED25519) return nullptr;
  return key;
}

std::string Contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

PublicKey::PublicKey(std::string raw) : raw_(std::move(raw)), id_(Sha256Hex(raw_).substr(0, 16)) {}

Result<PublicKey> PublicKey::FromPem(std::string_view pem) {
  const Key key = ReadPem(pem, PEM_read_bio_PUBKEY);
  if (key == nullptr) return BadKey("public key");
  return PublicKey(RawPublic(key.get()));
}

std::string PublicKey::ToPem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  LC2_CHECK(PEM_write_bio_PUBKEY(bio.get(), PublicFromRaw(raw_).get()) == 1);
  return Contents(bio.get());
}

bool PublicKey::Verifies(std::string_view message, std::string_view signature) const {
  const Key key = PublicFromRaw(raw_);
  const Digest context(EVP_MD_CTX_new());
  const bool good =
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message),
                       message.size()) == 1;
  ERR_clear_error();
  return good;
}

SigningKey::SigningKey(Secret raw, PublicKey public_key)
    : raw_(std::move(raw)), public_key_(std::move(public_key)) {}

SigningKey SigningKey::Generate() {
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  LC2_CHECK(key != nullptr);
  return SigningKey(Secret(RawPrivate(key.get())), PublicKey(RawPublic(key.get())));
}

Result<SigningKey> SigningKey::FromPem(const Secret& pem) {
  const Key key = ReadPem(pem.Expose(), PEM_read_bio_PrivateKey);
  if (key == nullptr) return BadKey("private key");
  return SigningKey(Secret(RawPrivate(key.get())), PublicKey(RawPublic(key.get())));
}

Secret SigningKey::ToPem() const {
  const Bio bio(BIO_new(BIO_s_secmem()));
  LC2_CHECK(PEM_write_bio_PKCS8PrivateKey(bio.get(), PrivateFromRaw(raw_).get(), nullptr, nullptr,
                                          0, nullptr, nullptr) == 1);
  return Secret(Contents(bio.get()));
}

std::string SigningKey::Sign(std::string_view message) const {
  const Key key = PrivateFromRaw(raw_);
  const Digest context(EVP_MD_CTX_new());
  LC2_CHECK(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1);
  std::string signature(64, '\0');
  std::size_t size = signature.size();
  LC2_CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                           Bytes(message), message.size()) == 1);
  return signature;
}

}  // namespace lc2
