"""A vault with garbage of every sort: what deleted backups, failed and lost runs, killed attempts, restores and dead
processes leave. Made by the commands that make it in earnest, at the days on which they would be given.

    litter(world)       # home and vault are so now, the clock is at DAYS; database and library are as rewind() makes them
"""

import signal
from collections import Counter

import leftovers
from later import DAY

DAYS = 12 * DAY  # when a collection finds it: what failed is older than 7 days, what hangs older than 24 hours
SORTS = {
    "pool object of a deleted backup", "file of database/ of a deleted backup", "record of a deleted backup",
    "pool object of a backup that was abandoned (failed)", "record of a backup that was abandoned (failed)",
    "file of database/ of a backup that was abandoned (failed)",
    "pool object of a backup that was abandoned (lost)", "record of a backup that was abandoned (lost)",
    "file of database/ of a backup that was abandoned (lost)",
    "pool object of a backup's lost attempt", "record of a backup's lost attempt",
    "file of database/ of a backup's lost attempt",
    "record of a restore of a deleted backup",
    "pool object of an open backup", "file of database/ of an open backup", "record of an open backup",
    "temporary file of a dead process"}


class Litter:
    def __init__(self, world):
        self.world = world

    def make(self):
        world = self.world
        world.rewind(target=True)
        world.settle()  # or each backup copies all anew
        third = self._first("third")
        self._killed("lost")
        world.later = 2 * DAY
        world.must("gc")  # closes it; nothing of it is old enough
        self._failed("failed")
        self._restored(third)
        self._remove("two")
        self._with_a_lost_attempt("halved")
        for gone in (world.first, third):
            world.must("backup", "delete", gone, "--reason", "litter")
        world.later = 10 * DAY
        self._killed("hangs")
        world.later = DAYS
        self._check()

    def _write(self, word):
        for number in range(2):
            path = self.world.library / f"20096/20100/{word}{number}/1.0"
            path.parent.mkdir(parents=True)
            path.write_text(f"{word} {number}\n" * 20)

    def _remove(self, word):
        for path in self.world.library.glob(f"20096/20100/{word}*/1.0"):
            path.unlink()

    def _die(self, at, *command):
        ended = self.world.lc2(*command, env={"LC2_CRASH_AT": at})
        assert ended.code == -signal.SIGKILL, ended

    def _killed(self, name):
        """A backup that died when its new documents were in the pool, but not yet in its records."""
        command = ("backup", "create", "--name", name)
        self._write(name)
        self._die("folder.syncfs.before:2", *command)
        self._remove(name)
        return command

    def _with_a_lost_attempt(self, name):
        """The first attempt dies when its dump begins, the second leaves copies of what the third does not find."""
        self._die(f"process.start.before:{self.children}", "backup", "create", "--name", name)
        self.world.must(*self._killed(name))

    def _first(self, name):
        """Counts the programs that a backup starts; the last one makes or checks the dump."""
        file = self.world.folder / "trace"
        file.unlink(missing_ok=True)
        made = self.world.back_up(name, env={"LC2_CRASH_TRACE": str(file)})
        self.children = sum(line.split()[1] == "process.start.before" for line in file.read_text().splitlines())
        return made

    def _failed(self, name):
        """A row refers to a document that is missing."""
        self._write(name)
        victim = min(path for path in self.world.library.glob("*/*/*/1.0") if path.parent.name.isdigit())
        aside = victim.rename(self.world.folder / "victim")
        ended = self.world.lc2("backup", "create", "--name", name)
        assert ended.code != 0, ended
        aside.rename(victim)
        self._remove(name)

    def _restored(self, backup):
        """Twice: the whole of it; and the database alone, which leaves no list of documents."""
        command = ("restore", "create", backup, "--strategy", "Overwrite", "--yes", "--no-safeguard", "--name")
        self.world.must(*command, "whole", "--extra-keys", "Remove")
        self.world.must(*command, "database", "--type", "database-only")

    def _check(self):
        sorts = Counter(why for _, why in leftovers.leftovers(self.world.vault))
        missing = SORTS - set(sorts)
        assert not missing, f"no {sorted(missing)} among {sorts}"


def litter(world):
    folder = world.folder / "littered"
    if not folder.exists():
        Litter(world).make()
        world.save(folder)
    world.rewind()
    world.load(folder)
    world.later = DAYS
