#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "base/result.h"
#include "storage/sorted_stream.h"

namespace lc2::library {

// kCorrupt "library.unsorted": a stream did not keep to the order of key bytes. Going on would
// report objects as missing that are there.
Error UnsortedError(const std::string& key, const std::string& last_key);

// Reads several sorted streams side by side, key by key, in constant memory and without copying an
// item. Each Ts has a member `key`. Not thread-safe; the readers must outlive it.
template <class... Ts>
class MergeJoin {
 public:
  // A null reader is an empty stream.
  explicit MergeJoin(SortedReader<Ts>*... readers)
      : cursors_(MakeCursor(readers)...), items_(static_cast<Ts*>(nullptr)...) {
    matched_.fill(true);
  }

  // Goes to the next key; false at the end. Errors: those of the readers, "library.unsorted".
  Result<bool> Next() {
    LC2_RETURN_IF_ERROR(AdvanceMatched(Indices{}));
    const std::string* const lowest = LowestKey(Indices{});
    if (lowest == nullptr) return false;
    if (started_ && *lowest <= key_) return UnsortedError(*lowest, key_);
    started_ = true;
    key_.assign(*lowest);
    Match(Indices{});
    return true;
  }

  const std::string& key() const { return key_; }

  // What stream I holds under this key, or null. Valid until the next call; may be moved from.
  template <std::size_t I>
  auto get() const {
    auto* const item = std::get<I>(items_);
    return matched_[I] ? item : nullptr;
  }

 private:
  using Indices = std::index_sequence_for<Ts...>;

  template <class T>
  static std::optional<Cursor<T>> MakeCursor(SortedReader<T>* reader) {
    return reader == nullptr ? std::nullopt : std::optional<Cursor<T>>(*reader);
  }

  template <std::size_t I>
  Result<void> AdvanceOne() {
    auto& cursor = std::get<I>(cursors_);
    if (!cursor.has_value() || !matched_[I]) return {};
    LC2_RETURN_IF_ERROR(cursor->Advance());
    std::get<I>(items_) = cursor->get();
    return {};
  }

  template <std::size_t... I>
  Result<void> AdvanceMatched(std::index_sequence<I...>) {
    Result<void> advanced;
    // Stops at the first error.
    (void)((advanced = AdvanceOne<I>(), advanced.has_value()) && ...);
    return advanced;
  }

  template <std::size_t... I>
  const std::string* LowestKey(std::index_sequence<I...>) const {
    const std::string* lowest = nullptr;
    const auto consider = [&lowest](const auto* item) {
      if (item != nullptr && (lowest == nullptr || item->key < *lowest)) lowest = &item->key;
    };
    (consider(std::get<I>(items_)), ...);
    return lowest;
  }

  template <std::size_t... I>
  void Match(std::index_sequence<I...>) {
    const auto matches = [this](const auto* item) { return item != nullptr && item->key == key_; };
    ((matched_[I] = matches(std::get<I>(items_))), ...);
  }

  std::tuple<std::optional<Cursor<Ts>>...> cursors_;
  std::tuple<Ts*...> items_;                 // the heads of the streams; null at their end
  std::array<bool, sizeof...(Ts)> matched_;  // whose head belongs to key_
  std::string key_;
  bool started_ = false;
};

}  // namespace lc2::library
