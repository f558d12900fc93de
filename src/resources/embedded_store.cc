#include "resources/embedded_store.h"

#include <fmt/core.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>

#include <boost/json.hpp>

#include "api/kinds.h"
#include "base/time_format.h"
#include "resources/object_internal.h"
#include "sql/sqlite.h"

namespace lc2 {

namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;
using std::chrono::milliseconds;

// A version is the number of a change, so versions of all objects are in one order. `removed` is
// the last state of an object that this change took away.
constexpr std::string_view kFirstSchema = R"(
create table resources (
  kind text not null, namespace text not null, name text not null,
  version integer not null, object text not null,
  primary key (kind, namespace, name)) without rowid;
create table changes (
  version integer primary key autoincrement,
  kind text not null, namespace text not null, name text not null, removed text);
)";

constexpr std::int64_t kTrimEvery = 64;
constexpr std::int64_t kChangesAtOnce = 1'000;

// "BackupRequest 'proj-retail-prd/nightly'": for people, who are shown values in quotes.
std::string Named(const ResourceRef& ref) {
  return fmt::format("{} '{}{}{}'", ref.kind, ref.namespace_, ref.namespace_.empty() ? "" : "/",
                     ref.name);
}

Error NotFound(const ResourceRef& ref) {
  return Error{.kind = ErrorKind::kNotFound,
               .code = "resource.not_found",
               .message = fmt::format("there is no {}", Named(ref)),
               .hint = fmt::format("'lc2 get {}' lists what there is", ref.kind)};
}

Error Conflict(const ResourceRef& ref, std::string_view why) {
  return Error{.kind = ErrorKind::kConflict,
               .code = "resource.conflict",
               .message = fmt::format("{} cannot be written: {}", Named(ref), why),
               .hint = "read it again, and repeat the change on what it says now"};
}

Error InvalidObject(const ResourceRef& ref, const api::Faults& faults) {
  return api::FaultsError(fmt::format("{} is not valid, nothing was changed", Named(ref)), faults);
}

JsonObject& MetaOf(Json& object) { return object.at("metadata").get_object(); }

JsonArray FinalizersOf(const Json& object) {
  const Json* list = object.at("metadata").get_object().if_contains("finalizers");
  return list != nullptr && list->is_array() ? list->get_array() : JsonArray();
}

bool IsBeingDeleted(const Json& object) { return !MetaText(object, "deletionTimestamp").empty(); }

// RFC 9562, version 4.
std::string MakeUid(Random& random) {
  std::string hex = random.Hex(16);
  hex[12] = '4';
  hex[16] = "89ab"[random.Between(0, 3)];
  for (const std::size_t at : {20U, 16U, 12U, 8U}) hex.insert(at, "-");
  return hex;
}

Result<Json> ParseStored(const std::string& text) {
  Result<Json> object = codec::ParseJson(text);
  if (object.has_value()) return object;
  return Error{.kind = ErrorKind::kCorrupt,
               .code = "resource.store_corrupt",
               .message = "the store holds an object that cannot be read",
               .hint = "restore the file from a copy; backups do not depend on it",
               .cause = Share(object.error())};
}

// What happened to the objects of a query after a version.
struct ChangeBatch {
  bool lost = false;  // changes after that version were trimmed
  std::int64_t version = 0;
  std::deque<WatchEvent> events;
};

class EmbeddedStore final : public ResourceStore {
 public:
  EmbeddedStore(std::unique_ptr<sql::Connection> connection, Random& random,
                const EmbeddedStoreOptions& options)
      : connection_(std::move(connection)), random_(random), options_(options) {}

  Result<Json> Get(const Context& ctx, const ResourceRef& ref) override {
    LC2_ASSIGN_OR_RETURN(const api::Kind* kind, api::RequireKind(ref.kind));
    const std::lock_guard lock(mutex_);
    return Read(ctx, ResourceRef{kind->name, ref.namespace_, ref.name});
  }

