#include "storage/memory_faults.h"

#include <fmt/core.h>

#include <utility>

namespace lc2::storage {

namespace {

bool Concerns(const Fault& fault, std::string_view operation, std::string_view key) {
  return fault.times > 0 && (fault.operation.empty() || fault.operation == operation) &&
         key.find(fault.key_part) != std::string_view::npos;
}

}  // namespace

std::optional<Fault> FaultPlan::Take(std::string_view operation, std::string_view key) {
  for (Fault& fault : faults_) {
    if (!Concerns(fault, operation, key)) continue;
    if (fault.skip > 0) {
      --fault.skip;
      continue;
    }
    --fault.times;
    return fault;
  }
  return std::nullopt;
}

Error FaultError(const Fault& fault, std::string_view operation, std::string_view key) {
  return Error{.kind = fault.kind,
               .code = "store.planned_fault",
               .message = fmt::format("{} of '{}' met a planned fault", operation, key)};
}

std::string Damaged(std::string bytes, Fault::Effect effect) {
  if (effect == Fault::Effect::kTruncate) {
    bytes.resize(bytes.size() / 2);
  } else if (effect == Fault::Effect::kFlipBit && !bytes.empty()) {
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  }
  return bytes;
}

}  // namespace lc2::storage
