#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/admission.h"
#include "api/documents.h"
#include "base/check.h"

// Any text -> YAML -> documents -> schema and rules. What is accepted stays accepted, unchanged,
// when it is handed in again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto documents = lc2::api::LoadManifests("fuzz.yaml", text);
  if (!documents.has_value()) {
    LC2_CHECK(documents.error().kind == lc2::ErrorKind::kInvalid);
    return 0;
  }
  for (const lc2::api::ResourceDocument& document : *documents) {
    const lc2::api::Admitted again = lc2::api::AdmitNew(document.object);
    LC2_CHECK(again.faults.empty());
    LC2_CHECK(again.object.at("spec") == document.object.at("spec"));
  }
  return 0;
}
