"""Processes that are killed or stopped: the same command goes on, and nothing of the dead one stays."""

import json
import os
import signal
import subprocess
import time

import pytest

from cli_site import bare_site, fake_client, site  # noqa: F401
from vault_reader import check_vault

pytestmark = pytest.mark.pg(15)

ALREADY_EXISTS, UNAVAILABLE = 4, 8
# The program says that it was started, and waits for a word.
WAITING = """
echo $$ >"{folder}/tool.pid.tmp"; mv "{folder}/tool.pid.tmp" "{folder}/tool.pid"
while [ ! -e "{folder}/go" ]; do sleep 0.05; done
exec "{real}" "$@"
"""
CREATE = ("backup", "create", "--name", "killed", "-o", "json")


def start(site, *args, program="pg_dump"):
    """A command that has come as far as that client program."""
    (site.folder / "tool.pid").unlink(missing_ok=True)
    env = {**site.lc2.env, "LC2_CLIENT_PATH": str(fake_client(site, WAITING, program))}
    child = subprocess.Popen(site.lc2.command(*args), env=env, text=True, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_until(lambda: (site.folder / "tool.pid").exists() or child.poll() is not None)
    assert child.poll() is None, child.communicate()
    return child


def wait_until(happened, limit=60):
    deadline = time.monotonic() + limit
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def kill(child):
    child.kill()
    child.communicate(timeout=60)


def log_of(site):
    """Events of the only run."""
    folders = list(site.vault.glob("*/*/control/runs/*"))
    assert len(folders) == 1
    return [json.loads(path.read_text())["event"] for path in sorted(folders[0].iterdir())]


def assert_nothing_left(site):
    assert not list(site.vault.rglob(".lc2-tmp/*"))
    assert list((site.lc2.home / "locks").iterdir()) == []
    assert check_vault(site.vault) == []


def test_the_same_command_takes_up_what_a_killed_one_began(site):
    kill(start(site, *CREATE))
    assert list((site.vault / ".lc2-tmp").iterdir()), "the dump that was being written"
    done = site(*CREATE)
    assert "'killed' was begun before and is taken up" in done.stderr
    assert done.json()["status"]["state"] == "Succeeded"
    assert log_of(site) == ["opened", "attempt", "attempt", "committed"]
    assert_nothing_left(site)


def test_a_name_that_is_used_up_makes_no_other_backup(site):
    # Who has `--name nightly` in a crontab must not be told of the first night's backup every night.
    site(*CREATE)
    done = site(*CREATE, exit_code=ALREADY_EXISTS)
    assert "already, it ended as Succeeded" in done.stderr and "HINT: take another name" in done.stderr
    assert log_of(site) == ["opened", "attempt", "committed"]


def test_an_unfinished_request_is_not_taken_up_for_another_wish(site):
    kill(start(site, *CREATE))
    done = site(*CREATE, "--retention-days", "60", exit_code=ALREADY_EXISTS)
    assert "not finished and asks for something else" in done.stderr
    assert log_of(site) == ["opened", "attempt"]


def test_a_killed_restore_leaves_no_half_loaded_database(site):
    backup = site.backup()
    site.destroy()
    restore = ("restore", "create", backup, "--name", "back")
    kill(start(site, *restore, program="pg_restore"))

    def databases():
        names = site.pg.psql("postgres", "select datname from pg_database").split()
        return [name for name in names if name.startswith(site.database)]

    assert len(databases()) == 1, "the one that was being loaded"
    done = site(*restore, exit_code=UNAVAILABLE)
    assert "ended without a word" in done.stderr and "--yes" in done.stderr
    assert databases() == []
    site("restore", "create", backup, "--name", "back-again")
    assert databases() == [site.database]
    assert_nothing_left(site)


def test_who_waits_for_a_stopped_process_is_told_whom_to_kill(site):
    stopped = start(site, *CREATE)
    stopped.send_signal(signal.SIGSTOP)
    waiting = subprocess.Popen(site.lc2.command(*CREATE), env=site.lc2.env, text=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        said = ""
        while f"process {stopped.pid}" not in said:
            said = waiting.stderr.readline()
            assert said, "it waits without a word"
        assert "kill it" in said and waiting.poll() is None
        assert log_of(site) == ["opened", "attempt"], "nothing is decided over the head of a living process"
        kill(stopped)
        out, err = waiting.communicate(timeout=60)
        assert waiting.returncode == 0, err
        assert json.loads(out)["status"]["state"] == "Succeeded"
    finally:
        for child in (stopped, waiting):
            child.kill()
    assert log_of(site) == ["opened", "attempt", "attempt", "committed"]
    assert_nothing_left(site)


@pytest.mark.parametrize("same_home", [True, False])
def test_a_process_that_wakes_late_decides_nothing(site, same_home, tmp_path):
    """It was stopped with its candidate almost done; meanwhile its run was cancelled, or committed from
    another home, whose locks it does not share."""
    stale = start(site, *CREATE)
    stale.send_signal(signal.SIGSTOP)
    (site.folder / "go").touch()
    if same_home:
        name = site("get", "br", "-o", "json").json()["items"][0]["metadata"]["name"]
        text = site("get", "br", name, "-o", "yaml").stdout.replace("cancel: false", "cancel: true")
        canceller = subprocess.Popen(site.lc2.command("apply", "-f", "-"), env=site.lc2.env, text=True,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        canceller.stdin.write(text)
        canceller.stdin.close()
        # It cannot end what another process holds; once that goes on, it sees that it is cancelled.
        stored = lambda: site("get", "br", name, "-o", "json").json()["spec"]["cancel"] is True  # noqa: E731
        wait_until(stored)
        stale.send_signal(signal.SIGCONT)
        out, err = stale.communicate(timeout=60)
        canceller.wait(60)
        assert stale.returncode != 0 and "cancelled" in err, err
        assert log_of(site) == ["opened", "attempt", "abandoned"]
        assert not list(site.vault.rglob("manifest.json"))
        return
    other = site.other_home("other")
    subprocess.run(["cp", "-a", site.lc2.home, other.home], check=True)
    done = other(*CREATE)
    assert done.json()["status"]["state"] == "Succeeded"
    before = log_of(site)
    stale.send_signal(signal.SIGCONT)
    out, err = stale.communicate(timeout=60)
    assert stale.returncode == 0, err
    assert json.loads(out)["status"]["backupId"] == done.json()["status"]["backupId"]
    assert log_of(site) == before == ["opened", "attempt", "attempt", "committed"]
    assert check_vault(site.vault) == []


@pytest.mark.parametrize("part", ["manifest.json", "manifest.sig", "tracker"])
def test_a_delayed_write_brings_no_deleted_backup_back(site, part):
    text = site.yaml.read_text()
    site("apply", "-f", "-", stdin=text.replace("kind: BackupLocation", "kind: BackupLocation", 1).replace(
        "spec:\n", "spec:\n  softDeleteDays: 0\n", 1))
    backup = site.backup()
    path = site.vault / f"backup-metadata/{backup}.json"
    if part != "tracker":
        path = site.vault / "retail/prd" / backup.removeprefix("retail-prd-backup-") / part
    data = path.read_bytes()
    site("backup", "delete", backup, "--reason", "test")
    assert not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    site("restore", "create", backup, exit_code=3)
    site("catalog", "rebuild")
    assert not path.exists()
    assert check_vault(site.vault) == []


def test_commands_at_once_make_one_key(bare_site):
    home = bare_site.lc2.home
    together = [subprocess.Popen(bare_site.lc2.command("get", "environments"), env=bare_site.lc2.env,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(8)]
    for child in together:
        _, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
    assert [path.name for path in (home / "keys").iterdir() if path.is_file()] == ["signing.pem"]
    assert os.stat(home / "keys/signing.pem").st_mode & 0o777 == 0o600
