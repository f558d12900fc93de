"""Home and catalogue are lost after a random history of backups, holds, extensions, deletions,
verifications and months of retention: a new home that was declared again, trusts the vault's keys and
reads the vault anew must answer every question as the old one did, field for field. Then time goes on:
what is held survives the retention and the collections that follow.

    rebuild.py [--histories N] [--seed N]

The clock is set ahead by later.c; nothing waits.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from later import DAY, LaterWorld, build_clock
from world import ROOT

from sample.pg import PrivatePostgres

STATES = ("InProgress", "Succeeded", "Failed", "Cancelled", "Deleting", "Deleted")
STEPS = {"back up": 4, "fail": 1, "hold": 3, "release": 1, "extend": 3, "delete": 3, "withdraw": 1, "verify": 3,
         "damage": 1, "days pass": 3, "retention": 3}


class History:
    """Random commands; whatever they answer is right, as long as both homes see the same."""

    def __init__(self, world, seed):
        self.world, self.rng = world, random.Random(seed)
        self.ids, self.damaged, self.steps = [world.first, world.second], False, Counter()

    def run(self, length):
        for _ in range(length):
            step = self.rng.choices(list(STEPS), STEPS.values())[0]
            getattr(self, step.replace(" ", "_"))()
            self.steps[step] += 1
        self.world.must("backup", "hold", self._living(), "--reason", "this one stays")
        self.steps["hold"] += 1

    def any(self):
        return self.rng.choice(self.ids)

    def _living(self):
        names = self.world.must("backup", "list", "--state", "Succeeded", "-o", "name").stdout.split()
        return self.rng.choice(names)

    def back_up(self):
        options = ["--retention-days", str(self.rng.choice((7, 30, 90, 365)))]
        if self.rng.random() < 0.2:
            options += ["--hold", "from the beginning"]
        self._request(*options)

    def _request(self, *options):
        """A backup, or a failed run: both have an id."""
        ended = self.world.lc2("backup", "create", "-o", "json", *options)
        if ended.code and not ended.stdout:
            raise AssertionError(str(ended))
        self.ids.append(json.loads(ended.stdout)["status"]["backupId"])

    def fail(self):
        """A document that is missing: the run fails and says so, unless no row refers to it."""
        documents = [path for path in self.world.library.glob("*/*/*/1.0")
                     if path.is_file() and path.parent.name.isdigit()]
        victim, aside = self.rng.choice(sorted(documents)), self.world.folder / "aside"
        victim.rename(aside)
        try:
            self._request()
        finally:
            aside.rename(victim)

    def hold(self):
        self.world.lc2("backup", "hold", self.any(), "--reason", f"case {self.rng.randrange(1000)}: \u00fc\u2713")

    def release(self):
        self.world.lc2("backup", "hold", self.any(), "--release")

    def extend(self):
        self.world.lc2("backup", "extend", self.any(), "--retention-days", str(self.rng.choice((60, 120, 365))),
                       "--reason", "audit")

    def delete(self):
        self.world.lc2("backup", "delete", self.any(), "--reason", "test data")

    def withdraw(self):
        self.world.lc2("backup", "delete", self.any(), "--withdraw")

    def verify(self):
        self.world.lc2("backup", "verify", self.any(), "--level", self.rng.choice(("Exists", "Sample", "Full")))

    def damage(self):
        """A bit of an object flips, and a verification finds it."""
        victim = self.rng.choice(sorted(path for path in self.world.vault.glob("*/*/pool/*/*") if path.stat().st_size))
        data = bytearray(victim.read_bytes())
        data[self.rng.randrange(len(data))] ^= 1
        victim.chmod(0o600)
        victim.write_bytes(data)
        self.damaged = True
        self.world.lc2("backup", "verify", self.any(), "--full")

    def days_pass(self):
        self.world.later += self.rng.choice((1, 6, 20, 40)) * DAY

    def retention(self):
        self.world.must("retention", "apply", "-q")


def ask(world, ids, at):
    """Question -> answer: exit code, standard output, and what was said of an error."""
    questions = [("backup", "list", "-o", "json", "--limit", "1000", *more) for more in (
        (), ("-A",), ("--type", "manual"), ("--since", at[0]), ("--until", at[0]),
        *(("--state", state) for state in STATES), ("--state", ",".join(STATES)))]
    questions += [("backup", "list", "-o", kind, "--state", ",".join(STATES)) for kind in ("name", "yaml")]
    questions += [("retention", "explain", "-o", "json", "--at", day) for day in at]
    questions += [("backup", "get", name, "-o", "json") for name in ids]
    questions += [("backup", "ls", name, "-o", "json") for name in ids]
    answers = {}
    for question in questions:
        ended = world.lc2(*question)
        answers[question] = (ended.code, ended.stdout, ended.stderr if ended.code else "")
    answers.update(pages(world))
    return answers


def pages(world):
    answers, cursor = {}, []
    for number in range(100):
        ended = world.must("backup", "list", "-o", "name", "--limit", "3", "--state", ",".join(STATES), *cursor)
        answers["page", number] = (0, ended.stdout, "")
        if "--cursor " not in ended.stderr:
            return answers
        cursor = ["--cursor", ended.stderr.split("--cursor ")[1].split()[0]]
    raise AssertionError("a list of 300 pages")


def fields(text):
    """How many values a JSON answer has; an answer of another kind is one."""
    def count(value):
        if isinstance(value, dict):
            return sum(map(count, value.values()))
        return sum(map(count, value)) if isinstance(value, list) else 1

    try:
        return count(json.loads(text))
    except ValueError:
        return 1


def lose_everything(world):
    """What is left is the vault, the environment's YAML and the id of the key, as the pages of docs/ say."""
    shutil.rmtree(world.home)
    world._declare()  # pylint: disable=protected-access
    for key in sorted((world.vault / "keys").glob("*.pem")):
        world.must("location", "trust", "--key", key)
    world.must("catalog", "rebuild")


