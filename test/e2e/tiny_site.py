"""A tiny Liferay-shaped environment for tests that need many of them: a database copied from a
template, a library of about forty files, a home and a vault, each in a folder of its own.

    pytestmark = pytest.mark.pg(15)
    from tiny_site import *  # the fixtures

    def test_refuses(site):
        before = site.state()
        done = site.lc2("backup", "create", "--retention-days", "6", exit_code=None)
        assert_refused(done, INVALID, "retentionDays")
        assert site.state() == before

`site` is new for each test. `backed_up` is one environment a file, with a backup in its vault (its id
is `site.backup_id`); files are put back before each test, rows are not: only refusals may use it.
What a state says is found out without lc2.
"""

import hashlib
import itertools
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from conftest import ROOT, Lc2

sys.path.insert(0, str(ROOT / "tools"))
from sample import compare  # noqa: E402
from sample.database import Dsn  # noqa: E402

__all__ = ["as_nobody", "assert_refused", "backed_up", "kept_site", "site", "tiny_template",
           "CONFLICT", "CORRUPT", "DENIED", "INVALID", "NOT_FOUND", "UNAVAILABLE"]

# src/base/error.cc
INVALID, NOT_FOUND, CONFLICT, DENIED, UNAVAILABLE, CORRUPT = 2, 3, 5, 6, 8, 11
NUMBERS = itertools.count(1)


def assert_refused(done, exit_code, *words, hint=""):
    """The error is of its kind, says what it is about and what to do next."""
    said = done.stderr
    assert done.returncode == exit_code, done.transcript()
    errors = re.findall(r"^error: .+", said, re.MULTILINE)
    hints = re.findall(r"^HINT: (\S.+)", said, re.MULTILINE)
    assert len(errors) == 1, done.transcript()
    assert len(hints) == 1 and hint in hints[0], done.transcript()
    for word in words:
        assert word in said, f"'{word}' is missing\n{done.transcript()}"


def files_of(folder):
    return compare.files_record(folder) if folder.is_dir() else {}


