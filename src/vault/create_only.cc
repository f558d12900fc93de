#include "vault/create_only.h"

#include <fmt/format.h>

namespace lc2::vault {
namespace {

// What lies under the key now: bytes, or nothing.
Result<std::optional<std::string>> ReadBack(const Context& ctx, ObjectStore& store,
                                            const std::string& key) {
  Result<std::string> found = store.Get(ctx, key);
  if (found.has_value()) return std::optional<std::string>(std::move(found).value());
  if (found.error().kind == ErrorKind::kNotFound) return std::optional<std::string>();
  return std::move(found).error();
}

Created Judge(std::string found, const std::string& bytes) {
  if (found == bytes) return Created{.outcome = CreateOutcome::kOurs};
  return Created{.outcome = CreateOutcome::kNotOurs, .found = std::move(found)};
}

// Nothing was written, and asking again changes nothing. A folder whose disk is full says so before
// the name exists; taken for a lost answer, it would be told as one.
bool IsPlainRefusal(const Error& error) {
  return error.kind == ErrorKind::kDenied || error.kind == ErrorKind::kInvalid ||
         error.code == "file.no_space" || error.code == "file.no_descriptors";
}

}  // namespace

Result<Created> CreateDecision(const Context& ctx, ObjectStore& store, const std::string& key,
                               const std::string& bytes) {
  constexpr int kTries = 3;
  const bool create_only = store.features().create_only;
  bool lost = false;  // an earlier try may still take effect, so that no refusal proves anything
  std::shared_ptr<const Error> why;
  for (int i = 0; i < kTries; ++i) {
    if (!create_only || lost) {
      Result<std::optional<std::string>> there = ReadBack(ctx, store, key);
      if (!there.has_value()) {
        if (!lost) return std::move(there).error();
        why = Share(std::move(there).error());
        continue;
      }
      if (there->has_value()) return Judge(std::move(**there), bytes);
    }
    Result<ObjectFacts> put =
        store.Put(ctx, {.key = key,
                        .body = bytes,
                        .mode = create_only ? PutMode::kCreateOnly : PutMode::kRunOwned});
    if (put.has_value()) return Created{.outcome = CreateOutcome::kOurs};
    if (IsPlainRefusal(put.error()) && !lost) return std::move(put).error();
    why = Share(std::move(put).error());
    lost = true;
  }
  Result<std::optional<std::string>> there = ReadBack(ctx, store, key);
  if (there.has_value() && there->has_value()) return Judge(std::move(**there), bytes);
  return Created{.outcome = CreateOutcome::kUnknown, .why = std::move(why)};
}

Error UnknownOutcome(const std::string& key, const Created& created) {
  return Error{.kind = ErrorKind::kUnavailable,
               .code = "vault.unknown_outcome",
               .message = fmt::format("cannot tell whether '{}' was written", key),
               .hint =
                   "once the storage answers again, repeat the command: it reads what was "
                   "decided before it does anything",
               .cause = created.why};
}

}  // namespace lc2::vault
