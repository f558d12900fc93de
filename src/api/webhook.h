#pragma once

#include <optional>
#include <string>

#include <boost/describe.hpp>

#include "api/meta.h"
#include "codec/described.h"

// Who is told what happened: field `webhook` of locations and environments.
namespace lc2::api {

struct Webhook {
  std::string url;
  SecretName secret;

  bool operator==(const Webhook&) const = default;
};
BOOST_DESCRIBE_STRUCT(Webhook, (), (url, secret))

// Why a webhook's URL is refused; nothing where it is good: http or https, a host, no user name, no
// fragment, only characters of RFC 3986. Without TLS only the machine itself may be named
// (localhost, 127.0.0.0/8, [::1]): events would else be read on the way.
std::optional<std::string> FaultOfWebhookUrl(const std::string& url);

}  // namespace lc2::api
