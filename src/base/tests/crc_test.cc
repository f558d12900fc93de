#include "base/crc.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace lc2 {
namespace {

template <class Check>
auto Of(std::string_view bytes) {
  Check check;
  check.Update(bytes);
  return check.value();
}

// The check values of the catalogue of parametrised CRC algorithms, of "123456789".
TEST(Crc, AgreesWithTheCatalogue) {
  EXPECT_EQ(Of<Crc32c>("123456789"), 0xE3069283U);
  EXPECT_EQ(Of<Crc64Nvme>("123456789"), 0xAE8B14860A799888ULL);
  EXPECT_EQ(Of<Crc32c>(""), 0U);
  EXPECT_EQ(Of<Crc64Nvme>(""), 0U);
}

template <class Check>
void PiecesMakeTheWhole() {
  SeededRandom random(1);
  const std::string bytes = random.Hex(500);
  for (std::size_t cut = 0; cut <= 40; ++cut) {
    const std::string_view first = std::string_view(bytes).substr(0, cut);
    const std::string_view rest = std::string_view(bytes).substr(cut);
    Check check;
    check.Update(first);
    check.Update(rest);
    EXPECT_EQ(check.value(), Of<Check>(bytes)) << cut;
    EXPECT_EQ(Check::Combine(Of<Check>(first), Of<Check>(rest), rest.size()), Of<Check>(bytes))
        << cut;
  }
}

TEST(Crc, PiecesMakeTheWhole) {
  PiecesMakeTheWhole<Crc32c>();
  PiecesMakeTheWhole<Crc64Nvme>();
}

TEST(Crc, PartsOfManyGigabytesAreCombined) {
  const std::string block(1 << 16, 'x');
  Crc64Nvme whole;
  for (int i = 0; i < 16; ++i) whole.Update(block);
  // The same by doubling, and then on to a size that nobody reads for a test.
  std::uint64_t doubled = Of<Crc64Nvme>(block);
  std::uint64_t bytes = block.size();
  for (int i = 0; i < 4; ++i, bytes *= 2) doubled = Crc64Nvme::Combine(doubled, doubled, bytes);
  EXPECT_EQ(doubled, whole.value());
  const std::uint64_t two = Crc64Nvme::Combine(doubled, doubled, bytes);
  const std::uint64_t three = Crc64Nvme::Combine(two, doubled, bytes);
  EXPECT_EQ(Crc64Nvme::Combine(doubled, two, 2 * bytes), three) << "whatever is combined first";
}

TEST(Crc, TravelsAsBase64OfBigEndian) {
  EXPECT_EQ(CrcBase64(std::uint32_t{0xE3069283U}), "4waSgw==");
  EXPECT_EQ(CrcBase64(std::uint64_t{0}), "AAAAAAAAAAA=");
}

}  // namespace
}  // namespace lc2
