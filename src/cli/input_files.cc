#include "cli/input_files.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/file.h"

namespace lc2::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMaxManifestFile = 4 << 20;

Result<std::string> ReadInput(const std::string& file) {
  if (file != "-") return ReadFile(file, kMaxManifestFile);
  FdSource source(STDIN_FILENO, "standard input");
  return ReadAll(source, kMaxManifestFile);
}

bool IsManifest(const fs::path& file) {
  const fs::path extension = file.extension();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

Result<std::vector<std::string>> FilesOfFolder(const fs::path& folder) {
  std::vector<std::string> files;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    std::error_code ignored;
    if (IsManifest(entry.path()) && !entry.is_directory(ignored)) {
      files.push_back(entry.path().native());
    }
  }
  if (failed) return ErrnoError(failed.value(), "list", folder.native());
  if (files.empty()) {
    return Error{.kind = ErrorKind::kNotFound,
                 .code = "cli.no_manifests",
                 .message = fmt::format("folder '{}' holds no resource files", folder.native()),
                 .hint =
                     "name a folder with *.yaml, *.yml or *.json files; those in folders "
                     "within it are not read"};
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Result<std::vector<std::string>> ExpandFiles(const std::vector<std::string>& named) {
  std::vector<std::string> all;
  for (const std::string& name : named) {
    std::error_code ignored;
    if (name == "-" || !fs::is_directory(name, ignored)) {
      all.push_back(name);
      continue;
    }
    LC2_ASSIGN_OR_RETURN(std::vector<std::string> files, FilesOfFolder(name));
    std::move(files.begin(), files.end(), std::back_inserter(all));
  }
  return all;
}

Result<std::vector<api::ResourceDocument>> LoadFiles(const std::vector<std::string>& files) {
  std::vector<api::ResourceDocument> all;
  std::optional<Error> failed;
  // An invalid file decides what kind of error it is.
  const auto add = [&failed](Error error) {
    if (failed) error.message = failed->message + "\n" + error.message;
    if (!failed || error.kind == ErrorKind::kInvalid) {
      failed = std::move(error);
    } else {
      failed->message = std::move(error.message);
    }
  };
  for (const std::string& file : files) {
    const Result<std::string> text = ReadInput(file);
    if (!text.has_value()) {
      add(text.error());
      continue;
    }
    Result<std::vector<api::ResourceDocument>> documents =
        api::LoadManifests(file == "-" ? "standard input" : file, *text);
    if (!documents.has_value()) {
      add(documents.error());
      continue;
    }
    std::move(documents->begin(), documents->end(), std::back_inserter(all));
  }
  if (failed) return *failed;
  return all;
}

}  // namespace lc2::cli
