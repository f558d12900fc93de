#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace lc2 {

// An Ed25519 public key (RFC 8032). Its id is the first 16 hex digits of the SHA-256 of the 32 raw
// key bytes: a name, not a proof of trust.
class PublicKey {
 public:
  // PEM "PUBLIC KEY" (SubjectPublicKeyInfo). Errors: kInvalid.
  static Result<PublicKey> FromPem(std::string_view pem);
  std::string ToPem() const;
  const std::string& id() const { return id_; }
  bool Verifies(std::string_view message, std::string_view signature) const;

 private:
  friend class SigningKey;
  explicit PublicKey(std::string raw);
  std::string raw_;
  std::string id_;
};

// An Ed25519 private key; never leaves the process but as a Secret PEM.
class SigningKey {
 public:
  static SigningKey Generate();
  // PEM "PRIVATE KEY" (PKCS #8). Errors: kInvalid.
  static Result<SigningKey> FromPem(const Secret& pem);
  Secret ToPem() const;
  const PublicKey& public_key() const { return public_key_; }
  // 64 raw bytes.
  std::string Sign(std::string_view message) const;

 private:
  SigningKey(Secret raw, PublicKey public_key);
  Secret raw_;
  PublicKey public_key_;
};

}  // namespace lc2
