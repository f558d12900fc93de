"""What can be wrong around a backup: a clear error with a hint, or a recorded and counted exception;
never a crash, never a backup that is not whole."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
from conftest import ROOT
from tiny_site import *  # noqa: F403
from tiny_site import files_of

sys.path.insert(0, str(ROOT / "tools"))
from sample.pg import PrivatePostgres  # noqa: E402

pytestmark = pytest.mark.pg(15)
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def back_up(site, *args, **more):
    return site.lc2("backup", "create", "-o", "json", *args, exit_code=None, **more)


def manifests(site):
    return {name for name in files_of(site.vault) if name.endswith(("manifest.json", "manifest.sig"))
            or name.startswith("backup-metadata/")}


def assert_no_backup(site, done, exit_code, *words, hint="", before=()):
    """The run failed with this error, in its status too, and nothing counts as a backup."""
    assert_refused(done, exit_code, *words, hint=hint)
    status = done.json()["status"]
    assert status["state"] == "Failed", done.transcript()
    assert manifests(site) == set(before)
    listed = site.lc2("backup", "list", "--state", "Succeeded", "-o", "json").json()
    assert len(listed["items"]) == len({name for name in before if name.endswith("manifest.json")})


def assert_works_again(site):
    site.back_up()
    assert "passed" in site.lc2("backup", "verify", "--full", site.backup_id).stdout


def consistency(site):
    return site.manifest()["consistency"]


def findings(site):
    facts = consistency(site)["findings"]
    text = subprocess.run(["zstd", "-dc", site.vault / facts["path"]], check=True,
                          capture_output=True).stdout.decode()
    found = [json.loads(line) for line in text.splitlines()]
    assert len(found) == facts["count"]
    return {finding["key"]: finding for finding in found}


def keys(site):
    return {entry["key"] for entry in site.manifest()["documentLibrary"]["files"]}


def a_document(site):
    """A document of a row, with some bytes."""
    return max((f for f in site.library.rglob("1.*") if not f.name.endswith(".index") and "0" not in
                f.relative_to(site.library).parts), key=lambda file: file.stat().st_size)


def key_of(site, file):
    return str(file.relative_to(site.library))


# -- the database --------------------------------------------------------------------------------------


def test_wrong_password(site):
    site.write_secret(password="MARK-wrong-MARK")
    before = site.state("rows", "library", "resources")
    done = back_up(site)
    assert_no_backup(site, done, DENIED, site.database, site.server.user, hint="password")
    assert "MARK-wrong-MARK" not in done.stdout + done.stderr
    for verb in ("plan", "create"):
        done = site.lc2("restore", verb, "retail-prd-backup-20200101-000000", exit_code=None)
        assert done.returncode == NOT_FOUND
    assert site.state(*before) == before
    done = site.lc2("doctor", exit_code=None)
    assert done.returncode == DENIED and "FAIL" in done.stdout and "HINT" in done.stdout
    site.write_secret(password=site.server.password)
    assert_works_again(site)


def test_unreachable_server(site, free_port):
    site.write_secret(port=free_port)
    done = back_up(site, timeout=60)
    assert_no_backup(site, done, UNAVAILABLE, site.database, f":{free_port}", hint="does the server run")
    site.write_secret(port=site.server.port, host="does-not-exist.invalid")
    assert_no_backup(site, back_up(site, "--name", "second"), UNAVAILABLE, "does-not-exist.invalid")


def test_a_server_that_never_answers(site):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        site.write_secret(port=silent.getsockname()[1])
        port = silent.getsockname()[1]
        done = back_up(site, timeout=60)
    assert done.returncode in (8, 9), done.transcript()  # Unavailable, Timeout
    assert_no_backup(site, done, done.returncode, f"127.0.0.1:{port}")


def test_a_server_that_speaks_something_else(site):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        stop = threading.Event()

        def answer():
            server.settimeout(0.2)
            while not stop.is_set():
                try:
                    client, _ = server.accept()
                except TimeoutError:
                    continue
                with client:
                    client.sendall(b"220 mail.example ESMTP\r\n" * 10)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            site.write_secret(port=server.getsockname()[1])
            done = back_up(site, timeout=60)
        finally:
            stop.set()
            thread.join()
    assert done.returncode in (INVALID, UNAVAILABLE), done.transcript()
    assert_no_backup(site, done, done.returncode, site.database)


def test_missing_database(site):
    site.server.drop_database(site.database)
    before = site.state("library", "databases")
    assert_no_backup(site, back_up(site), NOT_FOUND, f"'{site.database}'", hint="?")
    assert site.state("library", "databases") == before


def test_missing_or_bad_secret(site):
    secret = site.home / "secrets" / "retail-prd-db"
    site.write_secret(port="many")
    assert_no_backup(site, back_up(site), INVALID, "'port'", "retail-prd-db", hint="keys")
    shutil.rmtree(secret)
    done = back_up(site, "--name", "second")
    assert_no_backup(site, done, NOT_FOUND, "retail-prd-db")


def test_a_role_without_rights(site):
    server = site.server
    server.psql("postgres", "drop role if exists poor; create role poor login password 'poor'")
    try:
        site.write_secret(username="poor", password="poor")
        assert_no_backup(site, back_up(site), DENIED, site.database, hint="role")
    finally:
        server.psql("postgres", "drop role poor")


def test_a_tool_that_is_too_old(site, tmp_path):
    newer = tmp_path / "pg16"
    newer.mkdir()
    try:
        server = PrivatePostgres(16, newer, fsync=False)
        with server:
            server.create_database(site.database)
            site.write_secret(port=server.port, username=server.user, password=server.password)
            # Only Debian's 15: neither LC2_CLIENT_PATH nor PATH has a newer one.
            env = {"LC2_CLIENT_PATH": str(site.server.bindir), "PATH": "/usr/bin:/bin"}
            done = back_up(site, env=env)
            assert_no_backup(site, done, INVALID, "PostgreSQL 16", "pg_dump 15", str(site.server.bindir),
                             hint="LC2_CLIENT_PATH")
    except FileNotFoundError as missing:
        pytest.skip(f"no PostgreSQL 16 server here: {missing}")


TOOLS = {
    "dies": ("exit 3", "exit code 3"),
    "is killed half way": ('"$REAL" "$@" | head -c 20000; kill -9 $$', "signal"),
    "stops early and says all is well": ('"$REAL" "$@" | head -c 20000; exit 0', "dump"),
    "writes nothing": ("exit 0", "dump"),
    "writes rubbish": ("head -c 100000 /dev/zero; exit 0", "dump"),
    "writes more than a dump": ('"$REAL" "$@"; echo more; exit 0', "dump"),
}


def put_in_front(site, folder, script, name="pg_dump"):
    """A program that stands where the server's own would be found."""
    folder.mkdir()
    for tool in ("pg_dump", "pg_restore", "psql"):
        (folder / tool).symlink_to(site.server.bindir / tool)
    tool = folder / name
    tool.unlink()
    real = site.server.bindir / name
    tool.write_text(f'#!/bin/bash\nREAL={real}\n[ "$1" != --version ] || exec "$REAL" --version\n{script}\n')
    tool.chmod(0o755)
    return {"LC2_CLIENT_PATH": str(folder)}


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_that(site, tmp_path, name):
    script, word = TOOLS[name]
    done = back_up(site, env=put_in_front(site, tmp_path / "tools", script))
    assert done.returncode in (8, 11, 12), done.transcript()  # Unavailable, Corrupt, Internal
    assert_no_backup(site, done, done.returncode, word)


