#include "vault/manifest.h"

#include <fstream>
#include <sstream>

#include <boost/json/object.hpp>

#include "vault/tests/vault_fixture.h"
#include "vault/tracker.h"

namespace lc2::vault {
namespace {

const RunId kRun("0123456789abcdef0123456789abcdef");
const BackupId kId("retail-prd-backup-20251109-143000");
const Time kNow = ParseRfc3339("2025-11-09T14:30:00Z").value();

Manifest Example() {
  Manifest manifest{.backup_id = kId,
                    .timestamp = kNow,
                    .run_id = kRun,
                    .base = BackupId("retail-prd-backup-20251108-143000"),
                    .project_id = kRetail.project,
                    .environment = kRetail.environment,
                    .initiator = "alice",
                    .provider = "aws"};
  const std::string sha(64, 'b');
  manifest.database = {
      .type = "both",
      .snapshot_id = "arn:aws:rds:x",
      .instance_id = "retail-prd-db",
      .engine = "postgres",
      .engine_version = "16.11",
      .size_bytes = 48535150182,
      .dump = DumpFacts{.path = "retail/prd/20251109-143000/database/a1/lportal.dump.zst",
                        .format = "pg-custom+zstd",
                        .tool = "pg_dump 16.11",
                        .size_bytes = 9,
                        .raw_bytes = 90,
                        .sha256 = sha},
      .references =
          ListFacts{.path = "retail/prd/20251109-143000/database/a1/references.ndjson.zst",
                    .count = 12001,
                    .sha256 = sha}};
  manifest.document_library = {
      .store = "S3",
      .source_bucket = "retail-prd-dl",
      .object_count = 2,
      .total_size_bytes = 30,
      .excluded = ExcludedFacts{.generated_files = true, .object_count = 8121}};
  for (const int i : {1, 2}) {
    const std::string hash = Sha256Hex(std::to_string(i));
    manifest.document_library.files.push_back(
        Entry{.key = "20097/20123/430" + std::to_string(i) + "/1.0",
              .size = 10 * i,
              .etag = "e",
              .last_modified = kNow,
              .checksum = Checksum{.alg = "crc64nvme", .value = "abc", .by = "store"},
              .path = PoolKey(kRetail, hash, kRun)});
  }
  manifest.consistency = {
      .level = ConsistencyLevel::kAsOf,
      .window = MakeWindow(kNow, kNow + std::chrono::milliseconds(1500)),
      .references = 12001,
      .orphans = 3,
      .recovered = 2,
      .findings = ListFacts{.path = "retail/prd/20251109-143000/database/a1/findings.ndjson.zst",
                            .count = 3,
                            .sha256 = sha}};
  manifest.retention.expires_at = kNow + std::chrono::hours(720);
  return manifest;
}

Result<Manifest> Reparsed(const Manifest& manifest) {
  return ParseManifest(EncodeManifest(manifest), kRetail, "manifest.json");
}

TEST(Manifest, IndexesSurviveARoundTrip) {
  Manifest manifest = Example();
  manifest.database.dump->index = DumpIndexFacts{
      .path = "retail/prd/20251109-143000/database/a1/index.json", .sha256 = std::string(64, 'c')};
  manifest.document_library.files.clear();
  manifest.document_library.index =
      IndexFacts{.path = "retail/prd/20251109-143000/library/a1/index.json",
                 .sha256 = std::string(64, 'd'),
                 .shards = 3};
  const auto parsed = Reparsed(manifest);
  ASSERT_TRUE(IsOk(parsed));
  EXPECT_EQ(parsed->database, manifest.database);
  EXPECT_EQ(parsed->document_library, manifest.document_library);
}

TEST(Manifest, SurvivesARoundTrip) {
  Manifest manifest = Example();
  const std::string bytes = EncodeManifest(manifest);
  const auto parsed = ParseManifest(bytes, kRetail, "manifest.json");
  ASSERT_TRUE(IsOk(parsed));
  manifest.checksum = parsed->checksum;
  EXPECT_EQ(*parsed, manifest);
  EXPECT_EQ(EncodeManifest(*parsed), bytes);
  EXPECT_EQ(parsed->consistency.window[1], kNow + std::chrono::seconds(2)) << "raised, never cut";
}

// Bytes are for ever: the golden form is what finishes commits that an older lc2 began.
TEST(Manifest, HasTheNamesOfTheDesign) {
  const std::string bytes = EncodeManifest(Example());
  for (const char* part :
       {R"("version":"2.0")", R"("backupId":"retail-prd-backup-20251109-143000")",
        R"("timestamp":"2025-11-09T14:30:00Z")", R"("base":"retail-prd-backup-20251108-143000")",
        R"("lcp":{"backupType":"manual","storageStrategy":"gcs","trackerFileVersion":"v2"})",
        R"("snapshotId":"arn:aws:rds:x")", R"("sizeBytes":48535150182)", R"("rawBytes":90)",
        R"("layout":"Pool")", R"("sourceBucket":"retail-prd-dl")", R"("generatedFiles":true)",
        R"("level":"AsOf")", R"("window":["2025-11-09T14:30:00Z","2025-11-09T14:30:02Z"])",
        R"("sizeMismatches":0)", R"("inFlight":0)", R"("expiresAt":"2025-12-09T14:30:00Z")",
        R"("checksum":"sha256:)"})
    EXPECT_NE(bytes.find(part), std::string::npos) << part;
}

TEST(Manifest, MembersOfLaterMinorVersionsAreKeptUnderTheChecksum) {
  codec::Json json = codec::ParseJson(EncodeManifest(Example())).value();
  json.as_object()["version"] = "2.7";
  json.as_object()["colour"] = "blue";
  json.as_object().erase("checksum");
  json.as_object()["checksum"] = Sha256Tagged(codec::CanonicalJson(json));
  EXPECT_TRUE(IsOk(ParseManifest(codec::PrettyJson(json), kRetail, "m")));
  json.as_object()["colour"] = "red";
  EXPECT_EQ(CodeOf(ParseManifest(codec::PrettyJson(json), kRetail, "m")), "manifest.checksum");
}

TEST(Manifest, BadOnesAreRefusedByName) {
  const struct {
    const char* what;
    void (*change)(Manifest&);
    std::string code;
  } cases[] = {
      {"version", [](Manifest& m) { m.version = "3.0"; }, "manifest.newer_version"},
      {"version", [](Manifest& m) { m.version = "2x"; }, "manifest.newer_version"},
      {"environment", [](Manifest& m) { m.environment = EnvironmentName("uat"); },
       "manifest.invalid"},
      {"backupId", [](Manifest& m) { m.backup_id = BackupId("../x"); }, "manifest.invalid"},
      {"runId", [](Manifest& m) { m.run_id = RunId("x"); }, "manifest.invalid"},
      {"base", [](Manifest& m) { m.base = BackupId("a/b"); }, "manifest.invalid"},
      {"provider", [](Manifest& m) { m.provider.clear(); }, "manifest.invalid"},
      {"database.type", [](Manifest& m) { m.database.type = "copy"; }, "manifest.invalid"},
      {"dump gone", [](Manifest& m) { m.database.dump.reset(); }, "manifest.invalid"},
      {"dump too many", [](Manifest& m) { m.database.type = "snapshot"; }, "manifest.invalid"},
      {"snapshot gone", [](Manifest& m) { m.database.snapshot_id.reset(); }, "manifest.invalid"},
      {"dump path", [](Manifest& m) { m.database.dump->path = "retail/uat/x"; },
       "manifest.escapes"},
      {"dump format", [](Manifest& m) { m.database.dump->format.clear(); }, "manifest.invalid"},
      {"dump size", [](Manifest& m) { m.database.dump->size_bytes = -1; }, "manifest.invalid"},
      {"dump digest", [](Manifest& m) { m.database.dump->sha256 = "x"; }, "manifest.invalid"},
      {"references path", [](Manifest& m) { m.database.references->path = "../x"; },
       "manifest.escapes"},
      {"references count", [](Manifest& m) { m.database.references->count = -1; },
       "manifest.invalid"},
      {"findings digest", [](Manifest& m) { m.consistency.findings->sha256 = ""; },
       "manifest.invalid"},
      {"window", [](Manifest& m) { m.consistency.window.pop_back(); }, "manifest.invalid"},
      {"window order",
       [](Manifest& m) { std::swap(m.consistency.window[0], m.consistency.window[1]); },
       "manifest.invalid"},
      {"missing", [](Manifest& m) { m.consistency.missing = -1; }, "manifest.invalid"},
      {"excluded", [](Manifest& m) { m.document_library.excluded->object_count = -1; },
       "manifest.invalid"},
      {"count", [](Manifest& m) { m.document_library.object_count = 3; }, "manifest.invalid"},
      {"bytes", [](Manifest& m) { m.document_library.total_size_bytes = 31; }, "manifest.invalid"},
      {"order",
       [](Manifest& m) { std::swap(m.document_library.files[0], m.document_library.files[1]); },
       "manifest.invalid"},
      {"twice",
       [](Manifest& m) { m.document_library.files[1].key = m.document_library.files[0].key; },
       "manifest.invalid"},
      {"key", [](Manifest& m) { m.document_library.files[0].key = "../etc/passwd"; },
       "manifest.invalid"},
      {"entry path", [](Manifest& m) { m.document_library.files[0].path = "vault.json"; },
       "manifest.escapes"},
      {"entry not in pool", [](Manifest& m) { m.document_library.files[0].path = "retail/prd/x"; },
       "manifest.invalid"},
      {"entry in wrong layout", [](Manifest& m) { m.document_library.layout = Layout::kFolder; },
       "manifest.invalid"},
      {"entry checksum",
       [](Manifest& m) {
         m.document_library.files[0].checksum = Checksum{.alg = "sha256", .value = "z"};
       },
       "manifest.invalid"},
      {"index path", [](Manifest& m) { m.document_library.index = IndexFacts{.path = "x"}; },
       "manifest.escapes"},
      {"index digest",
       [](Manifest& m) { m.document_library.index = IndexFacts{.path = "retail/prd/i"}; },
       "manifest.invalid"},
  };
  for (const auto& c : cases) {
    Manifest manifest = Example();
    c.change(manifest);
    const auto parsed = Reparsed(manifest);
    ASSERT_FALSE(parsed.has_value()) << c.what;
    EXPECT_EQ(parsed.error().code, c.code) << c.what << ": " << Describe(parsed.error());
    EXPECT_EQ(parsed.error().kind, ErrorKind::kCorrupt) << c.what;
    EXPECT_NE(Describe(parsed.error()).find("manifest.json"), std::string::npos) << c.what;
  }
}

TEST(Manifest, ShapesAreRefused) {
  for (const char* bytes :
       {"", "[]", "7", "{}", R"({"version":7})", R"({"version":"2.0"})",
        R"({"version":"2.0","checksum":"x"})", R"({"version":"2.0","runId":{}})"})
    EXPECT_FALSE(ParseManifest(bytes, kRetail, "m").has_value()) << bytes;
  EXPECT_FALSE(ParseManifest(std::string(100, '['), kRetail, "m").has_value());
  codec::Json json = codec::ParseJson(EncodeManifest(Example())).value();
  const auto resealed = [](codec::Json changed) {
    changed.as_object().erase("checksum");
    changed.as_object()["checksum"] = Sha256Tagged(codec::CanonicalJson(changed));
    return ParseManifest(codec::CanonicalJson(changed), kRetail, "m");
  };
  EXPECT_TRUE(IsOk(resealed(json)));
  codec::Json changed = json;
  changed.as_object().erase("documentLibrary");
  EXPECT_EQ(CodeOf(resealed(changed)), "manifest.invalid");
  changed = json;
  changed.at("documentLibrary").as_object().erase("files");
  EXPECT_EQ(CodeOf(resealed(changed)), "manifest.invalid");
  changed = json;
  changed.at("documentLibrary").as_object()["files"] = 7;
  EXPECT_EQ(CodeOf(resealed(changed)), "manifest.invalid");
  changed = json;
  changed.at("documentLibrary").at("files").as_array()[0] = 7;
  EXPECT_EQ(CodeOf(resealed(changed)), "manifest.invalid");
}

TEST(Manifest, EveryFlippedBitIsDetected) {
  const std::string bytes = EncodeManifest(Example());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = bytes;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      ASSERT_FALSE(ParseManifest(flipped, kRetail, "m").has_value()) << i << " " << bit;
    }
  }
}

// What a schema can say, on the members that every manifest has. The full check runs in test/e2e.
TEST(Manifest, FitsItsSchemasRequiredMembers) {
  std::ifstream file(LC2_SOURCE_DIR "/api/manifest.schema.json");
  std::stringstream text;
  text << file.rdbuf();
  const codec::Json schema = codec::ParseJson(text.str()).value();
  const codec::Json manifest = codec::ParseJson(EncodeManifest(Example())).value();
  const auto fits = [](const codec::Json& part, const codec::Json& rule, const auto& self) -> void {
    if (!rule.is_object() || !part.is_object()) return;
    const codec::Json* required = rule.as_object().if_contains("required");
    const codec::Json* properties = rule.as_object().if_contains("properties");
    if (required != nullptr) {
      for (const codec::Json& name : required->as_array())
        EXPECT_TRUE(part.as_object().contains(name.as_string())) << name.as_string().c_str();
    }
    if (properties == nullptr) return;
    for (const auto& member : part.as_object()) {
      const codec::Json* known = properties->as_object().if_contains(member.key());
      EXPECT_NE(known, nullptr) << std::string(member.key());
      if (known != nullptr) self(member.value(), *known, self);
    }
  };
  fits(manifest, schema, fits);
}

TEST(Tracker, SatisfiesBothDescriptions) {
  const codec::Json tracker = codec::ParseJson(EncodeTracker(Example())).value();
  const auto text = [&](std::string_view pointer) {
    return std::string(tracker.at_pointer(pointer).as_string());
  };
  EXPECT_EQ(text("/backupId"), kId.str());
  EXPECT_EQ(text("/timestamp"), "2025-11-09T14:30:00Z");
  for (const char* name : {"creationType", "creator", "status", "structure", "uuid"})
    EXPECT_TRUE(tracker.at(name).is_string()) << name;
  EXPECT_EQ(text("/dbDump/location"), Example().database.dump->path);
  EXPECT_EQ(tracker.at_pointer("/dbDump/size").as_int64(), 9);
  EXPECT_EQ(text("/doclib/directory"), "retail/prd/20251109-143000/");
  EXPECT_EQ(tracker.at_pointer("/doclib/size").as_int64(), 30);
  EXPECT_EQ(text("/databaseDump/path"), Example().database.dump->path);
  EXPECT_EQ(text("/databaseDump/uuid"), kRun.str());
  EXPECT_EQ(text("/documentLibrary/path"), "retail/prd/20251109-143000/");
  EXPECT_EQ(text("/lcp/trackerFileVersion"), "v2");
}

TEST(Tracker, NamesThePlainCopyWhereThereIsOne) {
  Manifest manifest = Example();
  manifest.lcp.backup_type = "automatic";
  manifest.database.dump.reset();
  manifest.document_library.layout = Layout::kFolder;
  manifest.document_library.files[0].path =
      "retail/prd/20251109-143000/dl/a1/" + manifest.document_library.files[0].key;
  const auto directory = [](const Manifest& m) {
    return std::string(
        codec::ParseJson(EncodeTracker(m)).value().at_pointer("/doclib/directory").as_string());
  };
  EXPECT_EQ(directory(manifest), "retail/prd/20251109-143000/dl/a1/");
  const codec::Json tracker = codec::ParseJson(EncodeTracker(manifest)).value();
  EXPECT_FALSE(tracker.as_object().contains("dbDump"));
  EXPECT_EQ(tracker.at("creationType").as_string(), "auto");
  manifest.document_library.files.clear();
  EXPECT_EQ(directory(manifest), "retail/prd/20251109-143000/dl/");
  manifest.document_library.index =
      IndexFacts{.path = "retail/prd/20251109-143000/library/a2/index.json"};
  EXPECT_EQ(directory(manifest), "retail/prd/20251109-143000/dl/a2/");
}

}  // namespace
}  // namespace lc2::vault
