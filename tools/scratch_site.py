"""A site of its own below one folder: a private PostgreSQL server, a sample environment in it and
in a document library, a vault, and a home of lc2. The main job and the bars work on one.

    with ScratchSite(folder, "16") as site:
        site.make_sample(versions=2000)
        site.declare()
        backup = site.back_up()

Judging is left to tools/sample/compare.py, which shares nothing with lc2.
"""

import json
import os
import shlex
import shutil
import subprocess
import time
from pathlib import Path

from sample import compare, make_sample
from sample.database import Dsn
from sample.pg import PrivatePostgres

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "lportal"
PROJECT, ENVIRONMENT = "retail", "prd"
# What a backup leaves out and what the portal writes by itself: no part of a comparison.
NOT_COMPARED = {"without_generated": True, "ignore_files": ("README.txt",)}


class CommandFailed(Exception):
    """A command of lc2 that ended otherwise than it should; the text has its output."""


class ScratchSite:
    """`keep` leaves the server's data where it is at the end; else everything of the server goes."""

    def __init__(self, folder, version="15", *, binary=None, keep=False):
        self.folder = Path(folder).resolve()
        self.library = self.folder / "document_library"
        self.vault = self.folder / "vault"
        self.home = self.folder / "home"
        self.binary = Path(binary or os.environ.get("LC2_BIN") or ROOT / "build" / "lc2")
        self.server = PrivatePostgres(version, self.folder / "pg", fsync=False)
        self.keep = keep

    # -- life ------------------------------------------------------------------------------------

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.library, self.vault, self.home):
            shutil.rmtree(folder, ignore_errors=True)
        try:
            self.server.start()
            self.server.drop_database(DATABASE)
            self.server.create_database(DATABASE)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if not self.keep:
            self.server.remove()
        elif self.server.started:  # one that already ran before us keeps running
            self.server.stop()

    # -- the sample ------------------------------------------------------------------------------

    @property
    def dsn(self):
        server = self.server
        return Dsn(server.host, server.port, server.user, server.password, DATABASE)

    def make_sample(self, **options):
        """Options of sample.make_sample; gives its report, which names every defect."""
        return make_sample.make_sample(
            self.dsn, self.library, ROOT / "build" / "cache", **options)

    def destroy(self):
        self.server.drop_database(DATABASE)
        shutil.rmtree(self.library)

    def snapshot(self):
        return compare.snapshot(self.dsn, self.library)

    # -- lc2 -------------------------------------------------------------------------------------

    def environment(self):
        """What a command of lc2 sees. The client programs that fit the server lie beside it."""
        return {**os.environ, "LC2_HOME": str(self.home),
                "LC2_CLIENT_PATH": str(self.server.bindir)}

    def lc2(self, *args, exit_code=0, stderr=subprocess.PIPE):
        """Runs one command to its end; `exit_code=None` takes any. The result has `seconds`."""
        command = [str(self.binary), *map(str, args)]
        began = time.monotonic()
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=stderr, text=True, check=False, env=self.environment())
        done.seconds = time.monotonic() - began
        if exit_code is not None and done.returncode != exit_code:
            raise CommandFailed(f"`lc2 {shlex.join(command[1:])}` ended with {done.returncode} "
                                f"instead of {exit_code}\n{done.stdout}{done.stderr or ''}")
        return done

    def init_arguments(self):
        server = self.server
        return ["env", "init", "--project", PROJECT, "--environment", ENVIRONMENT,
                "--library", self.library, "--vault", self.vault,
                "--db-host", server.host, "--db-port", server.port, "--db-user", server.user,
                "--db-name", DATABASE, "--db-password-file", server.password_file]

    @property
    def manifest(self):
        return self.folder / "environment.yaml"

    def declare(self):
        """The environment and its location, as a user would: `env init`, then `apply`."""
        self.manifest.write_text(self.lc2(*self.init_arguments()).stdout)
        self.lc2("apply", "-f", self.manifest)

    def newest(self):
        """The newest backup as the catalogue shows it."""
        return json.loads(self.lc2("backup", "list", "-o", "json", "--limit", "1").stdout)["items"][0]

    def back_up(self, *args):
        """Makes a backup that has to succeed; gives its id."""
        self.lc2("backup", "create", "-q", *args)
        return self.newest()["backupId"]


def differences(before, after):
    """Lines that name what is not the same after a restore; none if all is."""
    return compare.diff(before, after, **NOT_COMPARED)
