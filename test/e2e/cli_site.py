"""A tiny Liferay-shaped environment for the tests of the command line: five documents and an image
in a folder, the rows that refer to them in a database, a home and a vault. Made in under a second."""

import difflib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import Lc2

TABLES = """
create table dlfileentry (ctcollectionid bigint default 0 not null, fileentryid bigint not null,
  groupid bigint, companyid bigint, folderid bigint, name varchar(255), primary key (fileentryid));
create table dlfileversion (ctcollectionid bigint default 0 not null, fileversionid bigint not null,
  groupid bigint, companyid bigint, fileentryid bigint, version varchar(75), size_ bigint,
  storeuuid varchar(255), primary key (fileversionid));
create table image (ctcollectionid bigint default 0 not null, imageid bigint not null,
  companyid bigint, type_ varchar(75), size_ bigint, primary key (imageid));
create table release_ (releaseid bigint primary key, servletcontextname varchar(75),
  schemaversion varchar(75), buildnumber integer, state_ integer);
insert into release_ values (1, 'portal', '31.1.0', 7413, 0);
"""
# Key in the library -> bytes. Folder 0 means that the site's id takes its place.
DOCUMENTS = {
    "20097/20123/4301/1.0": b"first draft\n",
    "20097/20123/4301/1.1": b"second draft, longer\n",
    "20097/30001/4302/1.0": b"minutes of the board\n" * 50,
    "20097/30001/4303/1.0": bytes(range(256)) * 300,
    "20097/30001/4304/1.0": b"",
}
IMAGES = {"20097/0/20601.png/1.0": b"\x89PNG not really"}
TEMPLATE = "lc2_tiny"
GOLDEN = Path(__file__).resolve().parent / "golden"
OLD = 1735689600  # 2025-01-01T00:00:00Z: nothing was written a moment ago
# Ids in help pages and docs/: of a run that failed, of a backup, of a later one.
FAILED_ID = "retail-prd-backup-20251107-143000"
OLDER_ID = "retail-prd-backup-20251108-143000"
NEWER_ID = "retail-prd-backup-20251109-143000"


def rows():
    entries, versions = {}, []
    for number, (key, data) in enumerate(DOCUMENTS.items()):
        company, folder, name, version = key.split("/")
        in_folder = 0 if folder == "20123" else folder
        entries[name] = f"({name}, 20123, {company}, {in_folder}, '{name}')"
        versions.append(f"({9000 + number}, 20123, {company}, {name}, '{version}', {len(data)})")
    images = [f"({key.split('/')[2].split('.')[0]}, 20097, 'png', {len(data)})"
              for key, data in IMAGES.items()]
    return (
        "insert into dlfileentry (fileentryid, groupid, companyid, folderid, name) values "
        + ", ".join(entries.values())
        + "; insert into dlfileversion (fileversionid, groupid, companyid, fileentryid, version, size_)"
        " values " + ", ".join(versions)
        + "; insert into image (imageid, companyid, type_, size_) values " + ", ".join(images) + ";"
    )


class Site:
    """The environment retail-prd; an instance is called like the command line."""

    def __init__(self, lc2, pg, folder, database):
        self.lc2, self.pg, self.folder, self.database = lc2, pg, Path(folder), database
        self.library, self.vault = self.folder / "document_library", self.folder / "vault"
        self.yaml = self.folder / "environment.yaml"
        self.lc2.env["LC2_CLIENT_PATH"] = str(pg.bindir)
        self.lc2.env["PATH"] = f"{self.lc2.binary.parent}:{self.lc2.env['PATH']}"

    def __call__(self, *args, **kwargs):
        return self.lc2(*args, **kwargs)

    def make(self):
        self.library.mkdir(parents=True)
        for key, data in {**DOCUMENTS, **IMAGES}.items():
            self.write(key, data)
        if self.pg.psql("postgres", f"select 1 from pg_database where datname = '{TEMPLATE}'") == "":
            self.pg.create_database(TEMPLATE)
            self.pg.psql(TEMPLATE, TABLES + rows())
        self.pg.psql("postgres", f"create database {self.database} template {TEMPLATE}")
        return self

    def write(self, key, data):
        path = self.library / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (OLD, OLD))

    def add_document(self, name, data):
        """Another document of the site: its file and its rows."""
        self.write(f"20097/30001/{name}/1.0", data)
        self.pg.psql(self.database,
                     "insert into dlfileentry (fileentryid, groupid, companyid, folderid, name)"
                     f" values ({name}, 20123, 20097, 30001, '{name}'); insert into dlfileversion"
                     " (fileversionid, groupid, companyid, fileentryid, version, size_)"
                     f" values ({name}, 20123, 20097, {name}, '1.0', {len(data)});")

    def init_options(self):
        return ["--library", self.library, "--vault", self.vault, "--db-host", self.pg.host,
                "--db-port", self.pg.port, "--db-user", self.pg.user, "--db-name", self.database,
                "--db-password-file", self.pg.password_file]

    def apply(self):
        done = self("--project", "retail", "--environment", "prd", "env", "init",
                    *self.init_options())
        self.yaml.write_text(done.stdout)
        self("apply", "-f", self.yaml)
        return self

    def backup(self, *args):
        """Makes a backup and gives its id. The id is a second's name: two a second differ by a
        suffix."""
        return self("backup", "create", "-o", "json", *args).json()["status"]["backupId"]

    def destroy(self):
        self.pg.drop_database(self.database)
        shutil.rmtree(self.library)

    def other_home(self, name):
        """Another home on this machine, which shares nothing but what it is told."""
        home = self.folder / name
        other = Lc2(self.lc2.binary, home)
        other.env.update({k: self.lc2.env[k] for k in ("LC2_CLIENT_PATH", "PATH")})
        return other

    def shell(self, script, shell="bash"):
        """Runs a script with this home; `lc2` is the binary under test."""
        return subprocess.run([shell, "-c", script], cwd=self.folder, capture_output=True, text=True,
                              timeout=120, check=False, stdin=subprocess.DEVNULL,
                              env={**self.lc2.env, "LC2_HOME": str(self.lc2.home)})


