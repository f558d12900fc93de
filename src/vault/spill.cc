#include "vault/spill.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "codec/described.h"
#include "codec/zstd_stream.h"
#include "vault/paths.h"

namespace lc2::vault {
namespace {

constexpr int kSets = 256;

struct WrittenObject {
  std::string name;
  std::int64_t size = 0;
};
BOOST_DESCRIBE_STRUCT(WrittenObject, (), (name, size))

Error Invalid(const std::string& part, std::string_view why) {
  return Error{
      .kind = ErrorKind::kCorrupt,
      .code = "spill.invalid",
      .message = fmt::format("cannot read the list of written objects '{}': {}", part, why),
      .hint = "the attempt cannot be committed: start another one"};
}

std::optional<int> SetOf(std::string_view name) {
  unsigned hh = 0;
  if (name.size() < 2) return std::nullopt;
  const auto end = std::from_chars(name.data(), name.data() + 2, hh, 16);
  if (end.ec != std::errc() || end.ptr != name.data() + 2) return std::nullopt;
  return static_cast<int>(hh);
}

class Writer final : public WrittenObjects {
 public:
  Writer(const Context& ctx, ObjectStore& store, std::string folder, std::int64_t max_bytes)
      : ctx_(ctx), store_(store), folder_(std::move(folder)), max_bytes_(max_bytes) {}

  Result<void> Add(std::string_view name, std::int64_t size) override {
    const std::optional<int> hh = SetOf(name);
    LC2_CHECK(hh.has_value());
    Set& set = sets_[static_cast<std::size_t>(*hh)];
    // The name is hex digits and a dash: nothing to escape.
    const std::string line = fmt::format("{{\"name\":\"{}\",\"size\":{}}}\n", name, size);
    set.lines += line;
    held_ += static_cast<std::int64_t>(line.size());
    if (held_ <= max_bytes_) return {};
    int fullest = 0;
    for (int i = 0; i < kSets; ++i) {
      if (sets_[static_cast<std::size_t>(i)].lines.size() >
          sets_[static_cast<std::size_t>(fullest)].lines.size())
        fullest = i;
    }
    return Flush(fullest);
  }

  Result<void> Finish() override {
    for (int i = 0; i < kSets; ++i) LC2_RETURN_IF_ERROR(Flush(i));
    return store_.Barrier(ctx_);
  }

 private:
  struct Set {
    std::string lines;
    int parts = 0;
  };

  Result<void> Flush(int hh) {
    Set& set = sets_[static_cast<std::size_t>(hh)];
    if (set.lines.empty()) return {};
    held_ -= static_cast<std::int64_t>(set.lines.size());
    Result<ObjectFacts> put =
        store_.Put(ctx_, {.key = fmt::format("{}{:02x}-{:06}.ndjson", folder_, hh, set.parts),
                          .body = std::exchange(set.lines, {}),
                          .durability = Durability::kAtBarrier});
    if (!put.has_value()) return std::move(put).error();
    ++set.parts;
    return {};
  }

  const Context ctx_;
  ObjectStore& store_;
  const std::string folder_;
  const std::int64_t max_bytes_;
  std::array<Set, kSets> sets_;
  std::int64_t held_ = 0;
};

using Objects = std::unordered_map<std::string, std::int64_t>;

class Checker {
 public:
  Checker(const Context& ctx, ObjectStore& store, const EnvironmentId& env, const OwnRuns& own)
      : ctx_(ctx), store_(store), env_(env), own_(own) {}

  // Reads one part of a set.
  Result<void> Read(const std::string& part, int hh) {
    LC2_ASSIGN_OR_RETURN(const auto source, store_.OpenReader(ctx_, part));
    codec::LineReader lines(*source);
    while (true) {
      LC2_ASSIGN_OR_RETURN(const std::optional<std::string_view> line, lines.Next());
      if (!line) return {};
      const Result<codec::Json> json = codec::ParseJson(*line, {.max_bytes = 4096, .max_depth = 4});
      if (!json.has_value()) return Invalid(part, json.error().message);
      const Result<WrittenObject> object = codec::Decode<WrittenObject>(*json);
      if (!object.has_value()) return Invalid(part, object.error().message);
      const auto name = ParsePoolKey(env_, PoolFolder(env_, hh) + object->name);
      if (!name || !own_.Owns(name->run8))
        return Invalid(part,
                       fmt::format("'{}' is no object of this run", object->name.substr(0, 100)));
      sum_.Add(object->name, object->size);
      const auto [known, is_new] = objects_.emplace(object->name, object->size);
      if (!is_new && known->second != object->size)
        return Invalid(part, fmt::format("'{}' has two sizes", object->name));
    }
  }

