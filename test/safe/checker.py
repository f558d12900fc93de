"""Whether a vault and a home keep their promises after a crash: invariants I1 to I6 of the design, seen
from outside. Reads vaults by docs/format.md alone (test/e2e/vault_reader.py); shares no code with lc2.

    problems = check_after_crash(world, before)   # right after the kill: nothing committed is broken
    problems = check_settled(world, ...)          # after the command ran again: and nothing is left undone
    problems = check_collected(world, ...)        # long after: a collection leaves no garbage
"""

import json
import re
import sqlite3
import sys
from pathlib import Path

import leftovers
from later import DAY

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from vault_reader import NAMES, Reader  # noqa: E402

TEMPORARY = ".lc2-tmp"  # the folder store's; docs/format.md does not count it as part of a vault


class CrashedReader(Reader):
    """Allows what a crash may leave: a decision whose last objects somebody has yet to write."""

    def __init__(self, vault):
        super().__init__(vault)
        self.unfinished = []

    def say(self, where, what):
        if where.startswith(TEMPORARY):
            return
        super().say(where, what)

    def check_published(self, manifests):
        """A manifest stands for a commit; what it lacks is noted, not a problem."""
        by_id = {log[0]["opened"].get("backupId"): {entry.get("event") for entry in log}
                 for log in self.runs.values() if log}
        present = set()
        for path in manifests:
            manifest = self.json_of(path.relative_to(self.vault).as_posix())
            if manifest is None:
                continue
            present.add(manifest["backupId"])
            if "committed" not in by_id.get(manifest["backupId"], set()):
                self.say(path.as_posix(), "is a manifest that nothing committed")
        for name, events in by_id.items():
            if "committed" in events and "deleted" not in events and name not in present:
                self.unfinished.append(name)
            if "deleted" in events and name in present:
                self.unfinished.append(name)

    def check_signature(self, path):
        if not (self.vault / path.with_suffix(".sig")).exists():
            self.unfinished.append(path.as_posix())
            return
        super().check_signature(path)

    def check_tracker(self, manifest):
        if not (self.vault / f"backup-metadata/{manifest['backupId']}.json").exists():
            self.unfinished.append(manifest["backupId"])
            return
        super().check_tracker(manifest)


def logs_of(vault):
    return {folder.name: [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
            for folder in Path(vault).glob("*/*/control/runs/*")}


def check_decisions(vault):
    """Each run has one end; each backup run's id is reserved, for the first run of its request."""
    problems = []
    for run, log in logs_of(vault).items():
        ends = [entry["event"] for entry in log if entry["event"] in ("committed", "abandoned", "finished")]
        if len(ends) > 1:
            problems.append(f"run {run} has {len(ends)} ends: {ends}")
        attempts = [entry["attempt"]["id"] for entry in log if entry["event"] == "attempt"]
        if len(attempts) != len(set(attempts)):
            problems.append(f"run {run} launched an attempt twice: {attempts}")
        name = log[0].get("opened", {}).get("backupId") if log else None
        if name and not list(Path(vault).glob(f"*/*/control/ids/{name}")):
            problems.append(f"the id '{name}' of run {run} is not reserved")
    return problems


def living(vault):
    """Ids of backups that are committed and not deleted."""
    ids = set()
    for log in logs_of(vault).values():
        events = {entry["event"] for entry in log}
        if "committed" in events and "deleted" not in events:
            ids.add(log[0]["opened"]["backupId"])
    return ids


def check_after_crash(vault, backups):
    """`backups`: those that lived before; what the command was to delete is left out by the caller."""
    reader = CrashedReader(vault)
    problems = list(reader.check()) + check_decisions(vault)
    for name in set(backups) - living(vault):
        problems.append(f"I3: backup '{name}' is gone")
    return problems


def temporaries_of(folder):
    """Files that are to have another name one day."""
    return [path for path in Path(folder).rglob("*") if path.is_file()
            and (TEMPORARY in path.parts or re.search(r"\.[A-Za-z0-9]{6}$", path.name)
                 and not NAMES.fullmatch(path.name) and "secrets" not in path.parts
                 or re.fullmatch(r"\..*\.[A-Za-z0-9]{6}", path.name))]


class SettledReader(Reader):
    def say(self, where, what):
        if where.startswith(TEMPORARY) and what == "has no row in section 2":
            return  # counted as temporaries
        super().say(where, what)


def check_settled(world, backups, *, most_garbage):
    """After the same command ran again to its end. `backups`: exactly those that live now."""
    problems = list(SettledReader(world.vault).check()) + check_decisions(world.vault)
    found = living(world.vault)
    if found != set(backups):
        problems.append(f"living backups are {sorted(found)}, not {sorted(backups)}")
    for run, log in logs_of(world.vault).items():
        if not {entry["event"] for entry in log} & {"committed", "abandoned", "finished"}:
            problems.append(f"run {run} is still open")
    garbage = [path for path, why in leftovers.leftovers(world.vault) if why.startswith("pool object")]
    if len(garbage) > most_garbage:
        problems.append(f"{len(garbage)} objects are garbage, at most {most_garbage} may be")
    left = sorted(path.name for path in (world.home / "locks").iterdir())
    if left:
        problems.append(f"locks are left: {left}")
    strange = [path.relative_to(world.home).as_posix() for path in world.home.rglob("*")
               if path.is_file() and re.search(r"\.[A-Za-z0-9]{6}$", path.name)]
    if strange:
        problems.append(f"temporary files are left in the home: {strange}")
    problems += check_catalogue(world)
    return problems


def check_collected(world, backups, *, later=8 * DAY, full=False, **options):
    """Once every waiting time is over (7 days, what failed runs left), one collection leaves no garbage, and takes
    nothing else. `full`: with what only the full merge finds. Options: those of leftovers.check_collection()."""
    before, started = leftovers.files_of(world.vault), world.later
    world.later += later
    ended = world.lc2("gc", *(["--full"] if full else []))
    world.later = started
    if ended.code != 0:
        return [str(ended)]
    problems = leftovers.check_collection(world.vault, before, full=full, **options)
    if living(world.vault) != set(backups):
        problems.append(f"after a collection {sorted(living(world.vault))} live, not {sorted(backups)}")
    return problems


def check_catalogue(world):
    """It tells of every backup, and says what a new one would say."""
    before = rows_of(world.home / "catalog.db")
    world.must("catalog", "rebuild")
    after = rows_of(world.home / "catalog.db")
    problems = [] if before == after else [f"the catalogue was {brief(before)}, rebuilt it is {brief(after)}"]
    told = {row["backup_id"] for row in after if row["state"] == "Succeeded"}
    if told != living(world.vault):
        problems.append(f"the catalogue tells of {sorted(told)}, but {sorted(living(world.vault))} live")
    return problems


def rows_of(catalogue):
    connection = sqlite3.connect(f"file:{catalogue}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute("select * from backup_requests order by run_id")]
    finally:
        connection.close()


def brief(rows):
    return [(row["backup_id"], row["state"]) for row in rows]


def check_audited(vault, action, subject):
    for path in Path(vault).glob("audit/*/*.json"):
        entry = json.loads(path.read_text())
        if (entry["action"], entry["subject"]) == (action, subject):
            return []
    return [f"the audit log does not say '{action}' of '{subject}'"]
