"""What the bars in Python judge with: a bar that was not measured is not met."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

BARS = Path(__file__).resolve().parents[2] / "test/bars"


@pytest.fixture
def figures(tmp_path, monkeypatch):
    monkeypatch.setenv("LC2_BUILD", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["test/bars/main.9"])
    spec = importlib.util.spec_from_file_location("figures", BARS / "figures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Figures()


def test_all_that_was_asked_holds(figures, tmp_path, capsys):
    figures.add("missing", 7, bar="exactly 7", holds=True)
    figures.add("time", 1.25, "s")
    assert figures.finish() == 0
    written = json.loads((tmp_path / "bars/main.9.json").read_text())
    assert written == [
        {"name": "missing", "value": 7, "unit": "", "bar": "exactly 7", "holds": True},
        {"name": "time", "value": 1.25, "unit": "s", "bar": "", "holds": True},
    ]
    assert "all 1 bars hold" in capsys.readouterr().out


def test_one_that_does_not_hold_fails_the_whole(figures, capsys):
    figures.add("missing", 7, bar="exactly 7", holds=True)
    figures.add("orphans", 4, bar="exactly 5", holds=False)
    assert figures.finish() == 1
    assert "DOES NOT HOLD" in capsys.readouterr().out


@pytest.mark.parametrize("told", [[], [("time", 3)]])
def test_nothing_asked_is_not_met(figures, told):
    for name, value in told:
        figures.add(name, value)
    assert figures.finish() == 1


# Others would not stop at --help, but start measuring.
WITH_OPTIONS = sorted(p.name for p in BARS.glob("main.*") if "argparse" in p.read_text())


@pytest.mark.parametrize("bar", WITH_OPTIONS)
def test_every_bar_has_a_slice_and_says_what_it_is(bar):
    done = subprocess.run([BARS / bar, "--help"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "--slice" in done.stdout and len(done.stdout.splitlines()) > 3
