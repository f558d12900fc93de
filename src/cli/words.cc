#include <algorithm>
#include <cctype>
#include <utility>

#include "cli/words_internal.h"

namespace lc2::cli {

namespace {

std::string LongName(const CLI::Option& option) {
  if (!option.get_lnames().empty()) return option.get_lnames().front();
  return option.get_name(true);
}

class Reader {
 public:
  explicit Reader(const CLI::App& root) { read_.commands.push_back(&root); }

  Words Read(const std::vector<std::string>& words) {
    bool only_arguments = false;
    for (const std::string& word : words) {
      if (read_.fault) break;
      if (read_.awaiting != nullptr) {
        Take(*std::exchange(read_.awaiting, nullptr), word);
      } else if (greedy_ != nullptr && !word.starts_with('-')) {
        Take(*greedy_, word);
      } else if (only_arguments || word == "-" || !word.starts_with('-')) {
        TakeWord(word);
      } else if (word == "--") {
        only_arguments = true;
      } else if (word.starts_with("--")) {
        TakeLong(word);
      } else {
        TakeShort(word);
      }
    }
    return std::move(read_);
  }

 private:
  using What = Words::Fault::What;

  void Fail(What what, const std::string& word, const CLI::Option* option = nullptr) {
    read_.fault = {.what = what, .word = word, .option = option};
  }

  // Options of the commands around it count, too.
  const CLI::Option* Find(const std::string& name) const {
    for (auto app = read_.commands.rbegin(); app != read_.commands.rend(); ++app) {
      if (const CLI::Option* found = (*app)->get_option_no_throw(name)) return found;
    }
    return nullptr;
  }

  void Take(const CLI::Option& option, const std::string& value) {
    const std::vector<std::string> choices = ChoicesOf(option);
    if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end()) {
      return Fail(What::kValue, value, &option);
    }
    read_.values[LongName(option)] = value;
    const bool several = option.get_items_expected_max() > 1 && option.get_allow_extra_args();
    if (option.nonpositional()) greedy_ = several ? &option : nullptr;
  }

  void Saw(const CLI::Option& option) {
    read_.options.push_back(LongName(option));
    greedy_ = nullptr;
  }

  void TakeLong(const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const CLI::Option* option = Find(name);
    if (option == nullptr) return Fail(What::kOption, name);
    Saw(*option);
    if (!TakesValue(*option)) return;
    if (equals == std::string::npos) {
      read_.awaiting = option;
    } else {
      Take(*option, word.substr(equals + 1));
    }
  }

  // "-o json", "-ojson", and "-qy" for two flags.
  void TakeShort(const std::string& word) {
    for (std::size_t at = 1; at < word.size(); ++at) {
      const std::string name = {'-', word[at]};
      const CLI::Option* option = Find(name);
      if (option == nullptr) return Fail(What::kOption, at == 1 ? word : name);
      Saw(*option);
      if (!TakesValue(*option)) continue;
      if (at + 1 == word.size()) {
        read_.awaiting = option;
      } else {
        Take(*option, word.substr(at + 1));
      }
      return;
    }
  }

  void TakeWord(const std::string& word) {
    const CLI::App& app = read_.command();
    if (const auto commands = CommandsOf(app); !commands.empty()) {
      const auto found = std::find_if(commands.begin(), commands.end(),
                                      [&](const CLI::App* sub) { return sub->get_name() == word; });
      if (found == commands.end()) return Fail(What::kCommand, word);
      read_.commands.push_back(*found);
      return;
    }
    const auto arguments = ArgumentsOf(app);
    if (read_.arguments.size() >= arguments.size()) return Fail(What::kArgument, word);
    Take(*arguments[read_.arguments.size()], word);
    read_.arguments.push_back(word);
  }

  Words read_;
  const CLI::Option* greedy_ = nullptr;  // takes what follows as well: `-f a.yaml b.yaml`
};

}  // namespace

std::string Words::path() const {
  std::string text;
  for (const CLI::App* app : commands) text += (text.empty() ? "" : " ") + app->get_name();
  return text;
}

Words ReadWords(const CLI::App& root, const std::vector<std::string>& words) {
  return Reader(root).Read(words);
}

std::vector<std::string> ChoicesOf(const CLI::Option& option) {
  // CLI11 keeps the members of CLI::IsMember only as this text: "TEXT:{a,b}".
  const std::string type = option.get_type_name();
  const std::size_t begin = type.find('{');
  const std::size_t end = type.rfind('}');
  std::vector<std::string> choices;
  if (begin == std::string::npos || end == std::string::npos) return choices;
  std::size_t from = begin + 1;
  while (from <= end) {
    const std::size_t comma = std::min(type.find(',', from), end);
    choices.push_back(type.substr(from, comma - from));
    from = comma + 1;
  }
  return choices;
}

std::string NameOf(const CLI::Option& option) {
  if (!option.get_lnames().empty()) return "--" + option.get_lnames().front();
  std::string name = option.get_name(true);
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

bool TakesValue(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

std::vector<const CLI::App*> CommandsOf(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<const CLI::Option*> OptionsOf(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return option->nonpositional(); });
}

std::vector<const CLI::Option*> ArgumentsOf(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

}  // namespace lc2::cli
