#include "base/signing.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "base/hash.h"

namespace lc2 {
namespace {

// RFC 8032, section 7.1; a PKCS #8 and a SubjectPublicKeyInfo are these prefixes (RFC 8410) and the
// 32 bytes.
constexpr std::string_view kPrivatePrefix = "302e020100300506032b657004220420";
constexpr std::string_view kPublicPrefix = "302a300506032b6570032100";

std::string Pem(std::string_view label, std::string_view hex) {
  return "-----BEGIN " + std::string(label) + "-----\n" + Base64(ParseHex(hex).value()) +
         "\n-----END " + std::string(label) + "-----\n";
}

SigningKey KeyOf(std::string_view seed_hex) {
  return SigningKey::FromPem(
             Secret(Pem("PRIVATE KEY", std::string(kPrivatePrefix) + std::string(seed_hex))))
      .value();
}

TEST(Signing, MatchesTheVectorsOfRfc8032) {
  const SigningKey one = KeyOf("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  EXPECT_EQ(
      Hex(one.Sign({})),
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
      "f9b46bd25bf5f0595bbe24655141438e7a100b");
  const SigningKey two = KeyOf("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  EXPECT_EQ(
      Hex(two.Sign("\x72")),
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0"
      "f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_EQ(
      two.public_key().ToPem(),
      Pem("PUBLIC KEY", std::string(kPublicPrefix) +
                            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
}

TEST(Signing, VerifiesWhatWasSignedAndNothingElse) {
  const SigningKey key = SigningKey::Generate();
  const std::string signature = key.Sign("the manifest");
  EXPECT_EQ(signature.size(), 64U);
  EXPECT_TRUE(key.public_key().Verifies("the manifest", signature));
  EXPECT_FALSE(key.public_key().Verifies("the manifesto", signature));
  EXPECT_FALSE(key.public_key().Verifies("the manifest", signature.substr(1)));
  EXPECT_FALSE(key.public_key().Verifies("the manifest", {}));
  EXPECT_FALSE(SigningKey::Generate().public_key().Verifies("the manifest", signature));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    std::string flipped = signature;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    EXPECT_FALSE(key.public_key().Verifies("the manifest", flipped)) << i;
  }
}

TEST(Signing, KeysRoundTripThroughPem) {
  const SigningKey key = SigningKey::Generate();
  const SigningKey again = SigningKey::FromPem(key.ToPem()).value();
  EXPECT_EQ(again.Sign("x"), key.Sign("x"));
  const PublicKey public_key = PublicKey::FromPem(key.public_key().ToPem()).value();
  EXPECT_EQ(public_key.id(), key.public_key().id());
  EXPECT_EQ(public_key.id().size(), 16U);
  EXPECT_TRUE(public_key.Verifies("x", key.Sign("x")));
}

// Two keys of other kinds, made by openssl; the last is encrypted, for which OpenSSL would ask a
// terminal for the passphrase.
constexpr std::string_view kX25519 =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VuAyEA3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=\n"
    "-----END PUBLIC KEY-----\n";
constexpr std::string_view kEncrypted =
    "-----BEGIN PRIVATE KEY-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n"
    "\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";

TEST(Signing, RefusesWhatIsNoEd25519Key) {
  for (const std::string_view text : {std::string_view(), std::string_view("hello"), kX25519}) {
    EXPECT_EQ(PublicKey::FromPem(text).error().code, "key.invalid");
    EXPECT_EQ(SigningKey::FromPem(Secret(std::string(text))).error().code, "key.invalid");
  }
  EXPECT_FALSE(PublicKey::FromPem(std::string(1 << 20, 'x')).has_value());
  const SigningKey key = SigningKey::Generate();
  EXPECT_FALSE(PublicKey::FromPem(key.ToPem().Expose()).has_value());
  EXPECT_FALSE(SigningKey::FromPem(Secret(key.public_key().ToPem())).has_value());
}

TEST(Signing, NeverAsksForAPassphrase) {
  const Result<SigningKey> key = SigningKey::FromPem(Secret(std::string(kEncrypted)));
  ASSERT_FALSE(key.has_value());
  EXPECT_NE(key.error().hint.find("passphrase"), std::string::npos);
}

// OpenSSL keeps errors a thread long; the next TLS call would report ours as its own.
TEST(Signing, LeavesNoErrorBehind) {
  (void)PublicKey::FromPem("hello");
  (void)SigningKey::Generate().public_key().Verifies("x", "y");
  EXPECT_EQ(ERR_peek_error(), 0U);
}

}  // namespace
}  // namespace lc2
