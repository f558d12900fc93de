// Orders of things that random ones hardly ever meet, each put together by hand.
#include <functional>
#include <utility>

#include "vault/deletion.h"
#include "vault/rules_internal.h"
#include "vault/tests/vault_fixture.h"

namespace lc2::vault {
namespace {

const By kBy{.who = "test", .why = "test"};

// Stands still before the first read of one object, while others do what they have to do.
class StandingStore final : public ObjectStore {
 public:
  StandingStore(ObjectStore& store, std::string before, std::function<void()> others)
      : store_(store), before_(std::move(before)), others_(std::move(others)) {}
  bool stood() const { return stood_; }

  StoreFeatures features() const override { return store_.features(); }
  const std::string& root_name() const override { return store_.root_name(); }
  void Submit(const Context& ctx, Operation operation, Completion done) override {
    const auto* get = std::get_if<GetOperation>(&operation);
    if (get != nullptr && get->key == before_ && !std::exchange(stood_, true)) others_();
    store_.Submit(ctx, std::move(operation), std::move(done));
  }
  Result<std::unique_ptr<ObjectReader>> OpenReader(const Context& ctx, const std::string& key,
                                                   std::optional<ByteRange> range,
                                                   const std::string& version) override {
    return store_.OpenReader(ctx, key, range, version);
  }
  Result<std::unique_ptr<ObjectWriter>> OpenWriter(const Context& ctx, const std::string& key,
                                                   PutMode mode) override {
    return store_.OpenWriter(ctx, key, mode);
  }
  Result<std::unique_ptr<EntryReader>> List(const Context& ctx, const ListQuery& query) override {
    return store_.List(ctx, query);
  }
  Result<void> Barrier(const Context& ctx) override { return store_.Barrier(ctx); }
  Result<Time> Now(const Context& ctx) override { return store_.Now(ctx); }
  Result<std::optional<std::int64_t>> FreeBytes(const Context& ctx) override {
    return store_.FreeBytes(ctx);
  }

 private:
  ObjectStore& store_;
  const std::string before_;
  const std::function<void()> others_;
  bool stood_ = false;
};

// The model's story of "lost_list_ignored": one collection has seen an open run on a deleted base;
// before it reads the base's list, the run commits, and another collection takes that list away.
struct LostList {
  explicit LostList(const internal::Rules& rules) {
    VaultFixture world;
    const OpenedBackup base = world.Make({.files = {{"a", "alone"}, {"b", "shared"}}}).value();
    const MakeOptions next{.name = "retail-prd-backup-20251110-143000",
                           .files = {{"b", "shared"}},
                           .base = base.manifest.backup_id};
    const StartedRun run = world.Start(next).value();
    const AttemptId attempt = world.Work(run, next).value();
    const auto checked = CheckCandidate(world.ctx, *world.store, kRetail, run.run, attempt).value();
    const RunId gone = base.facts.run;
    EXPECT_TRUE(
        IsOk(RequestDeletion(world.ctx, world.vault(), kRetail, gone, world.clock.Now(), kBy)));
    EXPECT_TRUE(IsOk(ExecuteDeletion(world.ctx, world.vault(), kRetail, gone, kBy)));

    StandingStore standing(
        *world.store, CandidateKey(kRetail, gone, base.facts.committed->attempt), [&] {
          EXPECT_TRUE(IsOk(Commit(world.ctx, world.vault(), kRetail, run.run, checked, "c")));
          const auto other = PlanCollection(world.ctx, *world.store, kRetail).value();
          const auto number =
              WriteCollection(world.ctx, *world.store, kRetail, other.items).value();
          EXPECT_TRUE(IsOk(CarryOutCollection(world.ctx, *world.store, kRetail, number)));
        });
    plan = internal::PlanCollection(world.ctx, standing, kRetail, {.full = true}, rules);
    EXPECT_TRUE(standing.stood());
    const std::string shared = PoolKey(kRetail, Sha256Hex("shared"), gone);
    EXPECT_TRUE(world.Exists(shared)) << "the first collection knew of the commit";
    if (!plan.has_value()) return;
    for (const CollectionItem& item : plan->items) loses = loses || item.key == shared;
  }
  Result<CollectionPlan> plan = CollectionPlan{};
  bool loses = false;  // the plan names what the new backup needs
};

TEST(CollectionOrder, AListThatIsGoneStopsACollection) {
  const LostList lost{internal::Rules{}};
  EXPECT_EQ(CodeOf(lost.plan), "collection.base_lost");
}
TEST(CollectionOrder, WithoutThatRuleABackupLosesAnObject) {
  const LostList lost{internal::Rules{.lost_lists_stop = false}};
  EXPECT_TRUE(IsOk(lost.plan));
  EXPECT_TRUE(lost.loses);
  if (lost.loses) std::printf("defect lost_list_ignored, found in an order put together by hand\n");
}

}  // namespace
}  // namespace lc2::vault
