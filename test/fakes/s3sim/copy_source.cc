#include <algorithm>
#include <string_view>

#include "s3sim/copy_source_internal.h"
#include "s3sim/text_internal.h"

namespace lc2::s3sim {

std::optional<CopySource> CopySourceOf(const S3Request& request) {
  const std::string* header = request.Header("x-amz-copy-source");
  if (header == nullptr) return std::nullopt;
  // The version stands behind a real "?"; one in the key is encoded.
  std::string_view path = *header;
  CopySource source;
  constexpr std::string_view kVersion = "?versionId=";
  if (const std::size_t mark = path.find(kVersion); mark != std::string_view::npos) {
    source.version_id = path.substr(mark + kVersion.size());
    path = path.substr(0, mark);
  }
  std::optional<std::string> decoded = PathDecode(path);
  if (!decoded) return std::nullopt;
  std::string_view whole = *decoded;
  if (whole.starts_with('/')) whole.remove_prefix(1);
  const std::size_t slash = whole.find('/');
  if (slash == std::string_view::npos || slash + 1 == whole.size()) return std::nullopt;
  source.bucket = whole.substr(0, slash);
  source.key = whole.substr(slash + 1);
  return source;
}

}  // namespace lc2::s3sim
