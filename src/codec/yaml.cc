#include "codec/yaml.h"

#include <fmt/core.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <sstream>

#include <boost/json.hpp>

#include "base/utf8.h"

namespace lc2::codec {

namespace {

// As much of a text from outside as a message needs.
std::string Shown(std::string_view text) { return WithoutInvalidUtf8(text.substr(0, 100)); }

Error Invalid(int line, std::string_view why) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "yaml.invalid",
               .message = fmt::format("line {}: {}", line, why),
               .hint = "is the file a YAML 1.2 or JSON text, and saved as UTF-8?"};
}

int LineOfNode(const YAML::Node& node) { return node.Mark().line < 0 ? 1 : node.Mark().line + 1; }

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::size_t CountDigits(std::string_view text) {
  return std::min(text.find_first_not_of("0123456789"), text.size());
}

// "0o17" and "0x1f".
std::optional<std::uint64_t> PrefixedInteger(std::string_view text) {
  const int base = text.starts_with("0o") ? 8 : text.starts_with("0x") ? 16 : 0;
  if (base == 0) return std::nullopt;
  std::uint64_t value = 0;
  const char* last = text.data() + text.size();
  const auto end = std::from_chars(text.data() + 2, last, value, base);
  if (end.ptr != last || end.ec != std::errc()) return std::nullopt;
  return value;
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool LooksLikeNumber(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t whole = CountDigits(text);
  text.remove_prefix(whole);
  std::size_t fraction = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = CountDigits(text);
    text.remove_prefix(fraction);
  }
  if (whole + fraction == 0) return false;
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && CountDigits(text) == text.size();
}

template <class T>
std::optional<T> Number(std::string_view text) {
  T value = 0;
  const char* last = text.data() + text.size();
  const auto end = std::from_chars(text.data(), last, value);
  if (end.ptr != last || end.ec != std::errc()) return std::nullopt;
  return value;
}

// The core schema of YAML 1.2.2 (section 10.3.2) for a plain scalar. Nothing for a number that no
// JSON has.
std::optional<Json> PlainScalar(std::string_view text) {
  if (IsOneOf(text, {"", "~", "null", "Null", "NULL"})) return Json(nullptr);
  if (IsOneOf(text, {"true", "True", "TRUE"})) return Json(true);
  if (IsOneOf(text, {"false", "False", "FALSE"})) return Json(false);
  if (const auto value = PrefixedInteger(text)) {
    return *value > INT64_MAX ? Json(*value) : Json(static_cast<std::int64_t>(*value));
  }
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  if (LooksLikeNumber(text)) {
    if (const auto value = Number<std::int64_t>(digits)) return Json(*value);
    if (const auto value = Number<std::uint64_t>(digits)) return Json(*value);
    if (const auto value = Number<double>(digits)) return Json(*value);
    return std::nullopt;
  }
  if (digits.starts_with('-')) digits.remove_prefix(1);
  if (IsOneOf(digits, {".inf", ".Inf", ".INF"}) || IsOneOf(text, {".nan", ".NaN", ".NAN"})) {
    return std::nullopt;
  }
  return Json(text);
}

// What some reader takes for something other than a string: the core schema here, or YAML 1.1,
// which kubectl reads (yes and no, octals without the o, 1_000, 12:30:45, dates).
bool NeedsQuotes(std::string_view text) {
  const std::optional<Json> plain = PlainScalar(text);
  if (!plain || !plain->is_string()) return true;
  if (text.find('\r') != std::string_view::npos) return true;  // yaml-cpp would write it as it is
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (IsOneOf(lower, {"y", "n", "yes", "no", "on", "off", "<<", "="})) return true;
  std::string_view digits = text;
  if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.starts_with('.')) digits.remove_prefix(1);
  return CountDigits(digits) > 0;
}

constexpr std::string_view kCoreTag = "tag:yaml.org,2002:";
constexpr std::size_t kMaxLinePath = 512;

class Converter {
 public:
  Converter(const YamlLimits& limits, YamlDocument& document, std::int64_t& nodes)
      : limits_(limits), document_(document), nodes_(nodes) {}

