#include "cli/download.h"

#include <fmt/core.h>
#include <unistd.h>

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
  return Error{.kind = ErrorKind::kNotFound,
               .code = "backup.no_document",
               .message = fmt::format("backup '{}' has no document '{}'", manifest.backup_id.str(),
                                      key),
               .hint = "see `lc2 backup ls`"};
}

// Copies an object and compares its SHA-256 on the way.
Result<void> CopyChecked(const Context& ctx, ObjectStore& store, const std::string& path,
                         const std::string& sha256, ByteSink& sink) {
  LC2_ASSIGN_OR_RETURN(const auto source, store.OpenReader(ctx, path));
  Sha256 hash;
  std::vector<char> buffer(256 * 1024);
  while (true) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    LC2_ASSIGN_OR_RETURN(const std::size_t count, source->Read(buffer));
    if (count == 0) break;
    const std::string_view bytes(buffer.data(), count);
    hash.Update(bytes);
    LC2_RETURN_IF_ERROR(sink.Write(bytes));
  }
  if (const std::string found = hash.FinishHex(); found != sha256) {
    return Error{.kind = ErrorKind::kCorrupt,
                 .code = "backup.document_damaged",
                 .message = fmt::format("'{}' is damaged: expected SHA-256 {}, found {}", path,
                                        sha256, found)};
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
                                                ObjectStore& to,
                                                const vault::Manifest& manifest) {
  LC2_ASSIGN_OR_RETURN(const auto entries, vault::OpenEntries(ctx, from, manifest));
  LC2_ASSIGN_OR_RETURN(const auto present, to.List(ctx, {}));
  library::RestoreJoin join(*entries, present.get(), {});
  return library::RestoreLibrary(
      ctx, join, from, to, {},
      {.objects_total = manifest.document_library.object_count,
       .bytes_total = manifest.document_library.total_size_bytes});
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
  FdSink sink(STDOUT_FILENO, "standard output");
  return CopyChecked(session.ctx(), vault, entry.path,
                     entry.checksum ? entry.checksum->value : std::string(), sink);
}

Result<void> Download(Session& session, const std::string& id, const std::string& folder) {
  LC2_ASSIGN_OR_RETURN(auto at, session.OpenVault(provider::VaultAccess::kWrite));
  LC2_ASSIGN_OR_RETURN(Home * const home, session.home());
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
  LC2_ASSIGN_OR_RETURN(std::string bytes,
                       from.Get(session.ctx(), vault::ManifestKey(at.id(), BackupId(id)),
                                kMaxManifest));
  LC2_RETURN_IF_ERROR(to->Put(session.ctx(), {.key = "manifest.json", .body = std::move(bytes)}));
  session.Print(fmt::format("{}: {} documents, {} in {}\n", id,
                            WithThousands(summary->written.objects + summary->left.objects),
                            FormatBytes(summary->written.bytes + summary->left.bytes),
                            target.native()));
  return library::JudgeRestore(*summary);
}

}  // namespace lc2::cli
