"""What lies in a vault and nobody needs, found out by docs/format.md alone; and what a collection may not take.

    lies = files_of(vault)
    needed, allowed = Needs(vault).needed, Needs(vault).allowed
    left = leftovers(vault)             # [(path, why it is garbage)]
    check_collection(vault, before, ...) # problems

A vault without open runs has three sorts of files: those that a living backup is made of (`needed`), those
that may stay beside them (`allowed`, a reason each), and garbage.
"""

import json
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from vault_reader import folder_of, parse_lines, unpack  # noqa: E402

ENDS = {"committed", "abandoned", "finished"}
# What is decided stays decided: none of it is ever on a list (section 11).
DECISIONS = re.compile(r"vault\.json|keys/.*|audit/.*|[^/]+/[^/]+/control/(ids|requests|runs|known|collections)/.*")
POOL = re.compile(r"[^/]+/[^/]+/pool/[0-9a-f]{2}/[0-9a-f]{64}-([0-9a-f]{8})")


def files_of(vault):
    """Path below the vault -> (size, time, inode) of each file."""
    found, todo = {}, [str(vault)]
    while todo:
        for entry in os.scandir(todo.pop()):
            if entry.is_dir(follow_symlinks=False):
                todo.append(entry.path)
            else:
                facts = entry.stat(follow_symlinks=False)
                found[entry.path[len(str(vault)) + 1:]] = (facts.st_size, facts.st_mtime_ns, facts.st_ino)
    return found


def empty_folders(vault):
    return [os.path.relpath(folder, vault) for folder, below, files in os.walk(vault) if not below and not files]


