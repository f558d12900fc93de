#include "storage/tests/store_conformance.h"

#include "base/file.h"
#include "storage/stores.h"

namespace lc2 {
namespace {

class InMemory final : public StoreUnderTest {
 public:
  ObjectStore& store() override { return *store_; }
  void Advance(std::chrono::seconds by) override { clock_.Advance(by); }

 private:
  testing::FakeClock clock_;
  const std::unique_ptr<ObjectStore> store_ = MakeMemoryStore(clock_);
};

class InFolder final : public StoreUnderTest {
 public:
  ObjectStore& store() override { return *store_; }

 private:
  const TemporaryFolder folder_ = TemporaryFolder::Create("lc2-store").value();
  const std::unique_ptr<ObjectStore> store_ =
      OpenFolderStore(folder_.path() / "root", {.create = true}).value();
};

template <class Under>
std::unique_ptr<StoreUnderTest> Make() {
  return std::make_unique<Under>();
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreConformance,
                         ::testing::Values(StoreKind{"Memory", &Make<InMemory>},
                                           StoreKind{"Folder", &Make<InFolder>}),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace lc2
