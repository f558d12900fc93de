"""Changes a sample as people change a library, keeping rows and files together: new versions, moves
into another folder (which rewrite the keys), deletions. What to change is chosen by the seed.
"""

import os
import random
import shutil
import time

from sample import database, layout, shape

# Entries with rows in a publication are left alone: their files have a second story.
CANDIDATES = """
select e.fileEntryId, e.companyId, e.groupId, e.folderId, e.name, e.extension, e.title
from DLFileEntry e
where e.ctCollectionId = 0
  and not exists (select 1 from DLFileEntry o where o.fileEntryId = e.fileEntryId and o.ctCollectionId <> 0)
  and not exists (select 1 from DLFileVersion v where v.fileEntryId = e.fileEntryId and v.version = 'PWC')
order by md5(e.fileEntryId || '-{seed}') limit {limit}
"""
FOLDERS = "select groupId, companyId, folderId from DLFolder where ctCollectionId = 0 order by 1, 3"
VERSIONS = """
select v.fileEntryId, v.version, v.storeUUID, v.size_ from DLFileVersion v
where v.ctCollectionId = 0 and v.fileEntryId in ({ids}) order by v.fileVersionId
"""


class Chosen:
    """An entry as the database has it."""

    def __init__(self, row):
        self.entry_id, self.company_id, self.group_id, self.folder_id = map(int, row[:4])
        self.name, self.extension, self.title = row[4:]
        self.versions = []

    def folder_key(self, folder_id=None):
        folder = self.folder_id if folder_id is None else folder_id
        return f"{self.company_id}/{layout.repository(self.group_id, folder)}/{self.name}"


def grow(dsn, library, pool, *, add_versions=0, move=0, delete=0, seed=1):
    """Gives a report with the keys that are new, gone, and moved."""
    wanted = add_versions + move + delete
    found = choose(dsn, library, wanted, seed)
    rng = random.Random(f"grow-{seed}")
    report = {"seed": seed, "added": [], "removed": [], "moved": []}
    statements = []
    _add(dsn, library, pool, rng, found[:add_versions], statements, report)
    _move(dsn, library, rng, found[add_versions : add_versions + move], statements, report)
    _delete(library, found[add_versions + move :], statements, report)
    database.run_sql(dsn, "\n".join(statements), single_transaction=True)
    report["counts"] = {
        "versionsAdded": add_versions,
        "entriesMoved": move,
        "entriesDeleted": delete,
        "keysAdded": len(report["added"]),
        "keysRemoved": len(report["removed"]),
        "keysMoved": len(report["moved"]),
    }
    return report


def choose(dsn, library, wanted, seed):
    """Entries whose files are just what their rows say: the defects of a sample stay as they
    are."""
    # More than wanted, since some will not do.
    limit = wanted * 2 + 100
    found = [Chosen(row) for row in database.rows(dsn, CANDIDATES.format(seed=seed, limit=limit))]
    entries = {entry.entry_id: entry for entry in found}
    for ids in batches(sorted(entries), 5000):
        for row in database.rows(dsn, VERSIONS.format(ids=",".join(map(str, ids)))):
            entries[int(row[0])].versions.append((row[1], row[2], int(row[3])))
    sound = [entry for entry in found if is_sound(library, entry)][:wanted]
    if len(sound) < wanted:
        raise ValueError(f"only {len(sound)} entries can be changed, {wanted} were asked for")
    return sound


def is_sound(library, entry):
    sizes = {
        layout.label(version, store_uuid): size for version, store_uuid, size in entry.versions
    }
    try:
        with os.scandir(library.path(entry.folder_key())) as files:
            found = {file.name: file.stat().st_size for file in files}
    except FileNotFoundError:
        return False
    for name in list(found):
        if name.endswith(layout.INDEX_SUFFIX) and name[: -len(layout.INDEX_SUFFIX)] in found:
            del found[name]
    return found == sizes


def batches(items, size):
    return (items[start : start + size] for start in range(0, len(items), size))


def next_label(versions):
    """The version after the highest one."""
    numbers = [
        tuple(map(int, text.split("."))) for text, _, _ in versions if text != layout.WORKING_COPY
    ]
    major, minor = max(numbers)
    return f"{major}.{minor + 1}"


