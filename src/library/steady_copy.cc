#include "library/steady_copy.h"

#include <fmt/core.h>

#include "base/hash.h"
#include "library/chunks_internal.h"

namespace lc2::library {

namespace {

constexpr std::size_t kMaxNames = 20'000;

Entry WithFacts(Entry entry, const ObjectFacts& facts) {
  entry.size = facts.size;
  entry.etag = facts.etag;
  entry.last_modified = facts.last_modified;
  entry.source_version_id = facts.version;
  entry.folder = facts.folder;
  return entry;
}

bool IsGoneOrRefused(const Error& error) {
  return error.kind == ErrorKind::kNotFound || error.kind == ErrorKind::kDenied;
}

// What was read of an object: all of its bytes if it is small, else only their hash.
struct Content {
  std::string body;
  std::string sha256;
  std::int64_t size = 0;
  Result<ObjectFacts> facts_after = ObjectFacts{};  // of the object, when its end was reached
};

Result<Content> ReadContent(const Context& ctx, ObjectStore& source, const Entry& entry,
                            std::int64_t whole_limit) {
  LC2_ASSIGN_OR_RETURN(const std::unique_ptr<ObjectReader> reader,
                       source.OpenReader(ctx, entry.key));
  const bool whole = entry.size <= whole_limit;
  Content content;
  if (whole) content.body.reserve(static_cast<std::size_t>(entry.size));
  Sha256 hash;
  const auto take = [&](std::string_view chunk) -> Result<void> {
    content.size += static_cast<std::int64_t>(chunk.size());
    hash.Update(chunk);
    // An object that grew is read again in its new size; holding all of it could fill the memory.
    if (whole && content.size <= entry.size) content.body.append(chunk);
    return {};
  };
  LC2_RETURN_IF_ERROR(ForEachChunk(ctx, *reader, entry.size, take));
  content.sha256 = hash.FinishHex();
  content.facts_after = reader->CurrentFacts();
  return content;
}

}  // namespace

Result<std::optional<WrittenNames::Written>> WrittenNames::Once(const std::string& path,
                                                                const Write& write) {
  {
    std::unique_lock lock(mutex_);
    auto found = versions_.find(path);
    while (found != versions_.end() && !found->second.has_value()) {
      settled_.wait(lock);
      found = versions_.find(path);
    }
    if (found != versions_.end()) return std::optional(Written{.version = *found->second});
    if (versions_.size() >= kMaxNames) {
      std::erase_if(versions_, [](const auto& name) { return name.second.has_value(); });
    }
    versions_.emplace(path, std::nullopt);
  }
  // However the writing ends, by an exception too: others may be waiting for this name.
  std::optional<std::string> version;
  const auto settle = [&] {
    const std::lock_guard lock(mutex_);
    if (version.has_value()) {
      versions_[path] = version;
    } else {
      versions_.erase(path);
    }
    settled_.notify_all();
  };
  try {
    const Result<std::optional<ObjectFacts>> facts = write();
    if (facts.has_value() && facts->has_value()) version = (*facts)->version;
    settle();
    if (!facts.has_value()) return facts.error();
  } catch (...) {
    settle();
    throw;
  }
  if (!version.has_value()) return std::optional<Written>();
  return std::optional(Written{.version = *std::move(version), .by_this = true});
}

Result<ObjectCopy> SteadyCopier::Copy(const Context& ctx, Entry listed) {
  ObjectCopy copy{.entry = std::move(listed)};
  for (int attempt = 0; attempt < options_.attempts; ++attempt) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    LC2_ASSIGN_OR_RETURN(const Step step, CopyOnce(ctx, copy));
    if (step == Step::kEnd) return copy;
  }
  copy.end = ObjectCopy::End::kUnstable;
  copy.note = fmt::format("it changed during each of {} attempts to read it", options_.attempts);
  return copy;
}