  Result<ResourceList> List(const Context& ctx, const ResourceQuery& query) override {
    LC2_ASSIGN_OR_RETURN(const api::Kind* kind, api::RequireKind(query.kind));
    const std::lock_guard lock(mutex_);
    LC2_ASSIGN_OR_RETURN(sql::Transaction transaction,
                         sql::Transaction::Begin(ctx, *connection_, sql::TransactionMode::kRead));
    LC2_ASSIGN_OR_RETURN(
        const std::vector<sql::Row> rows,
        connection_->Query(ctx,
                           "select object from resources where kind = $1 and ($2 = '' or "
                           "namespace = $2) order by namespace, name",
                           {kind->name, query.namespace_}));
    LC2_ASSIGN_OR_RETURN(const std::int64_t version, LastVersion(ctx));
    LC2_RETURN_IF_ERROR(transaction.Commit(ctx));
    ResourceList list{.resource_version = std::to_string(version)};
    for (const sql::Row& row : rows) {
      LC2_ASSIGN_OR_RETURN(Json object, ParseStored(row.Text(0)));
      if (HasLabels(object, query.labels)) list.items.push_back(std::move(object));
    }
    return list;
  }

  Result<std::unique_ptr<ResourceWatch>> Watch(const Context& ctx,
                                               const ResourceQuery& query) override;

  Result<Json> Create(const Context& ctx, const Json& object) override {
    const ResourceRef given = RefOf(object);
    api::Admitted admitted = api::AdmitNew(object);
    if (!admitted.faults.empty()) return InvalidObject(given, admitted.faults);
    const ResourceRef ref = RefOf(admitted.object);
    return Write(ctx, [&]() -> Result<Json> {
      const Result<Json> existing = Read(ctx, ref);
      if (existing.has_value()) return AlreadyExists(ref, *existing);
      if (existing.error().kind != ErrorKind::kNotFound) return existing.error();
      JsonObject& metadata = MetaOf(admitted.object);
      metadata["uid"] = MakeUid(random_);
      metadata["generation"] = 1;
      metadata["creationTimestamp"] = FormatRfc3339(ctx.clock().Now());
      return Put(ctx, ref, std::move(admitted.object));
    });
  }

  Result<Json> Update(const Context& ctx, const Json& object) override {
    return Replace(ctx, object, [&](const ResourceRef& ref, const Json& before) -> Result<Json> {
      api::Admitted admitted = api::AdmitChange(before, object);
      if (!admitted.faults.empty()) return InvalidObject(ref, admitted.faults);
      if (admitted.object.at("spec") != before.at("spec")) {
        MetaOf(admitted.object)["generation"] =
            before.at("metadata").at("generation").get_int64() + 1;
      }
      return std::move(admitted.object);
    });
  }

  Result<Json> UpdateStatus(const Context& ctx, const Json& object) override {
    return Replace(ctx, object, [&](const ResourceRef& ref, const Json& before) -> Result<Json> {
      api::Admitted admitted = api::AdmitStatus(before, object);
      if (!admitted.faults.empty()) return InvalidObject(ref, admitted.faults);
      return std::move(admitted.object);
    });
  }

  Result<Json> UpdateFinalizers(const Context& ctx, const Json& object) override {
    return Replace(ctx, object, [&](const ResourceRef& ref, const Json& before) -> Result<Json> {
      api::Admitted admitted = api::AdmitFinalizers(before, object);
      if (!admitted.faults.empty()) return InvalidObject(ref, admitted.faults);
      return std::move(admitted.object);
    });
  }

  Result<void> Delete(const Context& ctx, const ResourceRef& given,
                      const DeletePreconditions& only_if) override {
    LC2_ASSIGN_OR_RETURN(const api::Kind* kind, api::RequireKind(given.kind));
    const ResourceRef ref{kind->name, given.namespace_, given.name};
    Result<Json> deleted = Write(ctx, [&]() -> Result<Json> {
      LC2_ASSIGN_OR_RETURN(Json before, Read(ctx, ref));
      LC2_RETURN_IF_ERROR(CheckPreconditions(ref, before, only_if.uid, only_if.resource_version));
      if (FinalizersOf(before).empty()) return Remove(ctx, ref, std::move(before));
      if (IsBeingDeleted(before)) return before;
      MetaOf(before)["deletionTimestamp"] = FormatRfc3339(ctx.clock().Now());
      return Put(ctx, ref, std::move(before));
    });
    if (!deleted.has_value()) return std::move(deleted).error();
    return {};
  }

