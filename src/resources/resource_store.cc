#include "resources/resource_store.h"

#include <boost/json.hpp>

#include "api/admission.h"
#include "resources/object_internal.h"

namespace lc2 {

namespace {

using codec::Json;
using codec::JsonObject;

// `existing` saying what `document` says; its own labels and annotations stay where the document
// is silent.
Json Merged(const Json& existing, const Json& document) {
  Json merged = existing;
  // A document without spec says nothing that an object could be made to say: what it then lacks is
  // for the API to tell.
  const Json* spec = document.get_object().if_contains("spec");
  merged.get_object()["spec"] = spec != nullptr ? *spec : Json(nullptr);
  JsonObject& metadata = merged.at("metadata").get_object();
  for (const char* name : {"labels", "annotations"}) {
    const Json* given = document.at("metadata").get_object().if_contains(name);
    if (given == nullptr || !given->is_object()) continue;
    Json& map = metadata[name];
    if (!map.is_object()) map = JsonObject{};
    for (const auto& member : given->get_object()) map.get_object()[member.key()] = member.value();
  }
  if (const std::string version = MetaText(document, "resourceVersion"); !version.empty()) {
    metadata["resourceVersion"] = version;
  }
  return merged;
}

}  // namespace

std::string ResourceRef::str() const {
  return namespace_.empty() ? kind + " " + name : kind + " " + namespace_ + "/" + name;
}

ResourceRef RefOf(const Json& object) {
  const Json* kind = object.is_object() ? object.get_object().if_contains("kind") : nullptr;
  return ResourceRef{.kind = kind != nullptr && kind->is_string() ? std::string(kind->get_string())
                                                                  : std::string(),
                     .namespace_ = MetaText(object, "namespace"),
                     .name = MetaText(object, "name")};
}

std::string MetaText(const Json& object, std::string_view member) {
  const Json* metadata = object.is_object() ? object.get_object().if_contains("metadata") : nullptr;
  if (metadata == nullptr || !metadata->is_object()) return {};
  const Json* value =
      metadata->get_object().if_contains(boost::json::string_view(member.data(), member.size()));
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

bool HasLabels(const Json& object, const std::map<std::string, std::string>& labels) {
  for (const auto& [name, value] : labels) {
    const Json* map = object.at("metadata").get_object().if_contains("labels");
    const Json* label =
        map != nullptr && map->is_object() ? map->get_object().if_contains(name) : nullptr;
    if (label == nullptr || *label != Json(value)) return false;
  }
  return true;
}

Result<api::Faults> CheckApply(const Context& ctx, ResourceStore& store, const Json& document) {
  const Result<Json> existing = store.Get(ctx, RefOf(document));
  if (existing.has_value()) return api::AdmitChange(*existing, Merged(*existing, document)).faults;
  if (existing.error().kind == ErrorKind::kNotFound) return api::Faults();
  return existing.error();
}

Result<Applied> Apply(const Context& ctx, ResourceStore& store, const Json& document) {
  constexpr int kMaxTries = 10;  // each lost to another writer
  const ResourceRef ref = RefOf(document);
  const bool guarded = !MetaText(document, "resourceVersion").empty();
  for (int tries = 1;; ++tries) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    const Result<Json> existing = store.Get(ctx, ref);
    if (!existing.has_value() && existing.error().kind != ErrorKind::kNotFound) {
      return existing.error();
    }
    Result<Json> written = existing.has_value() ? store.Update(ctx, Merged(*existing, document))
                                                : store.Create(ctx, document);
    if (written.has_value()) {
      const bool same = existing.has_value() && MetaText(*written, "resourceVersion") ==
                                                    MetaText(*existing, "resourceVersion");
      const ApplyOutcome outcome = !existing.has_value() ? ApplyOutcome::kCreated
                                   : same                ? ApplyOutcome::kUnchanged
                                                         : ApplyOutcome::kConfigured;
      return Applied{.outcome = outcome, .object = std::move(written).value()};
    }
    const ErrorKind kind = written.error().kind;
    const bool lost_a_race = kind == ErrorKind::kAlreadyExists || kind == ErrorKind::kNotFound ||
                             (kind == ErrorKind::kConflict && !guarded);
    if (!lost_a_race || tries == kMaxTries) return std::move(written).error();
  }
}

}  // namespace lc2
