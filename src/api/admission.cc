#include "api/admission.h"

#include <fmt/core.h>

#include <algorithm>
#include <type_traits>

#include <boost/json.hpp>

#include "api/backup_id.h"
#include "api/kinds.h"
#include "api/rules.h"
#include "codec/yaml.h"

namespace lc2::api {

namespace {

using codec::Json;
using codec::JsonObject;
using codec::Path;

// What a person may write into metadata (kubernetes.io, "Object Names and IDs", "Labels and
// Selectors", "Annotations").
constexpr std::string_view kMetadataSchema = R"(
type: object
required: [name]
properties:
  name:
    type: string
    minLength: 1
    maxLength: 253
    pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
  namespace: {type: string, maxLength: 63, pattern: "^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$"}
  labels:
    type: object
    additionalProperties:
      type: string
      maxLength: 63
      pattern: "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"
  annotations:
    type: object
    additionalProperties: {type: string, maxLength: 262144}
  finalizers:
    type: array
    maxItems: 64
    x-kubernetes-list-type: set
    items: {type: string, minLength: 1, maxLength: 253}
  ownerReferences:
    type: array
    maxItems: 64
    items:
      type: object
      required: [apiVersion, kind, name, uid]
      properties:
        apiVersion: {type: string, minLength: 1, maxLength: 253}
        kind: {type: string, minLength: 1, maxLength: 63}
        name: {type: string, minLength: 1, maxLength: 253}
        uid: {type: string, minLength: 1, maxLength: 253}
        controller: {type: boolean}
        blockOwnerDeletion: {type: boolean}
)";
constexpr std::string_view kKeyPattern =
    "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$";
constexpr std::size_t kMaxKey = 253 + 1 + 63;

// Set by the API, whatever a document that came out of one says.
constexpr const char* kSetByApi[] = {
    "uid",           "resourceVersion",   "generation",
    "selfLink",      "creationTimestamp", "deletionTimestamp",
    "managedFields", "generateName",      "deletionGracePeriodSeconds"};

const Schema& MetadataSchema() {
  static const Schema schema =
      ParseSchema(codec::ParseYaml(kMetadataSchema).value().at(0).value).value();
  return schema;
}

// Calls `visit` with a null pointer to the struct of this kind.
template <class Visit>
Faults VisitKind(std::string_view kind, const Visit& visit) {
  if (kind == BackupLocation::kKind) return visit(static_cast<BackupLocation*>(nullptr));
  if (kind == LiferayEnvironment::kKind) return visit(static_cast<LiferayEnvironment*>(nullptr));
  if (kind == BackupRequest::kKind) return visit(static_cast<BackupRequest*>(nullptr));
  if (kind == RestoreRequest::kKind) return visit(static_cast<RestoreRequest*>(nullptr));
  if (kind == BackupSchedule::kKind) return visit(static_cast<BackupSchedule*>(nullptr));
  return {};
}

Faults AsFault(const Error& error) { return {Fault{.path = {}, .message = error.message}}; }

void Append(Faults& to, Faults more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

// Members of a map of labels or annotations with a name that Kubernetes would refuse.
Faults CheckKeys(const JsonObject& metadata, std::string_view map) {
  static const Pattern pattern = Pattern::Compile(kKeyPattern).value();
  Faults faults;
  const Json* member = metadata.if_contains(boost::json::string_view(map.data(), map.size()));
  if (member == nullptr || !member->is_object()) return faults;
  for (const auto& entry : member->get_object()) {
    const std::string key(entry.key());
    if (key.size() > kMaxKey || !pattern.Matches(key)) {
      faults.push_back(Fault{.path = (Path("metadata") / map / key).str(),
                             .message = "is no valid name of a label or annotation"});
    }
  }
  return faults;
}

Checked CheckMetadata(JsonObject& object, const Kind& kind) {
  Json metadata(JsonObject{});
  if (const Json* given = object.if_contains("metadata"); given != nullptr && !given->is_null()) {
    metadata = *given;
  }
  if (metadata.is_object()) {
    for (const char* member : kSetByApi) metadata.get_object().erase(member);
  }
  Checked checked = Check(MetadataSchema(), std::move(metadata), Path("metadata"));
  if (!checked.value.is_object()) return checked;
  JsonObject& members = checked.value.get_object();
  Append(checked.faults, CheckKeys(members, "labels"));
  Append(checked.faults, CheckKeys(members, "annotations"));
  const Json* name_space = members.if_contains("namespace");
  if (name_space != nullptr && *name_space == Json("")) {
    members.erase("namespace");
  } else if (name_space != nullptr && kind.cluster_scoped) {
    checked.faults.push_back(
        Fault{.path = "metadata.namespace",
              .message = fmt::format("a {} belongs to no namespace", kind.name),
              .hint = "leave metadata.namespace out"});
  }
  return checked;
}

Faults CheckEnvelope(const JsonObject& object) {
  Faults faults;
  const Json* version = object.if_contains("apiVersion");
  if (version == nullptr || *version != Json(std::string(kApiVersion))) {
    faults.push_back(
        Fault{.path = "apiVersion", .message = fmt::format("must be '{}'", kApiVersion)});
  }
  const std::vector<std::string> known{"apiVersion", "kind", "metadata", "spec", "status"};
  for (const auto& member : object) {
    const std::string name(member.key());
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::optional<std::string> meant = Nearest(name, known);
    faults.push_back(Fault{
        .path = name.substr(0, 64),
        .message = meant ? fmt::format("unknown field, did you mean '{}'?", *meant)
                         : std::string("unknown field; fields of a kind stand below 'spec'")});
  }
  return faults;
}

Checked CheckSpec(JsonObject& object, const Kind& kind) {
  Json* spec = object.if_contains("spec");
  if (spec == nullptr || spec->is_null()) {
    Json nothing(JsonObject{});
    return Checked{.value = std::move(nothing),
                   .faults = {Fault{.path = "spec", .message = "is required"}},
                   .decodable = false};
  }
  return Check(kind.spec, std::move(*spec), Path("spec"));
}

// The project of a restore's target, which the spec does not have.
std::string TargetProject(const RestoreRequest& request) {
  const auto label = request.metadata.labels.find(std::string(kProjectLabel));
  if (label != request.metadata.labels.end()) return label->second;
  if (!request.spec.source_project_id.empty()) return request.spec.source_project_id;
  const Result<OwnBackupId> id = ParseOwnBackupId(BackupId(request.spec.backup_id));
  if (!id.has_value()) return {};
  return id->environment.substr(0, id->environment.rfind('-'));
}

std::string ImpliedNamespace(const BackupLocation&) { return {}; }
std::string ImpliedNamespace(const LiferayEnvironment&) { return {}; }
std::string ImpliedNamespace(const BackupSchedule&) { return {}; }
std::string ImpliedNamespace(const BackupRequest& request) {
  return DefaultNamespace(IdOf(request));
}
std::string ImpliedNamespace(const RestoreRequest& request) {
  const std::string project = TargetProject(request);
  if (project.empty()) return {};
  return DefaultNamespace({ProjectId(project), EnvironmentName(request.spec.target_environment)});
}

// Rules and namespace of an object whose structure is sound.
template <class T>
Faults FinishNew(const Kind& kind, Json& object) {
  Result<T> decoded = codec::Decode<T>(object);
  if (!decoded.has_value()) return AsFault(decoded.error());
  if (!kind.cluster_scoped && decoded->metadata.namespace_.empty()) {
    decoded->metadata.namespace_ = ImpliedNamespace(*decoded);
    if (decoded->metadata.namespace_.empty()) {
      return {
          Fault{.path = "metadata.namespace",
                .message = "is required, because nothing else says which project is meant",
                .hint = "it is proj-<projectId>-<environment> unless the environment says else"}};
    }
    object.at("metadata").get_object()["namespace"] = decoded->metadata.namespace_;
  }
  return CheckRules(*decoded);
}

// Leaves out members that say nothing, below `value`.
void Prune(Json& value) {
  if (value.is_array()) {
    for (Json& item : value.get_array()) Prune(item);
  }
  if (!value.is_object()) return;
  JsonObject kept;
  for (auto& member : value.get_object()) {
    if (member.key() != "plan") Prune(member.value());
    const bool empty = member.value() == Json("") ||
                       (member.value().is_object() && member.value().get_object().empty());
    if (!empty) kept.emplace(member.key(), std::move(member.value()));
  }
  value = Json(std::move(kept));
}

}  // namespace

Admitted AdmitNew(Json object) {
  if (!object.is_object()) return {.faults = {Fault{.message = "must be an object"}}};
  JsonObject& members = object.get_object();
  const Json* kind_name = members.if_contains("kind");
  if (kind_name == nullptr || !kind_name->is_string()) {
    return {.faults = {Fault{.path = "kind", .message = "is required"}}};
  }
  const std::string name(kind_name->get_string());
  const Result<const Kind*> found = RequireKind(name);
  // Kinds are named exactly in documents; other spellings are for the command line.
  if (!found.has_value() || (*found)->name != name) {
    return {.faults = {Fault{.path = "kind",
                             .message = found.has_value() ? fmt::format("'{}' is spelt '{}'", name,
                                                                        (*found)->name)
                                                          : found.error().message,
                             .hint = found.has_value() ? std::string() : found.error().hint}}};
  }
  const Kind& kind = **found;
  Admitted admitted{.faults = CheckEnvelope(members)};
  Checked metadata = CheckMetadata(members, kind);
  Checked spec = CheckSpec(members, kind);
  Append(admitted.faults, std::move(metadata.faults));
  Append(admitted.faults, std::move(spec.faults));
  admitted.object = Json(JsonObject{{"apiVersion", std::string(kApiVersion)}, {"kind", kind.name}});
  admitted.object.get_object().emplace("metadata", std::move(metadata.value));
  admitted.object.get_object().emplace("spec", std::move(spec.value));
  if (metadata.decodable && spec.decodable) {
    Append(admitted.faults, VisitKind(kind.name, [&](auto* type) {
             return FinishNew<std::remove_pointer_t<decltype(type)>>(kind, admitted.object);
           }));
  }
  return admitted;
}

Admitted AdmitChange(const Json& before, Json object) {
  Admitted admitted = AdmitNew(std::move(object));
  if (!admitted.faults.empty()) return admitted;
  const std::string kind(admitted.object.at("kind").get_string());
  admitted.faults = VisitKind(kind, [&](auto* type) -> Faults {
    using T = std::remove_pointer_t<decltype(type)>;
    const Result<T> old_one = codec::Decode<T>(before);
    if (!old_one.has_value()) return AsFault(old_one.error());
    const Result<T> new_one = codec::Decode<T>(admitted.object);
    if (!new_one.has_value()) return AsFault(new_one.error());
    return CheckChange(*old_one, *new_one);
  });
  JsonObject metadata = before.at("metadata").get_object();
  for (const char* name : {"labels", "annotations", "ownerReferences"}) {
    metadata.erase(name);
    const Json* given = admitted.object.at("metadata").get_object().if_contains(name);
    if (given != nullptr) metadata.emplace(name, *given);
  }
  admitted.object.get_object()["metadata"] = std::move(metadata);
  if (const Json* status = before.get_object().if_contains("status")) {
    admitted.object.get_object()["status"] = *status;
  }
  return admitted;
}

Admitted AdmitStatus(const Json& before, const Json& object) {
  const Kind* kind = FindKind(std::string_view(before.at("kind").get_string()));
  LC2_CHECK(kind != nullptr);
  const Json* status = object.is_object() ? object.get_object().if_contains("status") : nullptr;
  Checked checked =
      Check(kind->status, status == nullptr ? Json(JsonObject{}) : *status, Path("status"));
  Admitted admitted{.object = before, .faults = std::move(checked.faults)};
  admitted.object.get_object()["status"] = std::move(checked.value);
  return admitted;
}

Admitted AdmitFinalizers(const Json& before, const Json& object) {
  const auto finalizers_of = [](const Json& from) {
    const Json* metadata = from.is_object() ? from.get_object().if_contains("metadata") : nullptr;
    const Json* list = metadata != nullptr && metadata->is_object()
                           ? metadata->get_object().if_contains("finalizers")
                           : nullptr;
    return list == nullptr ? Json(codec::JsonArray{}) : *list;
  };
  Admitted admitted{.object = before};
  Checked checked = Check(*MetadataSchema().Property("finalizers"), finalizers_of(object),
                          Path("metadata.finalizers"));
  admitted.faults = std::move(checked.faults);
  if (!admitted.faults.empty()) return admitted;
  JsonObject& metadata = admitted.object.at("metadata").get_object();
  if (metadata.contains("deletionTimestamp")) {
    const Json kept = finalizers_of(before);
    for (const Json& item : checked.value.get_array()) {
      if (std::find(kept.get_array().begin(), kept.get_array().end(), item) ==
          kept.get_array().end()) {
        admitted.faults.push_back(
            Fault{.path = "metadata.finalizers",
                  .message = fmt::format("'{}' cannot be added while the object is being deleted",
                                         std::string_view(item.get_string()))});
      }
    }
  }
  metadata.erase("finalizers");
  if (!checked.value.get_array().empty()) metadata.emplace("finalizers", std::move(checked.value));
  return admitted;
}

namespace internal {

Json Tidy(Json object) {
  if (!object.is_object()) return object;
  for (const char* part : {"metadata", "status"}) {
    if (Json* member = object.get_object().if_contains(part)) Prune(*member);
  }
  if (Json* metadata = object.get_object().if_contains("metadata");
      metadata != nullptr && metadata->is_object()) {
    const Json* generation = metadata->get_object().if_contains("generation");
    if (generation != nullptr && *generation == Json(0)) metadata->get_object().erase("generation");
  }
  return object;
}

Result<void> RequireKindOf(const Json& object, std::string_view kind) {
  const Json* found = object.is_object() ? object.get_object().if_contains("kind") : nullptr;
  if (found != nullptr && *found == Json(std::string(kind))) return {};
  return Error{.kind = ErrorKind::kInvalid,
               .code = "resource.wrong_kind",
               .message = fmt::format("expected an object of kind '{}'", kind)};
}

}  // namespace internal

}  // namespace lc2::api
