// Signs what test/bars/s3.1 asks for: of each line of standard input, a case of the shape of
// test/vectors/sigv4.json ("input") with "mode" and "keys" {id, secret}, one line of JSON: the
// canonical request, the string to sign, the signature, the URL and the headers to send.
#include <iostream>
#include <string>

#include <boost/json.hpp>

#include "base/time_format.h"
#include "cloud/aws/sigv4.h"
#include "codec/json.h"

namespace {

namespace aws = lc2::cloud::aws;
using lc2::codec::Json;
using lc2::codec::JsonArray;
using lc2::codec::JsonObject;

std::string Text(const Json& json) { return std::string(json.as_string()); }

aws::UnsignedRequest RequestOf(const Json& input) {
  aws::UnsignedRequest request{.method = Text(input.at("method")),
                               .scheme = Text(input.at("scheme")),
                               .host = Text(input.at("host")),
                               .path = Text(input.at("path")),
                               .path_is_encoded = input.at("pathIsEncoded").as_bool(),
                               .body = Text(input.at("body"))};
  for (const Json& pair : input.at("query").as_array()) {
    aws::QueryParameter parameter{.name = Text(pair.at(0))};
    if (!pair.at(1).is_null()) parameter.value = Text(pair.at(1));
    request.query.push_back(std::move(parameter));
  }
  for (const Json& pair : input.at("headers").as_array()) {
    request.headers.push_back({Text(pair.at(0)), Text(pair.at(1))});
  }
  if (Text(input.at("payload")) != "sha256") request.payload_hash = Text(input.at("payload"));
  return request;
}

JsonObject Answer(const Json& asked) {
  const Json& input = asked.at("input");
  const Json& keys = asked.at("keys");
  aws::Credentials credentials{.access_key_id = Text(keys.at("id")),
                               .secret_access_key = lc2::Secret(Text(keys.at("secret")))};
  if (!input.at("sessionToken").is_null()) {
    credentials.session_token = lc2::Secret(Text(input.at("sessionToken")));
  }
  const aws::Signer signer(Text(input.at("region")), Text(input.at("service")));
  const lc2::Time now = lc2::ParseRfc3339(Text(input.at("time"))).value();
  aws::Signature made;
  JsonObject answer;
  if (Text(asked.at("mode")) == "presign") {
    const std::chrono::seconds expires(input.at("expires").as_int64());
    answer["url"] = signer.Presign(RequestOf(input), credentials, now, expires, &made);
  } else {
    const auto request = signer.Sign(RequestOf(input), credentials, now, &made);
    answer["url"] = request.url;
    JsonArray headers;
    for (const auto& header : request.headers) headers.push_back({header.name, header.value});
    answer["headers"] = std::move(headers);
  }
  answer["canonicalRequest"] = made.canonical_request;
  answer["stringToSign"] = made.string_to_sign;
  answer["signature"] = made.hex;
  return answer;
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto asked = lc2::codec::ParseJson(line);
    if (!asked.has_value()) {
      std::cerr << lc2::Describe(asked.error()) << '\n';
      return 2;
    }
    std::cout << lc2::codec::CompactJson(Answer(*asked)) << std::endl;
  }
  return 0;
}