LOADERS = {
    "finds the server's disk full": (
        "echo 'pg_restore: error: could not execute query: ERROR:  could not extend file \"base/1/2\":"
        " No space left on device' >&2; exit 1", "No space left on device", "free disk space"),
    "is killed half way": ('timeout -s KILL 0.05 "$REAL" "$@"; kill -9 $$', "signal 9", "killed"),
    "dies": ('"$REAL" "$@" || true; exit 1', "exit code 1", ""),
    "reads nothing and says all is well": ("exit 0", "", ""),
    "swallows all and says all is well": ("cat >/dev/null; exit 0", "dlfileentry", ""),
}


@pytest.mark.parametrize("name", LOADERS)
def test_a_loader_that(site, tmp_path, name):
    script, word, hint = LOADERS[name]
    site.back_up()
    before = site.state("rows", "databases", "library")
    site.lc2.env.update(put_in_front(site, tmp_path / "tools", name="pg_restore", script=(
        f'[[ " $* " != *" --list "* ]] || exec "$REAL" "$@"\n{script}')))
    done = site.restore("--strategy", "Overwrite", "--yes", "--no-safeguard")
    assert done.returncode in (INVALID, UNAVAILABLE, CORRUPT), done.transcript()
    assert_refused(done, done.returncode, word, hint=hint)
    assert site.state(*before) == before  # and no half filled database is left