def _add(dsn, library, pool, rng, chosen, statements, report):
    highest = int(database.run_sql(dsn, "select max(fileVersionId) from DLFileVersion") or 0)
    now = int(time.time())
    for offset, entry in enumerate(chosen, 1):
        version, store_uuid = next_label(entry.versions), shape.uuid(rng)
        key = f"{entry.folder_key()}/{layout.label(version, store_uuid)}"
        data = pool.body(pool.sources[int(rng.random() * len(pool.sources))], key)
        library.put(key, data)
        # Every other column is that of the version before.
        statements.append(
            f"""
create temporary table lc2_new on commit drop as
  select * from DLFileVersion where fileEntryId = {entry.entry_id} and ctCollectionId = 0
  order by fileVersionId desc limit 1;
update lc2_new set fileVersionId = {highest + offset}, uuid_ = '{shape.uuid(rng)}',
  version = '{version}', storeUUID = '{store_uuid}', size_ = {len(data)}, status = 0, checksum = null,
  createDate = to_timestamp({now}) at time zone 'UTC', modifiedDate = to_timestamp({now}) at time zone 'UTC';
insert into DLFileVersion select * from lc2_new;
drop table lc2_new;
update DLFileEntry set version = '{version}', size_ = {len(data)},
  modifiedDate = to_timestamp({now}) at time zone 'UTC'
  where fileEntryId = {entry.entry_id} and ctCollectionId = 0;"""
        )
        report["added"].append(key)


def _move(dsn, library, rng, chosen, statements, report):
    folders = {}
    for group_id, _, folder_id in database.rows(dsn, FOLDERS):
        folders.setdefault(int(group_id), [0]).append(int(folder_id))
    for entry in chosen:
        others = [folder for folder in folders[entry.group_id] if folder != entry.folder_id]
        target = others[int(rng.random() * len(others))]
        # The store writes every version anew and removes the old key; the result is that of
        # renaming.
        source, destination = library.path(entry.folder_key()), library.path(
            entry.folder_key(target)
        )
        if os.path.isdir(source):
            for name in sorted(os.listdir(source)):
                old, new = f"{entry.folder_key()}/{name}", f"{entry.folder_key(target)}/{name}"
                report["moved"].append({"from": old, "to": new})
            os.makedirs(os.path.dirname(destination), exist_ok=True)
            os.rename(source, destination)
            remove_empty_parents(library, source)
        path = f"(select treePath from DLFolder where folderId = {target} and ctCollectionId = 0)"
        for table in ("DLFileEntry", "DLFileVersion"):
            statements.append(
                f"update {table} set folderId = {target}, treePath = coalesce({path}, '/')"
                f" where fileEntryId = {entry.entry_id} and ctCollectionId = 0;"
            )


def _delete(library, chosen, statements, report):
    for entry in chosen:
        folders = [entry.folder_key()]
        folders += layout.generated_folders(entry.company_id, entry.group_id, entry.entry_id)
        adaptive = f"{entry.company_id}/0/adaptive"
        if os.path.isdir(library.path(adaptive)):
            for name in sorted(os.listdir(library.path(adaptive))):
                folders.append(
                    f"{adaptive}/{name}/{entry.group_id}/{entry.group_id}/{entry.entry_id}"
                )
        for folder in folders:
            report["removed"] += remove_tree(library, folder)
        for table in ("DLFileVersion", "DLFileEntry"):
            statements.append(
                f"delete from {table} where fileEntryId = {entry.entry_id} and ctCollectionId = 0;"
            )


def remove_tree(library, key):
    """Removes a folder with its files and the parents that are empty then; gives the files'
    keys."""
    gone = []
    for folder, folders, names in os.walk(library.path(key)):
        folders.sort()
        gone += [
            os.path.relpath(os.path.join(folder, name), library.root) for name in sorted(names)
        ]
    if gone:
        shutil.rmtree(library.path(key))
        remove_empty_parents(library, library.path(key))
    return gone


def remove_empty_parents(library, path):
    folder = os.path.dirname(path)
    while folder != library.root and not os.listdir(folder):
        os.rmdir(folder)
        folder = os.path.dirname(folder)
