#include "vault/step_records.h"

#include <fmt/format.h>

#include "vault/paths.h"

namespace lc2::vault {
namespace {

constexpr std::int64_t kMaxRecordBytes = 16 << 20;

Result<void> CheckName(const RecordName& name, bool is_prefix) {
  LC2_RETURN_IF_ERROR(CheckEnvironment(name.env));
  LC2_RETURN_IF_ERROR(CheckRunId(name.run));
  LC2_RETURN_IF_ERROR(CheckAttemptId(name.attempt));
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-./";
  const bool good = name.name.find_first_not_of(kLetters) == std::string::npos &&
                    (is_prefix || CheckKey(RecordKey(name)).has_value());
  if (good) return {};
  return Error{.kind = ErrorKind::kInvalid,
               .code = "vault.bad_name",
               .message = fmt::format("'{}' is no name of a record", name.name.substr(0, 80)),
               .hint = "records are named by letters, digits, '-' and '.', split by '/'"};
}

}  // namespace

std::string RecordKey(const RecordName& name) {
  return AttemptFolder(name.env, name.run, name.attempt) + name.name;
}

Result<void> PutRecord(const Context& ctx, ObjectStore& store, const RecordName& name,
                       const codec::Json& value) {
  LC2_RETURN_IF_ERROR(CheckName(name, false));
  LC2_RETURN_IF_ERROR(
      store.Put(ctx, {.key = RecordKey(name), .body = codec::CanonicalJson(value)}));
  return {};
}

Result<codec::Json> ReadRecord(const Context& ctx, ObjectStore& store, const RecordName& name) {
  LC2_RETURN_IF_ERROR(CheckName(name, false));
  const std::string key = RecordKey(name);
  Result<std::string> bytes = store.Get(ctx, key, kMaxRecordBytes);
  if (!bytes.has_value() && bytes.error().kind == ErrorKind::kNotFound) {
    return Error{.kind = ErrorKind::kNotFound,
                 .code = "record.absent",
                 .message = fmt::format("there is no record '{}'", key),
                 .cause = Share(std::move(bytes).error())};
  }
  if (!bytes.has_value()) return std::move(bytes).error();
  Result<codec::Json> json = codec::ParseJson(*bytes, {.max_bytes = kMaxRecordBytes});
  if (json.has_value()) return json;
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "record.invalid",
               .message = fmt::format("cannot read the record '{}'", key),
               .hint = "start another attempt",
               .cause = Share(std::move(json).error())};
}

Result<std::vector<std::string>> ListRecords(const Context& ctx, ObjectStore& store,
                                             const RecordName& prefix) {
  LC2_RETURN_IF_ERROR(CheckName(prefix, true));
  const std::string folder = AttemptFolder(prefix.env, prefix.run, prefix.attempt);
  LC2_ASSIGN_OR_RETURN(const auto listing, store.List(ctx, {.prefix = RecordKey(prefix)}));
  std::vector<std::string> names;
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, listing->Read());
    if (batch.empty()) return names;
    for (const Entry& object : batch) names.push_back(object.key.substr(folder.size()));
  }
}

}  // namespace lc2::vault
