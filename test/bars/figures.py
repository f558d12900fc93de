"""What every bar does with what it measured: print it beside what was asked, and write it down."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

SKIPPED = 77


class Figures:
    """figures.add("missing", 7, bar="exactly 7", holds=missing == 7) ... sys.exit(figures.finish())"""

    def __init__(self):
        build = Path(os.environ.get("LC2_BUILD") or ROOT / "build")
        self.file = build / "bars" / f"{Path(sys.argv[0]).name}.json"
        self.rows = []

    def add(self, name, value, unit="", *, bar="", holds=True):
        """`bar` is what was asked, in words; empty for what is only told."""
        self.rows.append(
            {"name": name, "value": value, "unit": unit, "bar": bar, "holds": bool(holds)})
        shown = f"{value:,.1f}" if isinstance(value, float) else str(value)
        verdict = "" if not bar else f"   (asked: {bar}) {'holds' if holds else 'DOES NOT HOLD'}"
        print(f"  {name}: {shown} {unit}".rstrip() + verdict, flush=True)

    def finish(self):
        """Writes the file; the exit code of the bar. Nothing measured is not met."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps(self.rows, indent=1, ensure_ascii=False) + "\n")
        met = [row["holds"] for row in self.rows if row["bar"]]
        failed = met.count(False)
        print(f"{len(met)} bars, {failed} do not hold" if failed else f"all {len(met)} bars hold")
        return 0 if met and not failed else 1


def scratch_folder(room=1 << 30):
    """A temporary folder for very many small files: in memory if `room` bytes are free there, as
    disks take minutes to delete them."""
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > room:
        return tempfile.TemporaryDirectory(prefix="lc2-bar-", dir=memory)
    return tempfile.TemporaryDirectory(prefix="lc2-bar-")


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def run_bench(name, options, *, untimed=False):
    """Runs a benchmark and judges what it measured; `untimed` tells times without judging them, where
    the data are too few or the machine too busy for them to mean anything."""
    figures = Figures()
    out = figures.file.parent / f"bench-{name}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, ROOT / "bench" / name, "--out", out, *options], check=True,
                   stdout=subprocess.DEVNULL)
    for one in json.loads(out.read_text()):
        told = "" if one["ratio"] is None else f"; {one['ratio']} x {one['peer']} at {one['peerValue']}"
        judged = one["bar"] and not (untimed and one["timed"])
        figures.add(one["name"], one["value"], one["unit"] + told, bar=one["bar"] if judged else "",
                    holds=bool(one["holds"]) or not judged)
    return figures