  Result<Json> Convert(const YAML::Node& node, const Path& path, int depth) {
    if (depth > limits_.max_depth) return Invalid(LineOfNode(node), "nested too deeply");
    if (++nodes_ > limits_.max_nodes) return Invalid(LineOfNode(node), "too many values");
    Note(path, node);
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        return Json(nullptr);
      case YAML::NodeType::Scalar:
        return ConvertScalar(node);
      case YAML::NodeType::Sequence:
        return ConvertSequence(node, path, depth);
      case YAML::NodeType::Map:
        return ConvertMap(node, path, depth);
    }
    return Invalid(LineOfNode(node), "unknown kind of value");
  }

 private:
  void Note(const Path& path, const YAML::Node& node) {
    if (path.str().size() <= kMaxLinePath) document_.lines[path.str()] = LineOfNode(node);
  }

  // yaml-cpp tags a plain scalar "?", a quoted or block one "!".
  static Result<void> CheckTag(const YAML::Node& node, std::string_view kind) {
    const std::string& tag = node.Tag();
    if (tag.empty() || tag == "?" || tag == "!") return {};
    if (tag == std::string(kCoreTag).append(kind)) return {};
    return Invalid(LineOfNode(node), fmt::format("tag '{}' is not supported here", Shown(tag)));
  }

  static Result<Json> ConvertScalar(const YAML::Node& node) {
    LC2_RETURN_IF_ERROR(CheckTag(node, "str"));
    if (node.Tag() != "?") return Json(node.Scalar());
    std::optional<Json> value = PlainScalar(node.Scalar());
    if (value) return *std::move(value);
    return Invalid(LineOfNode(node),
                   fmt::format("'{}' is a number that JSON does not have", Shown(node.Scalar())));
  }

  Result<Json> ConvertSequence(const YAML::Node& node, const Path& path, int depth) {
    LC2_RETURN_IF_ERROR(CheckTag(node, "seq"));
    JsonArray array;
    for (const YAML::Node& item : node) {
      LC2_ASSIGN_OR_RETURN(Json value, Convert(item, path[array.size()], depth + 1));
      array.push_back(std::move(value));
    }
    return Json(std::move(array));
  }

  Result<std::string> ConvertKey(const YAML::Node& node) const {
    const int line = LineOfNode(node);
    if (!node.IsScalar()) return Invalid(line, "a key must be a string");
    LC2_RETURN_IF_ERROR(CheckTag(node, "str"));
    const std::string& key = node.Scalar();
    if (static_cast<std::int64_t>(key.size()) > limits_.max_key) {
      return Invalid(line, fmt::format("a key is longer than {} bytes", limits_.max_key));
    }
    if (node.Tag() != "?") return key;
    if (key == "<<") return Invalid(line, "merge keys ('<<') are not supported");
    const std::optional<Json> typed = PlainScalar(key);
    if (typed && typed->is_string()) return key;
    return Invalid(line, fmt::format("key '{}' is not a string: put it in quotes", Shown(key)));
  }

  Result<Json> ConvertMap(const YAML::Node& node, const Path& path, int depth) {
    LC2_RETURN_IF_ERROR(CheckTag(node, "map"));
    JsonObject object;
    for (const auto& member : node) {
      LC2_ASSIGN_OR_RETURN(const std::string key, ConvertKey(member.first));
      const Path below = path / key;
      if (object.contains(key)) {
        return Invalid(LineOfNode(member.first),
                       fmt::format("'{}' stands twice", Shown(below.str())));
      }
      LC2_ASSIGN_OR_RETURN(Json value, Convert(member.second, below, depth + 1));
      // The line of the key tells a person more than that of a value below it.
      Note(below, member.first);
      object.emplace(key, std::move(value));
    }
    return Json(std::move(object));
  }

  const YamlLimits& limits_;
  YamlDocument& document_;
  std::int64_t& nodes_;
};