class Needs:
    """`needed`: paths that have to be there. `allowed`: prefixes, with the reason why what is below may stay."""

    def __init__(self, vault):
        self.vault = Path(vault)
        self.logs = {folder: [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
                     for folder in self.vault.glob("*/*/control/runs/*")}
        self.runs, self.needed, self.allowed = {}, set(), {}
        for folder, log in self.logs.items():
            self.runs[folder.name] = {entry["event"]: entry.get(entry["event"], {}) for entry in log}
        for folder in self.logs:
            environment = folder.parents[2].relative_to(self.vault).as_posix()
            self._look_at(environment, folder.name, self.runs[folder.name])

    def lives(self, run):
        events = self.runs.get(run, {})
        return "committed" in events and "deleted" not in events

    def is_open(self, run):
        return not ENDS & set(self.runs[run])

    def _look_at(self, environment, run, events):
        if self.lives(run):
            records = f"{environment}/runs/{run}/{events['committed']['attempt']}/"
            self.allowed[records] = "records of the attempt that was committed"
            self._need_backup(records + "candidate.json")
        elif "finished" in events and self.lives(events["opened"]["source"]["runId"]):
            records = f"{environment}/runs/{run}/{events['finished']['attempt']}/"
            self.allowed[records] = "records of a restore whose backup lives"
            if "mapDigest" in events["finished"]:
                self.needed.add(records + "map.ndjson.zst")

    def _need_backup(self, path):
        self.needed.add(path)
        candidate = json.loads((self.vault / path).read_bytes())
        folder = f"{candidate['projectId']}/{candidate['environment']}/{folder_of(candidate)}/"
        database, library = candidate["database"], candidate["documentLibrary"]
        self.needed |= {folder + "manifest.json", folder + "manifest.sig",
                        f"backup-metadata/{candidate['backupId']}.json"}
        lists = [database.get("references"), candidate["consistency"].get("findings"), database.get("dump"),
                 database.get("dump", {}).get("index"), library.get("index")]
        self.needed |= {part["path"] for part in lists if part}
        for entry in library.get("files") or self._entries_of(library["index"]["path"]):
            self.needed.add(entry["path"])

    def _entries_of(self, index):
        for shard in json.loads((self.vault / index).read_bytes())["shards"]:
            self.needed.add(shard["path"])
            yield from parse_lines(unpack((self.vault / shard["path"]).read_bytes()))

    def why_garbage(self, path):
        """Nothing for what is needed or may stay."""
        if path in self.needed or DECISIONS.fullmatch(path) or any(map(path.startswith, self.allowed)):
            return None
        if path.startswith(".lc2-tmp/"):
            return "temporary file of a dead process"
        pool = POOL.fullmatch(path)
        part = path.split("/")
        if pool:
            return self._why(*(run for run in self.runs if run.startswith(pool[1])), what="pool object")
        if len(part) > 3 and part[2] == "runs":
            return self._why(part[3], what="record")
        if part[0] == "backup-metadata" or part[-1].startswith("manifest."):
            return "manifest, signature or tracker of no living backup"
        owners = [run for run, events in self.runs.items()
                  if "backupId" in events.get("opened", {}) and self._folder(events) == part[2]]
        return self._why(*owners, what=f"file of {part[3]}/" if len(part) > 4 else "strange file")

    @staticmethod
    def _folder(events):
        opened = events["opened"]
        timed = re.search(r"-backup-([0-9]{8}-[0-9]{6}(?:-[0-9a-f]{4})?)$", opened["backupId"])
        return timed[1] if timed else "id-" + opened["backupId"]

    def _why(self, *runs, what):
        states = sorted({self._state(run) for run in runs if run in self.runs})
        return f"{what} of {' and '.join(states) or 'an unknown run'}"

    def _state(self, run):
        events = self.runs[run]
        kind = events["opened"]["kind"]
        if self.is_open(run):
            return f"an open {kind}"
        if "abandoned" in events:
            return f"a {kind} that was abandoned ({events['abandoned']['reason']})"
        if "finished" in events:
            return "a restore of a deleted backup" if not self.lives(
                events["opened"]["source"]["runId"]) else "a restore's lost attempt"
        return "a deleted backup" if "deleted" in events else "a backup's lost attempt"


def leftovers(vault):
    needs = Needs(vault)
    found = ((path, needs.why_garbage(path)) for path in sorted(files_of(vault)))
    return [(path, why) for path, why in found if why]


def lists_not_carried_out(vault):
    lists = {path.name.split(".")[0]: path for path in Path(vault).glob("*/*/control/collections/*.ndjson.zst")}
    return [path.relative_to(vault).as_posix() for number, path in sorted(lists.items())
            if not path.with_name(f"{number}.done.json").exists()]


# What the quick way does not look for (docs/operations.md): the full merge finds it.
def is_for_full(why):
    return why == "pool object of a backup's lost attempt"


def check_collection(vault, before, *, full, but=(), folders=False):
    """Problems, after a collection at the end of all waiting times that found `before` (files_of). `but`: words of
    garbage that may wait longer. `folders`: none may be empty; what a killed write leaves of that sort is no object,
    and no store but a folder has it."""
    after, needs = files_of(vault), Needs(vault)
    problems = [f"the collection took '{path}', which a living backup needs" for path in sorted(needs.needed)
                if path in before and path not in after]
    problems += [f"the collection changed '{path}'" for path in sorted(after)
                 if path in before and after[path] != before[path]]
    problems += [f"the collection wrote '{path}'" for path in sorted(set(after) - set(before))
                 if not re.fullmatch(r"audit/.*|[^/]+/[^/]+/control/(collections|runs)/.*", path)]
    problems += [f"the list '{path}' is not carried out" for path in lists_not_carried_out(vault)]
    if folders:
        problems += [f"folder '{path}' is left empty" for path in empty_folders(vault)]
    left = [(path, why) for path, why in leftovers(vault)
            if (full or not is_for_full(why)) and not any(word in why for word in but)]
    if left:
        problems.append(f"{len(left)} files are garbage after all waiting times and a collection, among them "
                        + ", ".join(f"'{path}' ({why})" for path, why in left[:4]))
    return problems
