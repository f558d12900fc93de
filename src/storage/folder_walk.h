#pragma once

#include <memory>

#include "base/context.h"
#include "storage/folder_root.h"
#include "storage/sorted_stream.h"

namespace lc2::storage {

// The plain files below a root as entries, in ascending order of key bytes. One folder's names at a
// time and level are held, however many objects there are. Folders that the query cannot match are
// not opened. What vanishes while it is listed is left out; what appears may be.
// `root` must outlive the reader. Error: kDenied for a root that cannot be read.
Result<std::unique_ptr<EntryReader>> WalkFolder(const Context& ctx, const FolderRoot& root,
                                                const ListQuery& query);

}  // namespace lc2::storage