def held(world):
    listed = world.must("backup", "list", "-o", "json", "--limit", "1000", "--state", ",".join(STATES))
    return {item["status"]["backupId"] for item in json.loads(listed.stdout)["items"]
            if item["spec"].get("hold", {}).get("reason")}


def go_on(world, history, rng):
    """Years of retention and collections. Gives what went wrong, and how many backups went."""
    problems, keep = [], held(world)
    keep = {name for name in keep if state_of(world, name) in ("Succeeded", "Deleting")}
    before = count_deleted(world)
    for days in (8, 31, 60, 400, 31):
        world.later += (days + rng.randrange(3)) * DAY
        world.must("retention", "apply", "-q")
        world.lc2("gc") if history.damaged else world.must("gc")
    for name in keep:
        if state_of(world, name) not in ("Succeeded", "Deleting"):
            problems.append(f"held backup '{name}' is {state_of(world, name)}")
        verified = world.lc2("backup", "verify", "--full", name)
        if verified.code != 0 and not history.damaged:
            problems.append(f"held backup '{name}' is not whole: {verified}")
        planned = world.lc2("restore", "plan", name, "--strategy", "Overwrite", "--yes")
        if planned.code != 0:
            problems.append(f"held backup '{name}' cannot be restored: {planned}")
    return problems, len(keep), count_deleted(world) - before


def state_of(world, name):
    return json.loads(world.must("backup", "get", name, "-o", "json").stdout)["status"]["state"]


def count_deleted(world):
    return len(world.must("backup", "list", "--state", "Deleted", "-o", "name", "--limit", "1000").stdout.split())


class Losses:
    def __init__(self):
        self.histories, self.answers, self.fields, self.held, self.went = 0, 0, 0, 0, 0
        self.steps, self.states, self.differences, self.problems = Counter(), Counter(), [], []


def lose_once(world, seed, length, losses):
    world.rewind()
    world.later = 0
    history = History(world, seed)
    history.run(length)
    at = (world.day(-10), world.day(0), world.day(100), "2099-01-01")
    before = ask(world, history.ids, at)
    lose_everything(world)
    after = ask(world, history.ids, at)
    for question in sorted(set(before) | set(after), key=str):
        if before.get(question) != after.get(question):
            losses.differences.append(f"history {seed}: {question}:\n  before {before.get(question)}\n"
                                      f"  after  {after.get(question)}")
    losses.histories += 1
    losses.answers += len(before)
    losses.fields += sum(fields(text) for _, text, _ in before.values())
    losses.steps += history.steps
    losses.states += Counter(item["status"]["state"] for item in json.loads(
        before["backup", "list", "-o", "json", "--limit", "1000", "--state", ",".join(STATES)][1])["items"])
    problems, kept, went = go_on(world, history, random.Random(seed))
    losses.problems += [f"history {seed}: {problem}" for problem in problems]
    losses.held += kept
    losses.went += went


def run_losses(*, histories, length, seed, binary):
    losses = Losses()
    with tempfile.TemporaryDirectory(prefix="lc2-rebuild-") as folder:
        clock = build_clock(folder)
        with PrivatePostgres("15", Path(folder) / "pg", fsync=False) as server:
            world = LaterWorld(clock, server, Path(folder) / "world", binary, 1, softDeleteDays=30)
            for number in range(histories):
                lose_once(world, seed + number, length, losses)
    for text in losses.differences[:10] + losses.problems[:10]:
        print(f"    {text}", flush=True)
    return losses


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--histories", type=int, default=10)
    parser.add_argument("--length", type=int, default=15)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--binary", default=ROOT / "build/lc2")
    args = parser.parse_args()
    losses = run_losses(histories=args.histories, length=args.length, seed=args.seed, binary=args.binary)
    print(vars(losses))
    sys.exit(bool(losses.differences or losses.problems))


if __name__ == "__main__":
    main()
