"""Logs of runs: kept in the vault, read by `lc2 backup logs` and `lc2 restore logs`, followed while they
come. The lines are judged by Python's json and the zstd program."""

import json
import re
import signal
import subprocess

import pytest

from cli_site import bare_site, fake_client, site  # noqa: F401
from test_bad_input_backup import ROOT_ONLY, small_disk
from test_cli_interrupt import ENDLESS_DUMP
from test_serve import REQUEST, serve, stop
from vault_reader import check_vault

pytestmark = pytest.mark.pg(15)

INVALID, NOT_FOUND, CANCELLED, CORRUPT = 2, 3, 10, 11
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (info   |warning|error  ) (a\d+|  ) .+")


def lines_of(site, *args, **kwargs):
    """What `logs -o json` prints, each line parsed."""
    done = site(*args, "-o", "json", **kwargs)
    return [json.loads(line) for line in done.stdout.splitlines()]


def told(lines):
    return [line["event"] + (" " + line["step"] if "step" in line else "") for line in lines]


def only_manifest(site):
    (manifest,) = site.vault.rglob("manifest.json")
    return json.loads(manifest.read_bytes())


def test_a_backups_log_tells_its_story(site):
    backup = site.backup("--name", "nightly")
    lines = lines_of(site, "backup", "logs", backup)
    events = told(lines)
    story = ["run opened", "attempt launched", "backup begins", "step begins prepare", "step begins database",
             "database dumped", "step done database", "step begins library", "library copied",
             "references checked", "step done verify", "attempt ended", "run committed"]
    assert [event for event in events if event in story] == story
    run = only_manifest(site)["runId"]
    assert {line["run"] for line in lines} == {run}
    assert {line["environment"] for line in lines} == {"retail-prd"}
    assert {line.get("attempt") for line in lines} == {None, "a1"}
    times = [line["time"] for line in lines]
    assert times == sorted(times)
    # The request's name means the same run; so does following a run that is over.
    assert lines_of(site, "backup", "logs", "nightly") == lines
    assert lines_of(site, "backup", "logs", "-f", backup) == lines


def test_it_lies_in_the_vault_as_documented(site):
    backup = site.backup()
    (piece,) = site.vault.glob("retail/prd/runs/*/a1/log/*")
    stored = subprocess.run(["zstd", "-dc", piece], capture_output=True, text=True, check=True).stdout
    printed = site("backup", "logs", backup, "-o", "json", "--attempt", "1").stdout
    for line in stored.splitlines():
        assert line in printed
    assert check_vault(site.vault) == []


def test_text_is_for_people(site):
    backup = site.backup()
    run = only_manifest(site)["runId"]
    text = site("backup", "logs", backup).stdout
    for line in text.splitlines():
        assert LINE.fullmatch(line), line
    assert re.search(r" info    a1  step done step=database ms=\d+$", text, re.MULTILINE)
    assert run not in text and "\x1b" not in text
    assert f"run={run}" in site("backup", "logs", backup, "-o", "wide").stdout


def test_a_failed_backups_log_names_the_error(site):
    key = "20097/20123/4301/1.0"
    (site.library / key).unlink()
    failed = site("backup", "create", "-o", "json", exit_code=CORRUPT)
    backup = failed.json()["status"]["backupId"]
    lines = lines_of(site, "backup", "logs", backup)
    errors = [line for line in lines if line["level"] == "error"]
    assert [line["event"] for line in errors] == ["attempt failed", "run abandoned"]
    for line in errors:
        assert line["code"] == "crosscheck.incomplete" and key in line["error"] and line["hint"]
    # Whoever follows it learns of the end as whoever ran it did.
    followed = site("backup", "logs", "-f", backup, exit_code=CORRUPT)
    assert "run abandoned" in followed.stdout
    assert re.findall("^error: .*", followed.stderr) == re.findall("^error: .*", failed.stderr, re.MULTILINE)[:1]
    assert check_vault(site.vault) == []


def test_a_restores_log_tells_its_story(site):
    backup = site.backup()
    site.destroy()
    site("restore", "create", backup, "--name", "bring-back")
    events = told(lines_of(site, "restore", "logs", "bring-back"))
    story = ["run opened", "attempt launched", "restore begins", "step begins database", "step begins library",
             "library restored", "database restored", "attempt ended", "run finished"]
    assert [event for event in events if event in story] == story
    site("backup", "logs", "bring-back", exit_code=NOT_FOUND)


@pytest.mark.parametrize("args, code, said", [
    (("backup", "logs", "nope"), NOT_FOUND, "no backup or backup request 'nope'"),
    (("backup", "logs", "-f", "nope"), NOT_FOUND, "no backup or backup request 'nope'"),
    (("backup", "logs", "../x\x1b[2J"), NOT_FOUND, r"'../x\x1b[2J'"),
    (("restore", "logs", "nope"), NOT_FOUND, "no restore request 'nope'"),
    (("backup", "logs", "nightly", "--attempt", "2"), NOT_FOUND, "no attempt 2"),
    (("backup", "logs", "nightly", "-o", "yaml"), INVALID, "as text or as JSON"),
])
def test_wrong_names_are_told(kept_backup, args, code, said):
    done = kept_backup(*args, exit_code=code)
    assert said in done.stderr and "HINT: " in done.stderr and "\x1b" not in done.stderr
    if "2" not in args:
        assert done.stdout == ""


@pytest.fixture
def kept_backup(site):
    site.backup("--name", "nightly")
    return site


