#include "api/rules.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include <boost/json.hpp>

#include "api/cron.h"
#include "base/time_zone.h"
#include "codec/described.h"

namespace lc2::api {

namespace {

using codec::Json;
using codec::JsonObject;
using codec::Path;

class Collector {
 public:
  void Add(std::string path, std::string message, std::string hint = {}) {
    faults_.push_back(
        Fault{.path = std::move(path), .message = std::move(message), .hint = std::move(hint)});
  }
  // `given` may be left out (empty); else it must be what `owner` says.
  void MustEqual(std::string path, const std::string& given, const std::string& expected,
                 std::string_view owner) {
    if (given.empty() || given == expected) return;
    Add(std::move(path),
        expected.empty() ? fmt::format("is '{}', but {} has none", given, owner)
                         : fmt::format("is '{}', but that of {} is '{}'", given, owner, expected),
        "leave the field out, or ask a platform admin to change what the environment allows");
  }
  Faults Take() { return std::move(faults_); }

 private:
  Faults faults_;
};

bool IsFolderStore(LibraryStore store) {
  return store == LibraryStore::kFileSystem || store == LibraryStore::kAdvancedFileSystem;
}

bool HasStep(std::string_view path, std::string_view step) {
  const std::filesystem::path parts(path);
  return std::any_of(parts.begin(), parts.end(), [&](const auto& part) { return part == step; });
}

// The system would take a null byte for the end of a path, a person a line break for that of a
// line.
void CheckCharacters(Collector& faults, const std::string& path, std::string_view text) {
  const bool control = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (control) faults.Add(path, "must not contain control characters");
}

void CheckFolder(Collector& faults, const std::string& path, const std::string& folder) {
  if (folder.empty()) return;  // said elsewhere
  CheckCharacters(faults, path, folder);
  if (folder[0] != '/') {
    faults.Add(path, "must be the absolute path of a folder",
               "a relative path would mean another folder wherever LC2 is started");
  } else if (HasStep(folder, "..")) {
    faults.Add(path, "must not contain '..'");
  } else if (std::filesystem::path(folder).lexically_normal() == "/") {
    faults.Add(path, "must not be the root folder");
  }
}

// Labels are what tenants and lists select by, so they may not speak of another environment.
void CheckLabels(Collector& faults, const ObjectMeta& metadata, std::string_view label,
                 const std::string& expected) {
  const auto found = metadata.labels.find(std::string(label));
  if (found == metadata.labels.end() || found->second == expected) return;
  faults.Add(fmt::format("metadata.labels.{}", label),
             fmt::format("is '{}', but the spec says '{}'", found->second, expected));
}

// Each field in which `after` differs, but for those of the spec's `changeable`.
void AddChanges(Collector& faults, const Json& before, const Json& after, const Path& path,
                const std::vector<std::string>& changeable, std::string_view hint) {
  if (before == after) return;
  if (!before.is_object() || !after.is_object()) {
    faults.Add(path.str(), "cannot be changed", std::string(hint));
    return;
  }
  JsonObject all = before.get_object();
  for (const auto& member : after.get_object()) all.emplace(member.key(), nullptr);
  for (const auto& member : all) {
    const std::string name(member.key());
    if (std::find(changeable.begin(), changeable.end(), name) != changeable.end()) continue;
    const Json* old_value = before.get_object().if_contains(name);
    const Json* new_value = after.get_object().if_contains(name);
    AddChanges(faults, old_value == nullptr ? Json() : *old_value,
               new_value == nullptr ? Json() : *new_value, path / name, {}, hint);
  }
}

// So that a label can hold the name of a schedule's request: "-YYYYMMDD-HHMMSS" follows it.
constexpr std::size_t kMaxScheduleName = 63 - 16;

constexpr std::string_view kNewName =
    "a request is carried out once; make another one under a new name";
constexpr std::string_view kNewObject =
    "existing backups are found by it; make a new object under a new name";

// Whether one folder is the other, or lies in it.
bool Overlap(const std::string& a, const std::string& b) {
  const std::string x = (std::filesystem::path(a) / "").lexically_normal().string();
  const std::string y = (std::filesystem::path(b) / "").lexically_normal().string();
  return x.starts_with(y) || y.starts_with(x);
}

bool HoldsSnapshot(BackupType type) {
  return type == BackupType::kSnapshot || type == BackupType::kBoth;
}
bool HoldsDump(BackupType type) { return type == BackupType::kDump || type == BackupType::kBoth; }

// "uat" means the environment of that name in `project`.
bool Names(const std::vector<std::string>& list, const EnvironmentId& other,
           const std::string& project) {
  return std::any_of(list.begin(), list.end(), [&](const std::string& name) {
    return name == other.str() ||
           (name == other.environment.str() && other.project.str() == project);
  });
}

void CheckRetention(Collector& faults, const BackupRequest& request, BackupType type) {
  const auto& retention = request.spec.database.retention;
  if (!retention || *retention >= request.spec.retention_days || type == BackupType::kBoth) return;
  faults.Add("spec.database.retention",
             fmt::format("is {}, less than the {} of retentionDays", *retention,
                         request.spec.retention_days),
             "use retentionDays alone; only with type both may the snapshot go before the dump");
}

void CheckWebhook(Collector& faults, const Webhook& webhook) {
  if (webhook.url.empty()) {
    if (!webhook.secret.name.empty()) {
      faults.Add("spec.webhook.url", "is required with a secret");
    }
    return;
  }
  if (const std::optional<std::string> fault = FaultOfWebhookUrl(webhook.url)) {
    faults.Add("spec.webhook.url", *fault, "write it as https://HOST/PATH");
  }
  if (webhook.secret.name.empty()) {
    faults.Add("spec.webhook.secret.name", "is required: every call is signed",
               "name a secret with the key webhookSecret");
  }
}

}  // namespace

Faults CheckRules(const BackupLocation& location) {
  Collector faults;
  const BackupLocationSpec& spec = location.spec;
  if (spec.provider == Provider::kLocal) CheckFolder(faults, "spec.bucket", spec.bucket);
  if (HasStep(spec.prefix, "..") || HasStep(spec.prefix, ".")) {
    faults.Add("spec.prefix", "must not contain '.' or '..' as a folder");
  }
  CheckCharacters(faults, "spec.prefix", spec.prefix);
  if (spec.encryption.mode == EncryptionMode::kKMS && spec.encryption.key_id.empty()) {
    faults.Add("spec.encryption.keyId", "is required with mode KMS");
  }
  if (spec.provider == Provider::kLocal && spec.encryption.mode != EncryptionMode::kProvider) {
    faults.Add("spec.encryption.mode", "a folder has no keys of a provider",
               "encrypt the file system, and leave spec.encryption out");
  }
  if (spec.provider == Provider::kLocal && spec.object_lock.mode != ObjectLockMode::kNone) {
    faults.Add("spec.objectLock.mode", "a folder cannot lock objects",
               "leave spec.objectLock out, or keep backups in a bucket");
  }
  CheckWebhook(faults, spec.webhook);
  return faults.Take();
}

Faults CheckRules(const LiferayEnvironment& environment) {
  Collector faults;
  const LiferayEnvironmentSpec& spec = environment.spec;
  const std::string expected = IdOf(environment).str();
  if (environment.metadata.name != expected) {
    faults.Add("metadata.name",
               fmt::format("is '{}', must be '{}'", environment.metadata.name, expected),
               "an environment is named <projectId>-<environment>");
  }
  if (spec.provider == Provider::kLocal && spec.database.backup_type &&
      HoldsSnapshot(*spec.database.backup_type)) {
    faults.Add("spec.database.backupType", "provider 'local' has no snapshots", "use dump");
  }
  const EnvironmentLibrary& library = spec.document_library;
  if (library.store == LibraryStore::kDB) {
    if (!library.bucket.empty()) {
      faults.Add("spec.documentLibrary.bucket", "must be left out with store DB",
                 "files of that store lie in the database");
    }
  } else if (library.bucket.empty()) {
    faults.Add("spec.documentLibrary.bucket", "is required");
  }
  if (IsFolderStore(library.store)) {
    CheckFolder(faults, "spec.documentLibrary.bucket", library.bucket);
    if (HasStep(library.prefix, "..") || library.prefix.starts_with("/")) {
      faults.Add("spec.documentLibrary.prefix", "must lie below the folder of the library");
    }
    CheckCharacters(faults, "spec.documentLibrary.prefix", library.prefix);
  }
  CheckWebhook(faults, spec.webhook);
  CheckLabels(faults, environment.metadata, kProjectLabel, spec.project_id);
  CheckLabels(faults, environment.metadata, kEnvironmentLabel, spec.environment);
  return faults.Take();
}

Faults CheckRules(const BackupRequest& request) {
  Collector faults;
  const auto& type = request.spec.database.type;
  if (type) CheckRetention(faults, request, *type);
  if (request.spec.provider == Provider::kLocal && type && HoldsSnapshot(*type)) {
    faults.Add("spec.database.type", "provider 'local' has no snapshots", "use dump");
  }
  CheckLabels(faults, request.metadata, kProjectLabel, request.spec.project_id);
  CheckLabels(faults, request.metadata, kEnvironmentLabel, request.spec.environment);
  return faults.Take();
}

Faults CheckRules(const RestoreRequest& request) {
  Collector faults;
  const RestoreRequestSpec& spec = request.spec;
  const bool selective = spec.restore_type == RestoreType::kSelective;
  if (spec.strategy == RestoreStrategy::kOverwrite && !spec.source_environment.empty() &&
      spec.source_environment != spec.target_environment) {
    faults.Add("spec.strategy", "Overwrite is possible only within one environment",
               "restore across environments with PrepareAndSwap");
  }
  if (selective && spec.document_library.include.empty()) {
    faults.Add("spec.documentLibrary.include", "is required with restoreType selective",
               "name the keys to restore, or use restoreType storage-only");
  }
  if (!selective && !spec.document_library.include.empty()) {
    faults.Add("spec.documentLibrary.include", "needs restoreType selective");
  }
  if (!selective && !spec.document_library.exclude.empty()) {
    faults.Add("spec.documentLibrary.exclude", "needs restoreType selective");
  }
  if (spec.document_library.extra_keys == ExtraKeys::kRemove &&
      (selective || spec.restore_type == RestoreType::kDatabaseOnly)) {
    faults.Add(
        "spec.documentLibrary.extraKeys",
        fmt::format("Remove is not possible with restoreType {}", codec::Word(spec.restore_type)),
        "it would remove every file that is not restored");
  }
  if (spec.database.point_in_time &&
      (selective || spec.restore_type == RestoreType::kStorageOnly)) {
    faults.Add("spec.database.pointInTime",
               fmt::format("restoreType {} restores no database", codec::Word(spec.restore_type)));
  }
  CheckLabels(faults, request.metadata, kEnvironmentLabel, spec.target_environment);
  return faults.Take();
}

Faults CheckRules(const BackupSchedule& schedule) {
  Collector faults;
  if (schedule.metadata.name.size() > kMaxScheduleName) {
    faults.Add("metadata.name",
               fmt::format("must be at most {} characters, is {}", kMaxScheduleName,
                           schedule.metadata.name.size()),
               "its requests are named after it and the time");
  }
  const auto cron = CronExpression::Parse(schedule.spec.schedule);
  if (!cron.has_value()) {
    faults.Add("spec.schedule", cron.error().message, cron.error().hint);
  }
  const auto zone = TimeZone::Find(schedule.spec.time_zone);
  if (!zone.has_value()) faults.Add("spec.timeZone", zone.error().message, zone.error().hint);
  return faults.Take();
}

Faults CheckChange(const BackupLocation& before, const BackupLocation& after) {
  Collector faults;
  const auto place = [](const BackupLocation& location) {
    Json spec = codec::Encode(location.spec);
    JsonObject kept;
    for (const char* name : {"provider", "bucket", "prefix"}) {
      kept.emplace(name, spec.at(name));
    }
    return Json(std::move(kept));
  };
  AddChanges(faults, place(before), place(after), Path("spec"), {}, kNewObject);
  return faults.Take();
}

Faults CheckChange(const LiferayEnvironment& before, const LiferayEnvironment& after) {
  Collector faults;
  const auto name = [](const LiferayEnvironment& environment) {
    return Json(JsonObject{{"projectId", environment.spec.project_id},
                           {"environment", environment.spec.environment},
                           {"namespace", NamespaceOf(environment)}});
  };
  AddChanges(faults, name(before), name(after), Path("spec"), {}, kNewObject);
  return faults.Take();
}

Faults CheckChange(const BackupRequest& before, const BackupRequest& after) {
  Collector faults;
  AddChanges(faults, codec::Encode(before.spec), codec::Encode(after.spec), Path("spec"),
             {"cancel", "hold", "deletionPolicy", "retentionDays"}, kNewName);
  if (after.spec.retention_days < before.spec.retention_days) {
    faults.Add("spec.retentionDays",
               fmt::format("can only be raised, and is {} already", before.spec.retention_days),
               "a backup that may go earlier is deleted with 'lc2 backup delete'");
  }
  return faults.Take();
}

Faults CheckChange(const RestoreRequest& before, const RestoreRequest& after) {
  Collector faults;
  AddChanges(faults, codec::Encode(before.spec), codec::Encode(after.spec), Path("spec"),
             {"cancel"}, kNewName);
  return faults.Take();
}

Faults CheckChange(const BackupSchedule&, const BackupSchedule&) { return {}; }

Faults CheckAgainstEnvironment(const BackupRequest& request, const LiferayEnvironment& environment,
                               const BackupLocation& location) {
  Collector faults;
  const BackupRequestSpec& spec = request.spec;
  const LiferayEnvironmentSpec& owner = environment.spec;
  const std::string name = fmt::format("environment '{}'", environment.metadata.name);
  const std::string vault = fmt::format("location '{}'", location.metadata.name);
  faults.MustEqual("metadata.namespace", request.metadata.namespace_, NamespaceOf(environment),
                   name);
  faults.MustEqual("spec.projectId", spec.project_id, owner.project_id, name);
  faults.MustEqual("spec.environment", spec.environment, owner.environment, name);
  if (spec.provider) {
    faults.MustEqual("spec.provider", codec::Word(*spec.provider), codec::Word(owner.provider),
                     name);
  }
  faults.MustEqual("spec.database.instanceId", spec.database.instance_id,
                   owner.database.instance_id, name);
  faults.MustEqual("spec.documentLibrary.sourceBucket", spec.document_library.source_bucket,
                   owner.document_library.bucket, name);
  faults.MustEqual("spec.documentLibrary.destinationBucket",
                   spec.document_library.destination_bucket, location.spec.bucket, vault);
  faults.MustEqual("spec.documentLibrary.destinationPrefix",
                   spec.document_library.destination_prefix, location.spec.prefix, vault);
  const BackupType type = EffectiveBackupType(request, environment);
  const BackupType allowed = DefaultBackupType(environment);
  if ((HoldsSnapshot(type) && !HoldsSnapshot(allowed)) ||
      (HoldsDump(type) && !HoldsDump(allowed))) {
    faults.Add(
        "spec.database.type",
        fmt::format("is '{}', but {} allows '{}'", codec::Word(type), name, codec::Word(allowed)),
        "leave the field out, or ask a platform admin to change backupType");
  }
  if (!spec.database.type) CheckRetention(faults, request, type);
  if (owner.backup_location != location.metadata.name) {
    faults.Add("spec.backupLocation", fmt::format("{} keeps its backups in '{}', not in {}", name,
                                                  owner.backup_location, vault));
  }
  if (location.spec.provider == Provider::kLocal && IsFolderStore(owner.document_library.store) &&
      Overlap(location.spec.bucket, owner.document_library.bucket)) {
    faults.Add("spec.documentLibrary",
               fmt::format("the folder '{}' of {} and the document library '{}' lie in each other",
                           location.spec.bucket, vault, owner.document_library.bucket),
               "keep the vault in a folder of its own, best on another disk");
  }
  return faults.Take();
}

Faults CheckAgainstEnvironment(const RestoreRequest& request, const LiferayEnvironment& target) {
  Collector faults;
  const RestoreRequestSpec& spec = request.spec;
  const std::string name = fmt::format("environment '{}'", target.metadata.name);
  faults.MustEqual("metadata.namespace", request.metadata.namespace_, NamespaceOf(target), name);
  faults.MustEqual("spec.targetEnvironment", spec.target_environment, target.spec.environment,
                   name);
  faults.MustEqual("spec.database.targetInstanceId", spec.database.target_instance_id,
                   target.spec.database.instance_id, name);
  faults.MustEqual("spec.database.targetName", spec.database.target_name, target.spec.database.name,
                   name);
  faults.MustEqual("spec.documentLibrary.targetBucket", spec.document_library.target_bucket,
                   target.spec.document_library.bucket, name);
  const auto project = request.metadata.labels.find(std::string(kProjectLabel));
  if (project != request.metadata.labels.end()) {
    faults.MustEqual(fmt::format("metadata.labels.{}", kProjectLabel), project->second,
                     target.spec.project_id, name);
  }
  const EnvironmentId source = SourceOf(request, target);
  if (source == IdOf(target)) return faults.Take();
  if (spec.strategy == RestoreStrategy::kOverwrite) {
    faults.Add("spec.strategy",
               fmt::format("Overwrite is possible only within one environment, and the backup is "
                           "one of '{}'",
                           source.str()),
               "restore across environments with PrepareAndSwap");
  }
  if (target.spec.restore.require_sanitize && !spec.sanitize) {
    faults.Add("spec.sanitize", fmt::format("{} accepts only sanitised data of others", name));
  }
  if (!Names(target.spec.restore.accepts_from, source, target.spec.project_id)) {
    faults.Add("spec.sourceEnvironment",
               fmt::format("{} does not accept backups of '{}'", name, source.str()),
               "a platform admin allows it with restore.acceptsFrom, and restore.givesTo there");
  }
  return faults.Take();
}

Faults CheckGiving(const LiferayEnvironment& source, const LiferayEnvironment& target) {
  Collector faults;
  if (!Names(source.spec.restore.gives_to, IdOf(target), source.spec.project_id)) {
    faults.Add("spec.sourceEnvironment",
               fmt::format("environment '{}' does not give its backups to '{}'",
                           source.metadata.name, target.metadata.name),
               fmt::format("a platform admin allows it with restore.givesTo of '{}'",
                           source.metadata.name));
  }
  if (!Names(target.spec.restore.accepts_from, IdOf(source), target.spec.project_id)) {
    faults.Add("spec.sourceEnvironment",
               fmt::format("environment '{}' does not accept backups of '{}'", target.metadata.name,
                           source.metadata.name),
               fmt::format("a platform admin allows it with restore.acceptsFrom of '{}'",
                           target.metadata.name));
  }
  return faults.Take();
}

}  // namespace lc2::api
