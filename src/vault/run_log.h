#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "base/log.h"
#include "base/result.h"
#include "base/strong.h"
#include "codec/json.h"
#include "storage/object_store.h"

// runs/<runId>/<attempt>/log/<000000>.ndjson.zst: what an attempt said while it ran, in pieces that
// are written one after the other and never replaced (docs/format.md section 5.1). For people
// alone: no decision reads it, and a run is whole without it.
namespace lc2::vault {

struct RunLogName {
  EnvironmentId env;
  RunId run;
  AttemptId attempt;
};

// "retail/prd/runs/<run>/<attempt>/log/", and the key of piece `number` in it.
std::string RunLogFolder(const RunLogName& name);
std::string RunLogKey(const RunLogName& name, std::int64_t number);

// "debug", "info", "warning", "error".
std::string_view LevelWord(LogLevel level);
// `time`, `level` and `event` of a line, and whose it is.
codec::JsonObject RunLogLine(Time time, LogLevel level, std::string_view event,
                             const EnvironmentId& env, const RunId& run);

// A piece holds at most so many bytes of lines, before compression.
inline constexpr std::int64_t kMaxRunLogPiece = 1 << 20;
inline constexpr std::int64_t kMaxRunLogPieces = 1'000'000;

// `lines`: whole lines with their breaks, at most kMaxRunLogPiece bytes.
Result<std::string> EncodeRunLogPiece(std::string_view lines);

// Numbers of the pieces that follow `after` (-1: all), ascending. Names that are no pieces are
// passed over.
Result<std::vector<std::int64_t>> ListRunLog(const Context& ctx, ObjectStore& store,
                                             const RunLogName& name, std::int64_t after = -1);

// The lines of one piece. Each has `time`, `level` and `event` as strings. Error: kCorrupt
// "run_log.damaged" if a line is not that, or the piece cannot be read or is too large.
Result<std::vector<codec::JsonObject>> ReadRunLogPiece(const Context& ctx, ObjectStore& store,
                                                       const RunLogName& name, std::int64_t number);

}  // namespace lc2::vault
