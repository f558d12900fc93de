#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "base/context.h"
#include "base/result.h"
#include "base/strong.h"
#include "storage/object_store.h"

// control/collections/<000000>.ndjson.zst: what a collection may delete, and why; and the janitor
// that carries such a list out. Deciding and deleting are two steps, so that the one who deletes
// decides nothing.
namespace lc2::vault {

struct CollectionItem {
  std::string key;
  std::int64_t size = 0;
  std::string reason;
  bool operator==(const CollectionItem&) const = default;
};
BOOST_DESCRIBE_STRUCT(CollectionItem, (), (key, size, reason))

// Whether a list may name `key` at all: an object of the environment's pool, or a file of one
// attempt below a backup's database/, library/ or dl/ or below runs/. Never control/, a manifest,
// a signature, or anything of another environment. Pure.
bool IsCollectable(const EnvironmentId& env, std::string_view key);

// When a list's object is deleted: stage 0 data, 1 indexes and shards, 2 records with the
// candidate. A deleted backup's own list is needed to know what it leaves, so it outlives what it
// names.
inline constexpr int kCollectionStages = 3;
int CollectionStage(const EnvironmentId& env, std::string_view key);

// Items sorted by key. Parsing errors: kCorrupt "collection.bad_list" (unreadable, not sorted, or
// naming what no list may).
Result<std::string> EncodeCollection(const std::vector<CollectionItem>& items);
Result<std::vector<CollectionItem>> ParseCollection(std::string_view bytes,
                                                    const EnvironmentId& env,
                                                    const std::string& name);

// Creates the next list and returns its number. Errors: kUnavailable "vault.unknown_outcome".
Result<std::int64_t> WriteCollection(const Context& ctx, ObjectStore& store,
                                     const EnvironmentId& env,
                                     const std::vector<CollectionItem>& items);

// Lists that were not carried out to their end, oldest first.
Result<std::vector<std::int64_t>> UnfinishedCollections(const Context& ctx, ObjectStore& store,
                                                        const EnvironmentId& env);

struct CollectionDone {
  std::int64_t objects = 0;
  std::int64_t bytes = 0;
};
// Deletes what list `number` names and records that it is done. Repeatable by anybody at any time,
// beside others too: what is gone is gone.
Result<CollectionDone> CarryOutCollection(const Context& ctx, ObjectStore& store,
                                          const EnvironmentId& env, std::int64_t number);

}  // namespace lc2::vault
