#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/transport.h"
#include "s3sim/body.h"

namespace lc2::s3sim {

// A response before it is sent. A HEAD has no body, but the length of that of a GET.
struct Reply {
  int status = 200;
  std::vector<net::HttpHeader> headers;  // names in lower case
  Body body;

  const std::string* Header(std::string_view name) const;
  void Set(std::string_view name, std::string value);
};

// Why a request is refused, in S3's codes
// (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
struct Refusal {
  int status = 400;
  std::string code;
  std::string message;
  std::vector<std::pair<std::string, std::string>> details = {};  // further elements
  std::vector<net::HttpHeader> headers = {};
};

// The <Error> element.
std::string ErrorXml(const Refusal& refusal, std::string_view request_id);

// A document of S3's namespace: MakeXml("Tagging", "<TagSet/>").
std::string MakeXml(std::string_view root, std::string_view content);
std::string Element(std::string_view name, std::string_view text);

Reply XmlReply(std::string xml);

}  // namespace lc2::s3sim
