#include "storage/s3/tests/sim_bucket.h"
#include "storage/tests/store_conformance.h"

namespace lc2 {
namespace {

class InSimulator final : public StoreUnderTest {
 public:
  ObjectStore& store() override { return *store_; }

 private:
  SimBucket bucket_;
  const std::unique_ptr<ObjectStore> store_ = bucket_.Open();
};

// A service whose order is not known: each listing is sorted.
class OutOfOrder final : public StoreUnderTest {
 public:
  OutOfOrder() {
    S3StoreOptions options = bucket_.options();
    options.can.byte_order = false;
    store_ = bucket_.Open(options);
  }
  ObjectStore& store() override { return *store_; }

 private:
  SimBucket bucket_;
  std::unique_ptr<ObjectStore> store_;
};

template <class Under>
std::unique_ptr<StoreUnderTest> Make() {
  return std::make_unique<Under>();
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreConformance,
                         ::testing::Values(StoreKind{"S3", &Make<InSimulator>},
                                           StoreKind{"S3OutOfOrder", &Make<OutOfOrder>}),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace lc2
