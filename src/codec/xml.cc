#include "codec/xml.h"

#include <expat.h>
#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "base/utf8.h"

namespace lc2::codec {

namespace {

Error Invalid(std::string message) {
  return Error{.kind = ErrorKind::kInvalid, .code = "xml.invalid", .message = std::move(message)};
}

struct FreeParser {
  void operator()(XML_Parser parser) const { ::XML_ParserFree(parser); }
};

// Expat's events, in the terms of a handler. The first thing that is wrong stops it.
class Reader {
 public:
  explicit Reader(XmlHandler& handler) : handler_(handler) {
    ::XML_SetUserData(parser_.get(), this);
    ::XML_SetElementHandler(parser_.get(), &OnBegin, &OnEnd);
    ::XML_SetCharacterDataHandler(parser_.get(), &OnText);
    ::XML_SetStartDoctypeDeclHandler(parser_.get(), &OnDocumentType);
  }

  Result<void> Read(std::string_view document) {
    const bool whole = ::XML_Parse(parser_.get(), document.data(),
                                   static_cast<int>(document.size()), XML_TRUE) == XML_STATUS_OK;
    if (problem_) return Invalid(*problem_);
    if (whole) return {};
    return Invalid(fmt::format("no well-formed XML: {}, in line {}",
                               ::XML_ErrorString(::XML_GetErrorCode(parser_.get())),
                               ::XML_GetCurrentLineNumber(parser_.get())));
  }

 private:
  static Reader& Of(void* self) { return *static_cast<Reader*>(self); }

  // Without its prefix, where a name is left then.
  static std::string_view LocalName(const char* name) {
    const std::string_view whole(name);
    const std::string_view local = whole.substr(whole.rfind(':') + 1);
    const char first = local.empty() ? '\0' : local.front();
    const bool is_name =
        (first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z') || first == '_';
    return is_name ? local : whole;
  }

  static void OnBegin(void* self, const char* name, const char** /*attributes*/) {
    Reader& reader = Of(self);
    if (reader.depth_ >= kMaxXmlDepth) {
      return reader.Stop(fmt::format("elements lie deeper than {} in each other", kMaxXmlDepth));
    }
    // The strings are kept, so that a page of a thousand entries needs no more than the first one.
    if (reader.texts_.size() <= static_cast<std::size_t>(reader.depth_)) {
      reader.texts_.emplace_back();
    }
    reader.texts_[reader.depth_++].clear();
    reader.handler_.Begin(LocalName(name));
  }

  static void OnEnd(void* self, const char* name) {
    Reader& reader = Of(self);
    reader.handler_.End(LocalName(name), reader.texts_[--reader.depth_]);
  }

  static void OnText(void* self, const char* text, int size) {
    Reader& reader = Of(self);
    if (reader.depth_ > 0) {
      reader.texts_[reader.depth_ - 1].append(text, static_cast<std::size_t>(size));
    }
  }

  static void OnDocumentType(void* self, const char* /*name*/, const char* /*system*/,
                             const char* /*public_id*/, int /*has_subset*/) {
    Of(self).Stop("a document type is not accepted");
  }

  void Stop(std::string problem) {
    if (!problem_) problem_ = std::move(problem);
    ::XML_StopParser(parser_.get(), XML_FALSE);
  }

  XmlHandler& handler_;
  std::unique_ptr<XML_ParserStruct, FreeParser> parser_{::XML_ParserCreate(nullptr)};
  std::vector<std::string> texts_;  // of the elements that are open, and spare ones
  int depth_ = 0;
  std::optional<std::string> problem_;
};

class TreeBuilder final : public XmlHandler {
 public:
  void Begin(std::string_view name) override {
    XmlElement element;
    element.name = name;
    open_.push_back(std::move(element));
  }
  void End(std::string_view /*name*/, std::string_view text) override {
    XmlElement ended = std::move(open_.back());
    open_.pop_back();
    ended.text = text;
    if (open_.empty()) {
      root_ = std::move(ended);
    } else {
      open_.back().children.push_back(std::move(ended));
    }
  }
  XmlElement Take() { return std::move(root_); }

 private:
  std::vector<XmlElement> open_;
  XmlElement root_;
};

std::string_view EscapeOf(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '\r':
      return "&#13;";  // else a reader takes it for a line feed
    default:
      return {};
  }
}

}  // namespace

Result<void> ReadXml(std::string_view document, XmlHandler& handler) {
  if (document.size() > kMaxXmlBytes) {
    return Invalid(fmt::format("{} bytes of XML, more than {}", document.size(), kMaxXmlBytes));
  }
  return Reader(handler).Read(document);
}

const XmlElement* XmlElement::Find(std::string_view child) const {
  const auto found = std::find_if(children.begin(), children.end(),
                                  [&](const XmlElement& one) { return one.name == child; });
  return found == children.end() ? nullptr : &*found;
}

std::string XmlElement::TextOf(std::string_view child) const {
  const XmlElement* found = Find(child);
  return found == nullptr ? "" : found->text;
}

Result<XmlElement> ParseXml(std::string_view document) {
  TreeBuilder tree;
  LC2_RETURN_IF_ERROR(ReadXml(document, tree));
  return tree.Take();
}

Result<std::string> XmlText(std::string_view text) {
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  };
  // U+FFFE and U+FFFF are the only ones above that XML leaves out.
  if (std::any_of(text.begin(), text.end(), is_control) || !IsUtf8(text) ||
      text.find("\xEF\xBF\xBE") != std::string_view::npos ||
      text.find("\xEF\xBF\xBF") != std::string_view::npos) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "xml.text",
                 .message = "the text holds a character that XML cannot hold"};
  }
  std::string written;
  written.reserve(text.size());
  for (const char c : text) {
    const std::string_view escape = EscapeOf(c);
    if (escape.empty()) {
      written += c;
    } else {
      written += escape;
    }
  }
  return written;
}

}  // namespace lc2::codec
