#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace lc2 {

// A string that cannot be taken for another kind of string. Order is by bytes, the order in which
// object stores list.
template <class Tag>
class StrongString {
 public:
  StrongString() = default;
  explicit StrongString(std::string value) : value_(std::move(value)) {}
  const std::string& str() const { return value_; }
  bool empty() const { return value_.empty(); }
  auto operator<=>(const StrongString&) const = default;

 private:
  std::string value_;
};

using ProjectId = StrongString<struct ProjectIdTag>;
using EnvironmentName = StrongString<struct EnvironmentNameTag>;
using BackupId = StrongString<struct BackupIdTag>;
using RunId = StrongString<struct RunIdTag>;          // 32 lower-case hex digits
using AttemptId = StrongString<struct AttemptIdTag>;  // "a1", "a2", ...

// Whose backups: the unit of tenancy and the folder in a vault.
struct EnvironmentId {
  ProjectId project;
  EnvironmentName environment;
  // "retail-prd"
  std::string str() const { return project.str() + "-" + environment.str(); }
  auto operator<=>(const EnvironmentId&) const = default;
};

}  // namespace lc2

template <class Tag>
struct std::hash<lc2::StrongString<Tag>> {
  std::size_t operator()(const lc2::StrongString<Tag>& s) const {
    return std::hash<std::string>()(s.str());
  }
};
