"""The main job as a user runs it: back up, verify, destroy, restore, compare."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("version", ["15", "16", "18"])
def test_restored_environment_is_identical(version, tmp_path):
    # A restore that switches the database without the library once said `Succeeded`: the comparison
    # is independent of lc2 and looks at every row and every file.
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "main-job", "--pg", version, "--versions", "300", "--dir",
         tmp_path / "run"],
        capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "LC2_BIN": os.environ.get("LC2_BIN", str(ROOT / "build" / "lc2"))})
    if "is not installed here" in done.stderr:
        pytest.skip(f"no PostgreSQL {version}: {done.stderr.strip()}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "identical after the restore" in done.stdout
