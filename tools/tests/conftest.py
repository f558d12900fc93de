"""Runs the tools as people do: as programs, on small trees made for the test."""

import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[1]


@pytest.fixture
def tree(tmp_path):
    """tree({path: text}): writes the files and gives their folder."""

    def write(files):
        for path, text in files.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        return tmp_path

    return write


@pytest.fixture
def run():
    def run_tool(tool, *args):
        command = [str(TOOLS / tool), *map(str, args)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    return run_tool
