#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "base/signing.h"
#include "catalog/catalog.h"
#include "control/platform.h"
#include "provider/provider.h"
#include "resources/resource_store.h"

namespace lc2::control {

// What the control plane works with; wired in main. All of it must outlive its users.
struct Deps {
  ResourceStore& resources;
  provider::Provider& provider;
  Platform& platform;
  catalog::Catalog& catalog;
  Random& random;                    // thread-safe
  const SigningKey* signing_key = nullptr;
  std::vector<PublicKey> trusted;    // keys whose backups may be restored
  std::string who;                   // "alice@host": recorded as initiator and in logs
};

}  // namespace lc2::control
