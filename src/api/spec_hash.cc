#include "api/spec_hash.h"

#include <boost/json.hpp>

#include "api/kinds.h"
#include "base/hash.h"

namespace lc2::api {

namespace {

std::string HashOf(std::string_view kind_name, const codec::Json& spec) {
  const Kind* kind = FindKind(kind_name);
  LC2_CHECK(kind != nullptr);
  codec::Json rest = WithoutDefaults(kind->spec, spec);
  for (const char* changeable : {"cancel", "hold", "deletionPolicy", "retentionDays"}) {
    rest.get_object().erase(changeable);
  }
  return Sha256Tagged(codec::CanonicalJson(rest));
}

}  // namespace

std::string SpecHash(const BackupRequest& request) {
  return HashOf(BackupRequest::kKind, codec::Encode(request.spec));
}

std::string SpecHash(const RestoreRequest& request) {
  return HashOf(RestoreRequest::kKind, codec::Encode(request.spec));
}

}  // namespace lc2::api