  // What was written by anyone after `version`.
  Result<ChangeBatch> ChangesSince(const Context& ctx, const ResourceQuery& query,
                                   std::int64_t version);

  // How often this process has written; WaitForWrite() returns once that is not `seen` any more,
  // or after `time`.
  std::uint64_t writes() {
    const std::lock_guard lock(mutex_);
    return writes_;
  }
  void WaitForWrite(std::uint64_t seen, milliseconds time) {
    std::unique_lock lock(mutex_);
    written_.wait_for(lock, time, [&] { return writes_ != seen; });
  }
  milliseconds poll() const { return options_.poll; }

 private:
  // All below: with the lock held.

  Result<Json> Read(const Context& ctx, const ResourceRef& ref) {
    LC2_ASSIGN_OR_RETURN(
        const std::optional<sql::Row> row,
        connection_->QueryOne(
            ctx, "select object from resources where kind = $1 and namespace = $2 and name = $3",
            {ref.kind, ref.namespace_, ref.name}));
    if (!row) return NotFound(ref);
    return ParseStored(row->Text(0));
  }

  Result<std::int64_t> LastVersion(const Context& ctx) {
    LC2_ASSIGN_OR_RETURN(const std::optional<sql::Row> row,
                         connection_->QueryOne(ctx, "select max(version) from changes"));
    return row ? row->Int(0) : 0;
  }

  // Runs `body` in a transaction of its own and tells the watches.
  template <class Body>
  Result<Json> Write(const Context& ctx, const Body& body) {
    LC2_RETURN_IF_ERROR(ctx.Check());
    const std::lock_guard lock(mutex_);
    LC2_ASSIGN_OR_RETURN(sql::Transaction transaction,
                         sql::Transaction::Begin(ctx, *connection_, sql::TransactionMode::kWrite));
    LC2_ASSIGN_OR_RETURN(Json object, body());
    LC2_RETURN_IF_ERROR(transaction.Commit(ctx));
    ++writes_;
    written_.notify_all();
    return object;
  }

  // Writes what `change` makes of the stored state, if `object` was made from that very state.
  template <class Change>
  Result<Json> Replace(const Context& ctx, const Json& object, const Change& change) {
    const ResourceRef ref = RefOf(object);
    LC2_RETURN_IF_ERROR(api::RequireKind(ref.kind));
    const std::string version = MetaText(object, "resourceVersion");
    if (version.empty()) {
      return InvalidObject(ref, {api::Fault{.path = "metadata.resourceVersion",
                                            .message = "is required to change an object"}});
    }
    return Write(ctx, [&]() -> Result<Json> {
      LC2_ASSIGN_OR_RETURN(const Json before, Read(ctx, ref));
      LC2_RETURN_IF_ERROR(CheckPreconditions(ref, before, MetaText(object, "uid"), version));
      LC2_ASSIGN_OR_RETURN(Json after, change(ref, before));
      if (IsBeingDeleted(after) && FinalizersOf(after).empty()) {
        return Remove(ctx, ref, std::move(after));
      }
      if (after == before) return before;
      return Put(ctx, ref, std::move(after));
    });
  }

  Result<void> CheckPreconditions(const ResourceRef& ref, const Json& before,
                                  const std::string& uid, const std::string& version) {
    if (!uid.empty() && uid != MetaText(before, "uid")) {
      return Conflict(ref, "it was deleted and made anew meanwhile");
    }
    if (!version.empty() && version != MetaText(before, "resourceVersion")) {
      return Conflict(ref, "it was changed meanwhile");
    }
    return {};
  }

