#pragma once

#include <memory>

#include "api/restore_request.h"
#include "base/context.h"
#include "library/restore_plan.h"
#include "provider/provider.h"
#include "storage/object_store.h"
#include "storage/sorted_stream.h"

// The library that a restore is about, as it is now.
namespace lc2::engine {

// Which keys a restore takes, and what becomes of others. kInvalid "restore.bad_pattern".
Result<library::RestoreScope> ScopeOf(const api::RestoreLibrary& library);

// The target's library to look at; null where it is not there yet.
Result<std::unique_ptr<ObjectStore>> OpenIfThere(provider::Provider& provider,
                                                 const api::LiferayEnvironment& environment);
// Its objects; none where it is not there. The store must outlive the reader.
Result<std::unique_ptr<EntryReader>> ListTarget(const Context& ctx, ObjectStore* target);

}  // namespace lc2::engine