# -- the disk --------------------------------------------------------------------------------------------


@contextmanager
def small_disk(folder, size, keep=None):
    """A file system of a few KiB at the folder; what was there is put on it."""
    saved = folder.with_name(folder.name + ".saved")
    if folder.exists():
        folder.rename(saved)
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "lc2-test", folder],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        folder.rmdir()
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    try:
        if saved.exists():
            shutil.copytree(saved, folder, dirs_exist_ok=True)
        yield
    finally:
        subprocess.run(["umount", folder], check=True)
        folder.rmdir()
        if saved.exists():
            saved.rename(folder)


@ROOT_ONLY
@pytest.mark.parametrize("size", ["4k", "64k", "160k", "500k"])
def test_a_full_disk_below_the_vault(site, size):
    # Smaller than the control log, than the dump, than the library: each ends somewhere else.
    (site.library / "20096" / "bulk").mkdir()
    for number in range(4):
        (site.library / "20096" / "bulk" / str(number)).write_bytes(os.urandom(150_000))
    before = site.state("rows", "library")
    with small_disk(site.vault, size):
        done = back_up(site, timeout=60)
        assert_refused(done, UNAVAILABLE, str(site.vault), "No space left", hint="free some space")
        assert manifests(site) == set()
        assert site.lc2("backup", "list", "--state", "Succeeded", "-o", "json").json()["items"] == []
        assert not list(site.vault.rglob("*.tmp*"))
    assert site.state("rows", "library") == before
    # The disk is gone with what lay on it: no new vault takes its place until somebody says so.
    assert_refused(back_up(site), UNAVAILABLE, str(site.vault), hint="is its volume mounted?")
    site.lc2("delete", "backuplocation", "local")
    site.lc2("apply", "-f", site.yaml)
    assert_works_again(site)


@ROOT_ONLY
def test_a_full_disk_below_the_target(site):
    (site.library / "20096" / "bulk").mkdir()
    for number in range(4):
        (site.library / "20096" / "bulk" / str(number)).write_bytes(os.urandom(150_000))
    site.back_up()
    shutil.rmtree(site.library)
    rows, vault = site.rows(), files_of(site.vault)
    with small_disk(site.library, "300k"):
        done = site.plan("--strategy", "Overwrite", "--yes")
        assert_refused(done, CONFLICT, str(site.library), "free", hint="free some space")
        assert files_of(site.vault) == vault
        done = site.restore("--strategy", "Overwrite", "--yes")
        assert_refused(done, CONFLICT, str(site.library), "free", hint="free some space")
        assert files_of(site.library) == {} and files_of(site.vault) == vault
    with small_disk(site.folder / "usb", "300k"):
        done = site.lc2("backup", "download", site.backup_id, site.folder / "usb", exit_code=None)
        assert_refused(done, UNAVAILABLE, "No space left", hint="free some space")
        assert not list((site.folder / "usb").rglob("manifest.json"))  # it would look whole
    assert site.rows() == rows
    after = files_of(site.vault)  # and who read is on record
    assert {name: after[name] for name in after if not name.startswith("audit/")} == {
        name: vault[name] for name in vault if not name.startswith("audit/")}


@ROOT_ONLY
def test_a_disk_that_fills_while_the_target_is_written(site, tmp_path):
    # The plan saw enough room. Rows whose documents found none must not become the database.
    (site.library / "20096" / "bulk").mkdir()
    (site.library / "20096" / "bulk" / "1.0").write_bytes(os.urandom(150_000))
    site.back_up()
    shutil.rmtree(site.library)
    rows, databases = site.rows(), site.databases()
    with small_disk(site.library, "1000k"):
        env = put_in_front(site, tmp_path / "tools", name="pg_restore", script=(
            f'"$REAL" "$@"; code=$?\n[[ " $* " == *" --list "* ]] || '
            f'head -c 900000 /dev/zero >{site.library}/filler; exit $code'))
        site.lc2.env.update(env)
        done = site.restore("--strategy", "Overwrite", "--yes", "--no-safeguard")
        assert_refused(done, UNAVAILABLE, str(site.library), "No space left", hint="free some space")
    assert site.rows() == rows and site.databases() == databases


