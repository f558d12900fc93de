#include "s3sim/body.h"

#include <gtest/gtest.h>

#include "base/crc.h"
#include "base/hash.h"
#include "s3sim/checksum.h"

namespace lc2::s3sim {
namespace {

std::uint64_t Crc64(const std::string& text) {
  Crc64Nvme crc;
  crc.Update(text);
  return crc.value();
}

TEST(Body, IsTheBytesThatWereGiven) {
  const Body body = Body::Bytes("hello world");
  EXPECT_EQ(body.size(), 11);
  EXPECT_EQ(body.ReadAll(), "hello world");
  EXPECT_EQ(body.Read(6, 100), "world");
  EXPECT_EQ(body.Slice(2, 5).Slice(1, 2).ReadAll(), "lo");
  EXPECT_EQ(Body().ReadAll(), "");
  EXPECT_EQ(Body::Bytes("").size(), 0);
}

TEST(Body, MadeBytesFollowFromTheSeedAlone) {
  const Body body = Body::Made(7, 200'000);
  const std::string all = body.ReadAll();
  EXPECT_EQ(all, Body::Made(7, 200'000).ReadAll());
  EXPECT_NE(all, Body::Made(8, 200'000).ReadAll());
  // However it is read.
  for (const std::int64_t at : {0, 1, 7, 8, 65'535, 65'536, 65'541, 131'071}) {
    EXPECT_EQ(body.Read(at, 1'000), all.substr(static_cast<std::size_t>(at), 1'000)) << at;
  }
  // No two blocks are equal, so that one in another's place is found.
  EXPECT_NE(all.substr(0, 65'536), all.substr(65'536, 65'536));
}

TEST(Body, AreJoinedInTheirOrder) {
  const Body made = Body::Made(1, 100'000);
  const Body joined = Body::Joined({Body::Bytes("head"), made, Body(), Body::Bytes("tail")});
  const std::string all = "head" + made.ReadAll() + "tail";
  EXPECT_EQ(joined.ReadAll(), all);
  EXPECT_EQ(joined.Slice(2, 5).ReadAll(), all.substr(2, 5));
  EXPECT_EQ(joined.Slice(99'990, 1'000).ReadAll(), all.substr(99'990));
}

TEST(Body, ChecksOfMadeBytesAreThoseOfTheirBytes) {
  for (const std::int64_t size : {0, 1, 8, 65'535, 65'536, 131'072, 400'001}) {
    const Body body = Body::Made(3, size);
    EXPECT_EQ(body.Crc64NvmeOf(), Crc64(body.ReadAll())) << size;
  }
  const Body slice = Body::Made(3, 1'000'000).Slice(70'001, 500'003);
  EXPECT_EQ(slice.Crc64NvmeOf(), Crc64(slice.ReadAll()));
  const Body joined = Body::Joined({Body::Bytes("x"), slice, Body::Made(4, 9)}).Slice(1, 400'000);
  EXPECT_EQ(joined.Crc64NvmeOf(), Crc64(joined.ReadAll()));
}

// Checked values of these algorithms for "123456789".
TEST(Checksum, IsTheOneOfItsAlgorithm) {
  const Body digits = Body::Bytes("123456789");
  EXPECT_EQ(Hex(Checksum(ChecksumKind::kCrc32, digits)), "cbf43926");
  EXPECT_EQ(Hex(Checksum(ChecksumKind::kCrc32c, digits)), "e3069283");
  EXPECT_EQ(Hex(Checksum(ChecksumKind::kCrc64Nvme, digits)), "ae8b14860a799888");
  EXPECT_EQ(Hex(Checksum(ChecksumKind::kSha1, digits)), "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
  EXPECT_EQ(Hex(Checksum(ChecksumKind::kSha256, digits)),
            "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
  EXPECT_EQ(EntityTagOf(digits).str(), "\"25f9e794323b453885f5181f1b624d0b\"");
}

TEST(Checksum, OfPartsCombines) {
  for (const ChecksumKind kind :
       {ChecksumKind::kCrc32, ChecksumKind::kCrc32c, ChecksumKind::kCrc64Nvme}) {
    EXPECT_EQ(CombinedCrc(kind, Checksum(kind, Body::Bytes("1234")),
                          Checksum(kind, Body::Bytes("56789")), 5),
              Checksum(kind, Body::Bytes("123456789")))
        << NameOf(kind);
  }
}

TEST(EntityTag, OfALargeMadeBodyPromisesNothing) {
  const EntityTag tag = EntityTagOf(Body::Made(1, 5LL << 30));
  EXPECT_EQ(tag.parts, 1);
  EXPECT_EQ(tag, EntityTagOf(Body::Made(1, 5LL << 30)));
  EXPECT_NE(tag, EntityTagOf(Body::Made(2, 5LL << 30)));
}

}  // namespace
}  // namespace lc2::s3sim
