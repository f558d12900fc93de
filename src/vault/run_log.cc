#include "vault/run_log.h"

#include <fmt/format.h>

#include <optional>

#include <boost/json.hpp>

#include "base/time_format.h"
#include "base/utf8.h"
#include "codec/zstd_stream.h"
#include "vault/paths.h"

namespace lc2::vault {
namespace {

constexpr std::string_view kTail = ".ndjson.zst";
constexpr std::int64_t kMaxStored = kMaxRunLogPiece + (64 << 10);  // what does not compress

Error Damaged(const std::string& key, std::string_view why, Error cause) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "run_log.damaged",
               .message = fmt::format("cannot read '{}' of a run's log: {}", key, why),
               .hint = "no backup depends on it; its other pieces can be read",
               .cause = Share(std::move(cause))};
}

std::optional<std::int64_t> NumberOf(std::string_view name) {
  if (!name.ends_with(kTail)) return std::nullopt;
  name.remove_suffix(kTail.size());
  return ParseNumberedName(std::string(name) + ".json");
}

bool HasText(const codec::JsonObject& line, std::string_view member) {
  const codec::Json* found = line.if_contains(member);
  return found != nullptr && found->is_string();
}

Result<codec::JsonObject> ParseLine(std::string_view text) {
  LC2_ASSIGN_OR_RETURN(codec::Json json, codec::ParseJson(text));
  if (json.is_object()) {
    codec::JsonObject& line = json.get_object();
    if (HasText(line, "time") && HasText(line, "level") && HasText(line, "event")) {
      return std::move(line);
    }
  }
  return codec::ShapeError(codec::Path("line"), "object with time, level and event");
}

Result<std::vector<codec::JsonObject>> ParsePiece(std::string_view stored) {
  StringSource source(stored);
  codec::ZstdSource raw(source);
  LC2_ASSIGN_OR_RETURN(const std::string text, ReadAll(raw, kMaxRunLogPiece));
  StringSource whole(text);
  codec::LineReader reader(whole, kMaxRunLogPiece);
  std::vector<codec::JsonObject> lines;
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::optional<std::string_view> line, reader.Next());
    if (!line) return lines;
    LC2_ASSIGN_OR_RETURN(codec::JsonObject parsed, ParseLine(*line));
    lines.push_back(std::move(parsed));
  }
}

Result<void> CheckName(const RunLogName& name) {
  LC2_RETURN_IF_ERROR(CheckEnvironment(name.env));
  LC2_RETURN_IF_ERROR(CheckRunId(name.run));
  return CheckAttemptId(name.attempt);
}

}  // namespace

std::string RunLogFolder(const RunLogName& name) {
  return AttemptFolder(name.env, name.run, name.attempt) + "log/";
}

std::string RunLogKey(const RunLogName& name, std::int64_t number) {
  return fmt::format("{}{:06}{}", RunLogFolder(name), number, kTail);
}

std::string_view LevelWord(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      break;
  }
  return "error";
}

codec::JsonObject RunLogLine(Time time, LogLevel level, std::string_view event,
                             const EnvironmentId& env, const RunId& run) {
  return {{"time", FormatRfc3339Millis(time)},
          {"level", LevelWord(level)},
          {"event", WithoutInvalidUtf8(event)},
          {"environment", env.str()},
          {"run", run.str()}};
}

Result<std::string> EncodeRunLogPiece(std::string_view lines) {
  StringSink sink;
  const auto writer = codec::ZstdFrameWriter::Make(sink, {.frame_bytes = kMaxRunLogPiece});
  LC2_RETURN_IF_ERROR(writer->Write(lines));
  LC2_RETURN_IF_ERROR(writer->Finish());
  return std::move(sink.text());
}

Result<std::vector<std::int64_t>> ListRunLog(const Context& ctx, ObjectStore& store,
                                             const RunLogName& name, std::int64_t after) {
  LC2_RETURN_IF_ERROR(CheckName(name));
  const std::string folder = RunLogFolder(name);
  ListQuery query{.prefix = folder};
  if (after >= 0) query.start_after = RunLogKey(name, after);
  LC2_ASSIGN_OR_RETURN(const auto listing, store.List(ctx, query));
  std::vector<std::int64_t> numbers;
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, listing->Read());
    if (batch.empty()) return numbers;
    for (const Entry& object : batch) {
      const auto number = NumberOf(std::string_view(object.key).substr(folder.size()));
      if (number) numbers.push_back(*number);
    }
  }
}

Result<std::vector<codec::JsonObject>> ReadRunLogPiece(const Context& ctx, ObjectStore& store,
                                                       const RunLogName& name,
                                                       std::int64_t number) {
  LC2_RETURN_IF_ERROR(CheckName(name));
  const std::string key = RunLogKey(name, number);
  const Result<std::string> stored = store.Get(ctx, key, kMaxStored);
  if (!stored.has_value() && stored.error().code == "io.too_large") {
    return Damaged(key, "it is too large", stored.error());
  }
  if (!stored.has_value()) return stored.error();
  Result<std::vector<codec::JsonObject>> lines = ParsePiece(*stored);
  if (lines.has_value()) return lines;
  return Damaged(key, "it is not what an attempt writes", std::move(lines).error());
}

}  // namespace lc2::vault
