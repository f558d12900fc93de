"""Runs docs/cli.md: every `console` block, in order, in one shell. LC2_UPDATE_GOLDEN=1 writes what
came out into the page."""

import os
import re
from pathlib import Path

import pytest

from cli_site import bare_site, filled_in, masked  # noqa: F401

pytestmark = pytest.mark.pg(15)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.S)
MARK = "---end-of-command---"


def commands_of(block):
    return [line[2:] for line in block.splitlines() if line.startswith("$ ")]


def as_written(text, site):
    """The names of the page for those of this machine."""
    for here, written in {
        str(site.library): "/opt/liferay/data/document_library",
        str(site.vault): "/srv/lc2",
        str(site.folder / "usb"): "/mnt/usb",
        str(site.lc2.home): "/home/alice/.lc2",
        f"'{site.database}'": "'lportal'",
        f"{site.pg.host}:{site.pg.port}": "127.0.0.1:5432",
    }.items():
        text = text.replace(here, written)
    return re.sub(r"\b\w+@[\w.-]+(?=\n| )", "alice@host", text)


def run(site, commands):
    """The output of each command, both streams as a terminal shows them."""
    # `echo $?` of the page is about the command before it: its status is kept across the mark.
    script = "exec 2>&1\n" + "".join(f"{command}\nstatus=$?; echo '{MARK}'; (exit $status)\n"
                                     for command in commands)
    done = site.shell(filled_in(script, site, {}))
    assert done.stderr == ""
    outputs = done.stdout.split(MARK + "\n")
    assert outputs.pop() == "" and len(outputs) == len(commands), done.stdout
    return [as_written(output, site) for output in outputs]


def test_page_is_true(bare_site):
    text = PAGE.read_text()
    blocks = BLOCK.findall(text)
    commands = [command for block in blocks for command in commands_of(block)]
    outputs = iter(run(bare_site, commands))
    made = ["".join(f"$ {command}\n{next(outputs)}" for command in commands_of(block))
            for block in blocks]
    if os.environ.get("LC2_UPDATE_GOLDEN"):
        made_by_order = iter(made)
        PAGE.write_text(BLOCK.sub(lambda _: f"```console\n{next(made_by_order)}```", text))
        return
    for written, now in zip(blocks, made):
        assert masked(now, bare_site) == masked(written, bare_site)