Result<SteadyCopier::Step> SteadyCopier::CopyOnce(const Context& ctx, ObjectCopy& copy) {
  Result<Content> content = ReadContent(ctx, *route_.source, copy.entry, options_.whole_limit);
  if (!content.has_value()) {
    if (!IsGoneOrRefused(content.error())) return std::move(content).error();
    const bool gone = content.error().kind == ErrorKind::kNotFound;
    copy.end = gone ? ObjectCopy::End::kVanished : ObjectCopy::End::kUnreadable;
    copy.note = gone ? "it vanished before it was copied" : Describe(content.error());
    return Step::kEnd;
  }
  LC2_ASSIGN_OR_RETURN(const bool steady,
                       IsSteady(ctx, copy, std::move(content->facts_after), content->size));
  if (!steady) return Step::kAgain;

  const std::string& sha256 = content->sha256;
  const std::string path = route_.pool_path({.hash = sha256, .key = copy.entry.key});
  bool adopted = false;
  const auto write = [&]() -> Result<std::optional<ObjectFacts>> {
    if (route_.already_there) {
      LC2_ASSIGN_OR_RETURN(std::optional<ObjectFacts> there,
                           route_.already_there(ctx, path, copy.entry.size));
      adopted = there.has_value();
      if (adopted) return there;
    }
    if (copy.entry.size > options_.whole_limit) return WriteStreamed(ctx, copy, path, sha256);
    LC2_ASSIGN_OR_RETURN(ObjectFacts facts,
                         route_.destination->Put(ctx, {.key = path,
                                                       .body = std::move(content->body),
                                                       .durability = Durability::kAtBarrier}));
    return std::optional(std::move(facts));
  };
  LC2_ASSIGN_OR_RETURN(const std::optional<WrittenNames::Written> written,
                       names_.Once(path, write));
  if (!written.has_value()) return Step::kAgain;

  copy.written = written->by_this && !adopted;
  copy.entry.checksum = Checksum{.alg = "sha256", .value = sha256, .by = "lc2"};
  copy.entry.path = path;
  copy.entry.pool_version_id = written->version;
  copy.entry.locked_until.reset();
  if (!IsCertain(copy.entry, certain_before_)) copy.entry.folder.reset();
  return Step::kEnd;
}

// Whether the object is as it was before it was read, and all of it was read. If not, the copy
// goes on with the state it has now.
Result<bool> SteadyCopier::IsSteady(const Context& ctx, ObjectCopy& copy, Result<ObjectFacts> facts,
                                    std::int64_t bytes_read) const {
  if (!facts.has_value() && facts.error().kind == ErrorKind::kConflict) {
    facts = route_.source->Head(ctx, copy.entry.key);
  }
  // Gone by now: the next attempt to read finds that out like the first one would have.
  if (!facts.has_value() && IsGoneOrRefused(facts.error())) return false;
  if (!facts.has_value()) return std::move(facts).error();
  Entry now = WithFacts(copy.entry, *facts);
  if (IsUnchanged(now, copy.entry)) return bytes_read == copy.entry.size;
  copy.entry = std::move(now);
  copy.changed = true;
  return false;
}

// The second reading of a large object. Its copy comes to exist only if the bytes are those that
// its name was made from.
Result<std::optional<ObjectFacts>> SteadyCopier::WriteStreamed(const Context& ctx,
                                                               const ObjectCopy& copy,
                                                               const std::string& path,
                                                               const std::string& sha256) const {
  const Entry& entry = copy.entry;
  Result<std::unique_ptr<ObjectReader>> source = route_.source->OpenReader(ctx, entry.key);
  if (!source.has_value() && IsGoneOrRefused(source.error())) return std::optional<ObjectFacts>();
  if (!source.has_value()) return std::move(source).error();
  LC2_ASSIGN_OR_RETURN(const std::unique_ptr<ObjectWriter> writer,
                       route_.destination->OpenWriter(ctx, path));
  Sha256 hash;
  LC2_RETURN_IF_ERROR(
      ForEachChunk(ctx, **source, entry.size, [&](std::string_view chunk) -> Result<void> {
        hash.Update(chunk);
        return writer->Write(chunk);
      }));
  if (hash.FinishHex() != sha256) return std::optional<ObjectFacts>();
  LC2_ASSIGN_OR_RETURN(ObjectFacts facts, writer->Finish());
  return std::optional(std::move(facts));
}

}  // namespace lc2::library
