#include <fcntl.h>
#include <fmt/core.h>
#include <sys/statvfs.h>
#include <time.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "storage/folder_read.h"
#include "storage/folder_root.h"
#include "storage/folder_walk.h"
#include "storage/folder_write.h"
#include "storage/operation_pool.h"
#include "storage/stores.h"

namespace lc2 {

namespace {

using storage::CheckFolderKey;

// Handing a small write to another thread costs as much as the write.
constexpr std::size_t kQuickBytes = 256 << 10;

bool IsQuick(const Operation& operation) {
  if (std::holds_alternative<GetOperation>(operation)) return false;
  const auto* put = std::get_if<PutOperation>(&operation);
  return put == nullptr ||
         (put->mode == PutMode::kRunOwned && put->durability == Durability::kAtBarrier &&
          put->body.size() <= kQuickBytes);
}

const std::string& KeyOf(const Operation& operation) {
  return std::visit(
      [](const auto& one) -> const std::string& {
        if constexpr (std::is_same_v<std::decay_t<decltype(one)>, CopyOperation>) {
          return one.to_key;
        } else {
          return one.key;
        }
      },
      operation);
}

class FolderStore final : public ObjectStore {
 public:
  FolderStore(storage::FolderRoot root, const FolderStoreOptions& options)
      : root_(std::move(root)), pool_(options.threads, options.window) {
    if (!options.read_only) writer_.emplace(root_);
  }

  StoreFeatures features() const override { return {.create_only = true, .folder_identity = true}; }
  const std::string& root_name() const override { return root_.name(); }

  void Submit(const Context& ctx, Operation operation, Completion done) override {
    if (IsQuick(operation)) {
      done(storage::RunGuarded([&] { return Run(ctx, operation); }));
      return;
    }
    pool_.Submit(
        ctx, [this, ctx, held = std::move(operation)] { return Run(ctx, held); }, std::move(done));
  }

  Result<std::unique_ptr<ObjectReader>> OpenReader(const Context& ctx, const std::string& key,
                                                   std::optional<ByteRange> range,
                                                   const std::string& version) override {
    LC2_RETURN_IF_ERROR(ctx.Check());
    LC2_RETURN_IF_ERROR(CheckFolderKey(key));
    LC2_RETURN_IF_ERROR(CheckVersion(version));
    return storage::OpenFileReader(root_, key, range);
  }

  Result<std::unique_ptr<ObjectWriter>> OpenWriter(const Context& ctx, const std::string& key,
                                                   PutMode mode) override {
    LC2_RETURN_IF_ERROR(ctx.Check());
    LC2_RETURN_IF_ERROR(CheckFolderKey(key));
    LC2_RETURN_IF_ERROR(CheckWritable());
    return writer_->Open(key, mode);
  }

  Result<std::unique_ptr<EntryReader>> List(const Context& ctx, const ListQuery& query) override {
    return storage::WalkFolder(ctx, root_, query);
  }

  Result<void> Barrier(const Context& ctx) override {
    LC2_RETURN_IF_ERROR(ctx.Check());
    LC2_RETURN_IF_ERROR(CheckWritable());
    return writer_->Barrier();
  }

  Result<Time> Now(const Context& ctx) override {
    LC2_RETURN_IF_ERROR(ctx.Check());
    if (writer_) return writer_->Now();
    // Without a file of our own only this machine's clock is left, which gives local files their
    // times; a file server's may differ.
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return Time(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
  }

  Result<std::optional<std::int64_t>> FreeBytes(const Context& ctx) override {
    LC2_RETURN_IF_ERROR(ctx.Check());
    struct statvfs status {};
    if (::fstatvfs(root_.fd(), &status) != 0) return root_.Failed(errno, "ask for space in", "");
    return std::optional(static_cast<std::int64_t>(status.f_bavail) *
                         static_cast<std::int64_t>(status.f_frsize));
  }

 private:
  Result<OperationResult> Run(const Context& ctx, const Operation& operation) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    LC2_RETURN_IF_ERROR(CheckFolderKey(KeyOf(operation)));
    return std::visit([this](const auto& one) { return Do(one); }, operation);
  }

  Result<OperationResult> Do(const HeadOperation& head) {
    LC2_RETURN_IF_ERROR(CheckVersion(head.version));
    LC2_ASSIGN_OR_RETURN(ObjectFacts facts, storage::HeadFile(root_, head.key));
    return OperationResult{.facts = std::move(facts), .body = {}};
  }
  Result<OperationResult> Do(const GetOperation& get) {
    LC2_RETURN_IF_ERROR(CheckVersion(get.version));
    return storage::GetFile(root_, get);
  }
  Result<OperationResult> Do(const PutOperation& put) {
    LC2_RETURN_IF_ERROR(CheckWritable());
    LC2_ASSIGN_OR_RETURN(ObjectFacts facts, writer_->Put(put));
    return OperationResult{.facts = std::move(facts), .body = {}};
  }
  Result<OperationResult> Do(const CopyOperation&) {
    return Unsupported("copies inside the store", "read the object and write it");
  }
  Result<OperationResult> Do(const DeleteOperation& removal) {
    LC2_RETURN_IF_ERROR(CheckVersion(removal.version));
    LC2_RETURN_IF_ERROR(CheckWritable());
    LC2_RETURN_IF_ERROR(writer_->Delete(removal.key));
    return OperationResult{};
  }

  Result<void> CheckWritable() const {
    if (writer_) return {};
    return Error{.kind = ErrorKind::kDenied,
                 .code = "store.read_only",
                 .message = fmt::format("{} is opened for reading only", root_.name()),
                 .hint = "a source is never written to; choose another folder"};
  }
  Result<void> CheckVersion(const std::string& version) const {
    if (version.empty()) return {};
    return Unsupported("versions", "leave the version out");
  }
  Error Unsupported(std::string_view what, std::string_view hint) const {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "store.unsupported",
                 .message = fmt::format("{} has no {}", root_.name(), what),
                 .hint = std::string(hint)};
  }

  const storage::FolderRoot root_;
  std::optional<storage::FolderWriter> writer_;
  storage::OperationPool pool_;  // last: its threads use all of the above
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> OpenFolderStore(const std::filesystem::path& root,
                                                     const FolderStoreOptions& options) {
  LC2_ASSIGN_OR_RETURN(storage::FolderRoot opened, storage::FolderRoot::Open(root, options));
  return std::unique_ptr<ObjectStore>(std::make_unique<FolderStore>(std::move(opened), options));
}

}  // namespace lc2
