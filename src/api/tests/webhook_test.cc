#include "api/webhook.h"

#include <gtest/gtest.h>

namespace lc2::api {
namespace {

std::string Fault(const std::string& url) { return FaultOfWebhookUrl(url).value_or("good"); }

TEST(WebhookUrl, TlsToAnybodyPlainTextToTheMachineItself) {
  for (const char* good :
       {"https://hooks.example.org", "https://hooks.example.org:8443/a/b?c=d%20e",
        "https://10.0.0.1/", "https://[2001:db8::1]:443/", "http://localhost:8080/x",
        "http://127.0.0.1/", "http://127.9.8.7:1/", "http://[::1]:9/"}) {
    EXPECT_EQ(Fault(good), "good") << good;
  }
  for (const char* plain :
       {"http://hooks.example.org/", "http://10.0.0.1/", "http://localhost.example.org/",
        "http://127.0.0.1.example.org/", "http://127.1/", "http://0127.0.0.1/",
        "http://127.0.0.256/", "http://127.0.0.1.2/", "http://2130706433/", "http://[::2]/",
        "http://0.0.0.0/"}) {
    EXPECT_EQ(Fault(plain), "must begin with https:// unless it is localhost") << plain;
  }
}

TEST(WebhookUrl, UserNamesOtherSchemesAndNonsenseAreRefused) {
  for (const char* scheme : {"", "ftp://a/", "file:///etc/passwd", "HTTP://a/", "//a/", "a"}) {
    EXPECT_EQ(Fault(scheme), "must begin with https://") << scheme;
  }
  for (const char* user : {"https://me@a/", "https://me:pw@a/", "http://127.0.0.1@a/"}) {
    EXPECT_EQ(Fault(user), "must not hold a user name or password") << user;
  }
  for (const char* host : {"https://", "https:///x", "https://?x", "https://a:b/", "https://a:0/",
                           "https://a:65536/", "https://a:/", "https://[/", "https://[]/",
                           "https://[::1]x/", "https://a_b/", "https://[a]:1:2/"}) {
    EXPECT_EQ(Fault(host), "names no host that can be called") << host;
  }
  for (const char* character :
       {"https://a/ b", "https://a/\n", "https://a/#b", "http://127.0.0.1\\@a/",
        "https://a/\xc3\xa4", "https://a/<b>", "https://a/\x7f"}) {
    EXPECT_EQ(Fault(character), "holds a character that no URL may hold, or a fragment")
        << character;
  }
}

}  // namespace
}  // namespace lc2::api