# -- the library -----------------------------------------------------------------------------------------


def test_a_library_that_is_not_readable(as_nobody):
    site = as_nobody
    site.library.chmod(0)
    try:
        assert_no_backup(site, back_up(site), DENIED, str(site.library), hint="may the user")
    finally:
        site.library.chmod(0o755)


def test_a_folder_and_a_file_that_are_not_readable(as_nobody):
    site = as_nobody
    document = a_document(site)
    document.chmod(0)
    assert_no_backup(site, back_up(site), CORRUPT, key_of(site, document), "1 not readable", hint="findings")
    document.chmod(0o644)
    document.parent.chmod(0)
    try:
        done = back_up(site, "--name", "second")
        assert_no_backup(site, done, CORRUPT, "not readable", hint="findings")
    finally:
        document.parent.chmod(0o755)
    assert_works_again(site)


def test_a_vault_that_is_not_writable(as_nobody):
    site = as_nobody
    site.vault.mkdir()
    site.vault.chmod(0o555)
    try:
        done = back_up(site)
        assert_refused(done, DENIED, str(site.vault), hint="may the user")
        assert files_of(site.vault) == {}
    finally:
        site.vault.chmod(0o755)


def test_no_library_at_all(site):
    shutil.rmtree(site.library)
    assert_no_backup(site, back_up(site), NOT_FOUND, str(site.library), hint="mount")
    site.library.write_text("a file")
    assert_no_backup(site, back_up(site, "--name", "second"), INVALID, str(site.library), hint="folder")


def test_an_empty_library_is_not_a_backup_of_the_rows(site):
    # What an unmounted disk looks like.
    shutil.rmtree(site.library)
    site.library.mkdir()
    assert_no_backup(site, back_up(site), CORRUPT, "missing at the source", hint="accept-missing")


class Restless:
    """Changes a file all the time, until told to stop."""

    def __init__(self, change):
        self.change, self.stop = change, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stop.is_set():
            self.change()

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def test_a_document_that_grows_all_the_time(site):
    document = a_document(site)
    with document.open("ab") as file, Restless(lambda: (file.write(b"x" * 64), file.flush())):
        done = back_up(site)
    # Seen twice with one size or not: it is never what its row says.
    assert_no_backup(site, done, CORRUPT, key_of(site, document))


def test_an_orphan_that_changes_all_the_time_is_no_reason_to_fail_silently(site):
    orphan = site.library / "20096" / "777" / "1.0"
    orphan.parent.mkdir()
    orphan.write_bytes(b"x" * 200_000)
    with orphan.open("r+b", buffering=0) as file:
        def change():
            file.seek(0)
            file.write(os.urandom(16))
        with Restless(change):
            done = back_up(site)
    if done.returncode == 0:  # quiet for a moment: then it holds one state of it, and says so
        site.backup_id = done.json()["status"]["backupId"]
        assert "passed" in site.lc2("backup", "verify", "--full", site.backup_id).stdout
        assert key_of(site, orphan) in findings(site)
    else:
        assert_no_backup(site, done, CORRUPT, "20096/777/1.0", "changing")


def test_files_that_come_and_go(site):
    folder = site.library / "20096" / "778"
    folder.mkdir()

    def change():
        for number in range(40):
            (folder / f"1.{number}").write_bytes(b"y" * number)
        for number in range(40):
            (folder / f"1.{number}").unlink()

    with Restless(change):
        done = back_up(site)
    assert done.returncode == 0, done.transcript()
    site.backup_id = done.json()["status"]["backupId"]
    assert "passed" in site.lc2("backup", "verify", "--full", site.backup_id).stdout
    assert consistency(site)["missing"] == 0


def test_a_document_that_vanishes_during_the_copy_is_missing(site, tmp_path):
    document = a_document(site)
    # The dump comes first, the listing later: its end is a moment between the two.
    env = put_in_front(site, tmp_path / "tools", f'"$REAL" "$@"; code=$?; rm "{document}"; exit $code')
    done = back_up(site, env=env)
    assert_no_backup(site, done, CORRUPT, key_of(site, document), "1 missing at the source",
                     hint="accept-missing")


# -- path tricks -----------------------------------------------------------------------------------------


