#include "codec/xml.h"

#include <gtest/gtest.h>

namespace lc2::codec {
namespace {

std::string CodeOf(const Result<XmlElement>& parsed) {
  return parsed.has_value() ? "" : parsed.error().code;
}

TEST(Xml, IsElementsAndText) {
  const auto page = ParseXml(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<s3:ListBucketResult xmlns:s3=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      "<IsTruncated>true</IsTruncated><!-- a remark -->"
      "<s3:Contents><Key>a &amp; b&#x20;&lt;&#252;</Key><Size>12</Size></s3:Contents>"
      "<Contents><Key><![CDATA[<c>]]></Key></Contents><Empty/></s3:ListBucketResult>");
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->name, "ListBucketResult");
  EXPECT_EQ(page->TextOf("IsTruncated"), "true");
  ASSERT_EQ(page->children.size(), 4U);
  EXPECT_EQ(page->children[1].TextOf("Key"), "a & b <\xC3\xBC");
  EXPECT_EQ(page->children[1].TextOf("Size"), "12");
  EXPECT_EQ(page->children[2].TextOf("Key"), "<c>");
  EXPECT_NE(page->Find("Empty"), nullptr);
  EXPECT_EQ(page->Find("Absent"), nullptr);
  EXPECT_EQ(page->TextOf("Absent"), "");
}

// What may come of a name without its prefix is no name of its own.
TEST(Xml, APrefixAloneIsTheName) {
  EXPECT_EQ(ParseXml("<s:/>")->name, "s:");
  EXPECT_EQ(ParseXml("<s:1/>")->name, "s:1");
  EXPECT_EQ(ParseXml("<s:t:a/>")->name, "a");
  EXPECT_EQ(ParseXml("<_/>")->name, "_");
}

TEST(Xml, TextAroundChildrenIsTheElementsOwn) {
  const auto mixed = ParseXml("<a>one<b>two</b> three</a>");
  ASSERT_TRUE(mixed.has_value());
  EXPECT_EQ(mixed->text, "one three");
  EXPECT_EQ(mixed->TextOf("b"), "two");
}

TEST(Xml, ADocumentTypeIsRefused) {
  const std::string bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;&b;\">]><a>&c;</a>";
  const auto refused = ParseXml(bomb);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::kInvalid);
  EXPECT_NE(refused.error().message.find("document type"), std::string::npos);
  EXPECT_EQ(CodeOf(ParseXml("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>")), "xml.invalid");
}

TEST(Xml, WhatIsNotWellFormedIsRefused) {
  for (const char* text : {"", " ", "text", "<a>", "<a></b>", "<a/><b/>", "<a>&unknown;</a>",
                           "<a>\xFF</a>", "<a>\x01</a>", "<a", "<a x=1/>", "{}"}) {
    EXPECT_EQ(CodeOf(ParseXml(text)), "xml.invalid") << text;
  }
}

TEST(Xml, DepthAndSizeAreBounded) {
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "<a>";
    for (int i = 0; i < depth; ++i) text += "</a>";
    return text;
  };
  EXPECT_EQ(CodeOf(ParseXml(nested(kMaxXmlDepth))), "");
  EXPECT_EQ(CodeOf(ParseXml(nested(kMaxXmlDepth + 1))), "xml.invalid");
  EXPECT_EQ(CodeOf(ParseXml("<a>" + std::string(kMaxXmlBytes, ' ') + "</a>")), "xml.invalid");
}

TEST(Xml, TextSurvivesTheWayThere) {
  for (const std::string text : {"plain", "a & b < c > d", "line\nline\r\n\ttab", "]]>",
                                 "\"quoted' text", "\xF0\x9F\x93\xA6"}) {
    const auto written = XmlText(text);
    ASSERT_TRUE(written.has_value());
    EXPECT_EQ(ParseXml("<a>" + *written + "</a>")->text, text);
  }
}

TEST(Xml, WhatXmlCannotHoldIsRefused) {
  using namespace std::string_literals;
  for (const std::string& text :
       {"\0"s, "\x01"s, "\x1F"s, "\xFF"s, "\xED\xA0\x80"s, "\xEF\xBF\xBF"s}) {
    const auto refused = XmlText(text);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, "xml.text");
  }
}

}  // namespace
}  // namespace lc2::codec
