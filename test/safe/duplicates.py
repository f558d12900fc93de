"""Writes that were delayed on their way and arrive, once more, after their backup was deleted: create-only, as a
store takes them. Nothing comes back to life.

    duplicates.py [--count N] [--seed N]
"""

import argparse
import os
import random
import sys

import checker
from kill_matrix import Workers, build_crash

AT_ONCE = 10  # duplicates between two looks


def arrive(vault, name, data):
    """As PutMode::kCreateOnly: whether it was written."""
    path = vault / name
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(path, "xb") as file:
            file.write(data)
    except FileExistsError:
        return False
    return True


def published(vault, backup):
    """What people and LCP's tools would take for the backup."""
    folder = backup.removeprefix("retail-prd-backup-")
    return [path for path in (*vault.glob(f"*/*/{folder}/manifest.*"), vault / f"backup-metadata/{backup}.json")
            if path.exists()]


def look(world):
    """Problems, after duplicates of the deleted first backup have arrived."""
    problems = []
    for command in (("restore", "plan", world.first), ("backup", "ls", world.first)):
        if world.lc2(*command).code == 0:
            problems.append(f"`{' '.join(command)}` works for a deleted backup")
    world.must("catalog", "rebuild")
    if left := published(world.vault, world.first):
        problems.append(f"it is still published: {[path.name for path in left]}")
    if (living := checker.living(world.vault)) != {world.second}:
        problems.append(f"living backups are {sorted(living)}")
    # Line by line: of two backups of one second the later one's id begins with the other's.
    if world.first in world.must("backup", "list", "--state", "Succeeded", "-o", "name").stdout.split():
        problems.append("it is listed as Succeeded")
    return problems


def run_duplicates(count=1000, seed=1, binary=None):
    """(duplicates that arrived, how many of them were written, problems)."""
    rng, written, problems = random.Random(seed), 0, []
    with Workers(binary or build_crash(), 1) as pool:
        world = pool.worlds[0]
        world.rewind()
        history = {path.relative_to(world.vault).as_posix(): path.read_bytes()
                   for path in world.vault.rglob("*") if path.is_file()}
        decisions = [name for name in history if "/pool/" not in name and not name.startswith(checker.TEMPORARY)]
        world.must("backup", "delete", world.first, "--reason", "test")
        for number in range(1, count + 1):
            # Some of them the very objects that the deletion removed, one by one.
            gone = [name for name in decisions if not os.path.exists(world.vault / name)]
            name = rng.choice(gone if gone and rng.random() < 0.1 else decisions)
            written += arrive(world.vault, name, history[name])
            if number % AT_ONCE == 0 or number == count:
                problems += [f"after {number}: {problem}" for problem in look(world)]
        problems += checker.check_settled(world, [world.second], most_garbage=50)
    return count, written, problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    count, written, problems = run_duplicates(args.count, args.seed, os.environ.get("LC2_BIN"))
    for problem in problems:
        print(problem)
    print(f"{count} duplicates, {written} written, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
