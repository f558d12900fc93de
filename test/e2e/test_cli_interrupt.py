"""Ctrl-C: the run is cancelled in order, and nothing half-done stays."""

import os
import signal
import subprocess
import time

import pytest

from cli_site import bare_site, fake_client, site  # noqa: F401

pytestmark = pytest.mark.pg(15)

CANCELLED = 10
# The shell becomes `sleep`, so that the process id stays.
ENDLESS_DUMP = """
echo $$ >"{folder}/dump.pid.tmp"; mv "{folder}/dump.pid.tmp" "{folder}/dump.pid"
{trap}
exec sleep 600
"""
STUBBORN_DUMP = ENDLESS_DUMP.replace("exec sleep 600", "while :; do sleep 0.05; done")


def start(site, script, *args, program="pg_dump"):
    """Starts a command with that client program; gives (lc2, process id of the program)."""
    env = {**site.lc2.env, "LC2_CLIENT_PATH": str(fake_client(site, script, program))}
    child = subprocess.Popen(site.lc2.command(*args), env=env, text=True, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return child, wait_for_pid(site, child)


def start_backup(site, script, *args):
    return start(site, script, "backup", "create", *args)


def wait_for_pid(site, child):
    file = site.folder / "dump.pid"
    deadline = time.monotonic() + 60
    while not file.exists():
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < deadline, "the client program was not started"
        time.sleep(0.02)
    return int(file.read_text())


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_backup_is_cancelled(site, number):
    child, dump = start_backup(site, ENDLESS_DUMP.replace("{trap}", ""), "-o", "json")
    child.send_signal(number)
    out, err = child.communicate(timeout=60)
    assert child.returncode == CANCELLED, err
    assert not is_alive(dump), "pg_dump was left behind"
    assert "error: the backup was cancelled" in err

    request = site.lc2("get", "br", "-o", "json").json()["items"][0]
    assert request["status"]["state"] == "Cancelled" and request["spec"]["cancel"] is True
    assert f'"name": "{request["metadata"]["name"]}"' in out, "-o json prints it, too"

    backup = request["status"]["backupId"]
    assert not list(site.vault.rglob("manifest.json"))
    assert not list(site.vault.rglob("backup-metadata/*"))
    listed = site("backup", "list", "-o", "json").json()["items"]
    assert [item["status"]["state"] for item in listed] == ["Cancelled"]
    site("backup", "ls", backup, exit_code=3)
    assert site("backup", "list", "--state", "Succeeded", "-o", "json").json()["items"] == []

    again = site.backup()
    assert site("backup", "verify", "--full", again).returncode == 0
    assert not list(site.vault.rglob("*.lc2-tmp/*"))


def test_second_interrupt_ends_at_once(site):
    child, dump = start_backup(site, STUBBORN_DUMP.replace("{trap}", "trap '' TERM"))
    try:
        child.send_signal(signal.SIGINT)
        time.sleep(0.3)  # not to wait for something: the second signal must come second
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=4)  # less than the grace of a child that does not listen
        assert child.returncode == 128 + signal.SIGINT
    finally:
        os.kill(dump, signal.SIGKILL)
    # What was left behind is taken up: the next backup is a whole one.
    (site.folder / "dump.pid").unlink()
    site("backup", "verify", site.backup())


def test_killed_process_leaves_nothing_that_is_taken_for_a_backup(site):
    child, dump = start_backup(site, ENDLESS_DUMP.replace("{trap}", ""))
    child.kill()
    child.communicate(timeout=60)
    deadline = time.monotonic() + 10
    while is_alive(dump) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(dump), "pg_dump outlived its parent"
    assert not list(site.vault.rglob("manifest.json"))
    # Applying the same request goes on with it.
    name = site("get", "br", "-o", "json").json()["items"][0]["metadata"]["name"]
    text = site("get", "br", name, "-o", "yaml").stdout
    done = site("apply", "-f", "-", stdin=text)
    assert done.stdout == f"backuprequest/{name} unchanged, Succeeded\n"


def test_interrupted_restore_leaves_the_target_as_it_was(site):
    backup = site.backup()
    site.destroy()
    child, loader = start(site, ENDLESS_DUMP.replace("{trap}", ""), "restore", "create", backup, "-o",
                          "json", program="pg_restore")
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == CANCELLED, err
    assert not is_alive(loader), "pg_restore was left behind"
    request = site("get", "rr", "-o", "json").json()["items"][0]
    assert request["status"]["state"] == "Cancelled"
    assert f'"name": "{request["metadata"]["name"]}"' in out
    assert not site.library.exists()
    names = site.pg.psql("postgres", "select datname from pg_database").split()
    assert [name for name in names if name.startswith(site.database)] == []
    site("restore", "create", backup)
    assert (site.library / "20097/20123/4301/1.0").exists()
