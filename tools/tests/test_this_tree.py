"""The checkers over this very tree, so that CI sees what './dev lint' would say of it."""

import re
import resource
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("tool", ["check-layers", "check-headers", "check-files", "check-errors"])
def test_tree_is_clean(run, tool):
    done = run(tool)
    assert done.returncode == 0, done.stderr


def test_layer_check_is_quick_enough_for_every_build(run):
    # Time of its own on a core: what passes on the wall depends on who else is there.
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run("check-layers")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.3


def test_page_of_errors_has_the_exit_codes_of_the_binary():
    table = (TOP / "src/base/error.cc").read_text()
    rows = re.findall(r'\{ErrorKind::k\w+, "(\w+)", (?:true|false), \d+, (\d+)\}', table)
    said = re.findall(r"\| (\w+) \| (\d+) ", (TOP / "docs/errors.md").read_text())
    assert rows and sorted(said) == sorted(rows)


def test_page_of_errors_has_the_retryable_kinds_of_the_binary():
    rows = re.findall(r'\{ErrorKind::k\w+, "(\w+)", true,', (TOP / "src/base/error.cc").read_text())
    assert f"{', '.join(rows[:-1])} and {rows[-1]} the same call may" in " ".join(
        (TOP / "docs/errors.md").read_text().split())