_made = iter(range(1_000_000))


def make_site(lc2_binary, pg, folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    name = re.sub(r"[^a-z0-9]", "", f"site{os.getpid()}{worker}n{next(_made)}")
    return Site(Lc2(lc2_binary, folder / "home"), pg, folder, name).make()


@pytest.fixture
def bare_site(lc2_binary, pg, tmp_path):
    """Database and library; the home knows nothing yet."""
    return make_site(lc2_binary, pg, tmp_path / "site")


@pytest.fixture
def site(bare_site):
    """The environment is applied; there is no backup."""
    return bare_site.apply()


@pytest.fixture(scope="module")
def kept_site(lc2_binary, pg, tmp_path_factory):
    """Two backups, the second one with a document more; for tests that change nothing. `older` and
    `newer` are their ids."""
    made = make_site(lc2_binary, pg, tmp_path_factory.mktemp("cli") / "site").apply()
    made.older = made.backup()
    made.add_document("4305", b"added later\n")
    made.newer = made.backup()
    return made


def public_key(home, target):
    """Writes the public half of a home's signing key to `target`, as its owner would."""
    target.write_bytes(subprocess.run(
        ["openssl", "pkey", "-pubout", "-in", home / "keys/signing.pem"], capture_output=True,
        check=True).stdout)
    return target


def filled_in(text, site, ids):
    """A command of a help page or of docs/ with the names that are true here. `ids` maps the ids
    written there."""
    for written, here in {
        **ids,
        "/opt/liferay/data/document_library": str(site.library),
        "/srv/lc2": str(site.vault),
        "/mnt/usb": str(site.folder / "usb"),
        "--db-port 5432": f"--db-port {site.pg.port}",
        "--db-user liferay": f"--db-user {site.pg.user}",
        "--db-name lportal": f"--db-name {site.database}",
        "--db-password-file pw": f"--db-password-file {site.pg.password_file}",
    }.items():
        text = text.replace(written, here)
    return text


def golden(name, text):
    """Compares with test/e2e/golden/NAME; LC2_UPDATE_GOLDEN=1 writes it instead."""
    path = GOLDEN / name
    if os.environ.get("LC2_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert path.is_file(), f"there is no '{path}'; LC2_UPDATE_GOLDEN=1 makes it"
    difference = "\n".join(difflib.unified_diff(path.read_text().splitlines(), text.splitlines(), "golden",
                                                "now", lineterm="", n=1))
    assert not difference, f"'{name}' differs; if it should, LC2_UPDATE_GOLDEN=1 writes it\n{difference}"


def masked(text, site):
    """What stays the same from run to run: names for ids, times, sizes of dumps and folders."""
    folder = re.escape(str(site.folder))
    for pattern, name in [
        (folder, "FOLDER"),
        (re.escape(site.database), "DATABASE"),
        (rf"{re.escape(site.pg.host)}:{site.pg.port}", "HOST:PORT"),
        (r"retail-prd-(backup|plan|restore)-\d{8}-\d{6}(-[0-9a-f]{4})?", r"retail-prd-\1-ID"),
        (r"\bnightly-(manual-)?\d{8}-\d{6}", r"nightly-\1ID"),
        (r"/\d{8}-\d{6}(-[0-9a-f]{4})?/", "/FOLDER/"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
        (r"\b\d{4}-\d\d-\d\d\b", "DAY"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UID"),
        (r"\b[0-9a-f]{64}\b", "SHA256"),
        (r"\b[0-9a-f]{32}\b", "HEX"),
        (r"\b[0-9a-f]{16}\b", "KEY"),
        (r"\b\w+@[\w.-]+\b", "USER"),
        (r"\b\d+(\.\d+)? (B|KiB|MiB|GiB|TiB)\b", "SIZE"),
        (r"\b15\.\d+", "15.N"),
        (r" \(/[^)]*/bin/(pg_dump|pg_restore|psql)\)", r" (BIN/\1)"),
        (r"(?m)(?<=\s)\d+[smhd](\d+[smhd])?(?=\s|$)", "AGE"),
        (r"resourceVersion: .*", "resourceVersion: N"),
        # YAML quotes those that look like numbers.
        (r'"(UID|SHA256|HEX|KEY)"', r"\1"),
        # What was written within the last two seconds is copied again, which a slow machine needs not.
        (r"copiedObjects: \d+", "copiedObjects: N"),
        # A dump holds the database's name, whose length differs.
        (r"(sizeBytes|databaseBytes): \d+", r"\1: BYTES"),
    ]:
        text = re.sub(pattern, name, text)
    # Columns are as wide as what was masked.
    return re.sub(r"   +", "   ", text)


def fake_client(site, script, program="pg_dump"):
    """A folder of client programs of which one runs `script` (which may name {real}, the genuine
    one, and {folder}); the others are genuine."""
    folder = site.folder / "client"
    folder.mkdir(exist_ok=True)
    for name in ("pg_dump", "pg_restore", "psql"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(site.pg.bindir / name)
    real = site.pg.bindir / program
    body = script.replace("{{", "{").replace("}}", "}").replace("{real}", str(real)).replace(
        "{folder}", str(site.folder))
    (folder / program).unlink()
    (folder / program).write_text(
        f'#!/bin/bash\ncase "$*" in *--version*|*--list*) exec "{real}" "$@" ;; esac\n{body}')
    (folder / program).chmod(0o755)
    return folder
