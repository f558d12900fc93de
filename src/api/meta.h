#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "base/clock.h"
#include "base/strong.h"

// What every kind of the group has in common (design section 4). Members are spelt in camelCase
// outside; `namespace_` is "namespace".
namespace lc2::api {

inline constexpr std::string_view kGroup = "backup.liferay.cloud";
inline constexpr std::string_view kApiVersion = "backup.liferay.cloud/v1alpha1";
inline constexpr std::string_view kProjectLabel = "backup.liferay.cloud/project";
inline constexpr std::string_view kEnvironmentLabel = "backup.liferay.cloud/environment";

struct OwnerReference {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  bool controller = false;
  bool block_owner_deletion = false;

  bool operator==(const OwnerReference&) const = default;
};
BOOST_DESCRIBE_STRUCT(OwnerReference, (),
                      (api_version, kind, name, uid, controller, block_owner_deletion))

// The part of Kubernetes' ObjectMeta that LC2 uses. Whoever writes an object sets name, namespace,
// labels, annotations and owners; the API behind the store sets all else.
struct ObjectMeta {
  std::string name;
  std::string namespace_;  // empty: the kind is cluster-scoped
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  std::vector<OwnerReference> owner_references;
  std::vector<std::string> finalizers;
  std::string uid;
  std::string resource_version;  // opaque; changes with every write
  std::int64_t generation = 0;   // changes with the spec only
  std::optional<Time> creation_timestamp;
  std::optional<Time> deletion_timestamp;  // set: waits for its finalizers

  bool operator==(const ObjectMeta&) const = default;
};
BOOST_DESCRIBE_STRUCT(ObjectMeta, (),
                      (name, namespace_, labels, annotations, owner_references, finalizers, uid,
                       resource_version, generation, creation_timestamp, deletion_timestamp))

enum class ConditionStatus { kTrue, kFalse, kUnknown };
BOOST_DESCRIBE_ENUM(ConditionStatus, kTrue, kFalse, kUnknown)

// One thing known about an object. `reason` is one word in PascalCase (for a failure: the name of
// its ErrorKind), `message` is for people.
struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::kUnknown;
  std::string reason;
  std::string message;
  std::int64_t observed_generation = 0;
  std::optional<Time> last_transition_time;  // of `status`

  bool operator==(const Condition&) const = default;
};
BOOST_DESCRIBE_STRUCT(Condition, (),
                      (type, status, reason, message, observed_generation, last_transition_time))

using Conditions = std::vector<Condition>;  // at most one of a type

// The condition of this type; null if there is none.
const Condition* FindCondition(const Conditions& conditions, std::string_view type);
// Whether the condition exists with this status.
bool HasCondition(const Conditions& conditions, std::string_view type,
                  ConditionStatus status = ConditionStatus::kTrue);
// `conditions` with `next` in place of the one of its type, or at the end. The transition time is
// kept while the status stays, and else is `now`; what `next` says of it is ignored.
Conditions SetCondition(Conditions conditions, Condition next, Time now);

// A secret by name, in the namespace that the field states.
struct SecretName {
  std::string name;

  bool operator==(const SecretName&) const = default;
};
BOOST_DESCRIBE_STRUCT(SecretName, (), (name))

// The namespace whose requests an environment serves unless it says otherwise:
// "proj-retail-prd".
std::string DefaultNamespace(const EnvironmentId& environment);
// Where attempts of an environment run unless it says otherwise: "lc2-run-retail-prd".
std::string DefaultRunNamespace(const EnvironmentId& environment);
// The labels of what belongs to an environment.
std::map<std::string, std::string> StandardLabels(const EnvironmentId& environment);

}  // namespace lc2::api
