#include "base/log.h"

#include <fmt/core.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/utf8.h"

namespace lc2 {

namespace {

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

bool IsPlain(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '=' || c == '\\' || c == 0x7f) {
      return false;
    }
  }
  return true;
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      break;
  }
  return spdlog::level::err;
}

class StderrLogger final : public Logger {
 public:
  explicit StderrLogger(const LogOptions& options)
      : format_(options.format), logger_("lc2", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger_.set_level(ToSpdlog(options.level));
    logger_.set_pattern(format_ == LogFormat::kText
                            ? "%Y-%m-%dT%H:%M:%S.%eZ %l %v"
                            : R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                        spdlog::pattern_time_type::utc);
  }

  void Log(LogLevel level, std::string_view event,
           std::initializer_list<LogField> fields) override {
    if (!logger_.should_log(ToSpdlog(level))) return;
    logger_.log(ToSpdlog(level), "{}", FormatLogLine(format_, event, fields));
  }

 private:
  const LogFormat format_;
  spdlog::logger logger_;
};

class DroppingLogger final : public Logger {
 public:
  void Log(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

}  // namespace

std::unique_ptr<Logger> MakeStderrLogger(const LogOptions& options) {
  return std::make_unique<StderrLogger>(options);
}

Logger& NullLogger() {
  static DroppingLogger logger;
  return logger;
}

std::string FormatLogLine(LogFormat format, std::string_view event,
                          std::initializer_list<LogField> fields) {
  if (format == LogFormat::kJson) {
    std::string line = "\"event\":" + Quoted(event);
    for (const LogField& field : fields) {
      // One byte of a file's name that is no UTF-8 would make the whole line unreadable.
      line += "," + Quoted(field.key) + ":" + Quoted(WithoutInvalidUtf8(field.value));
    }
    return line;
  }
  std::string line(event);
  for (const LogField& field : fields) {
    line +=
        fmt::format(" {}={}", field.key, IsPlain(field.value) ? field.value : Quoted(field.value));
  }
  return line;
}

}  // namespace lc2
