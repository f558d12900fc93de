#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// XML as storage services speak it: elements and text. Attributes are not read, and of a name only
// what follows its prefix. A document type is refused, and with it every entity of one's own.
namespace lc2::codec {

inline constexpr std::size_t kMaxXmlBytes = 16 * 1024 * 1024;  // a page of a listing has less
inline constexpr int kMaxXmlDepth = 32;

// What a document consists of, in its order.
class XmlHandler {
 public:
  virtual ~XmlHandler() = default;
  virtual void Begin(std::string_view name) = 0;
  // `text`: all that stands in this element outside of others, entities replaced. UTF-8.
  virtual void End(std::string_view name, std::string_view text) = 0;
};

// Reads a whole document. What was handed over before an error counts for nothing. Errors: kInvalid
// "xml.invalid" (not well-formed, a document type, more than kMaxXmlBytes or kMaxXmlDepth).
Result<void> ReadXml(std::string_view document, XmlHandler& handler);

// A small document as a tree.
struct XmlElement {
  std::string name;
  std::string text;
  std::vector<XmlElement> children;

  // The first child of this name; null if there is none.
  const XmlElement* Find(std::string_view child) const;
  // Its text; "" if there is none.
  std::string TextOf(std::string_view child) const;
};
Result<XmlElement> ParseXml(std::string_view document);

// `text` as an element's content. XML 1.0 has no way to write most control characters, nor bytes
// that are not UTF-8. Error: kInvalid "xml.text".
Result<std::string> XmlText(std::string_view text);

}  // namespace lc2::codec
