#pragma once

#include "database/facts.h"
#include "database/target.h"
#include "provider/provider.h"
#include "vault/manifest.h"

namespace lc2::engine {

// The dump as the manifest records it, and back. The index of frames lies beside the dump.
vault::DumpFacts ToManifest(const database::DumpFacts& facts);
database::DumpFacts FromManifest(const vault::DumpFacts& facts);

// The environment's database with the values of its connection secret. kInvalid
// "database.unsupported_engine" for an engine that is not served.
Result<database::DatabaseTarget> ResolveDatabase(provider::Provider& provider,
                                                 const api::LiferayEnvironment& environment);

}  // namespace lc2::engine
