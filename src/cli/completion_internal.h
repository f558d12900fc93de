#pragma once

#include <map>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "base/result.h"

// The shells ask this program what may come next (`lc2 __complete WORD...`, the last word being the
// one at the cursor), so that all three complete alike and every rule is tested here once.
namespace lc2::cli {

// The script for "bash", "zsh" or "fish" that asks. kInvalid "cli.bad_shell" for another shell.
Result<std::string> CompletionScript(const std::string& shell);

struct Candidate {
  std::string word;
  std::string about;
  bool operator==(const Candidate&) const = default;
};

struct Completions {
  enum class More { kNothing, kFiles, kBackups, kObjects };

  std::vector<Candidate> candidates;
  // What the caller adds: names that lie in files, the catalogue or the store.
  More more = More::kNothing;
  std::string kind;                           // of kObjects, as it was written
  std::map<std::string, std::string> values;  // options given so far: --home, --project, ...
};
// What may stand where the last of `words` (it may be empty) stands. Pure.
Completions Complete(const CLI::App& root, const std::vector<std::string>& words);

// What the shells read: a line for each candidate that begins with `word`, name and description
// parted by a tab; ":files" stands for the names of files.
std::string CompletionLines(const Completions& completions, const std::string& word);

}  // namespace lc2::cli
