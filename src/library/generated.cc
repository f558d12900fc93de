#include "library/generated.h"

#include <algorithm>
#include <array>

namespace lc2 {

namespace {

constexpr std::string_view kIndexSuffix = ".index";
constexpr std::string_view kDeletedArea = "_deleted/";
constexpr std::string_view kReadme = "README.txt";

// The part up to the next "/"; `rest` loses it and the "/". Nothing if no "/" follows.
struct Segment {
  std::string_view text;
  std::string_view rest;
  bool is_folder = false;
};
Segment FirstSegment(std::string_view key) {
  const std::size_t slash = key.find('/');
  if (slash == std::string_view::npos) return {.text = key, .rest = {}, .is_folder = false};
  return {.text = key.substr(0, slash), .rest = key.substr(slash + 1), .is_folder = true};
}

// "<companyId>/<second>/<third>/...": decided by the third folder.
bool LiesInGeneratedFolder(std::string_view key) {
  const Segment company = FirstSegment(key);
  const Segment second = FirstSegment(company.rest);
  const Segment third = FirstSegment(second.rest);
  if (!third.is_folder) return false;
  if (third.text == "adaptive") return true;
  return second.text == "0" &&
         (third.text == "document_preview" || third.text == "document_thumbnail");
}

// Where the key of the file that `key` may be the index of would end; 0 if it is no index at all.
// Only a label (fourth segment or deeper) has one.
std::size_t EndOfIndexedKey(std::string_view key) {
  if (!key.ends_with(kIndexSuffix)) return 0;
  const std::size_t end = key.size() - kIndexSuffix.size();
  if (end == 0 || key[end - 1] == '/') return 0;
  return std::count(key.begin(), key.end(), '/') >= 3 ? end : 0;
}

}  // namespace

KeyClass KeyClassifier::Classify(std::string_view key) {
  const std::size_t shorter = std::min(key.size(), last_key_.size());
  const auto differs = std::mismatch(key.begin(), key.begin() + shorter, last_key_.begin());
  const auto common = static_cast<std::size_t>(differs.first - key.begin());
  while (!key_ends_.empty() && key_ends_.back() > common) key_ends_.pop_back();
  const std::size_t indexed = EndOfIndexedKey(key);
  const bool is_index =
      indexed > 0 && std::binary_search(key_ends_.begin(), key_ends_.end(), indexed);
  last_key_.assign(key);
  key_ends_.push_back(key.size());

  if (key == kReadme || key.starts_with(kDeletedArea)) return KeyClass::kStoreOwn;
  return is_index || LiesInGeneratedFolder(key) ? KeyClass::kGenerated : KeyClass::kContent;
}

}  // namespace lc2
