#include "cloud/aws/credential_chain.h"

#include <fmt/core.h>

#include <set>
#include <utility>

#include "base/file.h"
#include "cloud/aws/shared_config.h"

// POSIX: the environment of this process.
extern char** environ;

namespace lc2::cloud::aws {

namespace {

constexpr std::int64_t kMaxFileBytes = 1 << 20;
constexpr const char* kSessionName = "lc2";
constexpr const char* kEcsAgent = "http://169.254.170.2";

Error BadConfig(std::string message, std::string hint) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "aws.config",
               .message = std::move(message),
               .hint = std::move(hint)};
}

// Variables and profiles, as they are said.
class Settings {
 public:
  static Result<Settings> Read(const ChainOptions& options) {
    Settings settings(options);
    LC2_ASSIGN_OR_RETURN(const Secret config, settings.ReadOne("AWS_CONFIG_FILE", "config"));
    LC2_ASSIGN_OR_RETURN(const Secret keys,
                         settings.ReadOne("AWS_SHARED_CREDENTIALS_FILE", "credentials"));
    LC2_ASSIGN_OR_RETURN(settings.profiles_, ParseSharedConfig(config.Expose(), keys.Expose()));
    return settings;
  }

  std::string At(std::string_view name) const {
    const auto found = options_->variables.find(name);
    return found == options_->variables.end() ? "" : found->second;
  }
  bool Has(std::string_view name) const { return !At(name).empty(); }
  std::string ProfileName() const { return Has("AWS_PROFILE") ? At("AWS_PROFILE") : "default"; }
  const SharedProfile* Profile(const std::string& name) const {
    const auto found = profiles_.find(name);
    return found == profiles_.end() ? nullptr : &found->second;
  }
  std::string Region() const {
    for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
      if (Has(name)) return At(name);
    }
    const SharedProfile* const profile = Profile(ProfileName());
    return profile == nullptr ? "" : profile->region;
  }

 private:
  explicit Settings(const ChainOptions& options) : options_(&options) {}

  // A file that is not there is empty, unless a variable names it.
  Result<Secret> ReadOne(const char* variable, const char* file) const {
    if (!Has(variable) && options_->home.empty()) return Secret();
    auto text = ReadFile(
        Has(variable) ? std::filesystem::path(At(variable)) : options_->home / ".aws" / file,
        kMaxFileBytes);
    if (text.has_value()) return Secret(std::move(text).value());
    if (!Has(variable) && text.error().kind == ErrorKind::kNotFound) return Secret();
    return std::move(text).error();
  }

  const ChainOptions* options_;
  SharedProfiles profiles_;
};

class Chain {
 public:
  Chain(net::Transport& transport, const ChainOptions& options, const Settings& settings)
      : transport_(transport), options_(options), settings_(settings) {}

