"""Private servers: started, found again, stopped, and gone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sample import pg

PROGRAM = Path(pg.__file__)


def run(*args, exit_code=0):
    done = subprocess.run(
        [sys.executable, PROGRAM, *map(str, args)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == exit_code, done.stderr
    return done.stdout


@pytest.mark.parametrize("version", pg.VERSIONS)
def test_each_version_runs_and_leaves_nothing(version):
    try:
        server = pg.PrivatePostgres(version, fsync=False)
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    with server:
        assert server.psql("postgres", "show server_version").split(".")[0] == version
        assert server.psql("postgres", "show listen_addresses") == "127.0.0.1"
        server.create_database("one")
        assert server.psql("one", "select 'a', 'b'; select 3") == "a|b\n3"
        server.drop_database("one")
        with pytest.raises(pg.PostgresError, match="does not exist"):
            server.psql("one", "select 1")
        state = json.loads((server.folder / pg.STATE).read_text())
    for place in (server.folder, state["data"], state["socket"]):
        assert not os.path.exists(place)


def test_a_wrong_password_is_refused(sample_server):
    environment = {**sample_server.environment(), "PGPASSFILE": "/dev/null", "PGPASSWORD": "wrong"}
    command = [sample_server.bindir / "psql", "-w", "-d", "postgres", "-c", "select 1"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "password authentication failed" in done.stderr


def test_a_second_start_finds_the_first(tmp_path):
    if not installed("15"):
        pytest.skip("this needs PostgreSQL 15")
    folder = tmp_path / "pg"
    try:
        first = json.loads(run("start", "--dir", folder, "--no-fsync", "--json"))
        assert first["running"]
        assert json.loads(run("start", "--dir", folder, "--json")) == first
        server = pg.open_existing(folder)
        server.psql("postgres", "create table kept (x int)")
        run("stop", "--dir", folder)
        assert not json.loads(run("env", "--dir", folder, "--json"))["running"]
        with pg.PrivatePostgres("15", folder) as again:
            assert again.psql("postgres", "select count(*) from kept") == "0"
        # The data was found, not made: leaving stops the server and keeps it.
        assert (Path(pg.open_existing(folder)._state["data"]) / "PG_VERSION").exists()
    finally:
        run("remove", "--dir", folder)
    assert list(folder.iterdir()) == []
    run("env", "--dir", folder, exit_code=3)


def test_a_folder_of_another_version_is_refused(tmp_path):
    if not installed("15") or not installed("16"):
        pytest.skip("this needs PostgreSQL 15 and 16")
    with pg.PrivatePostgres("15", tmp_path / "pg", fsync=False) as server:
        with pytest.raises(pg.PostgresError, match="holds a PostgreSQL 15, not 16"):
            pg.PrivatePostgres("16", server.folder).start()


def installed(version):
    try:
        pg.find_bindir(version)
    except FileNotFoundError:
        return False
    return True


def test_an_unknown_version_is_not_found():
    with pytest.raises(FileNotFoundError, match="apt-get install postgresql-9"):
        pg.PrivatePostgres("9")
