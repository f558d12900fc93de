#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "api/backup_schedule.h"
#include "api/kinds.h"
#include "cli/completion_internal.h"
#include "cli/table.h"
#include "cli/words_internal.h"

namespace lc2::cli {

namespace {

// In a completion the words come from outside: nothing here expands them.
constexpr const char* kBash = R"sh(# bash completion for lc2; use: source <(lc2 completion bash)
_lc2() {
  local cur=${COMP_WORDS[COMP_CWORD]} line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$cur")
    else
      COMPREPLY+=("${line%%$'\t'*}")
    fi
  done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _lc2 lc2
)sh";

constexpr const char* kZsh = R"sh(#compdef lc2
# zsh completion for lc2; use: source <(lc2 completion zsh), after compinit
_lc2() {
  local line files= found=1
  local -a candidates
  for line in ${(f)"$(${words[1]} __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"}; do
    if [[ $line == :files ]]; then
      files=1
    else
      candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    fi
  done
  (( $#candidates )) && _describe lc2 candidates && found=0
  [[ -n $files ]] && _files && found=0
  return found
}
if [[ $funcstack[1] == _lc2 ]]; then _lc2 "$@"; else compdef _lc2 lc2; fi
)sh";

constexpr const char* kFish = R"sh(# fish completion for lc2; use: lc2 completion fish | source
function __lc2_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  for line in ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    if test "$line" = ':files'
      __fish_complete_path "$current"
    else
      echo $line
    end
  end
end
complete -c lc2 -f -a '(__lc2_complete)'
)sh";

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

const std::set<std::string>& FileOptions() {
  static const std::set<std::string> names{"home",  "catalog", "filename",        "library",
                                           "vault", "key",     "db-password-file"};
  return names;
}

class Completer {
 public:
  explicit Completer(Words read) : read_(std::move(read)) {}

  Completions Run(const std::string& current) {
    if (read_.fault) return {};
    found_.values = read_.values;
    if (read_.awaiting != nullptr) {
      AddValues(*read_.awaiting);
    } else if (current.starts_with('-')) {
      AddOptions();
    } else if (const auto commands = CommandsOf(read_.command()); !commands.empty()) {
      for (const CLI::App* command : commands) {
        Add(command->get_name(), FirstLine(command->get_description()));
      }
    } else {
      AddArgument();
    }
    return std::move(found_);
  }

 private:
  void Add(const std::string& word, const std::string& about) {
    found_.candidates.push_back({word, about});
  }

  void AddValues(const CLI::Option& option) {
    for (const std::string& choice : ChoicesOf(option)) Add(choice, "");
    if (!found_.candidates.empty() || option.get_lnames().empty()) return;
    if (FileOptions().contains(option.get_lnames().front()))
      found_.more = Completions::More::kFiles;
  }

  void AddOptions() {
    for (auto app = read_.commands.rbegin(); app != read_.commands.rend(); ++app) {
      for (const CLI::Option* option : OptionsOf(**app)) {
        // `--help` and its like are there once a command.
        if (app != read_.commands.rbegin() && (*app)->get_help_ptr() == option) continue;
        for (const std::string& name : option->get_lnames()) {
          Add("--" + name, FirstLine(option->get_description()));
        }
      }
    }
  }

  void AddArgument() {
    const auto arguments = ArgumentsOf(read_.command());
    if (read_.arguments.size() >= arguments.size()) return AddOptions();
    const CLI::Option& argument = *arguments[read_.arguments.size()];
    const std::string name = argument.get_name(true);
    if (name == "kind") {
      for (const api::Kind& kind : api::Kinds()) Add(kind.plural, kind.name);
    } else if (name == "name") {
      found_.more = Completions::More::kObjects;
      found_.kind = read_.arguments.front();
    } else if (name == "schedule") {
      found_.more = Completions::More::kObjects;
      found_.kind = std::string(api::BackupSchedule::kKind);
    } else if (name == "backup" || name == "newer") {
      found_.more = Completions::More::kBackups;
    } else if (name == "request") {
      found_.more = Completions::More::kObjects;
      found_.kind = "restorerequests";
    } else if (name == "folder") {
      found_.more = Completions::More::kFiles;
    } else {
      AddValues(argument);
    }
  }

  Words read_;
  Completions found_;
};

}  // namespace

Result<std::string> CompletionScript(const std::string& shell) {
  if (shell == "bash") return std::string(kBash);
  if (shell == "zsh") return std::string(kZsh);
  if (shell == "fish") return std::string(kFish);
  return Error{.kind = ErrorKind::kInvalid,
               .code = "cli.bad_shell",
               .message = fmt::format("no completions for shell '{}'", shell),
               .hint = "use one of bash, zsh, fish"};
}

Completions Complete(const CLI::App& root, const std::vector<std::string>& words) {
  if (words.empty()) return {};
  return Completer(ReadWords(root, {words.begin(), words.end() - 1})).Run(words.back());
}

std::string CompletionLines(const Completions& completions, const std::string& word) {
  std::string lines;
  for (const Candidate& candidate : completions.candidates) {
    if (!candidate.word.starts_with(word)) continue;
    lines += Printable(candidate.word) + "\t" + Printable(candidate.about) + "\n";
  }
  if (completions.more == Completions::More::kFiles) lines += ":files\n";
  return lines;
}

}  // namespace lc2::cli
