#include <charconv>
#include <optional>

#include "s3sim/call_internal.h"
#include "s3sim/chunked_internal.h"
#include "s3sim/text_internal.h"

namespace lc2::s3sim {

namespace {

constexpr std::string_view kLineEnd = "\r\n";

Refusal Incomplete() {
  return {400, "IncompleteBody", "the body is not as long as its headers and chunks say"};
}

// Cuts a line off the front.
std::optional<std::string_view> Line(std::string_view& text) {
  const std::size_t end = text.find(kLineEnd);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + kLineEnd.size());
  return line;
}

std::optional<std::size_t> ChunkSize(std::string_view line) {
  std::size_t size = 0;
  const std::string_view digits = line.substr(0, line.find(';'));
  const auto [end, failed] =
      std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  if (failed != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return size;
}

std::optional<Refusal> ReadTrailer(const S3Request& request, std::string_view text,
                                   Chunked& chunked) {
  const std::string promised = LowerCase(request.HeaderOr("x-amz-trailer"));
  if (promised.empty()) return std::nullopt;
  const std::optional<std::string_view> line = Line(text);
  const std::size_t colon = line ? line->find(':') : std::string_view::npos;
  constexpr std::string_view kPrefix = "x-amz-checksum-";
  if (colon == std::string_view::npos || LowerCase(line->substr(0, colon)) != promised ||
      !promised.starts_with(kPrefix)) {
    return Refusal{400, "MalformedTrailerError", "the trailer is not what x-amz-trailer says"};
  }
  const auto kind = ChecksumKindOf(promised.substr(kPrefix.size()));
  if (!kind) return InvalidRequest("the checksum in the trailer is of no kind that is known");
  chunked.kind = *kind;
  chunked.checksum = Trimmed(line->substr(colon + 1));
  return std::nullopt;
}

}  // namespace

std::variant<Chunked, Refusal> ReadChunked(const S3Request& request) {
  const std::string* length = request.Header("x-amz-decoded-content-length");
  if (length == nullptr) {
    return Refusal{411, "MissingContentLength", "x-amz-decoded-content-length is missing"};
  }
  Chunked chunked;
  std::string_view rest = request.body;
  while (true) {
    const std::optional<std::string_view> line = Line(rest);
    const std::optional<std::size_t> size = line ? ChunkSize(*line) : std::nullopt;
    if (!size) return Incomplete();
    if (*size == 0) break;
    if (rest.size() < *size + kLineEnd.size()) return Incomplete();
    chunked.bytes += rest.substr(0, *size);
    if (rest.substr(*size, kLineEnd.size()) != kLineEnd) return Incomplete();
    rest.remove_prefix(*size + kLineEnd.size());
  }
  if (NumberOf(*length) != static_cast<std::int64_t>(chunked.bytes.size())) return Incomplete();
  if (auto refusal = ReadTrailer(request, rest, chunked)) return *std::move(refusal);
  return chunked;
}

}  // namespace lc2::s3sim
