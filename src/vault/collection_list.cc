#include "vault/collection_list.h"

#include <fmt/format.h>

#include <latch>
#include <mutex>
#include <optional>
#include <set>

#include "codec/described.h"
#include "codec/zstd_stream.h"
#include "vault/create_only.h"
#include "vault/paths.h"

namespace lc2::vault {
namespace {

constexpr std::int64_t kMaxListBytes = 64 << 20;
constexpr std::string_view kListTail = ".ndjson.zst";
constexpr std::string_view kDoneTail = ".done.json";

std::string_view TakeSegment(std::string_view& rest) {
  const std::size_t slash = rest.find('/');
  const std::string_view segment = rest.substr(0, slash);
  rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  return segment;
}

bool IsAttempt(std::string_view word) {
  return CheckAttemptId(AttemptId(std::string(word))).has_value();
}

Error BadList(const std::string& name, const std::string& why) {
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "collection.bad_list",
               .message = fmt::format("the collection list '{}' cannot be used: {}", name, why),
               .hint = "nothing of it was deleted; restore an older version of this object"};
}

// What happens to many objects at once; the first error is the answer.
class Deleter {
 public:
  Deleter(const Context& ctx, ObjectStore& store) : ctx_(ctx), store_(store) {}

  Result<void> Delete(const std::vector<std::string>& keys) {
    std::vector<std::string> versions(keys.size());
    if (store_.features().versions) LC2_RETURN_IF_ERROR(FindVersions(keys, versions));
    return Each(
        keys.size(),
        [&](std::size_t i) -> Operation {
          return DeleteOperation{.key = keys[i], .version = versions[i]};
        },
        [](std::size_t, const OperationResult&) {});
  }

 private:
  Result<void> FindVersions(const std::vector<std::string>& keys,
                            std::vector<std::string>& versions) {
    return Each(
        keys.size(), [&](std::size_t i) -> Operation { return HeadOperation{.key = keys[i]}; },
        [&](std::size_t i, const OperationResult& found) { versions[i] = found.facts.version; });
  }

  template <class Make, class Then>
  Result<void> Each(std::size_t count, const Make& make, const Then& then) {
    std::latch all(static_cast<std::ptrdiff_t>(count));
    for (std::size_t i = 0; i < count; ++i) {
      store_.Submit(ctx_, make(i), [&, i](Result<OperationResult> answer) {
        if (answer.has_value()) {
          then(i, *answer);
        } else if (answer.error().kind != ErrorKind::kNotFound) {
          const std::lock_guard lock(mutex_);
          if (!failed_) failed_ = std::move(answer).error();
        }
        all.count_down();
      });
    }
    all.wait();
    return failed_ ? Result<void>(*failed_) : Result<void>();
  }

  const Context& ctx_;
  ObjectStore& store_;
  std::mutex mutex_;
  std::optional<Error> failed_;  // guarded by mutex_
};

struct Numbers {
  std::set<std::int64_t> lists;
  std::set<std::int64_t> done;
};

std::optional<std::int64_t> NumberOf(std::string_view name, std::string_view tail) {
  if (!name.ends_with(tail)) return std::nullopt;
  name.remove_suffix(tail.size());
  return ParseNumberedName(std::string(name) + ".json");
}

Result<Numbers> ListNumbers(const Context& ctx, ObjectStore& store, const EnvironmentId& env) {
  LC2_RETURN_IF_ERROR(CheckEnvironment(env));
  const std::string prefix = CollectionsPrefix(env);
  LC2_ASSIGN_OR_RETURN(const auto listing, store.List(ctx, {.prefix = prefix}));
  Numbers numbers;
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, listing->Read());
    if (batch.empty()) return numbers;
    for (const Entry& object : batch) {
      const std::string_view name = std::string_view(object.key).substr(prefix.size());
      if (const auto list = NumberOf(name, kListTail)) numbers.lists.insert(*list);
      if (const auto done = NumberOf(name, kDoneTail)) numbers.done.insert(*done);
    }
  }
}

}  // namespace

bool IsCollectable(const EnvironmentId& env, std::string_view key) {
  if (!IsInside(env, key)) return false;
  if (ParsePoolKey(env, key)) return true;
  std::string_view rest = key.substr(EnvironmentPrefix(env).size());
  const std::string_view folder = TakeSegment(rest);
  if (folder == "control" || folder == "pool") return false;
  const std::string_view part = TakeSegment(rest);
  const std::string_view attempt = TakeSegment(rest);
  if (rest.empty() || !IsAttempt(attempt)) return false;
  if (folder == "runs") return CheckRunId(RunId(std::string(part))).has_value();
  return part == "database" || part == "library" || part == "dl";
}

int CollectionStage(const EnvironmentId& env, std::string_view key) {
  std::string_view rest = key.substr(EnvironmentPrefix(env).size());
  const std::string_view folder = TakeSegment(rest);
  if (folder == "pool") return 0;
  if (folder == "runs") return 2;
  return TakeSegment(rest) == "library" ? 1 : 0;
}

Result<std::string> EncodeCollection(const std::vector<CollectionItem>& items) {
  StringSink sink;
  const auto writer = codec::ZstdFrameWriter::Make(sink, {.frame_bytes = 1 << 20});
  for (const CollectionItem& item : items) {
    const std::string line = codec::CanonicalJson(codec::Encode(item)) + "\n";
    if (writer->open_frame_bytes() + static_cast<std::int64_t>(line.size()) > 1 << 20)
      LC2_RETURN_IF_ERROR(writer->EndFrame());
    LC2_RETURN_IF_ERROR(writer->Write(line));
  }
  LC2_RETURN_IF_ERROR(writer->Finish());
  return std::move(sink.text());
}

