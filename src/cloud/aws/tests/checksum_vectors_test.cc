#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/crc.h"
#include "base/file.h"
#include "base/hash.h"
#include "codec/json.h"

// What S3 says of objects and their parts (test/vectors/checksums.json), from our own checks.
namespace lc2::cloud::aws {
namespace {

codec::Json Vectors() {
  const auto text = ReadFile(LC2_SOURCE_DIR "/test/vectors/checksums.json", 1 << 20);
  return codec::ParseJson(text.value()).value();
}

std::string Text(const codec::Json& json) { return std::string(json.as_string()); }

template <class Check>
auto Of(std::string_view bytes) {
  Check check;
  check.Update(bytes);
  return check.value();
}

TEST(ChecksumVectors, OfWholeObjects) {
  const codec::Json file = Vectors();
  for (const codec::Json& one : file.at("single").as_array()) {
    const std::string data = ParseBase64(Text(one.at("data"))).value();
    SCOPED_TRACE(Text(one.at("name")));
    EXPECT_EQ(CrcBase64(Of<Crc32c>(data)), Text(one.at("crc32c").at("base64")));
    EXPECT_EQ(CrcBase64(Of<Crc64Nvme>(data)), Text(one.at("crc64nvme").at("base64")));
    EXPECT_EQ(Sha256Hex(data), Text(one.at("sha256").at("hex")));
  }
}

// The file's rule: byte i is (i * 7 + 3) mod 256.
std::string Data(std::int64_t size) {
  std::string data;
  for (std::int64_t i = 0; i < size; ++i) data += static_cast<char>((i * 7 + 3) % 256);
  return data;
}

template <class Check>
void CheckParts(const codec::Json& one, const char* name) {
  const codec::JsonArray& ends = one.at("partEnds").as_array();
  const std::string data = Data(ends.back().as_int64());
  auto whole = Of<Check>("");
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const std::string part = data.substr(begin, ends[i].as_int64() - begin);
    const auto check = Of<Check>(part);
    EXPECT_EQ(CrcBase64(check), Text(one.at("parts").at(i).at(name)));
    whole = Check::Combine(whole, check, part.size());
    begin = ends[i].as_int64();
  }
  EXPECT_EQ(CrcBase64(whole), Text(one.at("fullObject").at(name)));
}

TEST(ChecksumVectors, OfPartsCombined) {
  const codec::Json file = Vectors();
  for (const codec::Json& one : file.at("multipart").as_array()) {
    SCOPED_TRACE(Text(one.at("name")) + ", " + Text(one.at("data")));
    CheckParts<Crc32c>(one, "crc32c");
    CheckParts<Crc64Nvme>(one, "crc64nvme");
  }
}

}  // namespace
}  // namespace lc2::cloud::aws
