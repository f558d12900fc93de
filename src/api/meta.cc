#include "api/meta.h"

#include <algorithm>

namespace lc2::api {

const Condition* FindCondition(const Conditions& conditions, std::string_view type) {
  const auto found = std::find_if(conditions.begin(), conditions.end(),
                                  [&](const Condition& c) { return c.type == type; });
  return found == conditions.end() ? nullptr : &*found;
}

bool HasCondition(const Conditions& conditions, std::string_view type, ConditionStatus status) {
  const Condition* condition = FindCondition(conditions, type);
  return condition != nullptr && condition->status == status;
}

Conditions SetCondition(Conditions conditions, Condition next, Time now) {
  const auto found = std::find_if(conditions.begin(), conditions.end(),
                                  [&](const Condition& c) { return c.type == next.type; });
  if (found == conditions.end()) {
    next.last_transition_time = now;
    conditions.push_back(std::move(next));
    return conditions;
  }
  const bool same = found->status == next.status && found->last_transition_time.has_value();
  next.last_transition_time = same ? found->last_transition_time : now;
  *found = std::move(next);
  return conditions;
}

std::string DefaultNamespace(const EnvironmentId& environment) {
  return "proj-" + environment.str();
}

std::string DefaultRunNamespace(const EnvironmentId& environment) {
  return "lc2-run-" + environment.str();
}

std::map<std::string, std::string> StandardLabels(const EnvironmentId& environment) {
  return {{std::string(kProjectLabel), environment.project.str()},
          {std::string(kEnvironmentLabel), environment.environment.str()}};
}

}  // namespace lc2::api