  Error AlreadyExists(const ResourceRef& ref, const Json& existing) {
    return Error{.kind = ErrorKind::kAlreadyExists,
                 .code = "resource.already_exists",
                 .message = fmt::format("there is a {} already{}", Named(ref),
                                        IsBeingDeleted(existing) ? ", which is being deleted" : ""),
                 .hint = "take another name, or change the one that exists with 'lc2 apply'"};
  }

  Result<std::int64_t> AddChange(const Context& ctx, const ResourceRef& ref,
                                 const sql::Value& removed) {
    LC2_ASSIGN_OR_RETURN(
        const std::optional<sql::Row> row,
        connection_->QueryOne(ctx,
                              "insert into changes (kind, namespace, name, removed) "
                              "values ($1, $2, $3, $4) returning version",
                              {ref.kind, ref.namespace_, ref.name, removed}));
    LC2_CHECK(row.has_value());
    const std::int64_t version = row->Int(0);
    if (version % kTrimEvery == 0) {
      LC2_RETURN_IF_ERROR(connection_->Execute(ctx, "delete from changes where version <= $1",
                                               {version - options_.history}));
    }
    return version;
  }

  Result<Json> Put(const Context& ctx, const ResourceRef& ref, Json object) {
    LC2_ASSIGN_OR_RETURN(const std::int64_t version, AddChange(ctx, ref, nullptr));
    MetaOf(object)["resourceVersion"] = std::to_string(version);
    LC2_RETURN_IF_ERROR(connection_->Execute(
        ctx,
        "insert into resources (kind, namespace, name, version, object) values ($1, $2, $3, $4, "
        "$5) on conflict do update set version = excluded.version, object = excluded.object",
        {ref.kind, ref.namespace_, ref.name, version, codec::CompactJson(object)}));
    return object;
  }

  Result<Json> Remove(const Context& ctx, const ResourceRef& ref, Json object) {
    LC2_RETURN_IF_ERROR(AddChange(ctx, ref, codec::CompactJson(object)));
    LC2_RETURN_IF_ERROR(connection_->Execute(
        ctx, "delete from resources where kind = $1 and namespace = $2 and name = $3",
        {ref.kind, ref.namespace_, ref.name}));
    return object;
  }

  std::mutex mutex_;
  std::condition_variable written_;
  std::uint64_t writes_ = 0;
  const std::unique_ptr<sql::Connection> connection_;
  Random& random_;
  const EmbeddedStoreOptions options_;
};

Result<ChangeBatch> EmbeddedStore::ChangesSince(const Context& ctx, const ResourceQuery& query,
                                                std::int64_t version) {
  const std::lock_guard lock(mutex_);
  LC2_ASSIGN_OR_RETURN(sql::Transaction transaction,
                       sql::Transaction::Begin(ctx, *connection_, sql::TransactionMode::kRead));
  LC2_ASSIGN_OR_RETURN(
      const std::optional<sql::Row> range,
      connection_->QueryOne(ctx, "select min(version), max(version) from changes"));
  ChangeBatch batch{.version = range->Int(1)};
  // Behind what is kept, or ahead of all there is: the file was put back from a copy.
  batch.lost = batch.version < version || range->Int(0) > version + 1;
  if (batch.lost || batch.version == version) return batch;
  // A state that was written over by now is left out: a later change has the present one.
  LC2_ASSIGN_OR_RETURN(
      const std::vector<sql::Row> rows,
      connection_->Query(ctx,
                         "select c.version, c.removed, r.object from changes c left join resources "
                         "r on r.kind = c.kind and r.namespace = c.namespace and r.name = c.name "
                         "and r.version = c.version where c.version > $1 and c.kind = $2 and ($3 = "
                         "'' or c.namespace = $3) order by c.version limit $4",
                         {version, query.kind, query.namespace_, kChangesAtOnce}));
  LC2_RETURN_IF_ERROR(transaction.Commit(ctx));
  if (static_cast<std::int64_t>(rows.size()) == kChangesAtOnce) batch.version = rows.back().Int(0);
  for (const sql::Row& row : rows) {
    const bool removed = !row.IsNull(1);
    if (!removed && row.IsNull(2)) continue;
    LC2_ASSIGN_OR_RETURN(Json object, ParseStored(row.Text(removed ? 1 : 2)));
    const bool wanted = HasLabels(object, query.labels);
    if (removed && !wanted) continue;
    batch.events.push_back(
        WatchEvent{.type = removed || !wanted ? WatchEventType::kDelete : WatchEventType::kPut,
                   .object = std::move(object)});
  }
  return batch;
}

