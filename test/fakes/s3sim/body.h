#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lc2::s3sim {

// The bytes of an object: given ones, made ones, or several bodies one behind the other. Made ones
// follow from a seed and take no memory, however many they are. Immutable, cheap to copy; copies
// and slices share what they are made of.
class Body {
 public:
  Body() = default;  // no byte
  static Body Bytes(std::string bytes);
  // `size` bytes that follow from `seed`; they look random, and no two blocks of 64 KiB are equal.
  static Body Made(std::uint64_t seed, std::int64_t size);
  static Body Joined(std::vector<Body> parts);

  std::int64_t size() const { return size_; }
  // Those from `offset` on, at most `length`; the range is cut at the end of the body.
  Body Slice(std::int64_t offset, std::int64_t length) const;
  // The same as text.
  std::string Read(std::int64_t offset, std::int64_t length) const;
  std::string ReadAll() const { return Read(0, size_); }

  // Whether one look at the bytes costs next to nothing: they lie in memory as one text.
  bool is_given() const;
  // Number that two bodies share only if they are made of the same seed at the same place: what
  // stands in for a digest where that would take seconds.
  std::uint64_t fingerprint() const;

  // The checks of all bytes, without reading made ones: they repeat but for 8 bytes a block.
  std::uint32_t Crc32cOf() const;
  std::uint64_t Crc64NvmeOf() const;

 private:
  struct Source;
  void AppendTo(std::string& text, std::int64_t offset, std::int64_t length) const;
  template <class Check>
  auto CrcOf() const;

  std::shared_ptr<const Source> source_;  // null: made from seed_
  std::uint64_t seed_ = 0;
  std::int64_t offset_ = 0;  // where this slice begins in its source
  std::int64_t size_ = 0;
};

}  // namespace lc2::s3sim
