#pragma once

#include <string>
#include <vector>

#include "base/context.h"
#include "base/result.h"
#include "base/strong.h"
#include "codec/json.h"
#include "storage/object_store.h"

namespace lc2::vault {

// A worker's records below runs/<runId>/<attempt>/<name>: small JSON, run-owned, replaced as a
// whole. What they mean is the engine's business; to the vault they are claims.
struct RecordName {
  EnvironmentId env;
  RunId run;
  AttemptId attempt;
  std::string name;  // "steps/database.json"; letters, digits, "-", ".", "/" between them
};
std::string RecordKey(const RecordName& name);

// Errors: kInvalid "vault.bad_name", those of the store.
Result<void> PutRecord(const Context& ctx, ObjectStore& store, const RecordName& name,
                       const codec::Json& value);
// kNotFound "record.absent"; kCorrupt "record.invalid".
Result<codec::Json> ReadRecord(const Context& ctx, ObjectStore& store, const RecordName& name);
// The names in an attempt's folder that start with `prefix` ("steps/"), in byte order.
Result<std::vector<std::string>> ListRecords(const Context& ctx, ObjectStore& store,
                                             const RecordName& prefix);

}  // namespace lc2::vault
