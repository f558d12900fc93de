"""No secret in any output, file or process list, whether all goes well or not."""

import os
import shutil
import subprocess
import threading

import pytest
from tiny_site import *  # noqa: F403

pytestmark = pytest.mark.pg(15)
PASSWORD = "MARKED-pass:word\\42-MARKED"  # with what a password file has to escape
MARK = b"MARKED-pass"
RECORDER = """#!/bin/bash
for what in cmdline environ; do
  for pid in $$ $PPID; do cat /proc/$pid/$what; echo; done >>{seen}/$what.$$
done
exec {real} "$@"
"""


class ProcessSampler:
    """Looks at arguments and environment of all that runs below this process, all the time."""

    def __init__(self):
        self.seen, self.stop = {}, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stop.wait(0.02):
            for pid in filter(str.isdigit, os.listdir("/proc")):
                for what in ("cmdline", "environ"):
                    try:
                        with open(f"/proc/{pid}/{what}", "rb") as file:
                            text = file.read()
                    except OSError:
                        continue
                    if MARK in text:
                        self.seen[f"{pid}/{what}"] = text

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


@pytest.fixture
def marked(site, tmp_path):
    """The site, whose database wants the marked password, behind tools that record what they got."""
    quoted = PASSWORD.replace("'", "''")
    site.server.psql("postgres", "drop role if exists marked;\n"
                     f"create role marked superuser login password '{quoted}'")
    site.write_secret(username="marked", password=PASSWORD)
    tools, seen = tmp_path / "tools", tmp_path / "seen"
    tools.mkdir()
    seen.mkdir()
    for name in ("pg_dump", "pg_restore", "psql"):
        tool = tools / name
        tool.write_text(RECORDER.format(seen=seen, real=site.server.bindir / name))
        tool.chmod(0o755)
    site.lc2.env["LC2_CLIENT_PATH"] = str(tools)
    site.seen = seen
    yield site
    site.close()  # a restored database belongs to the role
    site.server.psql("postgres", "drop role marked")


def run(site, verbs, codes=(0,)):
    """Runs each with all its logs; gives all that was said."""
    said = b""
    for args in verbs:
        done = site.lc2("--log-level", "debug", *args, exit_code=None)
        assert done.returncode in codes, done.transcript()
        said += (done.stdout + done.stderr).encode()
    return said


def files_with_mark(*folders):
    found = []
    for folder in folders:
        for file in folder.rglob("*"):
            if file.is_file() and MARK in file.read_bytes():
                found.append(str(file.relative_to(folder)))
    return found


def assert_kept(site, said, *folders):
    assert MARK not in said
    found = [name for name in files_with_mark(site.home) if not name.startswith("secrets/")]
    assert found == []
    assert files_with_mark(site.vault, site.seen, *folders) == []
    for piece in site.vault.glob("*/*/runs/*/*/log/*"):
        assert MARK not in subprocess.run(["zstd", "-dc", piece], capture_output=True, check=True).stdout


def test_when_all_goes_well(marked, tmp_path):
    site = marked
    password_file = tmp_path / "password"
    password_file.write_text(PASSWORD + "\n")
    with ProcessSampler() as sampler:
        said = run(site, [
            ["--project", "retail", "--environment", "prd", "env", "init", "--library", site.library,
             "--vault", site.vault, "--db-host", site.server.host, "--db-port", site.server.port,
             "--db-user", "marked", "--db-name", site.database, "--db-password-file", password_file],
            ["apply", "-f", site.yaml], ["doctor"], ["backup", "create"],
            ["--log-format", "json", "backup", "create", "--name", "second"],
        ])
        backup = site.lc2("backup", "list", "-o", "name").stdout.split()[0]
        site.backup_id = backup
        key = site.manifest()["documentLibrary"]["files"][0]["key"]
        said += run(site, [
            ["backup", "list", "-o", "json"], ["backup", "get", backup, "-o", "yaml"],
            ["backup", "ls", backup], ["backup", "logs", backup, "-o", "json"], ["backup", "verify", "--full", backup],
            ["backup", "download", backup, tmp_path / "out"],
            ["get", "liferayenvironments", "-o", "yaml"], ["describe", "liferayenvironment", "retail-prd"],
            ["get", "br", "-o", "json"], ["restore", "plan", backup, "--strategy", "Overwrite", "--yes"],
            ["restore", "create", backup, "--strategy", "Overwrite", "--yes", "-o", "json"],
            ["catalog", "rebuild"],
        ])
        done = subprocess.run(site.lc2.command("backup", "cat", backup, key), env=site.lc2.env,
                              capture_output=True, check=True)  # its output is bytes
        assert MARK not in done.stdout + done.stderr
    assert sampler.seen == {}
    recorded = {file.name.split(".")[0] for file in site.seen.iterdir()}
    assert recorded == {"cmdline", "environ"}  # else nothing was looked at
    assert any(b"pg_restore" in file.read_bytes() for file in site.seen.iterdir())
    assert_kept(site, said, tmp_path / "out")
    secrets = site.home / "secrets" / "retail-prd-db"
    assert (secrets / "password").read_text() == PASSWORD
    assert {path.stat().st_mode & 0o077 for path in (secrets, *secrets.iterdir())} == {0}


def test_when_it_fails(marked, tmp_path, free_port):
    site = marked
    site.server.psql("postgres", "alter role marked password 'another one'")
    with ProcessSampler() as sampler:
        said = run(site, [["backup", "create", "-o", "json"], ["doctor"]], codes=(DENIED, INVALID))
        site.write_secret(port=free_port)
        said += run(site, [["backup", "create", "--name", "second"]], codes=(UNAVAILABLE,))
        site.write_secret(port=PASSWORD)  # pasted into the wrong field
        said += run(site, [["backup", "create", "--name", "third"]], codes=(INVALID,))
        site.write_secret(port=site.server.port, password=PASSWORD + "\nsecond line")
        said += run(site, [["backup", "create", "--name", "fourth"]], codes=(INVALID, DENIED))
        # Where a file of the secret should not be, and in what somebody applies by mistake.
        shutil.rmtree(site.home / "secrets" / "retail-prd-db")
        said += run(site, [["backup", "create", "--name", "fifth"]], codes=(NOT_FOUND,))
    assert sampler.seen == {}
    assert_kept(site, said)


def test_a_tool_that_tells_everything_is_not_repeated(marked, tmp_path):
    # What a failing statement quotes are rows, and rows are documents' titles and users' names.
    site = marked
    tool = tmp_path / "tools" / "pg_dump"
    tool.write_text(f"#!/bin/bash\n[ \"$1\" != --version ] || exec {site.server.bindir}/pg_dump --version\n"
                    f"echo 'pg_dump: error: query failed: ERROR:  oh' >&2\n"
                    f"echo 'DETAIL:  Failing row contains ({PASSWORD}).' >&2\nexit 1\n")
    said = run(site, [["backup", "create", "-o", "json"]], codes=range(2, 13))
    assert b"query failed" in said
    assert_kept(site, said)
