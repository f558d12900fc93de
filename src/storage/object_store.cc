#include "storage/object_store.h"

#include <fmt/core.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "storage/key_text.h"

namespace lc2 {

namespace {

constexpr std::size_t kMaxKeyBytes = 1024;  // S3 user guide, "Naming Amazon S3 objects"
constexpr std::size_t kShownBytes = 100;

Error BadKey(std::string_view key, std::string_view why) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "store.bad_key",
               .message = fmt::format("'{}' is no object key: {}",
                                      storage::EscapeName(key.substr(0, kShownBytes)), why),
               .hint =
                   "a key is 1 to 1,024 bytes of UTF-8 without control characters, in segments "
                   "split by '/' that are neither empty nor '.' nor '..'"};
}

// A promise and its future, without the system call that std::promise makes for each value.
class Answer {
 public:
  void Give(Result<OperationResult> result) {
    const std::lock_guard lock(mutex_);
    result_.emplace(std::move(result));
    given_.notify_one();
  }
  Result<OperationResult> Wait() {
    std::unique_lock lock(mutex_);
    given_.wait(lock, [this] { return result_.has_value(); });
    return *std::move(result_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable given_;
  std::optional<Result<OperationResult>> result_;  // guarded by mutex_
};

}  // namespace

Result<void> CheckKey(std::string_view key) {
  if (key.empty()) return BadKey(key, "it is empty");
  if (key.size() > kMaxKeyBytes) {
    return BadKey(key, fmt::format("it has {} bytes", key.size()));
  }
  std::size_t begin = 0;
  while (true) {
    const std::size_t slash = key.find('/', begin);
    const std::size_t end = slash == std::string_view::npos ? key.size() : slash;
    const std::string_view segment = key.substr(begin, end - begin);
    if (segment.empty()) return BadKey(key, "it has an empty segment");
    if (segment == "." || segment == "..") {
      return BadKey(key, fmt::format("it has a segment '{}'", segment));
    }
    if (slash == std::string_view::npos) break;
    begin = slash + 1;
  }
  if (!storage::IsPlainText(key)) {
    return BadKey(key, "it is no UTF-8, or has a control character");
  }
  return {};
}

Result<OperationResult> ObjectStore::Call(const Context& ctx, Operation operation) {
  // Shared, as this call may return while the other thread is still on its way out of Give.
  const auto answer = std::make_shared<Answer>();
  Submit(ctx, std::move(operation),
         [answer](Result<OperationResult> result) { answer->Give(std::move(result)); });
  return answer->Wait();
}

Result<ObjectFacts> ObjectStore::Head(const Context& ctx, const std::string& key) {
  LC2_ASSIGN_OR_RETURN(OperationResult result, Call(ctx, HeadOperation{.key = key}));
  return std::move(result.facts);
}

Result<std::string> ObjectStore::Get(const Context& ctx, const std::string& key,
                                     std::int64_t limit) {
  LC2_ASSIGN_OR_RETURN(OperationResult result, Call(ctx, GetOperation{.key = key, .limit = limit}));
  return std::move(result.body);
}

Result<ObjectFacts> ObjectStore::Put(const Context& ctx, PutOperation operation) {
  LC2_ASSIGN_OR_RETURN(OperationResult result, Call(ctx, std::move(operation)));
  return std::move(result.facts);
}

Result<ObjectFacts> ObjectStore::Copy(const Context& ctx, CopyOperation operation) {
  LC2_ASSIGN_OR_RETURN(OperationResult result, Call(ctx, std::move(operation)));
  return std::move(result.facts);
}

Result<void> ObjectStore::Delete(const Context& ctx, const std::string& key,
                                 const std::string& version) {
  LC2_RETURN_IF_ERROR(Call(ctx, DeleteOperation{.key = key, .version = version}));
  return {};
}

}  // namespace lc2
