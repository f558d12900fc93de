#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace lc2 {

// Where randomness comes from; tests inject a seeded one. Not thread-safe unless said.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t Next() = 0;
  // `bytes` random bytes as lower-case hex digits.
  std::string Hex(int bytes);
  // Uniform in [low, high].
  std::int64_t Between(std::int64_t low, std::int64_t high);
};

// From the operating system; for ids and tokens. Thread-safe.
class SystemRandom final : public Random {
 public:
  std::uint64_t Next() override;
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t Next() override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace lc2
