#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "api/schema.h"
#include "cli/usage_internal.h"
#include "cli/words_internal.h"

namespace lc2::cli {

namespace {

struct Finding {
  std::string message;
  std::string hint;
};

std::string HelpOf(const Words& read) { return fmt::format("`{} --help`", read.path()); }

// What was probably misspelt or cut short.
std::optional<std::string> Meant(const std::string& word, const std::vector<std::string>& known) {
  if (auto nearest = api::Nearest(word, known)) return nearest;
  const auto begins = [&](const std::string& name) { return name.starts_with(word); };
  const auto first = std::find_if(known.begin(), known.end(), begins);
  if (first == known.end() || std::find_if(first + 1, known.end(), begins) != known.end()) {
    return std::nullopt;
  }
  return *first;
}

// "did you mean 'create'? " or nothing.
std::string DidYouMean(const std::string& word, const std::vector<std::string>& known) {
  const std::optional<std::string> meant = Meant(word, known);
  return meant ? fmt::format("did you mean '{}'? ", *meant) : std::string();
}

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : CommandsOf(app)) names.push_back(command->get_name());
  return names;
}

Finding UnknownCommand(const Words& read, const std::string& word) {
  const std::vector<std::string> known = CommandNames(read.command());
  if (word == "help") {
    return {fmt::format("'{}' has no command 'help'", read.path()),
            fmt::format("write {}", HelpOf(read))};
  }
  return {fmt::format("'{}' has no command '{}'", read.path(), word),
          fmt::format("{}its commands are {}", DidYouMean(word, known), fmt::join(known, ", "))};
}

Finding UnknownOption(const Words& read, const std::string& word) {
  std::vector<std::string> known;
  for (const CLI::App* app : read.commands) {
    for (const CLI::Option* option : OptionsOf(*app)) {
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
  }
  return {fmt::format("'{}' has no option '{}'", read.path(), word),
          fmt::format("{}see {}", DidYouMean(word, known), HelpOf(read))};
}

Finding BadValue(const std::string& word, const CLI::Option& option) {
  const std::vector<std::string> choices = ChoicesOf(option);
  return {fmt::format("'{}' is not a value of '{}'", word, NameOf(option)),
          fmt::format("{}use one of {}", DidYouMean(word, choices), fmt::join(choices, ", "))};
}

Finding Explain(const Words& read, const Words::Fault& fault) {
  switch (fault.what) {
    case Words::Fault::What::kCommand:
      return UnknownCommand(read, fault.word);
    case Words::Fault::What::kOption:
      return UnknownOption(read, fault.word);
    case Words::Fault::What::kValue:
      return BadValue(fault.word, *fault.option);
    case Words::Fault::What::kArgument:
      break;
  }
  return {fmt::format("'{}' is one argument too many for '{}'", fault.word, read.path()),
          fmt::format("see {}; a value with blanks needs quotes", HelpOf(read))};
}

std::optional<Finding> FindMissing(const Words& read) {
  if (read.awaiting != nullptr) {
    return Finding{fmt::format("option '{}' needs a value", NameOf(*read.awaiting)),
                   fmt::format("see {}", HelpOf(read))};
  }
  if (const auto names = CommandNames(read.command()); !names.empty()) {
    return Finding{
        fmt::format("'{}' needs a command", read.path()),
        fmt::format("use one of {}; {} says more", fmt::join(names, ", "), HelpOf(read))};
  }
  const auto arguments = ArgumentsOf(read.command());
  for (std::size_t i = read.arguments.size(); i < arguments.size(); ++i) {
    if (!arguments[i]->get_required()) continue;
    return Finding{fmt::format("'{}' needs the argument {} ({})", read.path(),
                               NameOf(*arguments[i]), arguments[i]->get_description()),
                   fmt::format("see the example of {}", HelpOf(read))};
  }
  for (const CLI::Option* option : OptionsOf(read.command())) {
    if (!option->get_required()) continue;
    const std::string name = NameOf(*option);
    if (std::find(read.options.begin(), read.options.end(), name.substr(2)) != read.options.end()) {
      continue;
    }
    return Finding{fmt::format("'{}' needs the option '{}' ({})", read.path(), name,
                               option->get_description()),
                   fmt::format("see the example of {}", HelpOf(read))};
  }
  return std::nullopt;
}

// An option that wants a number and got something else.
std::optional<Finding> FindBadNumber(const Words& read) {
  for (const CLI::App* app : read.commands) {
    for (const CLI::Option* option : OptionsOf(*app)) {
      if (option->get_lnames().empty() || option->get_type_name() != "INT") continue;
      const auto found = read.values.find(option->get_lnames().front());
      if (found == read.values.end()) continue;
      const std::string& text = found->second;
      std::int64_t number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error == std::errc() && end == text.data() + text.size()) continue;
      return Finding{fmt::format("'{}' is not a number, which '{}' needs", text, NameOf(*option)),
                     fmt::format("see {}", HelpOf(read))};
    }
  }
  return std::nullopt;
}

}  // namespace

Error UsageError(const CLI::App& root, const std::vector<std::string>& words, std::string problem) {
  const Words read = ReadWords(root, words);
  std::optional<Finding> found;
  if (read.fault) {
    found = Explain(read, *read.fault);
  } else {
    found = FindMissing(read);
    if (!found) found = FindBadNumber(read);
  }
  if (!found) {
    if (!problem.empty() && problem[0] >= 'A' && problem[0] <= 'Z') {
      problem[0] = static_cast<char>(problem[0] - 'A' + 'a');
    }
    found = {std::move(problem), fmt::format("see {}", HelpOf(read))};
  }
  return Error{.kind = ErrorKind::kInvalid,
               .code = "cli.usage",
               .message = std::move(found->message),
               .hint = std::move(found->hint)};
}

}  // namespace lc2::cli
