"""The main job as a user runs it: back up, verify, destroy, restore, compare."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def main_job(tmp_path, lc2_binary):
    """Runs the main job in a folder of its own; gives (what it printed, its report, the folder)."""
    folder = tmp_path / "run"

    def run(version, *more):
        done = subprocess.run(
            [sys.executable, ROOT / "tools" / "main-job", "--pg", version, "--versions", "300",
             "--dir", folder, *more],
            capture_output=True, text=True, timeout=300, check=False,
            env={**os.environ, "LC2_BIN": str(lc2_binary)})
        if "is not installed here" in done.stderr:
            pytest.skip(f"no PostgreSQL {version}: {done.stderr.strip()}")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout, json.loads((folder / "report.json").read_text()), folder

    yield run
    pg = [sys.executable, ROOT / "tools/sample/pg.py", "remove", "--dir", folder / "pg"]
    subprocess.run(pg, check=True, timeout=60)


@pytest.mark.parametrize("version", ["15", "16", "18"])
def test_restored_environment_is_identical(main_job, version):
    # A restore that switches the database without the library once said `Succeeded`: the comparison
    # is independent of lc2 and looks at every row and every file.
    said, report, _ = main_job(version)
    assert "identical after the restore" in said
    assert report["differences"] == []
    assert report["schema"] == "genuine" or "the sample's own tables" in said
    compared = report["compared"]
    assert compared["rows"] >= report["sample"]["rows"]["DLFileVersion"] == 300
    assert compared["files"] >= report["sample"]["liveVersions"] > 280
    assert compared["largeObjects"] == report["sample"]["largeObjects"] > 0
    # What a newcomer reads is what was found.
    assert f"{compared['rows']:,} rows" in said and f"{compared['files']:,} files" in said


def test_what_to_try_next_works_when_it_is_pasted(main_job):
    said, report, folder = main_job("15", "--own-schema")
    assert report["schema"] == "own" and "the sample's own tables" in said
    commands = re.search(r"^try next\n((?:  .+\n)+)", said, re.MULTILINE)[1]
    assert len(commands.splitlines()) == 7
    done = subprocess.run(["bash", "-e"], input=commands, cwd=Path.cwd(), capture_output=True,
                          text=True, timeout=300, check=False,
                          env={"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert report["backup"] in done.stdout
    listed = subprocess.run(
        ["bash", "-ec", f". {folder}/env; lc2 backup list -o name; stop_server"],
        capture_output=True, text=True, timeout=60, check=True)
    # The one of the job, the one that was pasted, and the safeguard of the restore.
    assert len(listed.stdout.split()) == 3
    state = subprocess.run(
        [sys.executable, ROOT / "tools/sample/pg.py", "env", "--json", "--dir", folder / "pg"],
        capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(state.stdout)["running"] is False
