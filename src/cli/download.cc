#include "cli/download.h"

#include <fmt/core.h>

#include <algorithm>

#include <boost/json.hpp>

#include "base/file.h"
#include "base/hash.h"
#include "base/time_format.h"
#include "cli/table.h"
#include "library/restore_copy.h"
#include "storage/stores.h"
#include "vault/entries.h"

namespace lc2::cli {

namespace {

constexpr std::int64_t kMaxManifest = vault::kMaxManifestBytes;
constexpr std::string_view kElsewhere =
    "take it from another backup: 'lc2 backup verify' tells which one is sound";

class StandardOutput final : public ByteSink {
 public:
  explicit StandardOutput(Session& session) : session_(session) {}
  Result<void> Write(std::string_view bytes) override {
    session_.Print(bytes);
    return session_.CheckOutput();
  }

 private:
  Session& session_;
};

Result<Entry> FindEntry(Session& session, ObjectStore& store, const vault::Manifest& manifest,
                        const std::string& key) {
  LC2_ASSIGN_OR_RETURN(const auto entries, vault::OpenEntries(session.ctx(), store, manifest));
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, entries->Read());
    if (batch.empty() || batch.front().key > key) break;
    for (const Entry& entry : batch) {
      if (entry.key == key) return entry;
    }
  }
  return Error{
      .kind = ErrorKind::kNotFound,
      .code = "backup.no_document",
      .message = fmt::format("backup '{}' has no document '{}'", manifest.backup_id.str(), key),
      .hint = "see `lc2 backup ls`"};
}

// Copies an object and compares its SHA-256 on the way.
Result<void> CopyChecked(const Context& ctx, ObjectStore& store, const std::string& path,
                         const std::string& sha256, ByteSink& sink) {
  const auto source = store.OpenReader(ctx, path);
  if (!source.has_value() && source.error().kind == ErrorKind::kNotFound) {
    return Error{.kind = ErrorKind::kCorrupt,
                 .code = "backup.document_damaged",
                 .message = fmt::format("'{}' is damaged: it is not there", path),
                 .hint = std::string(kElsewhere)};
  }
  if (!source.has_value()) return source.error();
  Sha256 hash;
  std::vector<char> buffer(256 * 1024);
  while (true) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    LC2_ASSIGN_OR_RETURN(const std::size_t count, (*source)->Read(buffer));
    if (count == 0) break;
    const std::string_view bytes(buffer.data(), count);
    hash.Update(bytes);
    LC2_RETURN_IF_ERROR(sink.Write(bytes));
  }
  if (const std::string found = hash.FinishHex(); found != sha256) {
    return Error{.kind = ErrorKind::kCorrupt,
                 .code = "backup.document_damaged",
                 .message = fmt::format("'{}' is damaged: expected SHA-256 {}, found {}", path,
                                        sha256, found),
                 .hint = std::string(kElsewhere)};
  }
  return {};
}

Result<void> CopyList(const Context& ctx, ObjectStore& from, ObjectStore& to,
                      const std::string& path, const std::string& sha256) {
  const std::string name = path.substr(path.find_last_of('/') + 1);
  LC2_ASSIGN_OR_RETURN(const auto writer, to.OpenWriter(ctx, "database/" + name));
  LC2_RETURN_IF_ERROR(CopyChecked(ctx, from, path, sha256, *writer));
  LC2_RETURN_IF_ERROR(writer->Finish());
  return {};
}

Result<void> DownloadDatabase(const Context& ctx, ObjectStore& from, ObjectStore& to,
                              const vault::Manifest& manifest) {
  const vault::DatabaseFacts& database = manifest.database;
  if (database.dump) {
    LC2_RETURN_IF_ERROR(CopyList(ctx, from, to, database.dump->path, database.dump->sha256));
  }
  if (database.references) {
    LC2_RETURN_IF_ERROR(
        CopyList(ctx, from, to, database.references->path, database.references->sha256));
  }
  return {};
}

Result<library::RestoreSummary> DownloadLibrary(const Context& ctx, ObjectStore& from,
                                                ObjectStore& to, const vault::Manifest& manifest) {
  LC2_ASSIGN_OR_RETURN(const auto entries, vault::OpenEntries(ctx, from, manifest));
  LC2_ASSIGN_OR_RETURN(const auto present, to.List(ctx, {}));
  library::RestoreJoin join(*entries, present.get(), {});
  return library::RestoreLibrary(ctx, join, from, to, {},
                                 {.objects_total = manifest.document_library.object_count,
                                  .bytes_total = manifest.document_library.total_size_bytes});
}

