#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "s3sim/simulator.h"

namespace lc2::s3sim {

struct SimServerOptions {
  std::string address = "127.0.0.1:0";  // of loopback alone; port 0: a free one
  int threads = 1;
  // How long a connection stays open on which nothing moves, and a stalled body is held.
  std::chrono::seconds idle{60};
};

// A simulator behind real sockets: HTTP/1.1 with connections that are kept, "Expect: 100-continue",
// bodies sent piece by piece as the client takes them. What breaks off is really reset (RST), what
// is cut is closed, what stalls hangs. Latency is waited for. The simulator must outlive it. Its
// end closes all connections.
class SimServer {
 public:
  // Errors: kInvalid (no address of loopback), kUnavailable (port taken).
  static Result<std::unique_ptr<SimServer>> Start(Simulator& simulator,
                                                  const SimServerOptions& options = {});
  virtual ~SimServer() = default;
  // "127.0.0.1:40123": where it listens.
  virtual std::string address() const = 0;
  // Connections that were accepted so far.
  virtual std::int64_t connections() const = 0;
};

}  // namespace lc2::s3sim
