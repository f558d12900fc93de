#include "s3sim/body.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/crc.h"
#include "s3sim/mix_internal.h"

namespace lc2::s3sim {

// Exactly one of the two.
struct Body::Source {
  std::variant<std::string, std::vector<Body>> what;
};

namespace {

// A made body consists of blocks. Each begins with a word of its own; what follows is the same in
// all of them.
constexpr std::int64_t kBlock = 65'536;
constexpr std::int64_t kWord = 8;

std::uint64_t WordAt(std::uint64_t seed, std::int64_t at) {
  const std::int64_t within = at % kBlock;
  const std::int64_t number = within == 0 ? -1 - at / kBlock : within / kWord;
  return Mix(seed, static_cast<std::uint64_t>(number));
}

void AppendMade(std::string& text, std::uint64_t seed, std::int64_t at, std::int64_t length) {
  std::size_t filled = text.size();
  text.resize(filled + static_cast<std::size_t>(length));
  const std::int64_t end = at + length;
  while (at < end) {
    const std::int64_t skipped = at % kWord;
    const std::int64_t taken = std::min(kWord - skipped, end - at);
    const std::uint64_t word = WordAt(seed, at - skipped);
    std::memcpy(text.data() + filled, reinterpret_cast<const char*>(&word) + skipped,
                static_cast<std::size_t>(taken));
    filled += static_cast<std::size_t>(taken);
    at += taken;
  }
}

template <class Check>
auto CrcOfText(std::string_view text) {
  Check check;
  check.Update(text);
  return check.value();
}

// Whole blocks differ in their first word alone, so that the rest is looked at once.
template <class Check>
auto CrcOfMade(std::uint64_t seed, std::int64_t at, std::int64_t length) {
  const auto read = [&](std::int64_t from, std::int64_t count) {
    std::string text;
    AppendMade(text, seed, from, count);
    return CrcOfText<Check>(text);
  };
  const std::int64_t to_block = std::min((kBlock - at % kBlock) % kBlock, length);
  auto crc = read(at, to_block);
  at += to_block;
  length -= to_block;
  if (length >= 2 * kBlock) {
    const auto rest = read(kWord, kBlock - kWord);
    for (; length >= kBlock; at += kBlock, length -= kBlock) {
      const auto block = Check::Combine(read(at, kWord), rest, kBlock - kWord);
      crc = Check::Combine(crc, block, kBlock);
    }
  }
  return Check::Combine(crc, read(at, length), static_cast<std::uint64_t>(length));
}

}  // namespace

Body Body::Bytes(std::string bytes) {
  Body body;
  body.size_ = static_cast<std::int64_t>(bytes.size());
  if (bytes.empty()) return body;
  bytes.shrink_to_fit();
  body.source_ = std::make_shared<const Source>(Source{std::move(bytes)});
  return body;
}

Body Body::Made(std::uint64_t seed, std::int64_t size) {
  LC2_CHECK(size >= 0);
  Body body;
  body.seed_ = seed;
  body.size_ = size;
  return body;
}

Body Body::Joined(std::vector<Body> parts) {
  if (parts.size() == 1) return parts.front();
  Body body;
  for (const Body& part : parts) body.size_ += part.size_;
  if (body.size_ == 0) return body;
  body.source_ = std::make_shared<const Source>(Source{std::move(parts)});
  return body;
}

Body Body::Slice(std::int64_t offset, std::int64_t length) const {
  Body slice = *this;
  offset = std::clamp<std::int64_t>(offset, 0, size_);
  slice.offset_ += offset;
  slice.size_ = std::clamp<std::int64_t>(length, 0, size_ - offset);
  if (slice.size_ == 0) return {};
  return slice;
}

std::string Body::Read(std::int64_t offset, std::int64_t length) const {
  std::string text;
  const Body slice = Slice(offset, length);
  text.reserve(static_cast<std::size_t>(slice.size_));
  slice.AppendTo(text, 0, slice.size_);
  return text;
}

void Body::AppendTo(std::string& text, std::int64_t offset, std::int64_t length) const {
  if (length == 0) return;
  offset += offset_;
  if (source_ == nullptr) return AppendMade(text, seed_, offset, length);
  if (const auto* bytes = std::get_if<std::string>(&source_->what)) {
    text.append(*bytes, static_cast<std::size_t>(offset), static_cast<std::size_t>(length));
    return;
  }
  for (const Body& part : std::get<std::vector<Body>>(source_->what)) {
    if (offset < part.size_ && length > 0) {
      const std::int64_t taken = std::min(length, part.size_ - offset);
      part.AppendTo(text, offset, taken);
      length -= taken;
      offset = part.size_;
    }
    offset -= part.size_;
  }
}

bool Body::is_given() const {
  return size_ == 0 || (source_ != nullptr && std::holds_alternative<std::string>(source_->what));
}

std::uint64_t Body::fingerprint() const {
  const std::uint64_t place =
      Mix(static_cast<std::uint64_t>(offset_), static_cast<std::uint64_t>(size_));
  if (source_ == nullptr) return Mix(seed_, place);
  if (const auto* bytes = std::get_if<std::string>(&source_->what)) {
    return Mix(0, std::string_view(*bytes).substr(static_cast<std::size_t>(offset_),
                                                  static_cast<std::size_t>(size_)));
  }
  std::uint64_t joined = place;
  for (const Body& part : std::get<std::vector<Body>>(source_->what)) {
    joined = Mix(joined, part.fingerprint());
  }
  return joined;
}

template <class Check>
auto Body::CrcOf() const {
  if (source_ == nullptr) return CrcOfMade<Check>(seed_, offset_, size_);
  if (const auto* bytes = std::get_if<std::string>(&source_->what)) {
    return CrcOfText<Check>(std::string_view(*bytes).substr(static_cast<std::size_t>(offset_),
                                                            static_cast<std::size_t>(size_)));
  }
  auto crc = Check().value();
  std::int64_t begin = 0;
  for (const Body& part : std::get<std::vector<Body>>(source_->what)) {
    const std::int64_t from = std::max(begin, offset_);
    const std::int64_t to = std::min(begin + part.size_, offset_ + size_);
    if (from < to) {
      const auto more = part.Slice(from - begin, to - from).CrcOf<Check>();
      crc = Check::Combine(crc, more, static_cast<std::uint64_t>(to - from));
    }
    begin += part.size_;
  }
  return crc;
}

std::uint32_t Body::Crc32cOf() const { return CrcOf<Crc32c>(); }
std::uint64_t Body::Crc64NvmeOf() const { return CrcOf<Crc64Nvme>(); }

}  // namespace lc2::s3sim
