#include "codec/yaml.h"

#include <fmt/core.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

namespace lc2::codec {

namespace {

Error Invalid(int line, std::string_view why) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "yaml.invalid",
               .message = fmt::format("line {}: {}", line, why)};
}

int LineOfNode(const YAML::Node& node) { return node.Mark().line < 0 ? 1 : node.Mark().line + 1; }

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// The core schema of YAML 1.2.2 (section 10.3.2) for a plain scalar.
Json PlainScalar(const std::string& text) {
  if (IsOneOf(text, {"", "~", "null", "Null", "NULL"})) return Json(nullptr);
  if (IsOneOf(text, {"true", "True", "TRUE"})) return Json(true);
  if (IsOneOf(text, {"false", "False", "FALSE"})) return Json(false);
  const char* first = text.data();
  const char* last = first + text.size();
  if (*first == '+') ++first;
  std::int64_t integer = 0;
  if (const auto end = std::from_chars(first, last, integer);
      end.ptr == last && end.ec == std::errc()) {
    return Json(integer);
  }
  const bool number_like =
      text.find_first_not_of("0123456789+-.eE") == std::string::npos &&
      text.find_first_of("0123456789") != std::string::npos;
  double number = 0;
  if (number_like) {
    const auto end = std::from_chars(first, last, number);
    if (end.ptr == last && end.ec == std::errc()) return Json(number);
  }
  return Json(text);
}

class Converter {
 public:
  Converter(const YamlLimits& limits, YamlDocument& document)
      : limits_(limits), document_(document) {}

  Result<Json> Convert(const YAML::Node& node, const Path& path, int depth) {
    if (depth > limits_.max_depth) return Invalid(LineOfNode(node), "nested too deeply");
    if (++nodes_ > limits_.max_nodes) return Invalid(LineOfNode(node), "too many values");
    document_.lines.emplace(path.str(), LineOfNode(node));
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null: return Json(nullptr);
      case YAML::NodeType::Scalar:
        // yaml-cpp tags a plain scalar "?", a quoted or block one "!".
        return node.Tag() == "?" ? PlainScalar(node.Scalar()) : Json(node.Scalar());
      case YAML::NodeType::Sequence: return ConvertSequence(node, path, depth);
      case YAML::NodeType::Map: return ConvertMap(node, path, depth);
    }
    return Invalid(LineOfNode(node), "unknown kind of value");
  }

 private:
  Result<Json> ConvertSequence(const YAML::Node& node, const Path& path, int depth) {
    JsonArray array;
    for (const YAML::Node& item : node) {
      LC2_ASSIGN_OR_RETURN(Json value, Convert(item, path[array.size()], depth + 1));
      array.push_back(std::move(value));
    }
    return Json(std::move(array));
  }

  Result<Json> ConvertMap(const YAML::Node& node, const Path& path, int depth) {
    JsonObject object;
    for (const auto& member : node) {
      if (!member.first.IsScalar()) {
        return Invalid(LineOfNode(member.first), "a key must be a string");
      }
      const std::string& key = member.first.Scalar();
      if (object.contains(key)) {
        return Invalid(LineOfNode(member.first),
                       fmt::format("'{}' stands twice", (path / key).str()));
      }
      LC2_ASSIGN_OR_RETURN(Json value, Convert(member.second, path / key, depth + 1));
      // The line of the key tells a person more than that of a value below it.
      document_.lines[(path / key).str()] = LineOfNode(member.first);
      object.emplace(key, std::move(value));
    }
    return Json(std::move(object));
  }

  const YamlLimits& limits_;
  YamlDocument& document_;
  std::int64_t nodes_ = 0;
};

// yaml-cpp recurses a level for each bracket or block indent; keep hostile input off its stack.
bool NestsTooDeeply(std::string_view text, int max_depth) {
  int depth = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') {
      if (++depth > 4 * max_depth) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

void Emit(YAML::Emitter& out, const Json& value) {
  switch (value.kind()) {
    case boost::json::kind::object:
      if (value.get_object().empty()) out << YAML::Flow;
      out << YAML::BeginMap;
      for (const auto& member : value.get_object()) {
        out << YAML::Key << std::string(member.key()) << YAML::Value;
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
    case boost::json::kind::string: {
      const std::string text(value.get_string());
      // A string that would read back as something else is quoted.
      if (!PlainScalar(text).is_string()) out << YAML::DoubleQuoted;
      out << text;
      break;
    }
    case boost::json::kind::null: out << YAML::Null; break;
    default: out << CompactJson(value); break;
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
  if (NestsTooDeeply(text, limits.max_depth)) return Invalid(1, "nested too deeply");
  std::vector<YamlDocument> documents;
  try {
    for (const YAML::Node& node : YAML::LoadAll(std::string(text))) {
      YamlDocument document;
      document.line = LineOfNode(node);
      Converter converter(limits, document);
      LC2_ASSIGN_OR_RETURN(document.value, converter.Convert(node, Path(), 0));
      if (!document.value.is_null()) documents.push_back(std::move(document));
    }
  } catch (const YAML::Exception& problem) {
    return Invalid(problem.mark.line + 1, problem.msg);
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