class Site:
    """One environment. `lc2` runs the binary with the site's home and the server's own client."""

    def __init__(self, binary, server, folder, template):
        self.server, self.folder = server, folder
        self.library, self.vault = folder / "library", folder / "vault"
        self.home = folder / "home"
        self.yaml = folder / "environment.yaml"
        self.home.mkdir(parents=True)
        self.lc2 = Lc2(binary, self.home)
        self.lc2.env["LC2_CLIENT_PATH"] = str(server.bindir)
        self.backup_id = None
        # A copy of a database needs that nobody is in the template; each server has its own.
        self.database = f"tiny{next(NUMBERS)}"
        server.psql("postgres", f"create database {self.database} template {template.database}")
        shutil.copytree(template.library, self.library)
        self.yaml.write_text(self.init().stdout)
        self.lc2("apply", "-f", self.yaml)

    def init(self):
        server = self.server
        return self.lc2(
            "--project", "retail", "--environment", "prd", "env", "init", "--library", self.library,
            "--vault", self.vault, "--db-host", server.host, "--db-port", server.port, "--db-user",
            server.user, "--db-name", self.database, "--db-password-file", server.password_file)

    def close(self):
        self.server.drop_database(self.database)

    def write_secret(self, **values):
        for key, value in values.items():
            (self.home / "secrets" / "retail-prd-db" / key).write_text(str(value))

    def apply_changed(self, *replacements):
        text = self.yaml.read_text()
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        self.lc2("apply", "-f", "-", stdin=text)

    def restore(self, *args):
        return self.lc2("restore", "create", self.backup_id, "--name", f"by-test-{next(NUMBERS)}",
                        *args, exit_code=None)

    def plan(self, *args):
        return self.lc2("restore", "plan", self.backup_id, "--name", f"by-test-{next(NUMBERS)}", *args,
                        exit_code=None)

    def back_up(self, *args):
        # Two requests of one second would have one name.
        listed = self.lc2("backup", "create", "--name", f"by-test-{next(NUMBERS)}", *args, "-o",
                          "json").json()
        self.backup_id = listed["status"]["backupId"]
        return self.backup_id

    # -- what is there ---------------------------------------------------------------------------

    def resources(self, kinds=("BackupLocation", "LiferayEnvironment")):
        """Stored resources, without lc2."""
        with sqlite3.connect(f"file:{self.home}/store.db?mode=ro", uri=True) as store:
            rows = store.execute("select kind, namespace, name, object from resources")
            return {row[:3]: row[3] for row in rows if kinds is None or row[0] in kinds}

    def wishes(self):
        """Their specs: a location's status may tell which vault was seen meanwhile."""
        return {name: json.loads(stored)["spec"] for name, stored in self.resources().items()}

    def rows(self):
        server = self.server
        return compare.database_record(
            Dsn(server.host, server.port, server.user, server.password, self.database))

    def databases(self):
        return self.server.psql(
            "postgres", "select datname from pg_database where not datistemplate order by 1")

    def state(self, *parts):
        """Of the parts `resources`, `vault`, `library`, `rows`, `databases`; without any: of all."""
        take = {"resources": self.wishes, "rows": self.rows, "databases": self.databases,
                "vault": lambda: files_of(self.vault), "library": lambda: files_of(self.library)}
        return {part: take[part]() for part in parts or take}

    # -- the vault, as the format's page describes it ------------------------------------------------

    @property
    def env_folder(self):
        return self.vault / "retail" / "prd"

    @property
    def backup_folder(self):
        return self.env_folder / self.backup_id.removeprefix("retail-prd-backup-")

    @property
    def manifest_file(self):
        return self.backup_folder / "manifest.json"

    def manifest(self):
        return json.loads(self.manifest_file.read_text())

    def committed_entry(self):
        """The file of the control log that says `committed` for the backup."""
        run = self.manifest()["runId"]
        for file in sorted((self.env_folder / "control" / "runs" / run).iterdir()):
            if json.loads(file.read_text())["event"] == "committed":
                return file
        raise AssertionError(f"run {run} is not committed")

    def forge_manifest(self, change, *, checksum=True, log=True, signature=True):
        """Writes a changed manifest; then makes true what depends on its bytes, where asked to."""
        entry = self.committed_entry()
        manifest = self.manifest()
        change(manifest)
        if checksum:
            del manifest["checksum"]
            manifest["checksum"] = tagged(canonical(manifest))
        self.manifest_file.write_bytes(canonical(manifest))
        if log:
            said = json.loads(entry.read_text())
            said["committed"]["manifestDigest"] = tagged(canonical(manifest))
            entry.write_bytes(canonical(said))
        if signature:
            self.sign_manifest(self.home / "keys" / "signing.pem")

    def sign_manifest(self, key):
        done = subprocess.run(
            ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", self.manifest_file,
             "-out", self.backup_folder / "manifest.sig"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def canonical(value):
    """RFC 8785, as far as manifests and logs need it: whole numbers, keys of ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def tagged(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def flip_bit(file, at):
    data = bytearray(file.read_bytes())
    data[at] ^= 0x10
    file.write_bytes(data)


class Template:
    """What sites are copied from: one database a server, one folder."""

    database = "tiny_template"

    def __init__(self, server, folder):
        self.library = folder / "library"
        server.create_database(self.database)
        done = subprocess.run(
            [sys.executable, ROOT / "tools/sample/make_sample.py", "make", "--dsn-host", server.host,
             "--dsn-port", str(server.port), "--dsn-user", server.user, "--dsn-password-file",
             server.password_file, "--db", self.database, "--root", self.library, "--versions", "30",
             "--companies", "1", "--own-schema", "--max-file-bytes", "4000", "--quiet"],
            capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def tiny_template(pg, tmp_path_factory):
    # Each file that imports this has a fixture of its own: the server knows whether one was made.
    if not hasattr(pg, "tiny_template"):
        pg.tiny_template = Template(pg, tmp_path_factory.mktemp("template"))
    return pg.tiny_template


def keep(site):
    """Remembers the files of the site for rewind(); its rows are not put back."""
    shutil.copytree(site.folder, site.folder.with_name("pristine"))
    site.kept_id = site.backup_id


def rewind(site):
    # Where they have been: a base's entry is known by inode, but only refusals come between.
    shutil.rmtree(site.folder)
    shutil.copytree(site.folder.with_name("pristine"), site.folder)
    site.backup_id = site.kept_id


@pytest.fixture
def site(lc2_binary, pg, tiny_template, tmp_path):
    made = Site(lc2_binary, pg, tmp_path / "site", tiny_template)
    yield made
    made.close()


@pytest.fixture(scope="module")
def kept_site(lc2_binary, pg, tiny_template, tmp_path_factory):
    made = Site(lc2_binary, pg, tmp_path_factory.mktemp("kept") / "site", tiny_template)
    made.back_up()
    keep(made)
    yield made
    made.close()


@pytest.fixture
def backed_up(kept_site):
    rewind(kept_site)
    return kept_site


@pytest.fixture
def as_nobody(lc2_binary, pg, tiny_template, tmp_path):
    """A site whose lc2 runs as a user whom permissions bind. It lies outside pytest's folders, which
    each session that starts closes to others again."""
    above = tmp_path if os.geteuid() != 0 else Path(tempfile.mkdtemp(prefix="lc2-test-"))
    above.chmod(0o755)
    made = Site(lc2_binary, pg, above / "site", tiny_template)
    try:
        if os.geteuid() == 0:
            let_nobody_run(made)
        yield made
    finally:
        made.close()
        if above != tmp_path:
            shutil.rmtree(above)


def let_nobody_run(site):
    for path in [site.folder, *site.folder.rglob("*")]:
        os.chown(path, 65534, 65534, follow_symlinks=False)
    setpriv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    plain = site.lc2.command
    site.lc2.command = lambda *args: [*setpriv, *plain(*args)]
    probe = subprocess.run([*setpriv, site.lc2.binary, "--version"], capture_output=True, text=True,
                           check=False)
    if probe.returncode != 0:
        pytest.skip(f"nobody cannot run the binary: {probe.stderr.strip()}")
