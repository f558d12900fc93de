#pragma once

#include <string>
#include <variant>

#include "s3sim/checksum.h"
#include "s3sim/reply.h"
#include "s3sim/request.h"

namespace lc2::s3sim {

// What a body in "aws-chunked" form holds.
struct Chunked {
  std::string bytes;
  ChecksumKind kind = ChecksumKind::kNone;
  std::string checksum;  // as the trailer has it
};

// Reads the body of STREAMING-UNSIGNED-PAYLOAD-TRAILER
// (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html). Refuses one that
// is cut, has another length than the headers say, or another trailer.
std::variant<Chunked, Refusal> ReadChunked(const S3Request& request);

}  // namespace lc2::s3sim
