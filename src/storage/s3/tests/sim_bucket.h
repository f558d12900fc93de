#pragma once

#include <memory>
#include <string>

#include "cloud/aws/credential_cache.h"
#include "s3sim/sim_transport.h"
#include "s3sim/simulator.h"
#include "storage/s3/s3_store.h"

namespace lc2 {

inline constexpr std::int64_t kPart = 5 << 20;  // no service takes smaller ones

// A bucket "b" of a simulated S3, and stores in it.
class SimBucket {
 public:
  explicit SimBucket(s3sim::SimulatorOptions options = {}, bool versioned = false)
      : simulator_(WithKeys(std::move(options)), clock_) {
    simulator_.service().CreateBucket("b", {.versioned = versioned});
  }

  S3StoreOptions options() const {
    return {.bucket = {.name = "b",
                       .endpoint = {.scheme = "http", .host = "s3.test", .region = "us-east-1"}},
            .prefix = "p/",
            .client = {.tries = 8, .first_pause = std::chrono::milliseconds(0)},
            .part_bytes = kPart};
  }
  std::unique_ptr<ObjectStore> Open(const S3StoreOptions& options) {
    return MakeS3Store(links(), options);
  }
  S3StoreLinks links() { return {transport_, credentials_, random_}; }
  std::unique_ptr<ObjectStore> Open() { return Open(options()); }

  s3sim::Simulator& simulator() { return simulator_; }
  s3sim::Service& service() { return simulator_.service(); }

 private:
  static s3sim::SimulatorOptions WithKeys(s3sim::SimulatorOptions options) {
    options.service.keys = {{.id = "KEY", .secret = "secret"}};
    return options;
  }

  const SystemClock clock_;
  SystemRandom random_;
  s3sim::Simulator simulator_;
  s3sim::SimTransport transport_{simulator_};
  cloud::aws::CredentialCache credentials_{
      cloud::aws::MakeFixedSource("test", {.access_key_id = "KEY",
                                           .secret_access_key = Secret("secret"),
                                           .session_token = Secret()}),
      clock_};
};

}  // namespace lc2
