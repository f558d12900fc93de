#pragma once

#include <cstdint>
#include <string_view>

// Numbers that look random and are functions of what goes in.
namespace lc2::s3sim {

// Every bit of the result depends on every bit of `value` (the finaliser of SplitMix64; its
// constants are what makes it one: Steele, Lea and Flood, "Fast splittable pseudorandom number
// generators", 2014).
constexpr std::uint64_t Mix(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15ULL;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31);
}

constexpr std::uint64_t Mix(std::uint64_t value, std::uint64_t more) {
  return Mix(Mix(value) ^ more);
}

constexpr std::uint64_t Mix(std::uint64_t value, std::string_view text) {
  std::uint64_t hash = Mix(value, text.size());
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    hash ^= hash >> 29;
  }
  return Mix(hash);
}

// In [0, 1).
constexpr double Fraction(std::uint64_t value) {
  return static_cast<double>(value >> 11) * 0x1.0p-53;
}

}  // namespace lc2::s3sim
