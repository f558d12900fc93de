"""The commands that are killed and failed, each with what must be true once it ran again."""

import json
from dataclasses import dataclass, field

import checker
from later import DAY
from litter import litter
from world import differences

NAMESPACE = "proj-retail-prd"


@dataclass
class Scenario:
    """`request`: the command; it is given again after the crash, word for word."""

    name: str
    request: list
    target: bool = False  # changes database and library
    problems: list = field(default_factory=list)

    def prepare(self, world):
        """Where the command starts; the clock may be ahead."""
        world.rewind(target=self.target)

    def before(self, world):
        """Backups whose survival the crash must not touch."""
        return [world.first, world.second]

    def given_up(self, world):
        """Problems, should nobody give the command again. The world is as it was afterwards."""
        return []

    def after(self, world, ended):
        """Problems, once the command ran again and ended so."""
        raise NotImplementedError

    def anew(self, world, ended):
        """Problems, where the request was closed as failed: a new one has to do it."""
        return [f"it cannot be made good: {ended}"]


class Backup(Scenario):
    def __init__(self):
        super().__init__("backup", ["backup", "create", "--name", "next", "-o", "json"])

    def after(self, world, ended):
        if ended.code != 0 and not had_succeeded(ended):
            return [f"the backup does not come to its end: {ended}"]
        if ended.code != 0:
            ended = world.must("get", "backuprequest", "next", "-n", NAMESPACE, "-o", "json")
        return settled(world, [world.first, world.second, json.loads(ended.stdout)["status"]["backupId"]])

    def given_up(self, world):
        """A collection after a day closes the run, one after another week takes what it left."""
        return given_up(self, world)

    def anew(self, world, ended):
        again = world.lc2("backup", "create", "--name", "anew", "-o", "json")
        if again.code != 0:
            return [f"no other backup can be made: {again}"]
        made = json.loads(again.stdout)["status"]["backupId"]
        return settled(world, [world.first, world.second, made], most_garbage=50)


class Delete(Scenario):
    """The first backup goes; the second, which shares its objects, stays."""

    def __init__(self):
        super().__init__("delete", ["backup", "delete", "FIRST", "--reason", "killed"])

    def prepare(self, world):
        super().prepare(world)
        self.request[2] = world.first

    def given_up(self, world):
        """What is decided is carried out by a collection, too."""
        return given_up(self, world)

    def before(self, world):
        return [world.second]

    def after(self, world, ended):
        if ended.code != 0:
            return [f"the deletion does not come to its end: {ended}"]
        return settled(world, [world.second], most_garbage=50) + checker.check_audited(
            world.vault, "backup.deleted", world.first)


class Restore(Scenario):
    """Into an empty target. A restore whose attempt died is not repeated by itself, as what it wrote
    cannot be told from what others did: it says so, and overwriting brings the backup back."""

    def __init__(self):
        super().__init__("restore", ["restore", "create", "SECOND", "--name", "back"], target=True)

    def prepare(self, world):
        world.rewind(empty=True)
        self.request[2] = world.second

    def after(self, world, ended):
        if ended.code != 0 and not had_succeeded(ended):
            if "ended without a word" not in ended.stderr:
                return [f"the restore is refused for another reason: {ended}"]
            return self.anew(world, ended)
        return self.judge(world)

    def anew(self, world, ended):
        again = world.lc2("restore", "create", world.second, "--name", "back-again", "--strategy", "Overwrite",
                          "--yes", "--no-safeguard", "--extra-keys", "Remove")
        if again.code != 0:
            return [f"the restore cannot be made good: {again}"]
        return self.judge(world)

    def judge(self, world):
        return check_restored(world, world.of_second) + settled(world, [world.first, world.second])


class Overwrite(Scenario):
    """Over a filled target, which is backed up first."""

    def __init__(self):
        super().__init__("overwrite", ["restore", "create", "SECOND", "--name", "over", "--strategy", "Overwrite",
                                       "--yes", "--extra-keys", "Remove"], target=True)

    def prepare(self, world):
        super().prepare(world)
        self.request[2] = world.second

    def after(self, world, ended):
        if ended.code != 0 and not had_succeeded(ended):
            return [f"the restore does not come to its end: {ended}"]
        safeguards = checker.living(world.vault) - {world.first, world.second}
        problems = [] if len(safeguards) == 1 else [f"safeguards: {sorted(safeguards)}"]
        return problems + check_restored(world, world.of_second) + settled(
            world, [world.first, world.second, *safeguards])


class Collect(Scenario):
    """Of a vault with garbage of every sort; the backup that hangs is closed, and goes with a later collection."""

    def __init__(self):
        super().__init__("collect", ["gc"])

    def prepare(self, world):
        litter(world)
        self.living = sorted(checker.living(world.vault))

    def before(self, world):
        return self.living

    def after(self, world, ended):
        if ended.code != 0:
            return [f"the collection does not come to its end: {ended}"]
        problems = checker.check_collected(world, self.living, later=0, but=["that was abandoned (lost)"])
        return problems + settled(world, self.living, most_garbage=50) + checker.check_collected(
            world, self.living, full=True, folders=True)


def given_up(scenario, world):
    """Problems, should a collection come two days later in place of the same command, and another one after a week."""
    folder = world.folder / "killed"
    world.save(folder)
    world.later = 2 * DAY
    world.must("gc")
    living = checker.living(world.vault)
    problems = checker.check_collected(world, living)
    problems += [f"I3: backup '{name}' is gone" for name in set(scenario.before(world)) - living]
    world.load(folder)
    world.later = 0
    return problems


def settled(world, backups, *, most_garbage=0):
    """Problems, now and when all waiting times are over."""
    return checker.check_settled(world, backups, most_garbage=most_garbage) + checker.check_collected(world, backups)


def had_succeeded(ended):
    """Killed when all was done: the same command says so."""
    return "it ended as Succeeded" in ended.stderr


def check_restored(world, wanted):
    problems = [f"restored otherwise: {line}" for line in differences(wanted, world.snapshot())[:5]]
    strange = [name for name in world.databases() if name != world.database and "_old_" not in name]
    if strange:
        problems.append(f"databases are left: {strange}")
    return problems + [f"the library holds temporary file '{path.name}'"
                       for path in checker.temporaries_of(world.library)]


ALL = {one.__name__.lower(): one for one in (Backup, Delete, Restore, Overwrite, Collect)}
