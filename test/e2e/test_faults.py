"""Places that fail: read-only, full, out of descriptors, damaged files of the home. The message
names place and remedy, nothing is lost, and all is well once the fault is gone."""

import os
import subprocess

import pytest

from test_bad_input_backup import ROOT_ONLY, small_disk
from tiny_site import *  # noqa: F403
from tiny_site import CORRUPT, DENIED, UNAVAILABLE, assert_refused
from vault_reader import check_vault

pytestmark = pytest.mark.pg(15)


def remount(folder, mode):
    subprocess.run(["mount", "-o", f"remount,{mode}", folder], check=True)


@ROOT_ONLY
def test_a_vault_that_became_read_only(site):
    kept = site.back_up()
    with small_disk(site.vault, "8m"):
        before = site.state("rows", "library", "vault")
        remount(site.vault, "ro")
        done = site.lc2("backup", "create", "--name", "second", exit_code=None)
        assert_refused(done, DENIED, str(site.vault), "Read-only file system", hint="mount it for writing")
        done = site.lc2("backup", "delete", kept, exit_code=None)
        assert_refused(done, DENIED, str(site.vault), "Read-only file system", hint="mount it for writing")
        assert kept in site.lc2("backup", "list").stdout
        assert site.state("rows", "library", "vault") == before
        remount(site.vault, "rw")
        # A refusal of the disk is no verdict on the request.
        site.lc2("backup", "create", "--name", "second")
        assert check_vault(site.vault) == []


@ROOT_ONLY
def test_a_home_that_is_full(site):
    with small_disk(site.home, "1m"):
        filler = site.home / "filler"
        subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=4k"], capture_output=True, check=False)
        done = site.lc2("backup", "create", "--name", "full", exit_code=None, timeout=60)
        assert_refused(done, UNAVAILABLE, str(site.home), hint="disk")
        filler.unlink()
        site.lc2("backup", "create", "--name", "full")
        assert check_vault(site.vault) == []


def test_a_vault_that_goes_away_in_mid_run(site, tmp_path):
    kept = site.back_up()
    gone = site.folder / "gone"
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("pg_dump", "pg_restore", "psql"):
        (tools / name).symlink_to(site.server.bindir / name)
    real = site.server.bindir / "pg_dump"
    (tools / "pg_dump").unlink()
    (tools / "pg_dump").write_text(f'#!/bin/bash\ncase "$*" in *--version*) ;; *) mv "{site.vault}" "{gone}" ;; esac\n'
                                   f'exec "{real}" "$@"\n')
    (tools / "pg_dump").chmod(0o755)
    done = site.lc2("backup", "create", "--name", "second", exit_code=None, env={"LC2_CLIENT_PATH": str(tools)})
    assert_refused(done, UNAVAILABLE, str(site.vault), "not in", hint="is its volume mounted?")
    # No new, empty vault hides the old one, now or with the next command, on an empty mount point or none.
    assert not site.vault.exists()
    for make in (lambda: None, site.vault.mkdir):
        make()
        done = site.lc2("backup", "create", "--name", "second", exit_code=None)
        assert_refused(done, UNAVAILABLE, str(site.vault), hint="is its volume mounted?")
        assert not site.vault.exists() or not list(site.vault.rglob("*.json"))
    site.vault.rmdir()
    gone.rename(site.vault)
    # The same command goes on where it was.
    site.lc2("backup", "create", "--name", "second")
    site.lc2("backup", "verify", "--full", kept)
    assert check_vault(site.vault) == []


def test_another_vault_in_the_place_of_the_known_one(site):
    site.back_up()
    site.vault.rename(site.folder / "gone")
    other = site.folder / "other-home"
    subprocess.run(["cp", "-a", site.home, other], check=True)
    for args in (("delete", "backuplocation", "local"), ("apply", "-f", site.yaml), ("backup", "create")):
        site.lc2("--home", other, *args)
    done = site.lc2("backup", "create", exit_code=None)
    assert_refused(done, UNAVAILABLE, str(site.vault), "lies vault", hint="replaced on purpose")
    assert len(list(site.vault.glob("*/*/control/runs/*"))) == 1


@pytest.mark.parametrize("limit", [8, 16, 24, 40])
def test_too_few_descriptors(site, limit):
    before = site.state("rows", "library", "databases")
    done = subprocess.run(["prlimit", f"--nofile={limit}:{limit}", *site.lc2.command("backup", "create", "--name", "few")],
                          env=site.lc2.env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0, done.stderr
    assert "Too many open files" in done.stderr or "unable to open database file" in done.stderr, done.stderr
    assert "HINT: " in done.stderr
    assert site.state("rows", "library", "databases") == before
    site.back_up()
    assert check_vault(site.vault) == []


@pytest.mark.parametrize("damage", ["overwritten", "cut"])
def test_a_damaged_store(site, damage):
    kept = site.back_up()
    store = site.home / "store.db"
    for part in ("store.db-wal", "store.db-shm"):
        (site.home / part).unlink(missing_ok=True)
    data = store.read_bytes()
    store.write_bytes(os.urandom(len(data)) if damage == "overwritten" else data[:5000])
    vault = site.state("vault")
    for args in (("backup", "list"), ("get", "environments"), ("backup", "create")):
        assert_refused(site.lc2(*args, exit_code=None), CORRUPT, str(store), hint="move it away")
    assert site.state("vault") == vault
    # What the hint says.
    store.unlink()
    site.lc2("apply", "-f", site.yaml)
    site.lc2("catalog", "rebuild")
    assert kept in site.lc2("backup", "list").stdout
    site.back_up()
    assert check_vault(site.vault) == []


def test_a_damaged_catalogue_stops_no_backup(site):
    kept = site.back_up()
    catalogue = site.home / "catalog.db"
    for part in ("catalog.db-wal", "catalog.db-shm"):
        (site.home / part).unlink(missing_ok=True)
    catalogue.write_bytes(os.urandom(len(catalogue.read_bytes())))
    made = site.back_up()
    assert_refused(site.lc2("backup", "list", exit_code=None), CORRUPT, str(catalogue), hint="lc2 catalog rebuild")
    site.lc2("catalog", "rebuild")
    listed = site.lc2("backup", "list").stdout
    assert kept in listed and made in listed
