#include "api/backup_id.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/time_format.h"

namespace lc2::api {

namespace {

constexpr std::string_view kMiddle = "-backup-";
constexpr std::size_t kTimeSize = 15;  // "20251109-143000"
constexpr std::size_t kSuffixSize = 4;
constexpr std::size_t kMaxIdSize = 128;  // domain.md 2.2

bool IsSuffix(std::string_view text) {
  return text.size() == kSuffixSize &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Error BadId(std::string_view id, std::string_view form) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "backup_id.form",
               .message = fmt::format("'{}' is not {}", id.substr(0, kMaxIdSize), form),
               .hint = "list the backups there are with 'lc2 backup list'"};
}

}  // namespace

std::string OwnBackupId::folder() const {
  const std::string compact = FormatCompactTime(time);
  return suffix.empty() ? compact : compact + "-" + suffix;
}

BackupId MakeBackupId(const EnvironmentId& environment, Time time, std::string_view suffix) {
  LC2_CHECK(suffix.empty() || IsSuffix(suffix));
  std::string id = fmt::format("{}{}{}", environment.str(), kMiddle, FormatCompactTime(time));
  if (!suffix.empty()) id += fmt::format("-{}", suffix);
  return BackupId(std::move(id));
}

Result<OwnBackupId> ParseOwnBackupId(const BackupId& id) {
  const std::string_view text = id.str();
  constexpr std::string_view kForm =
      "a backup id of the form <project>-<environment>-backup-<YYYYMMDD-HHMMSS>";
  const std::size_t middle = text.rfind(kMiddle);
  if (middle == std::string_view::npos || middle == 0) return BadId(text, kForm);
  const std::string_view tail = text.substr(middle + kMiddle.size());
  OwnBackupId own{.environment = std::string(text.substr(0, middle))};
  if (tail.size() == kTimeSize + 1 + kSuffixSize) {
    if (tail[kTimeSize] != '-' || !IsSuffix(tail.substr(kTimeSize + 1))) return BadId(text, kForm);
    own.suffix = tail.substr(kTimeSize + 1);
  } else if (tail.size() != kTimeSize) {
    return BadId(text, kForm);
  }
  Result<Time> time = ParseCompactTime(tail.substr(0, kTimeSize));
  if (!time.has_value()) return BadId(text, kForm);
  own.time = *time;
  return own;
}

Result<Time> ParseBackupIdTime(const BackupId& id) {
  LC2_ASSIGN_OR_RETURN(const OwnBackupId own, ParseOwnBackupId(id));
  return own.time;
}

bool IsOwnBackupIdForm(const EnvironmentId& environment, std::string_view name, Time now) {
  const Result<OwnBackupId> own = ParseOwnBackupId(BackupId(std::string(name)));
  if (!own.has_value() || own->environment != environment.str() || !own->suffix.empty()) {
    return false;
  }
  return own->time >= now - std::chrono::hours(24) && own->time <= now + std::chrono::hours(24);
}

Result<BackupId> ParseBackupId(std::string_view text) {
  const bool fits = !text.empty() && text.size() <= kMaxIdSize && text[0] != '.' &&
                    text[0] != '-' && std::all_of(text.begin(), text.end(), [](char c) {
                      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                             (c >= 'a' && c <= 'z') || c == '.' || c == '_' || c == '-';
                    });
  if (!fits) return BadId(text, "a backup id: 1 to 128 letters, digits, '.', '_' and '-'");
  return BackupId(std::string(text));
}

}  // namespace lc2::api
