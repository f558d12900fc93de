#include "sql/connection.h"

#include <gtest/gtest.h>

#include "testing/fake_clock.h"

namespace lc2::sql {
namespace {

// Rows that are given, then the end or an error.
class ScriptedRows final : public RowReader {
 public:
  ScriptedRows(int rows, bool fails, int& taken) : left_(rows), fails_(fails), taken_(taken) {}
  Result<std::optional<Row>> Next() override {
    if (left_ == 0 && fails_) return Error{.kind = ErrorKind::kUnavailable, .code = "test.lost"};
    if (left_ == 0) return std::optional<Row>();
    --left_;
    return std::optional(Row({++taken_}));
  }

 private:
  int left_;
  const bool fails_;
  int& taken_;
};

// Writes down what it is told.
class ScriptedConnection final : public Connection {
 public:
  Dialect dialect() const override { return Dialect::kSqlite; }
  Result<std::int64_t> Execute(const Context&, std::string_view statement, const Params&) override {
    said.emplace_back(statement);
    if (statement == fails_at) return Error{.kind = ErrorKind::kUnavailable, .code = "test.lost"};
    return 0;
  }
  Result<std::unique_ptr<RowReader>> Stream(const Context&, std::string_view statement,
                                            const Params&) override {
    if (statement == fails_at) return Error{.kind = ErrorKind::kInternal, .code = "test.bad"};
    return std::unique_ptr<RowReader>(std::make_unique<ScriptedRows>(rows, rows_fail, taken));
  }
  Result<void> ExecuteScript(const Context&, std::string_view) override { return {}; }

  std::vector<std::string> said;
  std::string fails_at;
  int rows = 0;
  bool rows_fail = false;
  int taken = 0;

 private:
  std::string_view BeginStatement(TransactionMode mode) const override {
    return mode == TransactionMode::kRead ? "begin read" : "begin write";
  }
  Result<void> CommitTransaction(const Context& ctx) override {
    LC2_RETURN_IF_ERROR(Execute(ctx, "commit", {}));
    return {};
  }
};

using Said = std::vector<std::string>;

class ConnectionTest : public ::testing::Test {
 protected:
  ScriptedConnection connection_;
  const Context ctx_ = testing::TestContext();
};

TEST_F(ConnectionTest, ACommittedTransactionIsNotRolledBack) {
  {
    Transaction transaction = Transaction::Begin(ctx_, connection_).value();
    EXPECT_TRUE(transaction.Commit(ctx_).has_value());
  }
  EXPECT_EQ(connection_.said, (Said{"begin write", "commit"}));
}

TEST_F(ConnectionTest, ATransactionThatIsGivenUpOrCannotCommitIsRolledBack) {
  {
    const Transaction given_up =
        Transaction::Begin(ctx_, connection_, TransactionMode::kRead).value();
  }
  EXPECT_EQ(connection_.said, (Said{"begin read", "rollback"}));
  connection_.said.clear();
  connection_.fails_at = "commit";
  {
    Transaction transaction = Transaction::Begin(ctx_, connection_).value();
    EXPECT_EQ(transaction.Commit(ctx_).error().code, "test.lost");
  }
  EXPECT_EQ(connection_.said, (Said{"begin write", "commit", "rollback"}));
}

TEST_F(ConnectionTest, AMovedTransactionEndsOnce) {
  {
    Transaction first = Transaction::Begin(ctx_, connection_).value();
    const Transaction second = std::move(first);
  }
  EXPECT_EQ(connection_.said, (Said{"begin write", "rollback"}));
}

TEST_F(ConnectionTest, ATransactionThatCannotBeginIsNone) {
  connection_.fails_at = "begin write";
  EXPECT_EQ(Transaction::Begin(ctx_, connection_).error().code, "test.lost");
  EXPECT_EQ(connection_.said, Said{"begin write"});
}

TEST_F(ConnectionTest, QueryGivesAllRowsUpToItsLimit) {
  connection_.rows = 3;
  EXPECT_EQ(connection_.Query(ctx_, "q").value().size(), 3U);
  EXPECT_EQ(connection_.Query(ctx_, "q", {}, 3).value().size(), 3U);
  EXPECT_EQ(connection_.Query(ctx_, "q", {}, 2).error().code, "sql.too_many_rows");
}

TEST_F(ConnectionTest, QueryOneReadsTheOthersToTheirEnd) {
  connection_.rows = 3;
  EXPECT_EQ(connection_.QueryOne(ctx_, "q").value()->Int(0), 1);
  EXPECT_EQ(connection_.taken, 3);
  connection_.rows = 0;
  EXPECT_FALSE(connection_.QueryOne(ctx_, "q").value().has_value());
}

TEST_F(ConnectionTest, RowsThatWereLostAreNoEnd) {
  connection_.rows = 2;
  connection_.rows_fail = true;
  EXPECT_EQ(connection_.Query(ctx_, "q").error().code, "test.lost");
  EXPECT_EQ(connection_.QueryOne(ctx_, "q").error().code, "test.lost");
  connection_.fails_at = "q";
  EXPECT_EQ(connection_.Query(ctx_, "q").error().code, "test.bad");
  EXPECT_EQ(connection_.QueryOne(ctx_, "q").error().code, "test.bad");
}

}  // namespace
}  // namespace lc2::sql
