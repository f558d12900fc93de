#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "s3sim/bucket.h"
#include "s3sim/reply.h"
#include "s3sim/request.h"

// What the listings of objects, versions and uploads have in common.
namespace lc2::s3sim {

struct ListRange {
  std::string prefix;
  std::string delimiter;
  std::string after;  // a key, or a common prefix: all that lies below that is behind it, too
};

// How names stand in the XML: as they are, or percent-encoded ("encoding-type=url").
class ListNames {
 public:
  explicit ListNames(bool encoded) : encoded_(encoded) {}
  std::string Show(std::string_view name) const;
  std::string Text(std::string_view element, std::string_view name) const;
  // <EncodingType>, where names are encoded.
  std::string EncodingElement() const;

 private:
  bool encoded_;
};
std::variant<ListNames, Refusal> ListNamesOf(const S3Request& request);

// The common prefix that a key falls under; "" if none.
std::string_view CommonPrefixOf(std::string_view key, const ListRange& range);

// Goes over a bucket's keys in their order; keys under one common prefix are one row.
class ListCursor {
 public:
  struct Row {
    std::string_view name;           // the key or the prefix; as long as the bucket does not change
    const Object* object = nullptr;  // null: a common prefix
  };

  ListCursor(const Bucket::Objects& objects, const ListRange& range);

  // Nothing at the end. Without markers a key whose newest version is one does not count.
  std::optional<Row> Next(bool with_markers);

 private:
  const Bucket::Objects& objects_;
  const ListRange& range_;
  Bucket::Objects::const_iterator at_;
};

// The first name that does not begin with `prefix` behind those that do; nothing if there can be
// none.
std::optional<std::string> BehindPrefix(std::string_view prefix);

}  // namespace lc2::s3sim
