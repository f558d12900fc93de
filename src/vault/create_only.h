#pragma once

#include <memory>
#include <string>

#include "base/context.h"
#include "base/result.h"
#include "storage/object_store.h"

namespace lc2::vault {

// What became of a decision (design.md section 5, rule 1).
enum class CreateOutcome {
  kOurs,     // the object is there and holds our bytes
  kNotOurs,  // another writer's bytes are there, and will be for ever
  kUnknown,  // nobody can tell yet: never to be taken for success
};

struct Created {
  CreateOutcome outcome = CreateOutcome::kUnknown;
  std::string found;                 // kNotOurs: what is there instead
  std::shared_ptr<const Error> why;  // kUnknown: what kept us from knowing
};

// Creates an object that is never replaced. A conflict or a lost answer is read back and judged by
// comparing bytes, so the bytes must carry a writer token wherever two writers could write the same
// facts and only one may act on them. A lost answer that reads back as absent is put again (the
// same bytes, so a late arrival of the first does no harm), three times in all.
// Where the store cannot create-only (a single-writer location) it looks before it writes.
// Errors: only refusals that prove nothing was written (kDenied, kInvalid).
Result<Created> CreateDecision(const Context& ctx, ObjectStore& store, const std::string& key,
                               const std::string& bytes);

// kUnavailable "vault.unknown_outcome": for callers that cannot go on.
Error UnknownOutcome(const std::string& key, const Created& created);

}  // namespace lc2::vault
