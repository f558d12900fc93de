"""Kills a command at crash points and at random instants, runs it again, and checks what it left.

    kill_matrix.py [--scenario NAME] [--points N|LIST] [--instants N] [--seed N] [--workers N]

Needs a binary with crash points (`build_crash lc2` of tools/dev.d/build.sh). Without --points every
point is taken.
"""

import argparse
import multiprocessing
import multiprocessing.connection
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import checker
import scenarios
from later import LaterWorld, build_clock
from world import ROOT

from sample.pg import PrivatePostgres


def build_crash():
    """The binary with crash points."""
    script = ". tools/dev.d/lib.sh; build_crash lc2"
    subprocess.run(["bash", "-ec", script], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return ROOT / "build/crash/lc2"


class Matrix:
    """Counts what happened; `violations` are texts."""

    def __init__(self):
        self.cases, self.killed, self.violations = Counter(), Counter(), []
        self.points, self.seconds = {}, {}
        self.sites = Counter()

    def note(self, name, at, died, problems):
        self.cases[name] += 1
        self.killed[name] += died
        for problem in problems:
            self.violations.append(f"{name}, killed at {at}: {problem}")
            print(f"VIOLATION {self.violations[-1]}", flush=True)


class Workers:
    """Worlds beside each other on one server, each with a process of its own."""

    def __init__(self, binary, count=2, **options):
        self.count, self.binary, self.options = count, binary, options
        self.server = PrivatePostgres("15", fsync=False)
        self.worlds = []

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(
            prefix="lc2-safe-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        self.clock = build_clock(self.folder.name)
        self.server.start(Path(self.folder.name) / "pg")
        with ThreadPoolExecutor(self.count) as pool:
            self.worlds = list(pool.map(self.make, range(self.count)))
        return self

    def make(self, number):
        world = LaterWorld(self.clock, self.server, Path(self.folder.name) / f"w{number}", self.binary, number,
                           **self.options)
        world.rewind(target=True)  # as it will be after each restore
        return world

    def __exit__(self, *_):
        self.server.remove()
        self.folder.cleanup()

    def run(self, work, items, note):
        """note(*work(world, item)) for each item. A world serves one at a time, in a process of its own, as half of
        a case is Python."""
        context = multiprocessing.get_context("fork")
        taken, pipes = context.Value("l", 0), {}
        for world in self.worlds:
            reader, writer = context.Pipe(duplex=False)
            process = context.Process(target=serve, args=(world, work, items, taken, writer))
            process.start()
            writer.close()
            pipes[reader] = process
        died = []
        while pipes:
            for reader in multiprocessing.connection.wait(list(pipes)):
                try:
                    result = reader.recv()
                except EOFError:
                    process = pipes.pop(reader)
                    process.join()
                    died += [process.exitcode] if process.exitcode else []
                else:
                    note(*result)
        if died:
            raise AssertionError(f"workers died: {died}")


def serve(world, work, items, taken, writer):
    """Takes items until there are no more."""
    while True:
        with taken:
            number = taken.value
            taken.value += 1
        if number >= len(items):
            return
        writer.send(work(world, items[number]))


def trace(world, scenario):
    """The points that an undisturbed run passes: 'site.side' in order; and how long it took."""
    scenario.prepare(world)
    file = world.folder / "trace"
    file.unlink(missing_ok=True)
    ended = world.lc2(*scenario.request, env={"LC2_CRASH_TRACE": str(file)})
    if ended.code != 0:
        raise AssertionError(f"undisturbed: {ended}")
    return [line.split()[1] for line in file.read_text().splitlines()], ended.seconds


def settle(world, scenario, at, died):
    """Checks, runs the command again, checks again. What Matrix.note() takes."""
    problems = []
    try:
        problems = checker.check_after_crash(world.vault, scenario.before(world))
        problems = [f"right after: {problem}" for problem in problems]
        problems += [f"given up: {problem}" for problem in scenario.given_up(world)]
        problems += scenario.after(world, world.lc2(*scenario.request))
    except Exception as problem:  # a checker that fails has found something
        problems.append(f"{type(problem).__name__}: {problem}")
    return scenario.name, at, died, problems


def kill_at_point(world, scenario, point, site):
    scenario.prepare(world)
    ended = world.lc2(*scenario.request, env={"LC2_CRASH_AT": str(point)})
    return settle(world, scenario, f"point {point} ({site})", ended.code == -signal.SIGKILL)


def kill_after(world, scenario, seconds):
    scenario.prepare(world)
    child = world.start(*scenario.request)
    time.sleep(seconds)
    child.kill()
    child.communicate()
    return settle(world, scenario, f"{seconds * 1000:.0f} ms", child.returncode == -signal.SIGKILL)


def run_matrix(names, *, points=None, instants=0, seed=1, workers=2, binary=None):
    """`points`: None for all, a number for so many random ones of each scenario, or a list."""
    matrix, rng = Matrix(), random.Random(seed)
    with Workers(binary or build_crash(), workers) as pool:
        cases = []
        for name in names:
            sites, seconds = trace(pool.worlds[0], scenarios.ALL[name]())
            matrix.points[name], matrix.seconds[name] = len(sites), seconds
            matrix.sites.update(sites)
            numbers = range(1, len(sites) + 1)
            if isinstance(points, int):
                numbers = sorted(rng.sample(numbers, min(points, len(sites))))
            elif points is not None:
                numbers = points
            cases += [(name, number, sites[number - 1] if number <= len(sites) else "?") for number in numbers]
            share = instants // len(names) + (name in names[:instants % len(names)])
            cases += [(name, None, rng.uniform(0, seconds)) for _ in range(share)]
        rng.shuffle(cases)

        def work(world, case):
            name, point, detail = case
            scenario = scenarios.ALL[name]()
            if point is None:
                return kill_after(world, scenario, detail)
            return kill_at_point(world, scenario, point, detail)

        pool.run(work, cases, matrix.note)
    return matrix


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", action="append", choices=sorted(scenarios.ALL))
    parser.add_argument("--points", help="so many of each scenario, or 3,17,20")
    parser.add_argument("--instants", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    points = args.points
    if points is not None:
        points = [int(n) for n in points.rstrip(",").split(",")] if "," in points else int(points)
    began = time.monotonic()
    matrix = run_matrix(args.scenario or list(scenarios.ALL), points=points, instants=args.instants, seed=args.seed,
                        workers=args.workers, binary=os.environ.get("LC2_BIN"))
    print(f"points {matrix.points}, cases {dict(matrix.cases)}, killed {dict(matrix.killed)}, "
          f"violations {len(matrix.violations)}, {time.monotonic() - began:.0f} s")
    return 1 if matrix.violations else 0


if __name__ == "__main__":
    sys.exit(main())
