#include "cloud/aws/credential_source.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "cloud/aws/sigv4.h"

namespace lc2::cloud::aws {

namespace {

constexpr std::int64_t kMaxTokenBytes = 64 * 1024;
constexpr net::ExchangeLimits kStsLimits{.connect = std::chrono::milliseconds(5'000),
                                         .total = std::chrono::milliseconds(20'000),
                                         .max_response_bytes = 256 * 1024};
constexpr net::ExchangeLimits kAgentLimits{.connect = std::chrono::milliseconds(2'000),
                                           .total = std::chrono::milliseconds(2'000),
                                           .max_response_bytes = 64 * 1024};
// A pod whose packets may not hop so far never hears from the instance's service: no waiting.
constexpr net::ExchangeLimits kInstanceLimits{.connect = std::chrono::milliseconds(1'000),
                                              .total = std::chrono::milliseconds(1'000),
                                              .max_response_bytes = 64 * 1024};

// Without the line break that an editor puts behind it.
Result<Secret> ReadToken(const std::string& path) {
  LC2_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kMaxTokenBytes));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.pop_back();
  }
  return Secret(std::move(text));
}

class FixedSource final : public CredentialSource {
 public:
  FixedSource(std::string name, Credentials keys)
      : name_(std::move(name)), keys_(std::move(keys)) {}
  std::string name() const override { return name_; }
  Result<TimedCredentials> Fetch(const Context&) override {
    return TimedCredentials{.keys = keys_, .expires = {}};
  }

 private:
  const std::string name_;
  const Credentials keys_;
};

class KeysInSecret final : public CredentialSource {
 public:
  KeysInSecret(SecretSource& secrets, std::string secret)
      : secrets_(secrets), secret_(std::move(secret)) {}
  std::string name() const override { return "secret " + secret_; }

  Result<TimedCredentials> Fetch(const Context&) override {
    LC2_ASSIGN_OR_RETURN(const SecretValues values, secrets_.Read(secret_));
    const auto at = [&](const char* key) {
      const auto found = values.find(key);
      return found == values.end() ? Secret() : found->second;
    };
    TimedCredentials read{.keys = {.access_key_id = at("accessKeyId").Expose(),
                                   .secret_access_key = at("secretAccessKey"),
                                   .session_token = at("sessionToken")}};
    if (!read.keys.access_key_id.empty() && !read.keys.secret_access_key.empty()) return read;
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "aws.secret",
                 .message = fmt::format("secret '{}' holds no AWS keys", secret_),
                 .hint =
                     "give it the keys accessKeyId and secretAccessKey, and for a session "
                     "sessionToken"};
  }

 private:
  SecretSource& secrets_;
  const std::string secret_;
};

class RoleSource final : public CredentialSource {
 public:
  RoleSource(const SourceLinks& links, RoleSession session, CredentialSourcePtr with)
      : links_(links),
        session_(std::move(session)),
        with_(std::move(with)),
        signer_(links.sts.region, "sts") {}
  std::string name() const override {
    return fmt::format("role {}, taken on with {}", session_.role_arn, with_->name());
  }

  Result<TimedCredentials> Fetch(const Context& ctx) override {
    LC2_RETURN_IF_ERROR(CheckRoleSession(session_));
    LC2_ASSIGN_OR_RETURN(const TimedCredentials with, with_->Fetch(ctx));
    LC2_ASSIGN_OR_RETURN(const net::HttpResponse response,
                         links_.transport.Send(ctx,
                                               signer_.Sign(AssumeRoleRequest(links_.sts, session_),
                                                            with.keys, ctx.clock().Now()),
                                               kStsLimits));
    return ParseRoleCredentials(response, fmt::format("take on the role '{}'", session_.role_arn));
  }

 private:
  const SourceLinks links_;
  const RoleSession session_;
  const CredentialSourcePtr with_;
  const Signer signer_;
};

class WebIdentitySource final : public CredentialSource {
 public:
  WebIdentitySource(const SourceLinks& links, RoleSession session, std::string token_file)
      : links_(links), session_(std::move(session)), token_file_(std::move(token_file)) {}
  std::string name() const override { return "web identity, role " + session_.role_arn; }

  Result<TimedCredentials> Fetch(const Context& ctx) override {
    LC2_RETURN_IF_ERROR(CheckRoleSession(session_));
    LC2_ASSIGN_OR_RETURN(const Secret token, ReadToken(token_file_));
    LC2_ASSIGN_OR_RETURN(
        const net::HttpResponse response,
        links_.transport.Send(ctx, WebIdentityRequest(links_.sts, session_, token), kStsLimits));
    return ParseRoleCredentials(
        response, fmt::format("take on the role '{}' with the token in '{}'", session_.role_arn,
                              token_file_));
  }

 private:
  const SourceLinks links_;
  const RoleSession session_;
  const std::string token_file_;
};

class ContainerSource final : public CredentialSource {
 public:
  ContainerSource(net::Transport& transport, ContainerAgent agent)
      : transport_(transport), agent_(std::move(agent)) {}
  std::string name() const override { return "the container's agent"; }

  Result<TimedCredentials> Fetch(const Context& ctx) override {
    LC2_RETURN_IF_ERROR(CheckContainerUrl(agent_.url));
    Secret token = agent_.token;
    if (!agent_.token_file.empty()) {
      LC2_ASSIGN_OR_RETURN(token, ReadToken(agent_.token_file));
    }
    LC2_ASSIGN_OR_RETURN(net::HttpRequest request, ContainerRequest(agent_.url, token));
    LC2_ASSIGN_OR_RETURN(const net::HttpResponse response,
                         transport_.Send(ctx, std::move(request), kAgentLimits));
    return ParseMetadataCredentials(response);
  }

 private:
  net::Transport& transport_;
  const ContainerAgent agent_;
};

class InstanceSource final : public CredentialSource {
 public:
  InstanceSource(net::Transport& transport, std::string service)
      : transport_(transport), service_(std::move(service)) {}
  std::string name() const override { return "the instance's role"; }

  Result<TimedCredentials> Fetch(const Context& ctx) override {
    LC2_ASSIGN_OR_RETURN(const net::HttpResponse token, Ask(ctx, InstanceTokenRequest(service_)));
    const Secret pass(token.body);
    LC2_ASSIGN_OR_RETURN(net::HttpResponse role,
                         Ask(ctx, InstanceCredentialsRequest(service_, pass)));
    // One role a line; an instance has one.
    const std::string name = role.body.substr(0, role.body.find('\n'));
    LC2_ASSIGN_OR_RETURN(const net::HttpResponse keys,
                         Ask(ctx, InstanceCredentialsRequest(service_, pass, name)));
    return ParseMetadataCredentials(keys);
  }

 private:
  Result<net::HttpResponse> Ask(const Context& ctx, net::HttpRequest request) {
    LC2_ASSIGN_OR_RETURN(net::HttpResponse response,
                         transport_.Send(ctx, std::move(request), kInstanceLimits));
    // Says what a status other than 200 means.
    if (response.status != 200) return ParseMetadataCredentials(response).error();
    return response;
  }

  net::Transport& transport_;
  const std::string service_;
};

}  // namespace

CredentialSourcePtr MakeFixedSource(std::string name, Credentials keys) {
  return std::make_unique<FixedSource>(std::move(name), std::move(keys));
}

CredentialSourcePtr MakeSecretSource(SecretSource& secrets, std::string name) {
  return std::make_unique<KeysInSecret>(secrets, std::move(name));
}

CredentialSourcePtr MakeRoleSource(const SourceLinks& links, RoleSession session,
                                   CredentialSourcePtr with) {
  return std::make_unique<RoleSource>(links, std::move(session), std::move(with));
}

CredentialSourcePtr MakeWebIdentitySource(const SourceLinks& links, RoleSession session,
                                          std::string token_file) {
  return std::make_unique<WebIdentitySource>(links, std::move(session), std::move(token_file));
}

CredentialSourcePtr MakeContainerSource(net::Transport& transport, ContainerAgent agent) {
  return std::make_unique<ContainerSource>(transport, std::move(agent));
}

CredentialSourcePtr MakeInstanceSource(net::Transport& transport, std::string service) {
  return std::make_unique<InstanceSource>(transport, std::move(service));
}

}  // namespace lc2::cloud::aws
