#include "vault/manifest.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/hash.h"
#include "codec/described.h"
#include "storage/entry_json.h"
#include "storage/object_store.h"
#include "vault/manifest_checks.h"
#include "vault/paths.h"

namespace lc2::vault {
namespace {

std::string ChecksumOf(codec::Json json) {
  json.as_object().erase("checksum");
  return Sha256Tagged(codec::CanonicalJson(json));
}

Error NewerVersion(const std::string& name, const std::string& version) {
  return Error{
      .kind = ErrorKind::kCorrupt,
      .code = "manifest.newer_version",
      .message = fmt::format("manifest '{}' has version '{}', this lc2 knows 2.x", name, version),
      .hint = "use a newer lc2"};
}

Result<void> CheckVersion(const codec::Json& json, const std::string& name) {
  const codec::Json* version = json.get_object().if_contains("version");
  if (version == nullptr || !version->is_string())
    return BadManifest(name, "version", "\"2.0\"", "none");
  const std::string text(version->get_string());
  if (text == "2" || text.starts_with("2.")) return {};
  return NewerVersion(name, text);
}

Result<void> CheckIdentity(const Manifest& manifest, const EnvironmentId& env,
                           const std::string& name) {
  if (manifest.env() != env)
    return BadManifest(name, "projectId and environment", env.str(), manifest.env().str());
  if (!CheckBackupId(manifest.backup_id).has_value())
    return BadManifest(name, "backupId", "a backup id", manifest.backup_id.str());
  if (!CheckRunId(manifest.run_id).has_value())
    return BadManifest(name, "runId", "32 lower-case hex digits", manifest.run_id.str());
  if (manifest.base && !CheckBackupId(*manifest.base).has_value())
    return BadManifest(name, "base", "a backup id", manifest.base->str());
  if (manifest.provider.empty()) return BadManifest(name, "provider", "a provider", "nothing");
  return {};
}

}  // namespace

std::vector<Time> MakeWindow(Time from, Time to) {
  return {std::chrono::floor<std::chrono::seconds>(from),
          std::chrono::ceil<std::chrono::seconds>(to)};
}

codec::Json EncodeLibrary(const LibraryFacts& facts) {
  codec::Json json = codec::Encode(facts);
  if (facts.index) return json;
  codec::JsonArray files;
  files.reserve(facts.files.size());
  for (const Entry& file : facts.files) files.push_back(EncodeEntry(file));
  json.as_object()["files"] = std::move(files);
  return json;
}

Result<LibraryFacts> DecodeLibrary(const codec::Json& json, const codec::Path& path) {
  LC2_ASSIGN_OR_RETURN(LibraryFacts facts, codec::Decode<LibraryFacts>(json, path));
  const codec::Json* files = json.get_object().if_contains("files");
  if (files == nullptr && facts.index) return facts;
  if (files == nullptr || !files->is_array()) return codec::ShapeError(path / "files", "a list");
  if (facts.index) return codec::ShapeError(path, "either files or index");
  const codec::JsonArray& array = files->get_array();
  facts.files.reserve(array.size());
  for (std::size_t i = 0; i < array.size(); ++i) {
    LC2_ASSIGN_OR_RETURN(Entry entry, DecodeEntry(array[i], (path / "files")[i]));
    facts.files.push_back(std::move(entry));
  }
  return facts;
}

std::string EncodeManifest(const Manifest& manifest) {
  codec::Json json = codec::Encode(manifest);
  codec::JsonObject& object = json.as_object();
  object["documentLibrary"] = EncodeLibrary(manifest.document_library);
  object["checksum"] = ChecksumOf(json);
  return codec::CanonicalJson(json);
}

Result<Manifest> ParseManifest(std::string_view bytes, const EnvironmentId& env,
                               const std::string& name) {
  const Result<codec::Json> json = codec::ParseJson(bytes, {.max_bytes = kMaxManifestBytes});
  if (!json.has_value()) return BadManifest(name, json.error());
  if (!json->is_object()) return BadManifest(name, "the whole", "an object", "something else");
  LC2_RETURN_IF_ERROR(CheckVersion(*json, name));

  Result<Manifest> decoded = codec::Decode<Manifest>(*json);
  if (!decoded.has_value()) return BadManifest(name, decoded.error());
  Manifest manifest = std::move(decoded).value();
  const std::string checksum = ChecksumOf(*json);
  if (manifest.checksum != checksum) {
    return Error{.kind = ErrorKind::kCorrupt,
                 .code = "manifest.checksum",
                 .message = fmt::format("manifest '{}' is damaged: its checksum is '{}', its "
                                        "contents give '{}'",
                                        name, manifest.checksum.substr(0, 80), checksum),
                 .hint = "restore an older version of this object"};
  }
  const codec::Json* library = json->get_object().if_contains("documentLibrary");
  if (library == nullptr) return BadManifest(name, "documentLibrary", "an object", "none");
  Result<LibraryFacts> facts = DecodeLibrary(*library, codec::Path("documentLibrary"));
  if (!facts.has_value()) return BadManifest(name, facts.error());
  manifest.document_library = std::move(facts).value();

  LC2_RETURN_IF_ERROR(CheckIdentity(manifest, env, name));
  LC2_RETURN_IF_ERROR(CheckDatabase(manifest.database, env, name));
  LC2_RETURN_IF_ERROR(CheckLibrary(manifest.document_library, env, name));
  LC2_RETURN_IF_ERROR(CheckConsistency(manifest.consistency, env, name));
  return manifest;
}

}  // namespace lc2::vault
