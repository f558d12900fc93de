"""How much a backup repeats that was killed in the midst of a large library: at most its last batch, and
the dump only if it was not finished.

    resume.py [--versions N] [--kills N] [--seed N]
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import checker
from kill_matrix import build_crash
from later import LaterWorld, build_clock
from scenarios import had_succeeded

from sample.pg import PrivatePostgres

BATCH = 10_000  # objects; src/library/copy.h
WINDOW = 256  # of objects on their way at once
COMMAND = ["backup", "create", "--name", "large", "--verify", "Exists", "-o", "json"]


def batches_of(vault):
    """Attempt -> objects in its durable batches."""
    counts = {}
    for path in sorted(Path(vault).glob("*/*/runs/*/*/batches/*.ndjson.zst")):
        lines = subprocess.run(["zstd", "-dc", path], check=True, capture_output=True).stdout.count(b"\n")
        counts[path.parents[1].name] = counts.get(path.parents[1].name, 0) + lines
    return counts


def record(vault, attempt, step):
    files = list(Path(vault).glob(f"*/*/runs/*/{attempt}/steps/{step}.json"))
    return json.loads(files[0].read_text()) if files else None


class Resume:
    """Kills one backup several times, each time somewhere in what is left of its library."""

    def __init__(self, world, rng):
        self.world, self.rng = world, rng
        self.problems, self.repeated, self.taken_over = [], [], 0
        self.lost = []  # objects that a killed attempt had copied, and that are copied again

    def trace(self):
        """Of an undisturbed run: its points by name, and the objects that it wrote."""
        self.world.rewind()
        file = self.world.folder / "trace"
        file.unlink(missing_ok=True)
        self.world.must(*COMMAND, env={"LC2_CRASH_TRACE": str(file)})
        sites = [line.split()[1] for line in file.read_text().splitlines()]
        return sites, record(self.world.vault, "a1", "library")["writtenObjects"]

    def run(self, kills):
        sites, objects = self.trace()
        # The barrier of the first batch is in the middle of the library; its first rename after that.
        renames = [n for n, site in enumerate(sites, 1) if site == "folder.rename.after"]
        first, last = renames[BATCH // 2], renames[-1]
        self.world.rewind()
        at = self.rng.randint(first, last)
        for number in range(kills):
            before, durable = self.copied(), self.durable()
            ended = self.world.lc2(*COMMAND, env={"LC2_CRASH_AT": str(at)})
            if ended.code != -signal.SIGKILL:
                break
            self.problems += checker.check_after_crash(self.world.vault, [])
            # What an attempt before has copied, this one copies once more: of another file, so that it counts.
            new = self.copied().items() - before.items()
            self.lost.append(len(new) - (self.durable() - durable))
            if self.lost[-1] > BATCH + WINDOW:
                self.problems.append(f"killed at {at}, {self.lost[-1]} copied objects are lost")
            if number == 0 and record(self.world.vault, "a1", "database") is None:
                self.problems.append(f"killed at {at}, but the dump was not finished")
            # What is left is shorter by what is durable.
            at = self.rng.randint(200, max(201, last - 6 * self.durable()))
        durable = batches_of(self.world.vault)
        ended = self.world.lc2(*COMMAND)
        if ended.code != 0 and not had_succeeded(ended):
            self.problems.append(str(ended))
            return objects
        self.judge(objects, durable)
        return objects

    def copied(self):
        """Objects whose bytes lie in the vault, under their name or yet without: path -> inode."""
        vault = self.world.vault
        return {path: path.stat().st_ino for pattern in ("*/*/pool/*/*", f"{checker.TEMPORARY}/*-*")
                for path in vault.glob(pattern)}

    def durable(self):
        """Objects in all batches that are durable."""
        return sum(batches_of(self.world.vault).values())

    def judge(self, objects, durable):
        vault = self.world.vault
        manifest = json.loads(next(vault.glob("*/*/*/manifest.json")).read_text())
        last = manifest["documentLibrary"]["index"]["path"].split("/")[-2]
        written = record(vault, last, "library")["writtenObjects"]
        # Those of attempts before; a kill after the library finds that of the last one complete.
        before = sum(count for attempt, count in durable.items() if attempt != last)
        self.repeated.append(written - (objects - before))
        if self.repeated[-1] != 0:
            self.problems.append(f"{before} of {objects} objects were durable, {written} were written again or anew")
        if "/a1/" in manifest["database"]["dump"]["path"]:
            self.taken_over += 1
        else:
            self.problems.append("the finished dump was made again")
        made = manifest["backupId"]
        self.problems += checker.check_settled(self.world, [made], most_garbage=0)
        self.problems += checker.check_collected(self.world, [made])


def run_resume(versions=21_000, rounds=3, kills=2, seed=1, binary=None):
    """(objects of the library, Resume with its findings)."""
    with PrivatePostgres("15", fsync=False) as server, tempfile.TemporaryDirectory(
            prefix="lc2-safe-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        world = LaterWorld(build_clock(folder), server, Path(folder) / "w", binary or build_crash(), 0, versions,
                           history=False, tiny_files=True)
        resume = Resume(world, random.Random(seed))
        objects = 0
        for _ in range(rounds):
            objects = resume.run(kills)
        return objects, resume


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--versions", type=int, default=21_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kills", type=int, default=2, help="a run has three attempts")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    objects, resume = run_resume(args.versions, args.rounds, args.kills, args.seed, os.environ.get("LC2_BIN"))
    for text in resume.problems:
        print(text)
    print(f"{objects} objects; dumps taken over {resume.taken_over}; durable objects written again {resume.repeated}; "
          f"copied objects lost by a kill {resume.lost}")
    return 1 if resume.problems else 0


if __name__ == "__main__":
    sys.exit(main())
