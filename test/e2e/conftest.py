"""Fixtures of the end-to-end tests: the real binary, private servers, nothing shared.

    def test_lists_nothing_at_first(lc2):
        assert lc2("backup", "list", "-o", "json").json()["items"] == []

    @pytest.mark.pg(16, 18)          # without the mark: every version in PG_VERSIONS
    def test_dump(lc2, pg):          # runs as test_dump[16], test_dump[18]
        pg.psql("postgres", "create database lportal")

Choose a server version with -m 'pg(version=16)'.
"""

import json
import os
import shlex
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PG_VERSIONS = (15, 16, 18)


def pytest_configure(config):
    config.addinivalue_line("markers", "pg(*versions): the PostgreSQL versions a test runs on")


class Completed(subprocess.CompletedProcess):
    """What a command left behind; json() reads its standard output."""

    def json(self):
        try:
            return json.loads(self.stdout)
        except ValueError as error:
            raise AssertionError(f"stdout is not JSON ({error})\n{self.transcript()}") from None

    def transcript(self):
        return (
            f"$ {shlex.join(self.args)}\nexit code {self.returncode}\n"
            f"--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"
        )


class Lc2:
    """Runs the binary with a home of its own; an instance is called like the command line."""

    def __init__(self, binary, home):
        self.binary = Path(binary)
        self.home = Path(home)
        self.env = {
            # Nothing of the developer's own set-up reaches the binary; credentials least of all.
            **{k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "TMPDIR") or k.endswith("SAN_OPTIONS")},
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            "TZ": "UTC",
        }

    def command(self, *args):
        return [str(self.binary), "--home", str(self.home), *map(str, args)]

    def __call__(self, *args, exit_code=0, env=None, stdin="", timeout=120):
        """Runs one command to its end. `exit_code=None` accepts any; `env` adds to the environment."""
        done = subprocess.run(
            self.command(*args),
            env={**self.env, **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        completed = Completed(done.args, done.returncode, done.stdout, done.stderr)
        if exit_code is not None and done.returncode != exit_code:
            raise AssertionError(f"expected exit code {exit_code}\n{completed.transcript()}")
        return completed


@pytest.fixture(scope="session")
def lc2_binary():
    binary = Path(os.environ.get("LC2_BIN") or ROOT / "build" / "lc2")
    if not os.access(binary, os.X_OK):
        pytest.fail(f"there is no binary at '{binary}'; './dev build' makes it", pytrace=False)
    return binary


@pytest.fixture
def lc2(lc2_binary, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    return Lc2(lc2_binary, home)


@pytest.fixture
def free_ports():
    """free_ports(n): n different loopback ports that nobody listens on now. A server that can bind
    port 0 and say what it got should: between this answer and its bind another may take the port."""

    def choose(count):
        with ExitStack() as stack:
            sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
            for sock in sockets:
                sock.bind(("127.0.0.1", 0))
            return [sock.getsockname()[1] for sock in sockets]

    return choose


@pytest.fixture
def free_port(free_ports):
    return free_ports(1)[0]


def pytest_generate_tests(metafunc):
    if "pg" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("pg")
    versions = mark.args if mark and mark.args else PG_VERSIONS
    params = [pytest.param(v, id=str(v), marks=pytest.mark.pg(version=v)) for v in versions]
    metafunc.parametrize("pg", params, indirect=True, scope="session")


@pytest.fixture(scope="session")
def pg(request, tmp_path_factory):
    """A private PostgreSQL server of one version, shared by the session's tests: each makes a
    database of its own. Has host, port, user, password and psql(database, sql)."""
    if str(ROOT / "tools") not in sys.path:
        sys.path.insert(0, str(ROOT / "tools"))
    from sample.pg import PrivatePostgres  # late: most tests need no server

    version = request.param
    with ExitStack() as stack:
        try:
            folder = tmp_path_factory.mktemp(f"pg{version}")
            server = stack.enter_context(PrivatePostgres(version, folder, fsync=False))
        except FileNotFoundError as missing:
            pytest.skip(f"no PostgreSQL {version} server here: {missing}")
        yield server
