#include "database/dump_session.h"

#include <fmt/core.h>

#include "database/client_login.h"
#include "database/dump_writer.h"

namespace lc2::database {

namespace {

class PostgresDumpSession final : public DumpSession {
 public:
  PostgresDumpSession(DatabaseTarget target, SchemaOptions schemas, ClientTool dump_tool,
                      ClientTool list_tool, std::unique_ptr<sql::PostgresConnection> connection)
      : target_(std::move(target)),
        schemas_(std::move(schemas)),
        dump_tool_(std::move(dump_tool)),
        list_tool_(std::move(list_tool)),
        connection_(std::move(connection)),
        server_version_(connection_->server_version_text()) {}

  Result<void> Begin(const Context& ctx) {
    LC2_ASSIGN_OR_RETURN(sql::Transaction transaction,
                         sql::Transaction::Begin(ctx, *connection_, sql::TransactionMode::kRead));
    transaction_.emplace(std::move(transaction));
    Result<std::optional<sql::Row>> row = connection_->QueryOne(
        ctx, "select pg_export_snapshot(), pg_database_size(current_database())");
    if (!row.has_value() && row.error().code.rfind("sql.", 0) == 0 &&
        row.error().kind != ErrorKind::kUnavailable) {
      return Error{.kind = ErrorKind::kInvalid,
                   .code = "database.no_snapshot",
                   .message = fmt::format("cannot export a snapshot of {}", target_.Describe()),
                   .hint =
                       "is it a standby, or behind a pooler that shares sessions? Name the "
                       "primary server itself in the database secret",
                   .cause = Share(row.error())};
    }
    if (!row.has_value()) return row.error();
    LC2_CHECK(row->has_value());
    snapshot_ = (*row)->Text(0);
    database_bytes_ = (*row)->Int(1);
    return {};
  }

  const std::string& server_version() const override { return server_version_; }
  const ClientTool& tool() const override { return dump_tool_; }
  std::int64_t database_bytes() const override { return database_bytes_; }

  Result<ReferenceFacts> WriteReferences(const Context& ctx, ObjectStore& store,
                                         const std::string& key) override {
    return database::WriteReferences(ctx, *connection_, schemas_, store, key);
  }

  Result<std::optional<ReleaseFacts>> ReadRelease(const Context& ctx) override {
    return database::ReadRelease(ctx, *connection_, schemas_);
  }

  Result<DumpFacts> WriteDump(const Context& ctx, ObjectStore& store,
                              const DumpOptions& options) override {
    return WritePostgresDump(ctx, target_,
                             {.dump_tool = dump_tool_,
                              .list_tool = list_tool_,
                              .snapshot = snapshot_,
                              .expected_bytes = database_bytes_},
                             store, options);
  }

 private:
  const DatabaseTarget target_;
  const SchemaOptions schemas_;
  const ClientTool dump_tool_;
  const ClientTool list_tool_;
  const std::unique_ptr<sql::PostgresConnection> connection_;
  const std::string server_version_;
  std::optional<sql::Transaction> transaction_;  // after the connection: it ends first
  std::string snapshot_;
  std::int64_t database_bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<sql::PostgresConnection>> Connect(const Context& ctx,
                                                         const DatabaseTarget& target) {
  if (target.engine != Engine::kPostgres) {
    return Error{.kind = ErrorKind::kInvalid,
                 .code = "database.unsupported_engine",
                 .message = fmt::format("{} is not PostgreSQL", target.Describe()),
                 .hint = "this release handles PostgreSQL only"};
  }
  return sql::ConnectPostgres(ctx, {.host = target.host,
                                    .port = target.port,
                                    .user = target.user,
                                    .password = target.password,
                                    .database = target.name,
                                    .sslmode = target.sslmode,
                                    .sslrootcert = target.sslrootcert,
                                    .connect_timeout = target.connect_timeout});
}

Result<std::unique_ptr<DumpSession>> OpenDumpSession(const Context& ctx,
                                                     const DatabaseTarget& target,
                                                     const DumpSessionOptions& options) {
  LC2_ASSIGN_OR_RETURN(auto connection, Connect(ctx, target));
  LC2_ASSIGN_OR_RETURN(const auto dump_tools, FindTools(ctx, options.tools, "pg_dump"));
  LC2_ASSIGN_OR_RETURN(ClientTool dump_tool,
                       ChooseForDump(dump_tools, "pg_dump", connection->server_major()));
  LC2_ASSIGN_OR_RETURN(const auto list_tools, FindTools(ctx, options.tools, "pg_restore"));
  LC2_ASSIGN_OR_RETURN(ClientTool list_tool,
                       ChooseForRestore(list_tools, "pg_restore", dump_tool.version));
  auto session = std::make_unique<PostgresDumpSession>(
      target, options.schemas, std::move(dump_tool), std::move(list_tool), std::move(connection));
  LC2_RETURN_IF_ERROR(session->Begin(ctx));
  return std::unique_ptr<DumpSession>(std::move(session));
}

}  // namespace lc2::database
