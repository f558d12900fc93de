"""A Liferay-shaped environment that real `lc2` commands have backed up, for tests that read a vault."""

import os
import subprocess
import sys
import time
from pathlib import Path

import yaml
from conftest import ROOT, Lc2

PROJECT, ENVIRONMENT = "retail", "prd"
# Keys that a careless shell command would take apart, or a careless JSON writer get wrong.
STRANGE = ("20096/20100/a  b /1.0", "20096/20100/back\\slash\\n/1.0", "20096/20100/\u00fc \"q\" 'x' $(id)/1.0",
           "20096/20100/\U0001f600\u2028/1.0", "20096/20100/\ufb33/1.0", "-n/1.0", "20096/*?[x]")


class Site:
    """Database, library, home and vault in one folder; a database name of its own on the server."""

    def __init__(self, server, binary, folder, versions, layout="Pool", name="lportal", **location):
        """`location`: further fields of the BackupLocation's spec."""
        self.server, self.folder, self.name = server, Path(folder), name
        self.library, self.vault = self.folder / "library", self.folder / "vault"
        self.folder.mkdir(parents=True, exist_ok=True)
        home = self.folder / "home"
        home.mkdir()
        self.lc2 = Lc2(binary, home)
        self.lc2.env["LC2_CLIENT_PATH"] = str(server.bindir)
        server.create_database(name)
        self.sample("make", "--versions", versions, "--tiny-files", "--own-schema", "--no-indexes")
        self.apply({"layout": layout, **location})

    def dsn(self, database=None):
        return ["--dsn-host", self.server.host, "--dsn-port", self.server.port, "--dsn-user", self.server.user,
                "--dsn-password-file", self.server.password_file, "--db", database or self.name]

    def tool(self, script, *args):
        command = [sys.executable, ROOT / "tools/sample" / script, *args]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def sample(self, verb, *args):
        self.tool("make_sample.py", verb, *self.dsn(), "--root", self.library, "--quiet", *args)

    def apply(self, location):
        text = self.lc2("--project", PROJECT, "--environment", ENVIRONMENT, "env", "init", "--library", self.library,
                        "--vault", self.vault, "--db-host", self.server.host, "--db-port", self.server.port,
                        "--db-user", self.server.user, "--db-name", self.name,
                        "--db-password-file", self.server.password_file).stdout
        documents = list(yaml.safe_load_all(text[text.index("apiVersion") :]))
        for document in documents:
            if document["kind"] == "BackupLocation":
                document["spec"].update(location)
        resources = self.folder / "environment.yaml"
        resources.write_text(yaml.safe_dump_all(documents))
        self.lc2("apply", "-f", resources)

    def add_strange_files(self):
        """Files that no row refers to, under STRANGE keys; each holds its own key."""
        for key in STRANGE:
            (self.library / key).parent.mkdir(parents=True, exist_ok=True)
            (self.library / key).write_text(key)

    def settle(self):
        """Waits for the clock: a file that changed less than 2 s before it is listed is copied again."""
        newest = max(path.stat().st_ctime for path in self.library.rglob("*") if path.is_file())
        while time.time() < newest + 2.1:
            time.sleep(newest + 2.1 - time.time())

    def back_up(self, *args):
        """The id of the new backup."""
        done = self.lc2("backup", "create", "-o", "json", *args, timeout=300)
        return done.json()["status"]["backupId"]

    def snapshot(self, name, database=None, library=None):
        """What compare.py says of a database and a library, as a file for its `diff`."""
        out = self.folder / f"{name}.json"
        self.tool("compare.py", "snapshot", *self.dsn(database), "--root", library or self.library, "--out", out)
        return out


def psql_environment(server):
    """What libpq's own programs need to reach the server; the password only in a private file."""
    return {**os.environ, "PGHOST": server.host, "PGPORT": str(server.port), "PGUSER": server.user,
            "PGPASSWORD": Path(server.password_file).read_text().strip()}
