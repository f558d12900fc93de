#include "cloud/aws/shared_config.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "cloud/aws/text_internal.h"

namespace lc2::cloud::aws {

namespace {

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// What stands before a comment: "#" or ";" behind white space.
std::string_view WithoutComment(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if ((text[i] == '#' || text[i] == ';') && IsBlank(text[i - 1])) return text.substr(0, i);
  }
  return text;
}

// Settings that are plain text.
struct TextSetting {
  std::string_view name;
  std::string SharedProfile::*member;
};
constexpr std::array<TextSetting, 8> kTexts = {
    {{"region", &SharedProfile::region},
     {"aws_access_key_id", &SharedProfile::access_key_id},
     {"role_arn", &SharedProfile::role_arn},
     {"source_profile", &SharedProfile::source_profile},
     {"credential_source", &SharedProfile::credential_source},
     {"web_identity_token_file", &SharedProfile::web_identity_token_file},
     {"role_session_name", &SharedProfile::role_session_name},
     {"external_id", &SharedProfile::external_id}}};

class File {
 public:
  // `only_profiles`: a section is "[profile NAME]" or "[default]"; else it is "[NAME]".
  File(const char* name, bool only_profiles, SharedProfiles& profiles)
      : name_(name), only_profiles_(only_profiles), profiles_(profiles) {}

  Result<void> Read(std::string_view text) {
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      ++line_;
      LC2_RETURN_IF_ERROR(ReadLine(text.substr(begin, end - begin)));
      begin = end + 1;
    }
    return {};
  }

 private:
  Error Bad(std::string_view what) const {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "aws.config",
                 .message = fmt::format("the AWS {} file, line {}: {}", name_, line_, what),
                 .hint = "lines are [profile NAME], name = value, or begin with #"};
  }

  Result<void> ReadLine(std::string_view line) {
    const std::string_view content = Trim(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') return {};
    if (content.front() == '[') return ReadSection(content);
    // Settings of a setting ("s3 =" and below it what concerns S3), or the rest of a long value.
    if (IsBlank(line.front())) return {};
    return ReadSetting(content);
  }

  Result<void> ReadSection(std::string_view content) {
    const std::size_t close = content.find(']');
    if (close == std::string_view::npos) return Bad("a section's ']' is missing");
    std::string_view name = Trim(content.substr(1, close - 1));
    if (name.empty()) return Bad("a section has no name");
    section_ = true;
    profile_ = nullptr;
    constexpr std::string_view kProfile = "profile";
    if (only_profiles_ && name != "default") {
      if (!name.starts_with(kProfile) || name.size() == kProfile.size() ||
          !IsBlank(name[kProfile.size()])) {
        return {};  // [sso-session x], [services x]
      }
      name = Trim(name.substr(kProfile.size()));
    }
    profile_ = &profiles_[std::string(name)];
    return {};
  }

  Result<void> ReadSetting(std::string_view content) {
    if (!section_) return Bad("a setting stands before the first section");
    const std::size_t equals = content.find('=');
    if (equals == std::string_view::npos) return Bad("'=' is missing");
    if (profile_ == nullptr) return {};
    const std::string name = Lower(Trim(content.substr(0, equals)));
    return Take(name, std::string(Trim(WithoutComment(content.substr(equals + 1)))));
  }

  Result<void> Take(const std::string& name, std::string value) {
    const auto text = std::ranges::find(kTexts, name, &TextSetting::name);
    if (text != kTexts.end()) {
      profile_->*text->member = std::move(value);
    } else if (name == "aws_secret_access_key") {
      profile_->secret_access_key = Secret(std::move(value));
    } else if (name == "aws_session_token") {
      profile_->session_token = Secret(std::move(value));
    } else if (name == "duration_seconds") {
      int seconds = 0;
      const char* const end = value.data() + value.size();
      const auto [parsed, failed] = std::from_chars(value.data(), end, seconds);
      if (failed != std::errc() || parsed != end || seconds <= 0) {
        return Bad("duration_seconds is no number of seconds");
      }
      profile_->duration = std::chrono::seconds(seconds);
    }
    return {};
  }

  const char* const name_;
  const bool only_profiles_;
  SharedProfiles& profiles_;
  int line_ = 0;
  bool section_ = false;
  SharedProfile* profile_ = nullptr;  // none: in a section of another kind
};

}  // namespace

Result<SharedProfiles> ParseSharedConfig(std::string_view config, std::string_view credentials) {
  SharedProfiles profiles;
  LC2_RETURN_IF_ERROR(File("config", true, profiles).Read(config));
  LC2_RETURN_IF_ERROR(File("credentials", false, profiles).Read(credentials));
  return profiles;
}

}  // namespace lc2::cloud::aws
