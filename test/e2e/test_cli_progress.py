"""Progress: a bar on a terminal, plain lines elsewhere, nothing of it among the data."""

import os
import pty
import re
import select
import subprocess
import time

import pytest

from cli_site import bare_site, fake_client, site  # noqa: F401

pytestmark = pytest.mark.pg(15)

# Emits a real dump in small pieces, so that the bar is drawn a few times on the way.
SLOW_DUMP = """
"{real}" "$@" | {{
  while part=$(dd bs=512 count=1 2>/dev/null | base64 -w0) && [ -n "$part" ]; do
    printf %s "$part" | base64 -d
    sleep 0.1
  done
}}
"""


def on_terminal(site, *args, columns=120, env=None):
    """Runs a command with standard error on a terminal; gives (exit code, stdout, what it showed)."""
    ours, theirs = pty.openpty()
    subprocess.run(["stty", "cols", str(columns)], stdin=theirs, check=True)
    child = subprocess.Popen(site.lc2.command(*args), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=theirs, env={**site.lc2.env, "TERM": "xterm", **(env or {})})
    os.close(theirs)
    shown, deadline = b"", time.monotonic() + 60
    while time.monotonic() < deadline:
        if ours in select.select([ours], [], [], 1)[0]:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other side is closed
                break
            shown += part
    os.close(ours)
    out = child.stdout.read()
    return child.wait(timeout=60), out.decode(), shown.decode()


def test_bar_is_drawn_anew_and_ends_clean(site):
    site.lc2.env["LC2_CLIENT_PATH"] = str(fake_client(site, SLOW_DUMP))
    code, out, shown = on_terminal(site, "backup", "create")
    assert code == 0, shown
    assert out.splitlines()[1].split()[3] == "Succeeded"
    draws = shown.split("\r")
    assert len(draws) > 5, "it was not drawn anew"
    assert "\n" not in shown, "a bar is one line"
    assert any(draw.startswith("database") for draw in draws)
    # It ends with a line that is wiped: the prompt stands in an empty one.
    assert shown.endswith("\r\x1b[K")


def test_bar_tells_objects_bytes_rate_and_time_left(site, tmp_path):
    for number in range(2500):
        site.write(f"20097/40000/{number}/1.0", b"x" * 4096)
    backup = site.backup()
    code, _, shown = on_terminal(site, "backup", "download", backup, tmp_path)
    assert code == 0, shown
    draws = [draw for draw in shown.split("\r") if draw.startswith("library")]
    assert any(re.search(r"\[=*>? *\] +\d+%  [\d,]+/2,506 objects  [\d.]+ \w+/9.8 MiB", draw)
               for draw in draws), draws[:5]
    slow = [draw for draw in draws if "/s" in draw]
    # On a machine that copies 2,500 files within a second there is no rate yet.
    for draw in slow:
        assert re.search(r"[\d.]+ [KM]iB/s", draw)


@pytest.mark.parametrize("columns", [20, 40, 80])
def test_bar_fits_the_terminal(site, columns):
    code, _, shown = on_terminal(site, "backup", "create", columns=columns)
    assert code == 0
    for draw in shown.split("\r"):
        assert len(draw.replace("\x1b[K", "")) < columns


@pytest.mark.parametrize("env", [{"TERM": "dumb"}])
def test_terminal_that_cannot_move_its_cursor_gets_lines(site, env):
    code, _, shown = on_terminal(site, "backup", "create", env=env)
    assert code == 0
    assert "\x1b" not in shown
    assert "library\r\n" in shown or re.search(r"library +.*\r\n", shown)


def test_plain_lines_without_a_terminal(site):
    done = site("backup", "create")
    lines = done.stderr.splitlines()
    steps = [line.split()[0] for line in lines]
    for step in ("prepare", "database", "library", "crosscheck", "verify"):
        assert step in steps, done.stderr
    assert "\r" not in done.stderr and "\x1b" not in done.stderr
    assert all(line == line.rstrip() for line in lines)
    quiet = site("backup", "create", "-q")
    assert quiet.stderr == ""


def test_standard_output_carries_only_data(site):
    done = site("backup", "create", "-o", "json", env={"LC2_LOG": "debug"})
    done.json()
    done = site("--log-level", "debug", "backup", "create", "-o", "name")
    assert re.fullmatch(r"backuprequest/retail-prd-backup-\d{8}-\d{6}(-\w{4})?\n", done.stdout)


def test_colours_only_where_they_are_wanted(site):
    red = "\x1b[1;31merror:\x1b[0m "
    colourful = {k: v for k, v in site.lc2.env.items() if k != "NO_COLOR"}
    site.lc2.env = colourful
    assert on_terminal(site, "backup", "get", "nope")[2].startswith(red)
    assert on_terminal(site, "bakup")[2].startswith(red)
    for args, env in [((), {"NO_COLOR": "1"}), (("--no-color",), {}), ((), {"TERM": "dumb"})]:
        code, _, shown = on_terminal(site, *args, "backup", "get", "nope", env=env)
        assert code == 3
        assert shown.startswith("error: ") and "\x1b" not in shown
    assert "\x1b" not in site("backup", "get", "nope", exit_code=3).stderr
    # An empty NO_COLOR is none (no-color.org).
    assert on_terminal(site, "backup", "get", "nope", env={"NO_COLOR": ""})[2].startswith(red)


def test_text_from_outside_cannot_drive_the_terminal(site):
    evil = "\x1b]0;owned\x07\u009b31m"
    for done in (site("backup", "get", evil, exit_code=3),
                 site("get", evil, exit_code=2)):
        assert "\x1b" not in done.stderr and "\x07" not in done.stderr and "\u009b" not in done.stderr
        assert "\\x1b]0;owned\\x07" in done.stderr