// The parser would take these for the end of the text, or hand them on: what follows an EOT (0x04)
// is lost without a word.
Result<void> CheckCharacters(std::string_view text) {
  int line = 1;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t length = Utf8Length(rest);
    if (length == 0) return Invalid(line, "not UTF-8");
    const auto c = static_cast<unsigned char>(rest[0]);
    if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') {
      return Invalid(line,
                     fmt::format("a control character (0x{:02x}) must be escaped in quotes", c));
    }
    if (c == '\n') ++line;
    rest.remove_prefix(length);
  }
  return {};
}

// yaml-cpp makes empty documents without end of a text that starts one with ',': it never takes
// that sign. So the events are looked at first, and a second document at the same place is a fault.
class ProgressCheck final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (mark.pos <= last_) throw YAML::ParserException(mark, "a document cannot start here");
    last_ = mark.pos;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  int last_ = -1;
};

// It also takes a quoted text that a line break and the end of the file follow for a whole one: a
// file that was cut would pass. With a comment in place of the last line break it does not.
void CheckEvents(const std::string& text) {
  std::istringstream stream(text.substr(0, text.find_last_not_of(" \t\r\n") + 1) + " #");
  YAML::Parser parser(stream);
  ProgressCheck check;
  while (parser.HandleNextDocument(check)) {
  }
}

void EmitString(YAML::Emitter& out, const std::string& text) {
  if (NeedsQuotes(text)) out << YAML::DoubleQuoted;
  out << text;
}

void Emit(YAML::Emitter& out, const Json& value) {
  switch (value.kind()) {
    case boost::json::kind::object:
      if (value.get_object().empty()) out << YAML::Flow;
      out << YAML::BeginMap;
      for (const auto& member : value.get_object()) {
        out << YAML::Key;
        EmitString(out, std::string(member.key()));
        out << YAML::Value;
        Emit(out, member.value());
      }
      out << YAML::EndMap;
      break;
    case boost::json::kind::array:
      if (value.get_array().empty()) out << YAML::Flow;
      out << YAML::BeginSeq;
      for (const Json& item : value.get_array()) Emit(out, item);
      out << YAML::EndSeq;
      break;
    case boost::json::kind::string:
      EmitString(out, std::string(value.get_string()));
      break;
    case boost::json::kind::null:
      out << YAML::Null;
      break;
    default:
      out << CompactJson(value);
      break;
  }
}

}  // namespace

int YamlDocument::LineOf(const std::string& path) const {
  std::string at = path;
  while (!at.empty()) {
    if (const auto found = lines.find(at); found != lines.end()) return found->second;
    const std::size_t cut = at.find_last_of(".[");
    at = cut == std::string::npos ? std::string() : at.substr(0, cut);
  }
  return line;
}

Result<std::vector<YamlDocument>> ParseYaml(std::string_view text, const YamlLimits& limits) {
  if (static_cast<std::int64_t>(text.size()) > limits.max_bytes) {
    return Invalid(1, fmt::format("larger than the limit of {} bytes", limits.max_bytes));
  }
  LC2_RETURN_IF_ERROR(CheckCharacters(text));
  std::vector<YamlDocument> documents;
  std::int64_t nodes = 0;
  try {
    const std::string copy(text);
    CheckEvents(copy);
    for (const YAML::Node& node : YAML::LoadAll(copy)) {
      YamlDocument document;
      document.line = LineOfNode(node);
      Converter converter(limits, document, nodes);
      LC2_ASSIGN_OR_RETURN(document.value, converter.Convert(node, Path(), 0));
      if (!document.value.is_null()) documents.push_back(std::move(document));
    }
  } catch (const YAML::DeepRecursion& problem) {  // the parser's own limit, to spare its stack
    return Invalid(std::max(problem.mark.line + 1, 1), "nested too deeply");
  } catch (const YAML::Exception& problem) {
    return Invalid(std::max(problem.mark.line + 1, 1), problem.msg);
  } catch (const std::exception& problem) {
    return Invalid(1, problem.what());
  }
  return documents;
}

std::string PrintYaml(const Json& value) {
  YAML::Emitter out;
  Emit(out, value);
  return std::string(out.c_str()) + "\n";
}

}  // namespace lc2::codec