  Result<CredentialSourcePtr> Make() {
    if (Has("AWS_ACCESS_KEY_ID") || Has("AWS_SECRET_ACCESS_KEY")) return FromVariables();
    if (Has("AWS_WEB_IDENTITY_TOKEN_FILE") && Has("AWS_ROLE_ARN")) {
      return WebIdentity({.role_arn = At("AWS_ROLE_ARN"),
                          .session_name = SessionName(At("AWS_ROLE_SESSION_NAME"))},
                         At("AWS_WEB_IDENTITY_TOKEN_FILE"));
    }
    const std::string profile = settings_.ProfileName();
    if (Has("AWS_PROFILE") || IsSource(settings_.Profile(profile))) return FromProfile(profile);
    if (HasContainer()) return FromContainer();
    if (HasInstance()) return MakeInstanceSource(transport_, options_.instance_service);
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "aws.no_credentials",
                 .message =
                     "no AWS credentials: neither environment, web identity, profile nor "
                     "container offers any",
                 .hint =
                     "name a secret in credentialsSecret, or set AWS_PROFILE; the machine's "
                     "own role is used only with `ambient: Node`"};
  }

 private:
  std::string At(std::string_view name) const { return settings_.At(name); }
  bool Has(std::string_view name) const { return settings_.Has(name); }
  static std::string SessionName(const std::string& said) {
    return said.empty() ? kSessionName : said;
  }
  static bool IsSource(const SharedProfile* profile) {
    return profile != nullptr && (profile->has_keys() || !profile->role_arn.empty());
  }

  Result<CredentialSourcePtr> FromVariables() const {
    if (!Has("AWS_ACCESS_KEY_ID") || !Has("AWS_SECRET_ACCESS_KEY")) {
      return BadConfig("the environment holds half a pair of AWS keys",
                       "set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither");
    }
    std::string token = At("AWS_SESSION_TOKEN");
    if (token.empty()) token = At("AWS_SECURITY_TOKEN");  // its old name
    return MakeFixedSource("environment", {.access_key_id = At("AWS_ACCESS_KEY_ID"),
                                           .secret_access_key = Secret(At("AWS_SECRET_ACCESS_KEY")),
                                           .session_token = Secret(std::move(token))});
  }

  // Roles are taken on at the region's own STS.
  Result<SourceLinks> Links(const std::string& profile_region = {}) const {
    std::string region = options_.region.empty() ? settings_.Region() : options_.region;
    if (region.empty()) region = profile_region;
    if (region.empty()) {
      return Error{.kind = ErrorKind::kInvalid,
                   .code = "aws.region",
                   .message = "a role is taken on in a region, and none is named",
                   .hint = "set AWS_REGION, or `region` of the location"};
    }
    for (const char* name : {"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"}) {
      if (!Has(name)) continue;
      LC2_ASSIGN_OR_RETURN(Endpoint endpoint, Endpoint::Parse(At(name), std::move(region)));
      return SourceLinks{.transport = transport_, .sts = std::move(endpoint)};
    }
    return SourceLinks{.transport = transport_, .sts = Endpoint::OfAmazon("sts", region)};
  }

  Result<CredentialSourcePtr> WebIdentity(RoleSession session, std::string token_file,
                                          const std::string& region = {}) const {
    LC2_ASSIGN_OR_RETURN(const SourceLinks links, Links(region));
    LC2_RETURN_IF_ERROR(CheckRoleSession(session));
    return MakeWebIdentitySource(links, std::move(session), std::move(token_file));
  }

  Result<CredentialSourcePtr> FromProfile(const std::string& name) {
    const SharedProfile* const found = settings_.Profile(name);
    if (found == nullptr) {
      return BadConfig(fmt::format("there is no AWS profile '{}'", name),
                       "is it in ~/.aws/config or ~/.aws/credentials?");
    }
    const SharedProfile& profile = *found;
    const bool again = !followed_.insert(name).second;
    // A profile may name itself: its role is taken on with its own keys.
    if (profile.role_arn.empty() || (again && profile.has_keys())) return KeysOf(name, profile);
    if (again) {
      return BadConfig(fmt::format("AWS profile '{}' leads back to itself", name),
                       "source_profile must end at one with keys");
    }
    return RoleOf(name, profile);
  }

  static Result<CredentialSourcePtr> KeysOf(const std::string& name, const SharedProfile& profile) {
    if (!profile.has_keys()) {
      return BadConfig(fmt::format("AWS profile '{}' holds no keys that LC2 can use", name),
                       "give it aws_access_key_id and aws_secret_access_key, or a role_arn");
    }
    return MakeFixedSource("profile " + name, {.access_key_id = profile.access_key_id,
                                               .secret_access_key = profile.secret_access_key,
                                               .session_token = profile.session_token});
  }

  Result<CredentialSourcePtr> RoleOf(const std::string& name, const SharedProfile& profile) {
    RoleSession session{.role_arn = profile.role_arn,
                        .session_name = SessionName(profile.role_session_name),
                        .external_id = profile.external_id};
    if (profile.duration) session.duration = *profile.duration;
    if (!profile.web_identity_token_file.empty()) {
      return WebIdentity(std::move(session), profile.web_identity_token_file, profile.region);
    }
    LC2_RETURN_IF_ERROR(CheckRoleSession(session));
    LC2_ASSIGN_OR_RETURN(const SourceLinks links, Links(profile.region));
    LC2_ASSIGN_OR_RETURN(CredentialSourcePtr with, SourceFor(name, profile));
    return MakeRoleSource(links, std::move(session), std::move(with));
  }

  // What a profile's role is taken on with.
  Result<CredentialSourcePtr> SourceFor(const std::string& name, const SharedProfile& profile) {
    if (!profile.source_profile.empty()) return FromProfile(profile.source_profile);
    const std::string& source = profile.credential_source;
    if (source == "Environment") return FromVariables();
    if (source == "EcsContainer" && HasContainer()) return FromContainer();
    if (source == "Ec2InstanceMetadata" && HasInstance()) {
      return MakeInstanceSource(transport_, options_.instance_service);
    }
    return BadConfig(
        fmt::format("AWS profile '{}' does not say with what its role is taken on", name),
        "name a source_profile or a credential_source that is there: Environment, EcsContainer, "
        "or with `ambient: Node` Ec2InstanceMetadata");
  }

  bool HasContainer() const {
    return Has("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ||
           Has("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  }
  Result<CredentialSourcePtr> FromContainer() const {
    const std::string relative = At("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    ContainerAgent agent{
        .url = relative.empty() ? At("AWS_CONTAINER_CREDENTIALS_FULL_URI") : kEcsAgent + relative,
        .token_file = At("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
        .token = Secret(At("AWS_CONTAINER_AUTHORIZATION_TOKEN"))};
    LC2_RETURN_IF_ERROR(CheckContainerUrl(agent.url));
    return MakeContainerSource(transport_, std::move(agent));
  }

  bool HasInstance() const {
    return options_.ambient_node && At("AWS_EC2_METADATA_DISABLED") != "true";
  }

  net::Transport& transport_;
  const ChainOptions& options_;
  const Settings& settings_;
  std::set<std::string> followed_;  // profiles
};

}  // namespace

std::map<std::string, std::string, std::less<>> AwsVariables() {
  std::map<std::string, std::string, std::less<>> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (!text.starts_with("AWS_") || equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

Result<CredentialSourcePtr> MakeCredentialChain(net::Transport& transport,
                                                const ChainOptions& options) {
  LC2_ASSIGN_OR_RETURN(const Settings settings, Settings::Read(options));
  return Chain(transport, options, settings).Make();
}

Result<std::string> RegionOf(const ChainOptions& options) {
  LC2_ASSIGN_OR_RETURN(const Settings settings, Settings::Read(options));
  return settings.Region();
}

}  // namespace lc2::cloud::aws
