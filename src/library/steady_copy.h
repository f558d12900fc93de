#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/context.h"
#include "library/copy.h"
#include "storage/entry.h"
#include "storage/object_store.h"

namespace lc2::library {

// Two objects with equal bytes have one name: the first writes it, the others wait for that.
// Remembers a bounded number of names; one that it has forgotten is written again, with the same
// bytes. Thread-safe.
class WrittenNames {
 public:
  struct Written {
    std::string version;   // of the stored object, where the store has versions
    bool by_this = false;  // this call wrote it
  };
  // Writes under a name; nothing if the source turned out to have changed meanwhile.
  using Write = std::function<Result<std::optional<ObjectFacts>>()>;
  Result<std::optional<Written>> Once(const std::string& path, const Write& write);

 private:
  std::mutex mutex_;
  std::condition_variable settled_;
  std::unordered_map<std::string, std::optional<std::string>> versions_;  // nothing: under way
};

// How copying one object ended.
struct ObjectCopy {
  enum class End { kCopied, kVanished, kUnstable, kUnreadable };
  End end = End::kCopied;
  Entry entry;           // kCopied: as the backup holds it
  bool changed = false;  // not as it was listed
  bool written = false;  // a new object was written, not one shared or adopted
  std::string note;
};

// Copies single objects so that what is copied was one state of the object. Thread-safe.
class SteadyCopier {
 public:
  SteadyCopier(const CopyRoute& route, const CopyOptions& options, Time certain_before)
      : route_(route), options_(options), certain_before_(certain_before) {}

  // Errors: those of the destination, and of the source but for kNotFound and kDenied.
  Result<ObjectCopy> Copy(const Context& ctx, Entry listed);

 private:
  enum class Step { kAgain, kEnd };

  Result<Step> CopyOnce(const Context& ctx, ObjectCopy& copy);
  Result<bool> IsSteady(const Context& ctx, ObjectCopy& copy, Result<ObjectFacts> facts,
                        std::int64_t bytes_read) const;
  Result<std::optional<ObjectFacts>> WriteStreamed(const Context& ctx, const ObjectCopy& copy,
                                                   const std::string& path,
                                                   const std::string& sha256) const;

  const CopyRoute& route_;
  const CopyOptions& options_;
  const Time certain_before_;
  WrittenNames names_;
};

}  // namespace lc2::library
