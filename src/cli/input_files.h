#pragma once

#include <string>
#include <vector>

#include "api/documents.h"
#include "base/result.h"

namespace lc2::cli {

// The files that `-f` names: a file, "-" for standard input, or a folder, which stands for its
// *.yaml, *.yml and *.json (not for those of folders within it) in the order of their names.
// kNotFound where there is no such file, or none in a folder.
Result<std::vector<std::string>> ExpandFiles(const std::vector<std::string>& named);

// All documents of all files, or all faults of all files in one error.
Result<std::vector<api::ResourceDocument>> LoadFiles(const std::vector<std::string>& files);

}  // namespace lc2::cli
