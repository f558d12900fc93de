"""What the checkers share: walking src/, reading include lines, reporting."""

import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)


class Include(NamedTuple):
    line: int
    quoted: bool
    path: str


def top_folder():
    """The tree to check: the argument, else the one that this tool belongs to."""
    return Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent


def files_below(folder, suffixes):
    """Paths relative to `folder` with slashes, sorted, so that reports have one order."""
    found = []
    for base, _, names in os.walk(folder):
        for name in names:
            if name.endswith(suffixes):
                found.append(os.path.relpath(os.path.join(base, name), folder))
    return sorted(found)


def is_test(path):
    return "tests" in path.split("/")[:-1]


def includes_of(text):
    found = []
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        found.append(Include(line, match[1] == '"', match[2]))
    return found


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def report(tool, problems, hint):
    """Prints the problems for people and editors (path:line: text); gives the exit code."""
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        return 0
    print(f"error: {tool} found {len(problems)} problems", file=sys.stderr)
    print(f"HINT: {hint}", file=sys.stderr)
    return 1
