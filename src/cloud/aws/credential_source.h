#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/context.h"
#include "base/secret_source.h"
#include "cloud/aws/credentials.h"
#include "cloud/aws/endpoint.h"
#include "cloud/aws/metadata_service.h"
#include "cloud/aws/sts.h"
#include "net/transport.h"

namespace lc2::cloud::aws {

// One place that credentials come from. It is asked by one thread at a time, tries once, and keeps
// nothing: credential_cache.h does.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // For messages and `lc2 doctor`: "web identity, role arn:aws:iam::111122223333:role/backup".
  virtual std::string name() const = 0;
  virtual Result<TimedCredentials> Fetch(const Context& ctx) = 0;
};
using CredentialSourcePtr = std::unique_ptr<CredentialSource>;

// Keys that stay as they are.
CredentialSourcePtr MakeFixedSource(std::string name, Credentials keys);

// A Secret with `accessKeyId`, `secretAccessKey` and, for a session, `sessionToken`; read each
// time, as it may be replaced. Error: kInvalid "aws.secret". `secrets` must outlive the source.
CredentialSourcePtr MakeSecretSource(SecretSource& secrets, std::string name);

// What every source that asks somebody needs; both must outlive it.
struct SourceLinks {
  net::Transport& transport;
  Endpoint sts;
};

// Takes on a role with the keys of another source: a chain of roles is a chain of these.
CredentialSourcePtr MakeRoleSource(const SourceLinks& links, RoleSession session,
                                   CredentialSourcePtr with);
// Takes on a role with the token in a file, which somebody else renews (EKS: IRSA).
CredentialSourcePtr MakeWebIdentitySource(const SourceLinks& links, RoleSession session,
                                          std::string token_file);

// Where a container's agent answers. Of its two tokens the file's is taken, if there is one.
struct ContainerAgent {
  std::string url;
  std::string token_file;
  Secret token;
};
CredentialSourcePtr MakeContainerSource(net::Transport& transport, ContainerAgent agent);
// `service`: where it is not at its own address, in tests.
CredentialSourcePtr MakeInstanceSource(net::Transport& transport,
                                       std::string service = std::string(kInstanceMetadata));

}  // namespace lc2::cloud::aws
