#include <algorithm>

#include "net/percent.h"
#include "s3sim/call_internal.h"
#include "s3sim/list_rows_internal.h"

namespace lc2::s3sim {

std::string ListNames::Show(std::string_view name) const {
  if (!encoded_) {
    const std::string element = Element("k", name);
    return element.substr(3, element.size() - 7);
  }
  std::string encoded = net::PercentEncode(name, "/");
  // A space is "+" here, so that a client must decode names as a form.
  for (std::size_t at = encoded.find("%20"); at != std::string::npos;
       at = encoded.find("%20", at)) {
    encoded.replace(at, 3, "+");
  }
  return encoded;
}

std::string ListNames::Text(std::string_view element, std::string_view name) const {
  return "<" + std::string(element) + ">" + Show(name) + "</" + std::string(element) + ">";
}

std::string ListNames::EncodingElement() const {
  return encoded_ ? Element("EncodingType", "url") : "";
}

std::variant<ListNames, Refusal> ListNamesOf(const S3Request& request) {
  const std::string* type = request.Query("encoding-type");
  if (type != nullptr && *type != "url") return InvalidArgument("encoding-type is 'url'");
  return ListNames(type != nullptr);
}

std::string_view CommonPrefixOf(std::string_view key, const ListRange& range) {
  if (range.delimiter.empty()) return {};
  const std::size_t found = key.find(range.delimiter, range.prefix.size());
  if (found == std::string_view::npos) return {};
  return key.substr(0, found + range.delimiter.size());
}

std::optional<std::string> BehindPrefix(std::string_view prefix) {
  std::string behind(prefix);
  while (!behind.empty() && behind.back() == '\xFF') behind.pop_back();
  if (behind.empty()) return std::nullopt;
  behind.back() = static_cast<char>(static_cast<unsigned char>(behind.back()) + 1);
  return behind;
}

namespace {

// Behind all that begins with `prefix`.
Bucket::Objects::const_iterator Skip(const Bucket::Objects& objects, std::string_view prefix) {
  const auto behind = BehindPrefix(prefix);
  return behind ? objects.lower_bound(*behind) : objects.end();
}

}  // namespace

ListCursor::ListCursor(const Bucket::Objects& objects, const ListRange& range)
    : objects_(objects), range_(range) {
  at_ = objects.lower_bound(range.prefix);
  if (range.after.empty() || range.after < range.prefix) return;
  // A common prefix that has been listed stands for all that lies below it.
  const bool was_prefix = !range.delimiter.empty() && range.after.starts_with(range.prefix) &&
                          CommonPrefixOf(range.after, range) == range.after;
  at_ = was_prefix ? Skip(objects, range.after) : objects.upper_bound(range.after);
}

std::optional<ListCursor::Row> ListCursor::Next(bool with_markers) {
  for (; at_ != objects_.end() && at_->first.starts_with(range_.prefix); ++at_) {
    if (!with_markers && at_->second.current.is_delete_marker) continue;
    const std::string_view common = CommonPrefixOf(at_->first, range_);
    const Row row = common.empty() ? Row{at_->first, &at_->second} : Row{common, nullptr};
    if (common.empty()) {
      ++at_;
    } else {
      at_ = Skip(objects_, common);
    }
    return row;
  }
  return std::nullopt;
}

}  // namespace lc2::s3sim
