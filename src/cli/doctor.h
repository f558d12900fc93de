#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/output.h"

// What `lc2 doctor` says about the things it looked at. Pure; the looking is commands_doctor.cc.
namespace lc2::cli {

enum class Grade {
  kOk,
  kWarn,  // backups work, but not all that a person may expect
  kFail,  // a backup or a restore would fail
};

struct Check {
  std::string name;
  Grade grade = Grade::kOk;
  std::string detail;
  std::string hint;
  ErrorKind kind = ErrorKind::kInvalid;  // of kFail
};

// A table with hints below what they belong to, a List in JSON and YAML, "name grade" lines.
std::string RenderChecks(const std::vector<Check>& checks, OutputFormat format, Time now);

// Success unless a check failed; then "doctor.failed" of the kind of the first one, naming all.
Result<void> JudgeChecks(const std::vector<Check>& checks);

}  // namespace lc2::cli
