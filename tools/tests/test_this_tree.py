"""The checkers over this very tree, so that CI sees what './dev lint' would say of it."""

import time

import pytest


@pytest.mark.parametrize("tool", ["check-layers", "check-headers", "check-files", "check-errors"])
def test_tree_is_clean(run, tool):
    done = run(tool)
    assert done.returncode == 0, done.stderr


def test_layer_check_is_quick_enough_for_every_build(run):
    # The best of three: another process may take the core meanwhile.
    times = []
    for _ in range(3):
        start = time.monotonic()
        run("check-layers")
        times.append(time.monotonic() - start)
    assert min(times) < 0.3
