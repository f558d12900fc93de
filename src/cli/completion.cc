#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <vector>

#include "cli/completion_internal.h"

namespace lc2::cli {

namespace {

// One command: the words that lead to it ("backup create"), its sub-commands and options.
struct Words {
  std::string path;
  std::vector<std::pair<std::string, std::string>> commands;  // name, description
  std::vector<std::pair<std::string, std::string>> options;
};

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

void Collect(const CLI::App& app, const std::string& path, std::vector<Words>& all) {
  Words words{.path = path, .commands = {}, .options = {}};
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    words.commands.emplace_back(sub->get_name(), FirstLine(sub->get_description()));
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      words.options.emplace_back("--" + name, FirstLine(option->get_description()));
    }
  }
  all.push_back(std::move(words));
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    Collect(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), all);
  }
}

std::string Joined(const Words& words) {
  std::string text;
  for (const auto& [name, about] : words.commands) text += name + " ";
  for (const auto& [name, about] : words.options) text += name + " ";
  if (!text.empty()) text.pop_back();
  return text;
}

// Inside single quotes a shell takes everything but a single quote as it is.
std::string Quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string Bash(const std::vector<Words>& all) {
  std::string script =
      "# bash completion for lc2; use: source <(lc2 completion bash)\n"
      "_lc2() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} path= word words=\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case $word in -*) ;; *) path=\"$path $word\" ;; esac\n"
      "  done\n"
      "  case ${path# } in\n";
  for (const Words& words : all) {
    script += fmt::format("    {}) words={} ;;\n", Quoted(words.path), Quoted(Joined(words)));
  }
  script +=
      "  esac\n"
      "  if [[ $words ]]; then COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
      "  else COMPREPLY=($(compgen -f -- \"$cur\")); fi\n"
      "}\n"
      "complete -F _lc2 lc2\n";
  return script;
}

std::string Zsh(const std::vector<Words>& all) {
  std::string script =
      "#compdef lc2\n"
      "# zsh completion for lc2; use: source <(lc2 completion zsh)\n"
      "_lc2() {\n"
      "  local -a candidates\n"
      "  local word wordpath=\n"
      "  for word in ${words[2,CURRENT-1]}; do\n"
      "    case $word in -*) ;; *) wordpath=\"$wordpath $word\" ;; esac\n"
      "  done\n"
      "  case ${wordpath# } in\n";
  for (const Words& words : all) {
    script += fmt::format("    {}) candidates=(", Quoted(words.path));
    for (const auto* list : {&words.commands, &words.options}) {
      for (const auto& [name, about] : *list) script += Quoted(name + ":" + about) + " ";
    }
    script += ") ;;\n";
  }
  script +=
      "  esac\n"
      "  if (( $#candidates )); then _describe lc2 candidates; else _files; fi\n"
      "}\n"
      "if [[ $funcstack[1] == _lc2 ]]; then _lc2; else compdef _lc2 lc2; fi\n";
  return script;
}

std::string Fish(const std::vector<Words>& all) {
  std::string script =
      "# fish completion for lc2; use: lc2 completion fish | source\n"
      "function __lc2_at\n"
      "  set -l path\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    string match -q -- '-*' $word; or set -a path $word\n"
      "  end\n"
      "  test \"$path\" = \"$argv\"\n"
      "end\n";
  for (const Words& words : all) {
    const std::string at = fmt::format("-n {}", Quoted("__lc2_at " + words.path));
    for (const auto& [name, about] : words.commands) {
      script += fmt::format("complete -c lc2 -f {} -a {} -d {}\n", at, name, Quoted(about));
    }
    for (const auto& [name, about] : words.options) {
      script += fmt::format("complete -c lc2 {} -l {} -d {}\n", at, name.substr(2), Quoted(about));
    }
  }
  return script;
}

}  // namespace

Result<std::string> CompletionScript(const CLI::App& root, const std::string& shell) {
  std::vector<Words> all;
  Collect(root, "", all);
  if (shell == "bash") return Bash(all);
  if (shell == "zsh") return Zsh(all);
  if (shell == "fish") return Fish(all);
  return Error{.kind = ErrorKind::kInvalid,
               .code = "cli.bad_shell",
               .message = fmt::format("no completions for shell '{}'", shell),
               .hint = "use one of bash, zsh, fish"};
}

}  // namespace lc2::cli
