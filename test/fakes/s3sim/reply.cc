#include "s3sim/reply.h"

#include <fmt/format.h>

#include <algorithm>

#include "s3sim/text_internal.h"

namespace lc2::s3sim {

namespace {

constexpr std::string_view kProlog = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

}  // namespace

const std::string* Reply::Header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const net::HttpHeader& one) { return one.name == name; });
  return found == headers.end() ? nullptr : &found->value;
}

void Reply::Set(std::string_view name, std::string value) {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const net::HttpHeader& one) { return one.name == name; });
  if (found == headers.end()) {
    headers.push_back({std::string(name), std::move(value)});
  } else {
    found->value = std::move(value);
  }
}

std::string ErrorXml(const Refusal& refusal, std::string_view request_id) {
  std::string content = Element("Code", refusal.code) + Element("Message", refusal.message);
  for (const auto& [name, text] : refusal.details) content += Element(name, text);
  content += Element("RequestId", request_id) + Element("HostId", "s3sim");
  return fmt::format("{}<Error>{}</Error>", kProlog, content);
}

std::string MakeXml(std::string_view root, std::string_view content) {
  return fmt::format("{}<{} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{}</{}>", kProlog,
                     root, content, root);
}

std::string Element(std::string_view name, std::string_view text) {
  return fmt::format("<{}>{}</{}>", name, XmlEscape(text), name);
}

Reply XmlReply(std::string xml) {
  Reply reply;
  reply.Set("content-type", "application/xml");
  reply.body = Body::Bytes(std::move(xml));
  return reply;
}

}  // namespace lc2::s3sim
