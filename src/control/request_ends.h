#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "codec/json.h"
#include "control/notifications.h"
#include "resources/resource_store.h"

namespace lc2::control {

// How a request ended; nothing for one that goes on, was cancelled, or is no request. Of restores
// only what failed counts, and no dry run: whoever asked for a plan looks at it. Pure.
std::optional<EndedRequest> EndOf(const codec::Json& object);

// The requests of one namespace that have ended, kept up to date by watching: reading all of them
// at each look would cost too much. Not thread-safe.
class RequestEnds {
 public:
  explicit RequestEnds(std::string name_space) : namespace_(std::move(name_space)) {}

  // Takes what has changed since the last call; does not wait. Errors: those of the store, after
  // which the next call begins anew.
  Result<void> Follow(const Context& ctx, ResourceStore& store);
  // Whether all that the store holds was seen.
  bool synced() const;
  std::vector<EndedRequest> all() const;

 private:
  struct Kind {
    std::unique_ptr<ResourceWatch> watch;
    bool synced = false;
    std::map<std::string, EndedRequest> ended;  // by name
  };
  static Result<void> Follow(const Context& ctx, ResourceStore& store, const ResourceQuery& query,
                             Kind& kind);

  const std::string namespace_;
  std::map<std::string, Kind> kinds_;
};

}  // namespace lc2::control
