#pragma once

#include <string>
#include <utility>

namespace lc2 {

// A password, token or private key: cannot be printed, compared or serialised by accident, and its
// memory is overwritten at the end. `Expose()` marks the few places that need the text.
class Secret {
 public:
  Secret() = default;
  // Overwrites what a move leaves behind in `value`; other copies are the caller's to wipe.
  explicit Secret(std::string value) : value_(std::move(value)) { Wipe(value); }
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { Wipe(other.value_); }
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { Wipe(value_); }

  bool empty() const { return value_.empty(); }
  const std::string& Expose() const { return value_; }

  // Overwrites all that `text` holds and may have held, and leaves it empty.
  static void Wipe(std::string& text);

 private:
  std::string value_;
};

}  // namespace lc2
