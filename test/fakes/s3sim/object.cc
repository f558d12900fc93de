#include "s3sim/object.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/hash.h"
#include "s3sim/mix_internal.h"

namespace lc2::s3sim {

namespace {

constexpr std::array<std::string_view, 7> kStorageClasses = {
    "STANDARD",   "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA",
    "GLACIER_IR", "GLACIER",     "DEEP_ARCHIVE"};

template <class Visit>
void ForEachLine(std::string_view lines, Visit visit) {
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    const std::size_t colon = line.find(':');
    visit(line.substr(0, colon), line.substr(colon + 1));
    lines.remove_prefix(end + 1);
  }
}

}  // namespace

std::string_view NameOf(StorageClass storage_class) {
  return kStorageClasses[static_cast<std::size_t>(storage_class)];
}

std::optional<StorageClass> StorageClassOf(std::string_view name) {
  const auto found = std::find(kStorageClasses.begin(), kStorageClasses.end(), name);
  if (found == kStorageClasses.end()) return std::nullopt;
  return static_cast<StorageClass>(found - kStorageClasses.begin());
}

std::string_view NameOf(LockMode mode) {
  if (mode == LockMode::kGovernance) return "GOVERNANCE";
  return mode == LockMode::kCompliance ? "COMPLIANCE" : "";
}

std::optional<LockMode> LockModeOf(std::string_view name) {
  if (name == "GOVERNANCE") return LockMode::kGovernance;
  if (name == "COMPLIANCE") return LockMode::kCompliance;
  return std::nullopt;
}

bool Lock::Holds(Time now, bool bypass_governance) const {
  if (legal_hold) return true;
  if (mode == LockMode::kNone || now >= retain_until) return false;
  return mode == LockMode::kCompliance || !bypass_governance;
}

Attributes::Attributes(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string lines;
  for (const auto& [name, value] : pairs) {
    LC2_CHECK(name.find_first_of(":\n") == std::string::npos);
    LC2_CHECK(value.find('\n') == std::string::npos);
    lines += name + ":" + value + "\n";
  }
  lines.shrink_to_fit();
  if (!lines.empty()) lines_ = std::make_shared<const std::string>(std::move(lines));
}

std::string_view Attributes::Get(std::string_view name) const {
  std::string_view found;
  if (lines_ == nullptr) return found;
  ForEachLine(*lines_, [&](std::string_view one, std::string_view value) {
    if (one == name) found = value;
  });
  return found;
}

std::vector<std::pair<std::string_view, std::string_view>> Attributes::All() const {
  std::vector<std::pair<std::string_view, std::string_view>> all;
  if (lines_ == nullptr) return all;
  ForEachLine(*lines_, [&](std::string_view name, std::string_view value) {
    all.emplace_back(name, value);
  });
  return all;
}

Attributes Attributes::With(std::string_view name, std::string_view value) const {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [one, its] : All()) {
    if (one != name) pairs.emplace_back(one, its);
  }
  if (!value.empty()) pairs.emplace_back(name, value);
  return Attributes(pairs);
}

std::string Version::checksum() const {
  switch (checksum_kind) {
    case ChecksumKind::kNone:
      return {};
    case ChecksumKind::kCrc64Nvme:
      return {crc.data(), 8};
    case ChecksumKind::kCrc32:
    case ChecksumKind::kCrc32c:
      return {crc.data(), 4};
    case ChecksumKind::kSha1:
    case ChecksumKind::kSha256:
      break;
  }
  return ParseHex(attributes.Get(kDigest)).value();
}

void Version::set_checksum(ChecksumKind kind, const std::string& bytes, bool composite) {
  checksum_kind = kind;
  checksum_is_composite = composite;
  crc = {};
  const bool fits = kind == ChecksumKind::kNone || IsCrc(kind);
  if (fits) {
    std::copy(bytes.begin(), bytes.end(), crc.begin());
    if (!attributes.Get(kDigest).empty()) attributes = attributes.With(kDigest, "");
  } else {
    attributes = attributes.With(kDigest, Hex(bytes));
  }
}

std::string Version::checksum_text() const {
  if (checksum_kind == ChecksumKind::kNone) return {};
  const std::string text = Base64(checksum());
  return checksum_is_composite ? text + '-' + std::to_string(tag.parts) : text;
}

std::string VersionIdText(std::uint64_t id) {
  return id == 0 ? "null" : fmt::format("{:016x}{:016x}", Mix(id), id);
}

}  // namespace lc2::s3sim