// The nearest place to a path that exists, without links.
std::filesystem::path Resolved(const std::filesystem::path& path) {
  std::error_code failed;
  std::filesystem::path resolved =
      std::filesystem::weakly_canonical(std::filesystem::absolute(path), failed);
  return failed ? path : resolved;
}

// A copy inside would look like a part of the vault, or like documents to the next backup.
Result<void> CheckOutside(const std::filesystem::path& folder,
                          const control::EnvironmentVault& at) {
  const std::filesystem::path target = Resolved(folder);
  const auto check = [&](const std::string& place, std::string_view what) -> Result<void> {
    const std::filesystem::path outer = Resolved(place);
    if (std::mismatch(outer.begin(), outer.end(), target.begin(), target.end()).first !=
        outer.end()) {
      return {};
    }
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "download.inside",
                 .message = fmt::format("the folder '{}' lies in the {} '{}'", folder.native(),
                                        what, outer.native()),
                 .hint = "choose a folder elsewhere"};
  };
  if (at.location.spec.provider == api::Provider::kLocal) {
    LC2_RETURN_IF_ERROR(check(at.location.spec.bucket, "vault"));
  }
  const api::EnvironmentLibrary& library = at.environment.spec.document_library;
  if (library.store != api::LibraryStore::kFileSystem) return {};
  return check(library.bucket, "document library");
}

}  // namespace

Result<void> AuditRead(Session& session, control::EnvironmentVault& at, const std::string& action,
                       const std::string& backup_id, const std::string& detail) {
  LC2_RETURN_IF_ERROR(at.session->vault().audit->Append(
      session.ctx(), {.action = action,
                      .who = CurrentUser(),
                      .environment = at.id().str(),
                      .subject = backup_id,
                      .detail = codec::JsonObject{{"key", detail}}}));
  return {};
}

Result<void> CopyDocument(Session& session, ObjectStore& vault, const vault::Manifest& manifest,
                          const std::string& key) {
  LC2_ASSIGN_OR_RETURN(const Entry entry, FindEntry(session, vault, manifest, key));
  StandardOutput sink(session);
  return CopyChecked(session.ctx(), vault, entry.path,
                     entry.checksum ? entry.checksum->value : std::string(), sink);
}

Result<void> Download(Session& session, const std::string& id, const std::string& folder) {
  LC2_ASSIGN_OR_RETURN(auto at, session.OpenVault(provider::VaultAccess::kWrite));
  LC2_RETURN_IF_ERROR(CheckOutside(folder, at));
  LC2_ASSIGN_OR_RETURN(Home* const home, session.home());
  LC2_ASSIGN_OR_RETURN(const vault::OpenedBackup backup,
                       control::OpenTrusted(session.ctx(), home->deps(), at, BackupId(id), false));
  const vault::Manifest& manifest = backup.manifest;
  LC2_RETURN_IF_ERROR(AuditRead(session, at, "backup.download", id, ""));
  ObjectStore& from = at.session->store();
  const std::filesystem::path target = std::filesystem::path(folder) / id;
  LC2_ASSIGN_OR_RETURN(const auto to, OpenFolderStore(target, {.create = true}));
  LC2_ASSIGN_OR_RETURN(const auto documents,
                       OpenFolderStore(target / "document_library", {.create = true}));
  std::optional<library::RestoreSummary> summary;
  const Result<void> copied = session.WithProgress([&]() -> Result<void> {
    LC2_RETURN_IF_ERROR(DownloadDatabase(session.ctx(), from, *to, manifest));
    LC2_ASSIGN_OR_RETURN(summary, DownloadLibrary(session.ctx(), from, *documents, manifest));
    return {};
  });
  LC2_RETURN_IF_ERROR(copied);
  // Last, so that a folder with a manifest is a whole download but for what is named below.
  LC2_ASSIGN_OR_RETURN(
      std::string bytes,
      from.Get(session.ctx(), vault::ManifestKey(at.id(), BackupId(id)), kMaxManifest));
  LC2_RETURN_IF_ERROR(to->Put(session.ctx(), {.key = "manifest.json", .body = std::move(bytes)}));
  const std::int64_t objects = summary->written.objects + summary->left.objects;
  const std::int64_t size = summary->written.bytes + summary->left.bytes;
  if (IsForMachines(session.format())) {
    const codec::JsonObject shown{
        {"backupId", id}, {"folder", target.native()}, {"objects", objects}, {"bytes", size}};
    session.Print(RenderResource(shown, session.format(), session.ctx().clock().Now()));
  } else {
    session.Print(fmt::format("{}: {}, {} in '{}'\n", id, Counted(objects, "document"),
                              FormatBytes(size), target.native()));
  }
  return library::JudgeRestore(*summary);
}

}  // namespace lc2::cli
