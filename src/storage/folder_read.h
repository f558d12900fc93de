#pragma once

#include <memory>
#include <optional>
#include <string>

#include "storage/folder_root.h"
#include "storage/object_store.h"

namespace lc2::storage {

// Reading objects of a folder store. Keys have been checked. Nothing but plain files is opened for
// long: a pipe or device is refused without waiting for its other side.
Result<ObjectFacts> HeadFile(const FolderRoot& root, const std::string& key);
Result<OperationResult> GetFile(const FolderRoot& root, const GetOperation& get);
// `root` must outlive the reader.
Result<std::unique_ptr<ObjectReader>> OpenFileReader(const FolderRoot& root, const std::string& key,
                                                     std::optional<ByteRange> range);

}  // namespace lc2::storage
