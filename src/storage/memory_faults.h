#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/stores.h"

namespace lc2::storage {

// The planned faults of a memory store. Not thread-safe.
class FaultPlan {
 public:
  void Add(Fault fault) { faults_.push_back(std::move(fault)); }
  // The fault that this operation meets, if any; counts it.
  std::optional<Fault> Take(std::string_view operation, std::string_view key);

 private:
  std::vector<Fault> faults_;
};

// The error that a fault of kFailBefore or kFailAfter answers: code "store.planned_fault".
Error FaultError(const Fault& fault, std::string_view operation, std::string_view key);

// `bytes` as a fault of kFlipBit or kTruncate delivers them: one bit in the middle flipped, or the
// second half missing.
std::string Damaged(std::string bytes, Fault::Effect effect);

}  // namespace lc2::storage
