"""A cross-check of rows and files, written from Liferay's rules and without lc2: what the database
says must exist, what the folder holds, and where the two differ. In memory, one pass each."""

import os

from sample import compare, database, layout

# Key, size, table. A storeUUID of blanks or of the word null is none.
REFERENCES = """
select v.companyId || '/' || case when e.folderId <> 0 then e.folderId else e.groupId end || '/' || e.name
    || '/' || v.version
    || case when coalesce(trim(v.storeUUID), '') in ('', 'null') then '' else '~' || v.storeUUID end,
  v.size_, 'DLFileVersion'
from DLFileVersion v join DLFileEntry e on e.fileEntryId = v.fileEntryId and e.ctCollectionId = 0
where v.ctCollectionId = 0
union all
select i.companyId || '/0/' || i.imageId || '.' || i.type_ || '/1.0', i.size_, 'Image'
from Image i where i.ctCollectionId = 0
"""


def references(dsn):
    """Key -> size."""
    return {key: int(size) for key, size, _ in database.rows(dsn, REFERENCES)}


def files_below(root):
    """Key -> size, the store's own README.txt left out."""
    files = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            files[os.path.relpath(path, root)] = os.path.getsize(path)
    files.pop(layout.README_NAME, None)
    return files


def cross_check(dsn, root):
    wanted, files = references(dsn), files_below(root)
    generated = {key for key in files if compare.is_generated(key, files)}
    return {
        "references": len(wanted),
        "missing": sorted(set(wanted) - set(files)),
        "orphans": sorted(set(files) - set(wanted) - generated),
        "truncated": sorted(key for key in wanted if files.get(key, wanted[key]) != wanted[key]),
        "generated": len(generated),
    }
