"""Measuring whole commands, and the figures that benchmarks and bars leave behind."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
MIB = 1 << 20


class Measured(NamedTuple):
    seconds: float  # wall clock
    cpu: float  # user and system, of the command and what it waited for
    rss: int  # bytes: the largest resident set of the command or a child of it
    output: str  # standard output


class CommandFailed(RuntimeError):
    pass


def run(command, *, env=None, cwd=None, check=True):
    """Runs one command to its end. The kernel counts the forking process into the new one's peak, so
    the figure of `rss` has this program's own size as its floor."""
    with subprocess.Popen(
        [str(word) for word in command], env=env, cwd=cwd, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as child:
        began = time.monotonic()
        # Standard error is small; it waits in the pipe.
        output = child.stdout.read().decode("utf-8", "replace")
        errors = child.stderr.read().decode("utf-8", "replace")
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
    if check and child.returncode != 0:
        raise CommandFailed(f"{' '.join(map(str, command))} ended with {child.returncode}\n{errors[-4000:]}")
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, output)


def shell(script, **options):
    """A pipeline as a person would type it: any part of it that fails, fails it."""
    return run(["bash", "-c", "set -euo pipefail; " + script], **options)


def best(measure, times):
    """The fastest of several runs: what the machine can do when nothing else wants it."""
    return min((measure() for _ in range(times)), key=lambda one: one.seconds)


def figure(name, value, unit, *, peer=None, peer_value=None, ratio=None, bar=None, holds=None,
           timed=False):
    """`timed`: the figure is one of the clock, which only a quiet machine gives."""
    return {"name": name, "value": value, "unit": unit, "peer": peer, "peerValue": peer_value,
            "ratio": ratio, "bar": bar, "holds": holds, "timed": timed}


def number(value):
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def report(path, figures):
    """Prints the figures as a table and leaves them in `path`; true if none of them misses its bar."""
    columns = ("name", "value", "unit", "peer", "peerValue", "ratio", "bar", "holds")
    rows = [columns] + [tuple(number(one[column]) for column in columns) for one in figures]
    widths = [max(len(row[at]) for row in rows) for at in range(len(columns))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=1) + "\n")
    return all(one["holds"] is not False for one in figures)


def note(text):
    print(text, file=sys.stderr, flush=True)