def test_a_request_that_never_ran_has_no_log(site):
    refused = REQUEST.format(name="elsewhere").replace(
        "environment: prd}", "environment: prd, documentLibrary: {sourceBucket: /somewhere/else}}")
    site("apply", "-f", "-", stdin=refused, exit_code=None)
    done = site("backup", "logs", "-f", "elsewhere", exit_code=NOT_FOUND)
    assert "never run" in done.stderr and "lc2 describe backuprequest elsewhere" in done.stderr


@pytest.fixture
def endless(site):
    """A service whose dumps never end."""
    child = serve(site, LC2_CLIENT_PATH=str(fake_client(site, ENDLESS_DUMP.replace("{trap}", ""))))
    yield child
    if child.poll() is None:
        stop(child)


def follow(site, name):
    return subprocess.Popen(site.lc2.command("backup", "logs", "-f", name, "-o", "json"), env=site.lc2.env,
                            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def read_until(follower, event, **fields):
    """Reads on until such a line comes; a follower that ends before has failed."""
    seen = []
    for text in follower.stdout:
        seen.append(json.loads(text))
        if seen[-1]["event"] == event and fields.items() <= seen[-1].items():
            return seen
    raise AssertionError(f"'{event}' never came: {seen}\n{follower.communicate(timeout=60)}")


def test_a_running_backup_is_followed_to_its_end(site, endless):
    site("apply", "-f", "-", stdin=REQUEST.format(name="first") + REQUEST.format(name="second"))
    follower, waiting = follow(site, "first"), follow(site, "second")
    lines = read_until(follower, "step begins", step="database")
    assert told(lines)[:2] == ["run opened", "attempt launched"]
    assert "waits for its turn" in site("backup", "logs", "second", exit_code=NOT_FOUND).stderr
    # Somebody who loses interest stops nothing.
    other = follow(site, "first")
    read_until(other, "run opened")
    other.send_signal(signal.SIGINT)
    assert "error: cancelled" in other.communicate(timeout=60)[1] and other.returncode == CANCELLED
    assert told(lines_of(site, "backup", "logs", "first"))[-1] != "run abandoned"

    cancel = REQUEST.format(name="first").replace("environment: prd}", "environment: prd, cancel: true}")
    site("apply", "-f", "-", stdin=cancel)
    rest = read_until(follower, "run abandoned", reason="Cancelled")
    assert "attempt cancelled" in told(rest)
    err = follower.communicate(timeout=60)[1]
    assert follower.returncode == CANCELLED and "error: the backup was cancelled" in err
    # The one that waited for its turn has a run now.
    read_until(waiting, "run opened", request="second")
    waiting.send_signal(signal.SIGINT)
    waiting.communicate(timeout=60)


def test_the_services_own_lines_name_run_and_attempt(site):
    child = serve(site, "--log-format", "json")
    try:
        site("backup", "create", "-o", "name")
    finally:
        lines = [json.loads(line) for line in stop(child).splitlines() if not line.startswith("serving '")]
    run = only_manifest(site)["runId"]
    steps = [line for line in lines if line["event"] == "step done"]
    assert [line["step"] for line in steps] == ["prepare", "database", "library", "crosscheck", "verify"]
    for line in steps:
        assert (line["environment"], line["run"], line["attempt"]) == ("retail-prd", run, "a1")


@ROOT_ONLY
def test_a_full_vault_has_room_for_no_log_and_fails_with_its_own_error(site, tmp_path):
    site.backup()
    with small_disk(site.vault, "8m"):
        filler = site.vault / "filler"
        tools = fake_client(site, f'dd if=/dev/zero of="{filler}" bs=4k 2>/dev/null\nexec {{real}} "$@"\n')
        done = site("backup", "create", "--name", "second", exit_code=None, env={"LC2_CLIENT_PATH": str(tools)})
        assert done.returncode != 0
        assert len(re.findall("^error: ", done.stderr, re.MULTILINE)) == 1, done.stderr
        assert "No space left" in done.stderr and done.stderr.count("run log") == 1, done.stderr
        filler.unlink()
        site("backup", "create", "--name", "third")
        assert told(lines_of(site, "backup", "logs", "second"))[:2] == ["run opened", "attempt launched"]
        assert check_vault(site.vault) == []


def test_what_is_written_into_a_log_by_others_cannot_drive_the_terminal(site):
    backup = site.backup()
    (piece,) = site.vault.glob("retail/prd/runs/*/a1/log/*")
    evil = {"time": "now\x1b]0;owned\x07", "level": "info", "event": "e\nfake", "attempt": "a1", "k\x1b": "\u009b31m"}

    def put(name, data):
        (piece.parent / name).write_bytes(data)

    put("000001.ndjson.zst", subprocess.run(["zstd", "-c"], input=json.dumps(evil).encode(), capture_output=True,
                                            check=True).stdout)
    put("000002.ndjson.zst", b"no zstd")
    put("000003.ndjson.zst", piece.read_bytes())
    text = site("backup", "logs", backup).stdout
    assert "\x1b" not in text and "\x07" not in text and "\u009b" not in text and "\nfake" not in text
    # One piece that cannot be read hides no other one.
    events = told(lines_of(site, "backup", "logs", backup))
    assert events.count("log not readable") == 1 and events.count("attempt ended") == 2


def test_a_log_goes_with_the_records_of_its_run(site):
    (site.library / "20097/20123/4301/1.0").unlink()
    failed = site("backup", "create", "-o", "json", exit_code=CORRUPT).json()["status"]["backupId"]
    log = list(site.vault.glob("retail/prd/runs/*/a1/log/*"))
    assert log
    site("gc")
    assert log[0].exists(), "somebody may still look at what failed"
    site("gc", "--abandoned-now")
    assert not log[0].exists()
    # What was decided is told for ever.
    assert told(lines_of(site, "backup", "logs", failed)) == ["run opened", "attempt launched", "run abandoned"]
    assert check_vault(site.vault) == []
