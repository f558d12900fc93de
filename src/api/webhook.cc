#include "api/webhook.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string_view>

namespace lc2::api {

namespace {

struct Authority {
  std::string_view host;  // "[::1]" with its brackets
  std::string_view port;  // with its colon; empty where there is none
};

Authority Split(std::string_view text) {
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon =
      text.find(':', text.starts_with('[') && bracket != text.npos ? bracket : 0);
  if (colon == text.npos) return {.host = text, .port = {}};
  return {.host = text.substr(0, colon), .port = text.substr(colon)};
}

bool IsHostCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.';
}

bool IsHost(std::string_view host) {
  if (host.starts_with('[')) {
    return host.size() > 2 && host.ends_with(']') &&
           std::all_of(host.begin() + 1, host.end() - 1, [](char c) {
             return std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '.';
           });
  }
  return !host.empty() && std::all_of(host.begin(), host.end(), IsHostCharacter);
}

bool IsPort(std::string_view text) {
  if (text.empty()) return true;
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data() + 1, end, port);
  return failed == std::errc() && rest == end && port > 0;
}

// Four decimal numbers of which the first is 127; no other spelling of an address counts.
bool IsLoopbackV4(std::string_view host) {
  std::array<std::uint8_t, 4> parts{};
  const char* at = host.data();
  const char* const end = at + host.size();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0 && (at == end || *at++ != '.')) return false;
    const auto [rest, failed] = std::from_chars(at, end, parts[i]);
    if (failed != std::errc() || (rest - at > 1 && *at == '0')) return false;
    at = rest;
  }
  return at == end && parts[0] == 127;
}

bool IsLoopback(std::string_view host) {
  return host == "localhost" || host == "[::1]" || IsLoopbackV4(host);
}

// RFC 3986, section 2, without "#": what follows it would not be sent.
bool IsUrlCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("-._~:/?[]@!$&'()*+,;=%").find(c) != std::string_view::npos;
}

}  // namespace

std::optional<std::string> FaultOfWebhookUrl(const std::string& url) {
  const bool tls = url.starts_with("https://");
  if (!tls && !url.starts_with("http://")) return "must begin with https://";
  if (!std::all_of(url.begin(), url.end(), IsUrlCharacter)) {
    return "holds a character that no URL may hold, or a fragment";
  }
  const std::string_view rest = std::string_view(url).substr(tls ? 8 : 7);
  const std::string_view whole = rest.substr(0, rest.find_first_of("/?"));
  if (whole.find('@') != whole.npos) return "must not hold a user name or password";
  const Authority authority = Split(whole);
  if (!IsHost(authority.host) || !IsPort(authority.port)) return "names no host that can be called";
  if (!tls && !IsLoopback(authority.host)) return "must begin with https:// unless it is localhost";
  return std::nullopt;
}

}  // namespace lc2::api
