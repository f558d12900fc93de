"""Fails writes of a command (full disk, read-only, failing disk, no descriptors), and checks that the
error names place and remedy, that nothing is lost, and that all is well once the fault is gone.

    fault_matrix.py [--scenario NAME] [--operations N|LIST] [--error ENOSPC] [--seed N] [--workers N]

Each operation fails once, and with all that follow it. Needs a binary with crash points.
"""

import argparse
import os
import random
import re
import sys
import time
from collections import Counter

import checker
import scenarios
from kill_matrix import Workers, build_crash

ERRORS = ("ENOSPC", "EROFS", "EIO", "EMFILE")
TOO_LONG = 20  # seconds: a person waits for the message
FAILED_CODES = range(1, 20)


class Faults:
    def __init__(self):
        self.cases, self.refused, self.violations, self.messages = Counter(), Counter(), [], Counter()
        self.operations = {}
        self.longest = 0.0

    def note(self, what, ended, problems):
        self.cases[what.split()[0]] += 1
        self.refused[what.split()[0]] += ended.code != 0
        self.longest = max(self.longest, ended.seconds)
        for problem in problems:
            self.violations.append(f"{what}: {problem}")
            print(f"VIOLATION {self.violations[-1]}", flush=True)
        for line in re.findall(r"^error: (.*)", ended.stderr, re.MULTILINE):
            self.messages[re.sub(r"'[^']*'|\d+", "*", line)[:150]] += 1


def operations_of(world, scenario):
    """Names of the operations that an undisturbed run makes, in order."""
    scenario.prepare(world)
    file = world.folder / "trace"
    file.unlink(missing_ok=True)
    ended = world.lc2(*scenario.request, env={"LC2_CRASH_TRACE": str(file)})
    if ended.code != 0:
        raise AssertionError(f"undisturbed: {ended}")
    lines = [line.split() for line in file.read_text().splitlines()]
    return [line[1].removesuffix(".before") for line in lines if len(line) == 3]


def judge_message(world, ended):
    """One error, one hint, and the place of the trouble in the error or its causes."""
    problems = []
    errors = re.findall(r"^error: .+", ended.stderr, re.MULTILINE)
    hints = re.findall(r"^HINT: \S.+", ended.stderr, re.MULTILINE)
    if len(errors) != 1 or len(hints) != 1:
        problems.append(f"{len(errors)} errors and {len(hints)} hints: {ended}")
    places = [str(world.vault), str(world.home), str(world.library), "pg_dump", "pg_restore", "psql"]
    if not any(place in ended.stderr for place in places):
        problems.append(f"the message names no place: {ended}")
    return problems


def fail(world, name, operation, site, error, lasting):
    """What Faults.note() takes."""
    scenario = scenarios.ALL[name]()
    scenario.prepare(world)
    plan = f"{operation}{'+' if lasting else ''}:{error}"
    what = f"{name} {plan} ({site})"
    problems = []
    try:
        ended = world.lc2(*scenario.request, env={"LC2_FAULT_AT": plan})
        if ended.code not in (0, *FAILED_CODES):
            problems.append(f"it died: {ended}")
        if ended.seconds > TOO_LONG:
            problems.append(f"it took {ended.seconds:.0f} s: {ended}")
        problems += checker.check_after_crash(world.vault, scenario.before(world))
        if ended.code == 0:
            problems += scenario.after(world, world.lc2(*scenario.request))
        else:
            problems += judge_message(world, ended)
            problems += recover(world, scenario)
    except Exception as problem:  # a checker that fails has found something
        problems.append(f"{type(problem).__name__}: {problem}")
    return what, ended, problems


def recover(world, scenario):
    """The fault is gone. What was closed as failed stays so: a new request does it."""
    again = world.lc2(*scenario.request)
    if again.code == 0:
        return scenario.after(world, again)
    return scenario.anew(world, again)


def run_faults(names, *, operations=None, errors=ERRORS, seed=1, workers=2, binary=None):
    faults, rng = Faults(), random.Random(seed)
    with Workers(binary or build_crash(), workers) as pool:
        cases = []
        for name in names:
            sites = operations_of(pool.worlds[0], scenarios.ALL[name]())
            faults.operations[name] = len(sites)
            numbers = list(range(1, len(sites) + 1))
            if isinstance(operations, int):
                cases += [(name, number, sites[number - 1], rng.choice(errors), rng.random() < 0.5)
                          for number in sorted(rng.sample(numbers, min(operations, len(sites))))]
                continue
            if operations is not None:
                numbers = operations
            cases += [(name, number, sites[number - 1], error, lasting) for number in numbers for error in errors
                      for lasting in (False, True)]
        rng.shuffle(cases)
        pool.run(lambda world, case: fail(world, *case), cases, faults.note)
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", action="append", choices=sorted(scenarios.ALL))
    parser.add_argument("--operations", help="so many of each scenario, or 3,17,20")
    parser.add_argument("--error", action="append", choices=ERRORS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    operations = args.operations
    if operations is not None:
        operations = [int(n) for n in operations.rstrip(",").split(",")] if "," in operations else int(operations)
    began = time.monotonic()
    faults = run_faults(args.scenario or ["backup", "restore", "delete"], operations=operations,
                        errors=args.error or ERRORS, seed=args.seed, workers=args.workers,
                        binary=os.environ.get("LC2_BIN"))
    for message, count in faults.messages.most_common():
        print(f"{count:5} {message}")
    print(f"operations {faults.operations}, cases {dict(faults.cases)}, refused {dict(faults.refused)}, longest "
          f"{faults.longest:.1f} s, violations {len(faults.violations)}, {time.monotonic() - began:.0f} s")
    return 1 if faults.violations else 0


if __name__ == "__main__":
    sys.exit(main())
