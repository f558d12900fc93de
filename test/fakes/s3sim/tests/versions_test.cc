#include "base/hash.h"
#include "s3sim_test_support.h"

namespace lc2::s3sim {
namespace {

class S3SimVersions : public S3SimTest {
 protected:
  std::string PutVersion(const std::string& path, std::string body, Headers headers = {}) {
    clock.Advance(std::chrono::seconds(1));
    return Header(Put(path, std::move(body), std::move(headers)), "x-amz-version-id");
  }
  Reply GetVersion(const std::string& path, const std::string& id) {
    return Send("GET", path, {{"versionId", id}});
  }
  // "key:id*" of each, a star for the latest, "-" for markers.
  std::vector<std::string> Listed(Query query = {}) {
    query.push_back({"versions", std::nullopt});
    std::vector<std::string> rows;
    for (const auto& child : Xml(Send("GET", "/v", std::move(query))).children) {
      if (child.name != "Version" && child.name != "DeleteMarker") continue;
      rows.push_back(child.TextOf("Key") + ":" + (child.name == "Version" ? "" : "-") +
                     child.TextOf("VersionId") + (child.TextOf("IsLatest") == "true" ? "*" : ""));
    }
    return rows;
  }
  void SetVersioning(const char* status) {
    const std::string xml = "<VersioningConfiguration><Status>" + std::string(status) +
                            "</Status></VersioningConfiguration>";
    ASSERT_EQ(Send("PUT", "/v", {{"versioning", ""}}, {}, xml).status, 200);
  }
};

TEST_F(S3SimVersions, AreKeptUntilTheyAreDeletedByTheirId) {
  const std::string first = PutVersion("/v/k", "1");
  const std::string second = PutVersion("/v/k", "2");
  EXPECT_NE(first, second);
  EXPECT_EQ(Text(Send("GET", "/v/k")), "2");
  EXPECT_EQ(Text(GetVersion("/v/k", first)), "1");
  const Reply deleted = Send("DELETE", "/v/k");
  EXPECT_EQ(deleted.status, 204);
  EXPECT_EQ(Header(deleted, "x-amz-delete-marker"), "true");
  const std::string marker = Header(deleted, "x-amz-version-id");
  EXPECT_EQ(Listed(),
            (std::vector<std::string>{"k:-" + marker + "*", "k:" + second, "k:" + first}));
  const Reply gone = Send("GET", "/v/k");
  EXPECT_EQ(Refused(gone), "404 NoSuchKey");
  EXPECT_EQ(Header(gone, "x-amz-delete-marker"), "true");
  EXPECT_EQ(Refused(GetVersion("/v/k", marker)), "405 MethodNotAllowed");
  // Without its marker the object is back.
  const Reply unmarked = Send("DELETE", "/v/k", {{"versionId", marker}});
  EXPECT_EQ(Header(unmarked, "x-amz-delete-marker"), "true");
  EXPECT_EQ(Text(Send("GET", "/v/k")), "2");
  Send("DELETE", "/v/k", {{"versionId", second}});
  EXPECT_EQ(Text(Send("GET", "/v/k")), "1");
  Send("DELETE", "/v/k", {{"versionId", first}});
  EXPECT_EQ(Listed(), std::vector<std::string>{});
}

TEST_F(S3SimVersions, SuspendedThereIsOneNullVersion) {
  EXPECT_EQ(Xml(Send("GET", "/b", {{"versioning", ""}})).Find("Status"), nullptr);
  const std::string first = PutVersion("/v/k", "1");
  SetVersioning("Suspended");
  EXPECT_EQ(PutVersion("/v/k", "2"), "null");
  EXPECT_EQ(PutVersion("/v/k", "3"), "null");
  EXPECT_EQ(Listed(), (std::vector<std::string>{"k:null*", "k:" + first}));
  EXPECT_EQ(Text(GetVersion("/v/k", "null")), "3");
  EXPECT_EQ(Header(Send("DELETE", "/v/k"), "x-amz-version-id"), "null");
  EXPECT_EQ(Listed(), (std::vector<std::string>{"k:-null*", "k:" + first}));
  SetVersioning("Enabled");
  const std::string last = PutVersion("/v/k", "4");
  EXPECT_EQ(Listed(), (std::vector<std::string>{"k:" + last + "*", "k:-null", "k:" + first}));
}

TEST_F(S3SimVersions, WhatWasThereBeforeVersioningIsTheNullVersion) {
  Put("/b/k", "1");
  const std::string xml =
      "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
  Send("PUT", "/b", {{"versioning", ""}}, {}, xml);
  Put("/b/k", "2");
  EXPECT_EQ(Text(Send("GET", "/b/k", {{"versionId", "null"}})), "1");
}

TEST_F(S3SimVersions, PagesOfVersionsAreTheWholeInPieces) {
  for (const char* key : {"/v/a", "/v/b", "/v/c/d", "/v/c/e"}) {
    for (const char* body : {"1", "2", "3"}) PutVersion(key, body);
  }
  const std::vector<std::string> all = Listed();
  ASSERT_EQ(all.size(), 12U);
  for (const char* size : {"1", "2", "5", "12"}) {
    std::vector<std::string> pages;
    std::string key;
    std::string id;
    while (true) {
      Query query{{"versions", ""}, {"max-keys", size}};
      if (!key.empty()) query.insert(query.end(), {{"key-marker", key}, {"version-id-marker", id}});
      const codec::XmlElement page = Xml(Send("GET", "/v", query));
      for (const std::string& row : Listed(query)) pages.push_back(row);
      if (page.TextOf("IsTruncated") != "true") break;
      key = page.TextOf("NextKeyMarker");
      id = page.TextOf("NextVersionIdMarker");
    }
    EXPECT_EQ(pages, all) << size;
  }
  EXPECT_EQ(Listed({{"prefix", "c/"}}).size(), 6U);
  EXPECT_EQ(Listed({{"delimiter", "/"}}).size(), 6U);
}

TEST_F(S3SimVersions, ABatchSaysWhatBecameOfEach) {
  const std::string id = PutVersion("/v/a", "1");
  PutVersion("/v/b", "1");
  const std::string xml = "<Delete><Object><Key>a</Key><VersionId>" + id +
                          "</VersionId></Object><Object><Key>b</Key></Object>"
                          "<Object><Key>none</Key></Object></Delete>";
  const auto send = [&](const std::string& body) {
    const Md5Digest md5 = Md5(body);
    return Send("POST", "/v", {{"delete", ""}},
                {{"content-md5", Base64({reinterpret_cast<const char*>(md5.data()), md5.size()})}},
                body);
  };
  const codec::XmlElement result = Xml(send(xml));
  ASSERT_EQ(result.children.size(), 3U);
  EXPECT_EQ(result.children[0].TextOf("VersionId"), id);
  EXPECT_EQ(result.children[1].TextOf("DeleteMarker"), "true");
  EXPECT_EQ(result.children[2].name, "Deleted");
  EXPECT_EQ(Refused(send("<Delete></Delete>")), "400 MalformedXML");
  EXPECT_EQ(Refused(Send("POST", "/v", {{"delete", ""}}, {}, xml)), "400 InvalidRequest");
}

class S3SimLocks : public S3SimVersions {
 protected:
  S3SimLocks() { service.CreateBucket("l", {.locked = true}); }
  static std::string Retention(const char* mode, const char* until) {
    return "<Retention><Mode>" + std::string(mode) + "</Mode><RetainUntilDate>" + until +
           "</RetainUntilDate></Retention>";
  }
  Headers LockHeaders(const char* mode) {
    return {
        {"x-amz-object-lock-mode", mode},
        {"x-amz-object-lock-retain-until-date", "2025-11-10T00:00:00Z"},
        {HeaderOf(ChecksumKind::kCrc32), Base64(Checksum(ChecksumKind::kCrc32, Body::Bytes("x")))}};
  }
};

TEST_F(S3SimLocks, HoldAVersionUntilTheirTime) {
  const std::string id = PutVersion("/l/k", "x", LockHeaders("COMPLIANCE"));
  const auto remove = [&] {
    return Send("DELETE", "/l/k", {{"versionId", id}},
                {{"x-amz-bypass-governance-retention", "true"}});
  };
  EXPECT_EQ(Refused(remove()), "403 AccessDenied");
  // A marker hides it, and takes nothing away.
  EXPECT_EQ(Send("DELETE", "/l/k").status, 204);
  EXPECT_EQ(Header(Send("HEAD", "/l/k", {{"versionId", id}}), "x-amz-object-lock-mode"),
            "COMPLIANCE");
  clock.JumpTo("2025-11-10T00:00:00Z");
  EXPECT_EQ(remove().status, 204);
}

TEST_F(S3SimLocks, GovernanceIsBypassedByWhoSaysSo) {
  const std::string id = PutVersion("/l/k", "x", LockHeaders("GOVERNANCE"));
  EXPECT_EQ(Refused(Send("DELETE", "/l/k", {{"versionId", id}})), "403 AccessDenied");
  const Headers bypass{{"x-amz-bypass-governance-retention", "true"}};
  EXPECT_EQ(Send("DELETE", "/l/k", {{"versionId", id}}, bypass).status, 204);
}

TEST_F(S3SimLocks, RetentionOnlyGetsLonger) {
  PutVersion("/l/k", "x");
  const auto retain = [&](const char* mode, const char* until) {
    return Send("PUT", "/l/k", {{"retention", ""}}, {}, Retention(mode, until)).status;
  };
  EXPECT_EQ(Refused(Send("GET", "/l/k", {{"retention", ""}})), "404 NoSuchObjectLockConfiguration");
  EXPECT_EQ(retain("COMPLIANCE", "2025-12-01T00:00:00Z"), 200);
  EXPECT_EQ(retain("COMPLIANCE", "2025-11-30T00:00:00Z"), 403);
  EXPECT_EQ(retain("GOVERNANCE", "2026-01-01T00:00:00Z"), 403);
  EXPECT_EQ(retain("COMPLIANCE", "2026-01-01T00:00:00Z"), 200);
  EXPECT_EQ(retain("COMPLIANCE", "2025-01-01T00:00:00Z"), 400);
  EXPECT_EQ(Xml(Send("GET", "/l/k", {{"retention", ""}})).TextOf("RetainUntilDate"),
            "2026-01-01T00:00:00.000Z");
}

TEST_F(S3SimLocks, ALegalHoldHasNoEnd) {
  const std::string id = PutVersion("/l/k", "x");
  const auto hold = [&](const char* status) {
    return Send("PUT", "/l/k", {{"legal-hold", ""}}, {},
                "<LegalHold><Status>" + std::string(status) + "</Status></LegalHold>");
  };
  EXPECT_EQ(hold("ON").status, 200);
  clock.Advance(std::chrono::hours(24 * 365));
  EXPECT_EQ(Refused(Send("DELETE", "/l/k", {{"versionId", id}})), "403 AccessDenied");
  EXPECT_EQ(hold("OFF").status, 200);
  EXPECT_EQ(Send("DELETE", "/l/k", {{"versionId", id}}).status, 204);
}

TEST_F(S3SimLocks, TheBucketGivesWhatAnUploadDoesNotAskFor) {
  EXPECT_EQ(Refused(Send("GET", "/b", {{"object-lock", ""}})),
            "404 ObjectLockConfigurationNotFoundError");
  const std::string xml =
      "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>"
      "<DefaultRetention><Mode>GOVERNANCE</Mode><Days>2</Days></DefaultRetention></Rule>"
      "</ObjectLockConfiguration>";
  ASSERT_EQ(Send("PUT", "/l", {{"object-lock", ""}}, {}, xml).status, 200);
  Put("/l/k", "x");
  EXPECT_EQ(Header(Send("HEAD", "/l/k"), "x-amz-object-lock-retain-until-date"),
            "2025-11-11T14:30:00.000Z");
  EXPECT_EQ(Refused(Put("/b/k", "x", LockHeaders("GOVERNANCE"))), "400 InvalidRequest");
  Headers unchecked = LockHeaders("GOVERNANCE");
  unchecked.pop_back();
  EXPECT_EQ(Refused(Put("/l/k", "x", unchecked)), "400 InvalidRequest");
}

}  // namespace
}  // namespace lc2::s3sim
