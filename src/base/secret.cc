#include "base/secret.h"

#include <openssl/crypto.h>

namespace lc2 {

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    Wipe(value_);
    value_ = other.value_;
  }
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Wipe(value_);
    value_ = std::move(other.value_);
    Wipe(other.value_);
  }
  return *this;
}

void Secret::Wipe(std::string& text) {
  // Up to the capacity: a short string lives inside the object, a moved-from one may still hold it.
  text.resize(text.capacity());
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

}  // namespace lc2
