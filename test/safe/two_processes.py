"""Two commands at once on one home or on one vault, one of them stopped (SIGSTOP) at a point of its way,
until the other has done what it can, and woken then: one decision a run, and none of the stale one.

    two_processes.py [--cases N] [--seed N] [--workers N]

Needs a binary with crash points.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter

import checker
from kill_matrix import Workers, build_crash
from world import TIME_LIMIT

SAME = ["backup", "create", "--name", "same", "-o", "json"]
OTHER = ["backup", "create", "--name", "other", "-o", "json"]
MODES = ("same request, one home", "different requests, one home", "same request, two homes",
         "different requests, two homes", "deletion twice", "deletion beside a backup")


class Meetings:
    def __init__(self):
        self.cases, self.stopped, self.violations = Counter(), Counter(), []

    def note(self, mode, at, was_stopped, problems):
        self.cases[mode] += 1
        self.stopped[mode] += was_stopped
        for problem in problems:
            self.violations.append(f"{mode}, stopped at {at}: {problem}")
            print(f"VIOLATION {self.violations[-1]}", flush=True)


def commands_of(mode, world):
    """(the one that is stopped, the other, home of the other)."""
    second = world.home.with_name("home2") if "two homes" in mode else world.home
    if mode.startswith("same"):
        return SAME, SAME, second
    if mode.startswith("different"):
        return SAME, OTHER, second
    delete = ["backup", "delete", world.first, "--reason", "twice"]
    return delete, delete if mode == "deletion twice" else OTHER, second


def wait_stopped(child):
    """Whether it was stopped; else it has ended."""
    if child.returncode is not None:
        return False
    # WNOWAIT: subprocess has to find the end of its child itself.
    info = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT)
    return info.si_code == os.CLD_STOPPED


def meet(world, mode, point, seconds, patience):
    """Stopped at crash point `point`, or after so many `seconds`. What Meetings.note() takes."""
    world.rewind()
    if "two homes" in mode:
        shutil.rmtree(world.home.with_name("home2"), ignore_errors=True)
        shutil.copytree(world.home, world.home.with_name("home2"))
    stale, other, home = commands_of(mode, world)
    env = {"LC2_STOP_AT": str(point)} if seconds is None else {}
    child = world.start(*stale, env=env)
    if seconds is not None:
        time.sleep(seconds)
        if child.poll() is None:
            child.send_signal(signal.SIGSTOP)
    was_stopped = wait_stopped(child)
    problems = []
    # It may wait for what the stopped one holds: then that is woken, and both have to come to an end.
    rival = world.start(*other, env={"LC2_HOME": str(home)})
    try:
        rival.wait(patience)
        rival_waits = False
    except Exception:
        rival_waits = True
    if was_stopped:
        child.send_signal(signal.SIGCONT)
    outputs = []
    for process in (child, rival):
        try:
            outputs.append(process.communicate(timeout=TIME_LIMIT))
        except Exception:
            process.kill()
            outputs.append(process.communicate())
            problems.append(f"`{' '.join(process.args[1:])}` hangs")
    if not problems:
        problems = judge(world, mode, (child, rival), outputs, home)
    return (mode + (" (waits)" if rival_waits else ""), point if seconds is None else f"{seconds * 1000:.0f} ms",
            was_stopped, problems)


def judge(world, mode, processes, outputs, home):
    problems = []
    for process, (_, stderr) in zip(processes, outputs):
        finished = "it ended as Succeeded" in stderr
        if process.returncode != 0 and not finished:
            problems.append(f"`{' '.join(process.args[1:])}` ended with {process.returncode}: {stderr}")
    backups = {world.first, world.second}
    runs = checker.logs_of(world.vault)
    if "deletion" in mode:
        backups.discard(world.first)
        deleted = [entry for log in runs.values() for entry in log if entry["event"] == "deleted"]
        if len(deleted) != 1:
            problems.append(f"{len(deleted)} deletions are decided")
    made = {}
    for log in runs.values():
        opened = log[0]["opened"]
        if opened["kind"] == "backup" and opened["request"]["name"] in ("same", "other"):
            commits = [entry for entry in log if entry["event"] == "committed"]
            made.setdefault(opened["request"]["name"], []).extend(commits)
            backups |= {opened["backupId"]} if commits else set()
    wanted = {"same": {"same"}, "different": {"same", "other"}, "deletion twice": set(),
              "deletion beside a backup": {"other"}}
    names = wanted.get(mode) if "deletion" in mode else wanted[mode.split()[0]]
    if {name for name, commits in made.items() if len(commits) == 1} != names or set(made) != names:
        problems.append(f"commits by request: { {name: len(commits) for name, commits in made.items()} }")
    # What the loser of a race has copied beside the winner stays until it is collected.
    world.must("catalog", "rebuild")
    problems += checker.check_settled(world, backups, most_garbage=50)
    return problems


def run_meetings(cases=200, seed=1, workers=2, binary=None, patience=10):
    meetings, rng = Meetings(), random.Random(seed)
    with Workers(binary or build_crash(), workers) as pool:
        world = pool.worlds[0]
        points = {}
        for command in (SAME, ["backup", "delete", world.first, "--reason", "twice"]):
            world.rewind()
            file = world.folder / "trace"
            file.unlink(missing_ok=True)
            ended = world.must(*command, env={"LC2_CRASH_TRACE": str(file)})
            points[command[1]] = (len(file.read_text().splitlines()), ended.seconds)
        plan = []
        for number in range(cases):
            mode = MODES[number % len(MODES)]
            count, seconds = points["delete" if "deletion" in mode else "create"]
            plan.append((mode, rng.randint(1, count), None) if number % 4 else (mode, None, rng.uniform(0, seconds)))
        pool.run(lambda one, case: meet(one, *case, patience), plan, meetings.note)
    return meetings


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--patience", type=float, default=10, help="seconds until the stopped one is woken")
    args = parser.parse_args()
    began = time.monotonic()
    meetings = run_meetings(args.cases, args.seed, args.workers, os.environ.get("LC2_BIN"), args.patience)
    print(f"cases {dict(meetings.cases)}, stopped {sum(meetings.stopped.values())}, violations "
          f"{len(meetings.violations)}, {time.monotonic() - began:.0f} s")
    return 1 if meetings.violations else 0


if __name__ == "__main__":
    sys.exit(main())