Result<std::vector<CollectionItem>> ParseCollection(std::string_view bytes,
                                                    const EnvironmentId& env,
                                                    const std::string& name) {
  StringSource stored(bytes);
  codec::ZstdSource raw(stored);
  codec::LineReader lines(raw);
  std::vector<CollectionItem> items;
  while (true) {
    const Result<std::optional<std::string_view>> line = lines.Next();
    if (!line.has_value()) return BadList(name, line.error().message);
    if (!*line) return items;
    const Result<codec::Json> json = codec::ParseJson(**line);
    if (!json.has_value()) return BadList(name, json.error().message);
    Result<CollectionItem> item = codec::Decode<CollectionItem>(*json);
    if (!item.has_value()) return BadList(name, item.error().message);
    if (!IsCollectable(env, item->key))
      return BadList(name, fmt::format("line {} names what no list may name", items.size() + 1));
    if (!items.empty() && item->key <= items.back().key)
      return BadList(name, fmt::format("line {} is out of order", items.size() + 1));
    items.push_back(std::move(item).value());
  }
}

Result<std::int64_t> WriteCollection(const Context& ctx, ObjectStore& store,
                                     const EnvironmentId& env,
                                     const std::vector<CollectionItem>& items) {
  LC2_ASSIGN_OR_RETURN(const Numbers numbers, ListNumbers(ctx, store, env));
  LC2_ASSIGN_OR_RETURN(const std::string bytes, EncodeCollection(items));
  LC2_RETURN_IF_ERROR(ParseCollection(bytes, env, CollectionsPrefix(env)));
  std::int64_t number = numbers.lists.empty() ? 0 : *numbers.lists.rbegin() + 1;
  while (true) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    const std::string key = CollectionListKey(env, number);
    // No writer token: two collectors that made the same list may both carry it out.
    LC2_ASSIGN_OR_RETURN(const Created created, CreateDecision(ctx, store, key, bytes));
    if (created.outcome == CreateOutcome::kUnknown) return UnknownOutcome(key, created);
    if (created.outcome == CreateOutcome::kOurs) return number;
    ++number;
  }
}

Result<std::vector<std::int64_t>> UnfinishedCollections(const Context& ctx, ObjectStore& store,
                                                        const EnvironmentId& env) {
  LC2_ASSIGN_OR_RETURN(const Numbers numbers, ListNumbers(ctx, store, env));
  std::vector<std::int64_t> unfinished;
  for (const std::int64_t number : numbers.lists) {
    if (!numbers.done.contains(number)) unfinished.push_back(number);
  }
  return unfinished;
}

// A list may be carried out late: its janitor was stopped for weeks, or a delete request hangs in
// some queue, and the name that it hits may exist again by then. That does no harm, and needs no
// second look at the logs:
// - every name on a list belongs to one run (pool names end in its id, all others lie under its
//   attempts), and that run's log was closed when the list was made. A closed log is never opened
//   again, so whoever writes such a name later is a worker that nobody waits for, whose candidate
//   can no longer be committed; nothing but garbage is hit.
// - a name can gain a reference only from a run whose base refers to it, or that inherited the
//   writing run. A run that opens with a deleted base gives up before it starts an attempt, a
//   closed run cannot be inherited, and a run's id is never given twice. So garbage stays garbage.
Result<CollectionDone> CarryOutCollection(const Context& ctx, ObjectStore& store,
                                          const EnvironmentId& env, std::int64_t number) {
  constexpr std::size_t kBatch = 1000;
  const std::string key = CollectionListKey(env, number);
  LC2_ASSIGN_OR_RETURN(const std::string bytes, store.Get(ctx, key, kMaxListBytes));
  LC2_ASSIGN_OR_RETURN(const std::vector<CollectionItem> items, ParseCollection(bytes, env, key));
  CollectionDone done;
  for (int stage = 0; stage < kCollectionStages; ++stage) {
    std::vector<std::string> keys;
    const auto flush = [&]() -> Result<void> {
      LC2_RETURN_IF_ERROR(ctx.Check());
      LC2_RETURN_IF_ERROR(Deleter(ctx, store).Delete(keys));
      keys.clear();
      return {};
    };
    for (const CollectionItem& item : items) {
      if (CollectionStage(env, item.key) != stage) continue;
      keys.push_back(item.key);
      ++done.objects;
      done.bytes += item.size;
      if (keys.size() == kBatch) LC2_RETURN_IF_ERROR(flush());
    }
    LC2_RETURN_IF_ERROR(flush());
    // The next stage takes away what says that this one was necessary.
    LC2_RETURN_IF_ERROR(store.Barrier(ctx));
  }
  const std::string done_key = CollectionDoneKey(env, number);
  const std::string text = codec::CanonicalJson(
      codec::JsonObject{{"format", 1}, {"number", number}, {"objects", done.objects}});
  LC2_ASSIGN_OR_RETURN(const Created created, CreateDecision(ctx, store, done_key, text));
  if (created.outcome == CreateOutcome::kUnknown) return UnknownOutcome(done_key, created);
  return done;
}

}  // namespace lc2::vault
