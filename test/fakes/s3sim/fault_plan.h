#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "s3sim/request.h"

namespace lc2::s3sim {

// What can go wrong with one request.
enum class FaultKind : std::uint8_t {
  kSlowDown,            // 503, nothing done
  kInternalError,       // 500, nothing done
  kResetBeforeHeaders,  // the connection breaks, nothing done
  kResetAfterHeaders,   // it breaks behind the headers; done
  kTruncatedBody,       // it ends within the body; done
  kStalledBody,         // nothing more comes, within the body; done
  kWrongLength,         // Content-Length says less than there is, and so much is taken
  kFlippedByte,         // of an object that is read, or of an upload on its way
  kWrongEtag,           // in the header of a read, an upload or a part
  kErrorInside200,      // copies and completions: status 200, <Error>, nothing done
  kAnswerLost,          // writes: done, and no answer
  kDuplicate,           // writes: applied once more later
  kRepeatedPage,        // of a listing: the one before comes again
  kSkippedPage,         // of a listing: the next one comes in its place
  kBrokenXml,           // of a listing: ends within, but has the length that it says
  kExpiredToken,        // 400, nothing done
  kTimeSkewed,          // 403, nothing done
  kRedirect,            // 301 with the region, nothing done
  kWrongRegion,         // 400 with the region, nothing done
  kConflict,            // conditional writes: 409, nothing done
  kPreconditionFailed,  // conditional writes: 412, as after a rival who has deleted again
  kSourceChanged,       // copies and reads below `changing`: somebody overwrote it just before
  kSourceGone,          // the same: somebody deleted it
  kNoSuchUpload,        // the upload is aborted just before
  kInvalidPart,         // completions: the last part is lost just before
  kDelay,               // the answer comes `delay` later
};
inline constexpr std::size_t kFaultKinds = static_cast<std::size_t>(FaultKind::kDelay) + 1;
std::string_view NameOf(FaultKind kind);  // "slowDown", as in files
std::optional<FaultKind> FaultKindOf(std::string_view name);

// One fault for one request, whatever the rates.
struct OrderedFault {
  FaultKind kind{};
  std::string operation;  // "PutObject"; "": any
  std::string place;      // "bucket/key", whole; of a listing "bucket/"
  std::int64_t nth = 1;   // time that it is asked for
};

struct FaultOptions {
  std::uint64_t seed = 1;
  // Share of the requests to which a kind can happen that it does happen to; all together at
  // most 1.
  std::array<double, kFaultKinds> rates{};
  // A request that was sent this often in vain meets no fault the next time; 0: no such promise.
  int max_consecutive = 3;
  std::chrono::milliseconds delay{500};
  // Where others write: "bucket" or "bucket/prefix".
  std::vector<std::string> changing;
  // Where faults of the rates happen, in the same form; empty: everywhere. Of a listing its prefix
  // counts.
  std::vector<std::string> only;
  std::vector<OrderedFault> ordered;

  double& rate(FaultKind kind) { return rates[static_cast<std::size_t>(kind)]; }
  // Any at all.
  bool any() const;
};

// A fault that a request meets.
struct Fault {
  FaultKind kind{};
  std::uint64_t dice = 0;  // for what else is left to chance: where to cut, which byte to flip
};

// Which request meets which fault: a function of the seed, of what is asked (not of signature,
// headers, ids of versions and uploads) and of how often it was asked before. So a run repeats
// whatever the order in which threads get along. Pure.
class FaultPlan {
 public:
  explicit FaultPlan(FaultOptions options) : options_(std::move(options)) {}
  const FaultOptions& options() const { return options_; }

  // What is the same for each repetition of a request.
  static std::uint64_t IdentityOf(const S3Request& request);
  // `nth`: 1 for the first time. `failed`: how many times in a row it has met a fault.
  std::optional<Fault> Draw(std::uint64_t identity, const S3Request& request, std::int64_t nth,
                            int failed) const;

 private:
  bool CanHappen(FaultKind kind, const S3Request& request) const;
  std::optional<FaultKind> KindFor(double drawn, const S3Request& request) const;

  const FaultOptions options_;
};

}  // namespace lc2::s3sim
