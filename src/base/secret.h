#pragma once

#include <string>
#include <utility>

namespace lc2 {

// A password, token or private key: cannot be printed, compared or serialised by accident, and its
// memory is overwritten at the end. `Expose()` marks the few places that need the text.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.Wipe(); }
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { Wipe(); }

  bool empty() const { return value_.empty(); }
  const std::string& Expose() const { return value_; }

 private:
  void Wipe();
  std::string value_;
};

}  // namespace lc2
