"""A small world to break: a sample database and library, a home and a vault that already holds a
history, and a way back to where it was. Made once, it is put back before each case in some ten
milliseconds; two of them work beside each other on one server.

    with PrivatePostgres("15", fsync=False) as server:
        world = World(server, folder, binary, 1)
        world.rewind()
        died = world.lc2("backup", "create", "--name", "next", env={"LC2_CRASH_AT": "17"})

History: two backups, the second incremental to the first, then changes that no backup has yet. A
deletion takes effect at once.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "test/e2e")]
from sample import compare, make_sample  # noqa: E402
from sample.database import Dsn  # noqa: E402

PROJECT, ENVIRONMENT = "retail", "prd"
NOT_COMPARED = {"without_generated": True, "ignore_files": ("README.txt",)}
TIME_LIMIT = 120  # seconds for one command; a hang is a finding
SETTLING = 2.1  # a file that changed less than 2 s before it is listed is copied again


class Ended:
    """How a command ended: `code` is negative for a signal."""

    def __init__(self, args, done, seconds):
        self.args, self.code, self.seconds = args, done.returncode, seconds
        self.stdout, self.stderr = done.stdout, done.stderr

    def __str__(self):
        said = "\n".join(f"    {line}" for line in (self.stdout + self.stderr).splitlines())
        return f"`lc2 {' '.join(map(str, self.args))}` ended with {self.code}\n{said}"


class World:
    def __init__(self, server, folder, binary, number, versions=14, *, history=True, tiny_files=False, **location):
        """Without `history` nothing is backed up yet. `location`: further fields of the BackupLocation's spec."""
        self.server, self.folder, self.binary = server, Path(folder), Path(binary)
        self.library, self.vault = self.folder / "library", self.folder / "vault"
        self.home, self.kept = self.folder / "home", self.folder / "kept"
        self.database = f"world{number}"
        self.template = f"{self.database}_kept"
        self.location = {"softDeleteDays": 0, **location}
        self.changed = False  # database or library
        self.folder.mkdir(parents=True)
        self.server.create_database(self.database)
        make_sample.make_sample(self.dsn, self.library, ROOT / "build/cache", own_schema=True, versions=versions,
                                companies=1, max_file_bytes=4000, tiny_files=tiny_files, indexes=not tiny_files)
        self._declare()
        self.settle()
        if history:
            self._make_history()
        self.keep()

    def _make_history(self):
        self.first = self.back_up("first")
        self._write("one")
        self.second = self.back_up("second")
        self.of_second = self.snapshot()  # what a restore of it has to bring back
        self._write("two")

    def _write(self, word):
        """Documents that no row refers to: orphans, which a backup holds all the same."""
        for number in range(3):
            path = self.library / f"20096/20100/{word}{number}/1.0"
            path.parent.mkdir(parents=True)
            path.write_text(f"{word} {number}\n" * 20)

    def settle(self):
        newest = max(path.stat().st_ctime for path in self.library.rglob("*") if path.is_file())
        time.sleep(max(0.0, newest + SETTLING - time.time()))

    def _declare(self):
        server = self.server
        text = self.must("env", "init", "--project", PROJECT, "--environment", ENVIRONMENT, "--library", self.library,
                         "--vault", self.vault, "--db-host", server.host, "--db-port", server.port, "--db-user",
                         server.user, "--db-name", self.database, "--db-password-file", server.password_file).stdout
        if "softDeleteDays" not in text:
            place = "kind: BackupLocation"
            head, tail = text.split(place, 1)
            fields = "".join(f"\n  {name}: {json.dumps(value)}" for name, value in self.location.items())
            tail = tail.replace("\nspec:", "\nspec:" + fields, 1)
            text = head + place + tail
        self.yaml = self.folder / "environment.yaml"
        self.yaml.write_text(text)
        self.must("apply", "-f", self.yaml)

    # -- lc2 -----------------------------------------------------------------------------------------

    def environment(self, extra=None):
        """Of PostgreSQL's programs lc2 sees the server's own alone: on a Debian's PATH are wrappers that take 80 ms to
        say their version, a dozen times for a restore."""
        kept = {k: v for k, v in os.environ.items() if k in ("LANG", "TMPDIR") or k.endswith("SAN_OPTIONS")}
        return {**kept, "HOME": str(self.home), "LC_ALL": "C.UTF-8", "NO_COLOR": "1", "TZ": "UTC",
                "PATH": str(self.server.bindir), "LC2_HOME": str(self.home), **(extra or {})}

    def start(self, *args, env=None, **options):
        """A command that runs on its own."""
        return subprocess.Popen([str(self.binary), *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=self.environment(env), **options)

    def lc2(self, *args, env=None, **options):
        began = time.monotonic()
        try:
            done = subprocess.run([str(self.binary), *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, check=False, env=self.environment(env), timeout=TIME_LIMIT, **options)
        except subprocess.TimeoutExpired as hang:
            texts = [(text or b"").decode(errors="replace") for text in (hang.stdout, hang.stderr)]
            done = subprocess.CompletedProcess(args, 124, texts[0], f"{texts[1]}\nTIME LIMIT of {TIME_LIMIT} s\n")
        return Ended(args, done, time.monotonic() - began)

    def must(self, *args, **options):
        ended = self.lc2(*args, **options)
        if ended.code != 0:
            raise AssertionError(str(ended))
        return ended

    def back_up(self, name, *args, **options):
        made = self.must("backup", "create", "--name", name, "-o", "json", *args, **options)
        return json.loads(made.stdout)["status"]["backupId"]

    # -- where it was ----------------------------------------------------------------------------------

    @property
    def dsn(self):
        return Dsn(self.server.host, self.server.port, self.server.user, self.server.password, self.database)

    def snapshot(self):
        return compare.snapshot(self.dsn, self.library)

    def keep(self):
        """What rewind() goes back to is now."""
        shutil.rmtree(self.kept, ignore_errors=True)
        self.vault.mkdir(exist_ok=True)  # the first backup makes it
        self.save(self.kept)
        copy_folder(self.library, self.kept / "library")
        self.server.drop_database(self.template)
        self.server.psql("postgres", f"create database {self.template} template {self.database}")
        self.as_kept = self.snapshot()

    def rewind(self, *, target=False, empty=False):
        """`target`: what follows changes database and library; `empty`: there are none, and it makes them."""
        self.load(self.kept)
        changed, self.changed = self.changed, target or empty
        if changed or self.changed:
            shutil.rmtree(self.library, ignore_errors=True)
            self._drop_databases("" if empty else f"create database {self.database} template {self.template};")
        if empty:
            self.library.mkdir()
        elif changed or target:
            copy_folder(self.kept / "library", self.library)

    def save(self, folder):
        """Home and vault as they are now, for load()."""
        for part in (self.home, self.vault):
            shutil.rmtree(folder / part.name, ignore_errors=True)
            copy_folder(part, folder / part.name)

    def load(self, folder):
        for part in (self.home, self.vault):
            shutil.rmtree(part, ignore_errors=True)
            copy_folder(folder / part.name, part)

    def _drop_databases(self, then=""):
        self.server.psql("postgres", f"""
            select format('drop database %I with (force)', datname) from pg_database
            where datname ~ '^{self.database}(_|$)' and datname <> '{self.template}'
            \\gexec
            {then}""")

    def databases(self):
        """Those of this world, but for the template."""
        names = self.server.psql(
            "postgres", f"select datname from pg_database where datname ~ '^{self.database}(_|$)' order by 1")
        return [name for name in names.split() if name != self.template]


def copy_folder(source, destination):
    """With times: an entry of the library is known by them."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-aT", source, destination], check=True)


def differences(before, after):
    return compare.diff(before, after, **NOT_COMPARED)