def test_what_is_no_plain_file_is_counted_and_left_alone(site):
    outside = site.folder / "outside"
    outside.mkdir()
    (outside / "secret").write_text("MARK-outside-MARK")
    odd = site.library / "20096" / "779"
    odd.mkdir()
    (odd / "up").symlink_to("../../../outside/secret")
    (odd / "absolute").symlink_to("/etc/passwd")
    (odd / "inside").symlink_to("../../README.txt")
    (odd / "folder").symlink_to(outside)
    (odd / "loop").symlink_to("loop")
    (odd / "nowhere").symlink_to("/does/not/exist")
    os.mkfifo(odd / "pipe")
    (odd / "hard").hardlink_to(site.library / "README.txt")
    with socket.socket(socket.AF_UNIX) as unix:
        at = os.open(odd, os.O_RDONLY)
        unix.bind(f"/proc/self/fd/{at}/socket")  # the name of a socket has 107 bytes at most
        os.close(at)
    links = {"up", "absolute", "inside", "folder", "loop", "nowhere"}
    special = {"pipe", "socket"}
    if os.geteuid() == 0:
        try:
            os.mknod(odd / "device", 0o600 | 0o020000, os.makedev(1, 5))
            special.add("device")
        except PermissionError:
            pass
    bad = {b"bad-\xff", b"line\nbreak", b"tab\tbed"}
    for name in bad:
        with open(os.path.join(os.fsencode(odd), name), "wb") as file:
            file.write(b"bytes")
    site.back_up()
    assert "passed" in site.lc2("backup", "verify", "--full", site.backup_id).stdout
    found = {key.removeprefix("20096/779/"): finding["kind"] for key, finding in findings(site).items()
             if finding["kind"] == "SkippedName"}
    escaped = {"bad-\\xff", "line\\x0abreak", "tab\\x09bed"}
    assert set(found) == links | special | escaped
    assert {key for key in keys(site) if key.startswith("20096/779/")} == {"20096/779/hard"}
    for file in site.vault.rglob("*"):
        if file.is_file():
            assert b"MARK-outside-MARK" not in file.read_bytes()


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_document_that_became_something_else_is_missing(site, kind):
    document = a_document(site)
    content = document.read_bytes()
    document.unlink()
    if kind == "link":
        (site.folder / "elsewhere").write_bytes(content)
        document.symlink_to(site.folder / "elsewhere")
    elif kind == "pipe":
        os.mkfifo(document)
    else:
        document.mkdir()
        (document / "1.0").write_bytes(content)
    assert_no_backup(site, back_up(site), CORRUPT, key_of(site, document), "1 missing at the source")


def test_paths_longer_than_any_key(site):
    # Each name has at most 255 bytes, and a call takes 4,096: so step by step.
    at = os.open(site.library, os.O_RDONLY)
    for _ in range(25):
        name = "d" * 200
        os.mkdir(name, dir_fd=at)
        below = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    file = os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=at)
    os.write(file, b"deep")
    os.close(file)
    os.close(at)
    site.back_up()
    found = [f for f in findings(site).values() if f["kind"] == "SkippedName"]
    assert len(found) == 1 and found[0]["key"].startswith("d" * 200)
    assert not any(key.startswith("ddd") for key in keys(site))
    assert "passed" in site.lc2("backup", "verify", "--full", site.backup_id).stdout
    subprocess.run(["rm", "-rf", site.library / ("d" * 200)], check=True)


def test_a_thousand_folders_deep(site):
    at = os.open(site.library, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=at)
        below = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=at))
    os.close(at)
    site.back_up()
    assert [f["kind"] for f in findings(site).values() if f["key"].startswith("d/d/")] == ["SkippedName"]
    subprocess.run(["rm", "-rf", site.library / "d"], check=True)


@pytest.mark.parametrize("target", ["pool", "link at the folder"])
def test_links_inside_the_vault_are_not_followed(site, target):
    site.back_up()
    victim = site.folder / "victim"
    victim.mkdir()
    pool = site.env_folder / "pool"
    aside = site.folder / "aside"
    if target == "pool":
        pool.rename(aside)
        pool.symlink_to(victim)
    else:
        site.backup_folder.rename(aside)
        site.backup_folder.symlink_to(victim)
    done = back_up(site, "--name", "second")
    (site.library / "20096" / "new").write_bytes(b"new")
    done = back_up(site, "--name", "third") if target == "pool" else done
    assert files_of(victim) == {}
    if target == "pool":
        assert done.returncode != 0
        assert_refused(done, done.returncode, "symbolic link")