class EmbeddedWatch final : public ResourceWatch {
 public:
  EmbeddedWatch(EmbeddedStore& store, ResourceQuery query)
      : store_(store), query_(std::move(query)) {}

  Result<std::optional<WatchEvent>> Next(const Context& ctx, milliseconds wait) override {
    // The wait is a real one: it is for another thread or process, which no fake clock moves.
    const auto until = std::chrono::steady_clock::now() + wait;
    for (;;) {
      LC2_RETURN_IF_ERROR(ctx.Check());
      const std::uint64_t seen = store_.writes();
      if (events_.empty()) LC2_RETURN_IF_ERROR(Fill(ctx));
      if (!events_.empty()) {
        WatchEvent event = std::move(events_.front());
        events_.pop_front();
        return std::optional<WatchEvent>(std::move(event));
      }
      const auto left =
          std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now());
      if (left <= milliseconds(0)) return std::optional<WatchEvent>();
      store_.WaitForWrite(seen, std::min(left, store_.poll()));
    }
  }

 private:
  Result<void> Fill(const Context& ctx) {
    if (!version_) return FillInitialSet(ctx);
    LC2_ASSIGN_OR_RETURN(ChangeBatch batch, store_.ChangesSince(ctx, query_, *version_));
    if (batch.lost) {
      version_.reset();
      events_.push_back(WatchEvent{.type = WatchEventType::kReset});
      return {};
    }
    version_ = batch.version;
    events_ = std::move(batch.events);
    return {};
  }

  Result<void> FillInitialSet(const Context& ctx) {
    LC2_ASSIGN_OR_RETURN(ResourceList list, store_.List(ctx, query_));
    version_ = std::stoll(list.resource_version);
    for (Json& item : list.items) {
      events_.push_back(WatchEvent{.type = WatchEventType::kPut, .object = std::move(item)});
    }
    events_.push_back(WatchEvent{.type = WatchEventType::kSynced});
    return {};
  }

  EmbeddedStore& store_;
  const ResourceQuery query_;
  std::optional<std::int64_t> version_;  // all changes up to it are in `events_` or were given out
  std::deque<WatchEvent> events_;
};

Result<std::unique_ptr<ResourceWatch>> EmbeddedStore::Watch(const Context& ctx,
                                                            const ResourceQuery& query) {
  LC2_RETURN_IF_ERROR(ctx.Check());
  LC2_ASSIGN_OR_RETURN(const api::Kind* kind, api::RequireKind(query.kind));
  return std::unique_ptr<ResourceWatch>(std::make_unique<EmbeddedWatch>(
      *this, ResourceQuery{kind->name, query.namespace_, query.labels}));
}

}  // namespace

Result<std::unique_ptr<ResourceStore>> OpenEmbeddedStore(const Context& ctx,
                                                         const std::filesystem::path& file,
                                                         Random& random,
                                                         const EmbeddedStoreOptions& options) {
  LC2_CHECK(options.history > 0);
  LC2_ASSIGN_OR_RETURN(std::unique_ptr<sql::Connection> connection, sql::OpenSqlite(ctx, file));
  LC2_RETURN_IF_ERROR(sql::Migrate(ctx, *connection, {kFirstSchema}));
  return std::unique_ptr<ResourceStore>(
      std::make_unique<EmbeddedStore>(std::move(connection), random, options));
}

}  // namespace lc2
