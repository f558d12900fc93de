#pragma once

#include <string>
#include <utility>

#include "api/meta.h"
#include "base/clock.h"

namespace lc2::control {

// The status of a request as one look at it leaves it: begins with the status it has, so that
// conditions keep their transition times. `kDerive` gives the state that stands for the whole.
template <typename Request, auto kDerive>
class StatusWriter {
 public:
  using Status = decltype(Request::status);

  StatusWriter(const Request& request, Time now)
      : request_(request), status_(request.status), now_(now) {
    status_.observed_generation = request.metadata.generation;
    // What one look sets, the next one takes back unless it still holds.
    std::erase_if(status_.conditions, [](const auto& known) {
      return known.type == "Stalled" || known.type == "Queued";
    });
  }

  void Set(std::string type, api::ConditionStatus status, std::string reason,
           std::string message = {}) {
    status_.conditions = api::SetCondition(std::move(status_.conditions),
                                           {.type = std::move(type),
                                            .status = status,
                                            .reason = std::move(reason),
                                            .message = std::move(message),
                                            .observed_generation = request_.metadata.generation},
                                           now_);
  }

  Status& status() { return status_; }

  Status Finish() {
    Request with = request_;
    with.status = status_;
    status_.state = kDerive(with);
    return std::move(status_);
  }

 private:
  const Request& request_;
  Status status_;
  const Time now_;
};

}  // namespace lc2::control