  // Joins the set read with the pool's listing, and forgets it.
  Result<void> Join(int hh) {
    if (objects_.empty()) return {};
    const std::string folder = PoolFolder(env_, hh);
    LC2_ASSIGN_OR_RETURN(const auto listing, store_.List(ctx_, {.prefix = folder}));
    while (true) {
      LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, listing->Read());
      if (batch.empty()) break;
      for (const Entry& there : batch) {
        const auto owed = objects_.find(there.key.substr(folder.size()));
        if (owed == objects_.end()) continue;
        if (owed->second != there.size)
          return Mismatch("candidate.object_size", there.key, fmt::format("{} bytes", owed->second),
                          fmt::format("{}", there.size));
        objects_.erase(owed);
      }
    }
    if (objects_.empty()) return {};
    return Mismatch("candidate.object_lost", folder + objects_.begin()->first, "an object",
                    "nothing");
  }

  const PairSum& sum() const { return sum_; }

 private:
  Error Mismatch(std::string_view code, std::string_view key, std::string_view expected,
                 std::string_view found) const {
    return Error{.kind = ErrorKind::kCorrupt,
                 .code = std::string(code),
                 .message = fmt::format("the backup needs '{}': expected {}, found {}", key,
                                        expected, found),
                 .hint =
                     "the attempt cannot be committed: start another one; if it happens again, "
                     "ask who else deletes in the location"};
  }

  const Context& ctx_;
  ObjectStore& store_;
  const EnvironmentId& env_;
  const OwnRuns& own_;
  Objects objects_;
  PairSum sum_;
};

}  // namespace

bool OwnRuns::Owns(std::string_view run8) const {
  return run8 == Run8(run) || (inherited && run8 == Run8(*inherited));
}

void PairSum::Add(std::string_view name, std::int64_t size) {
  Sha256 hash;
  hash.Update(fmt::format("{} {}", name, size));
  const Sha256Digest digest = hash.Finish();
  for (std::size_t lane = 0; lane < 4; ++lane) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < 8; ++i) word = word << 8 | digest[lane * 8 + i];
    lanes_[lane] += word;
  }
  ++count_;
}

std::unique_ptr<WrittenObjects> WrittenObjects::Make(const Context& ctx, ObjectStore& store,
                                                     std::string folder, std::int64_t max_bytes) {
  return std::make_unique<Writer>(ctx, store, std::move(folder), max_bytes);
}

Result<PairSum> CheckWrittenObjects(const Context& ctx, ObjectStore& store,
                                    const EnvironmentId& env, const std::string& folder,
                                    const OwnRuns& own) {
  Checker checker(ctx, store, env, own);
  int open_set = -1;
  LC2_ASSIGN_OR_RETURN(const auto parts, store.List(ctx, {.prefix = folder}));
  while (true) {
    LC2_ASSIGN_OR_RETURN(const std::vector<Entry> batch, parts->Read());
    if (batch.empty()) break;
    for (const Entry& part : batch) {
      const std::optional<int> hh = SetOf(std::string_view(part.key).substr(folder.size()));
      if (!hh) return Invalid(part.key, "its name is no set");
      if (*hh != open_set && open_set >= 0) LC2_RETURN_IF_ERROR(checker.Join(open_set));
      open_set = *hh;
      LC2_RETURN_IF_ERROR(checker.Read(part.key, *hh));
    }
  }
  if (open_set >= 0) LC2_RETURN_IF_ERROR(checker.Join(open_set));
  return checker.sum();
}

}  // namespace lc2::vault
