"""Restores that must not happen are refused before anything is touched, and the plan shows it."""

import shutil
import subprocess
import sys

import pytest
from conftest import ROOT
from tiny_site import *  # noqa: F403
from tiny_site import Dsn, compare, files_of

sys.path.insert(0, str(ROOT / "tools"))
from sample.pg import PrivatePostgres  # noqa: E402

pytestmark = pytest.mark.pg(15)
OVERWRITE = ("--strategy", "Overwrite", "--yes")


def assert_both_refuse(site, exit_code, *words, args=(), hint="", state=None, shown="refused"):
    """`restore plan` and `restore create` say the same, with the same exit code; nothing changes."""
    before = site.state()
    done = site.plan(*args)
    assert_refused(done, exit_code, *words, hint=hint)
    if shown:
        assert shown in done.stdout, done.transcript()
    assert site.state() == before
    done = site.restore(*args)
    assert_refused(done, exit_code, *words, hint=hint)
    assert site.state() == before
    # The request stays, and says why.
    kept = site.resources(kinds=("RestoreRequest",))
    assert kept and all(word in list(kept.values())[-1] for word in words)


def test_a_filled_target_wants_overwrite_and_yes(backed_up):
    for args in ((), ("--strategy", "PrepareAndSwap"), ("--strategy", "Overwrite"), ("--yes",)):
        assert_both_refuse(backed_up, CONFLICT, "is not empty", "database: filled", args=args,
                           hint="--yes")
    assert_both_refuse(backed_up, CONFLICT, "is not empty", args=("--type", "database-only"),
                       hint="Overwrite")
    assert_both_refuse(backed_up, CONFLICT, "is not empty", "library objects", hint="Overwrite",
                       args=("--type", "storage-only"))


def test_one_document_in_the_target_is_not_empty(site):
    site.back_up()
    kept = site.manifest()["documentLibrary"]["files"][0]["key"]
    content = (site.library / kept).read_bytes()
    shutil.rmtree(site.library)
    (site.library / kept).parent.mkdir(parents=True)
    (site.library / kept).write_bytes(content + b"changed")
    site.server.drop_database(site.database)
    before = site.state("library", "vault", "databases")
    for done in (site.plan(), site.restore()):
        assert_refused(done, CONFLICT, "is not empty", "1 library object", hint="Overwrite")
    assert site.state("library", "vault", "databases") == before


def test_open_sessions(backed_up):
    site = backed_up
    server = site.server
    session = subprocess.Popen(
        [server.bindir / "psql", "-XqAt", "-d", site.database], env=server.environment(),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        session.stdin.write("select 'ready';\n")
        session.stdin.flush()
        assert session.stdout.readline() == "ready\n"
        assert_both_refuse(site, CONFLICT, site.database, "1 session", server.user, args=OVERWRITE,
                           hint="stop the portal")
        assert session.poll() is None
        session.stdin.write("select 'still here';\n")  # nobody ended it
        session.stdin.flush()
        assert session.stdout.readline() == "still here\n"
    finally:
        session.stdin.close()
        session.wait(timeout=20)
        session.stdout.close()


# -- folders in one another ---------------------------------------------------------------------------


def move_library(site, folder):
    """Points the environment to another library: a bucket cannot be changed, so by a new home."""
    site.yaml.write_text(site.yaml.read_text().replace(f"bucket: {site.library}\n", f"bucket: {folder}\n"))
    assert str(folder) in site.yaml.read_text()
    (site.home / "store.db").unlink()
    site.lc2("apply", "-f", site.yaml)


@pytest.mark.parametrize("through", ["plainly", "a link", "a link above", "dots"])
@pytest.mark.parametrize("where", ["is", "lies in", "contains"])
def test_library_and_vault_in_one_another(backed_up, where, through):
    site = backed_up
    folder = {"is": site.vault, "lies in": site.vault / "retail", "contains": site.folder}[where]
    if through == "a link":
        link = site.folder.with_name(f"link-{where.replace(' ', '-')}")
        link.unlink(missing_ok=True)
        link.symlink_to(folder)
        folder = link
    elif through == "a link above":
        link = site.folder.with_name("link-above")
        link.unlink(missing_ok=True)
        link.symlink_to(site.folder)
        folder = link / folder.relative_to(site.folder)
    elif through == "dots":
        folder = folder / "." if where == "contains" else folder.parent / "." / folder.name
    move_library(site, folder)
    assert_both_refuse(site, CONFLICT, str(site.vault), "lie in one another", args=OVERWRITE,
                       hint="folder of their own")
    before = site.state()
    done = site.lc2("backup", "create", exit_code=None)
    assert_refused(done, INVALID, str(site.vault), "lie in ", hint="in a folder of ")
    assert site.state() == before


def test_download_into_vault_or_library(backed_up):
    site = backed_up
    link = site.folder.with_name("link-to-vault")
    link.unlink(missing_ok=True)
    link.symlink_to(site.vault)
    before = site.state()
    for folder in (site.vault, site.vault / "sub", link / "sub", site.library, site.library / "sub"):
        done = site.lc2("backup", "download", site.backup_id, folder, exit_code=None)
        assert done.returncode in (INVALID, CONFLICT), done.transcript()
        assert_refused(done, done.returncode, str(folder))
        assert site.state() == before


# -- another engine, another version -------------------------------------------------------------------


@pytest.fixture(scope="module")
def newer_server(tmp_path_factory):
    try:
        server = PrivatePostgres(16, tmp_path_factory.mktemp("pg16"), fsync=False)
        with server:
            yield server
    except FileNotFoundError as missing:
        pytest.skip(f"no PostgreSQL 16 server here: {missing}")


def test_a_newer_backup_does_not_fit_an_older_server(site, newer_server):
    older, site.server = site.server, newer_server
    newer_server.create_database(site.database)
    try:
        dump = subprocess.run([older.bindir / "pg_dump", "-d", site.database], check=True, text=True,
                              env=older.environment(), capture_output=True).stdout
        newer_server.psql(site.database, dump)
        point_to(site, newer_server)
        site.lc2.env["LC2_CLIENT_PATH"] = str(newer_server.bindir)
        site.back_up()
    finally:
        site.server = older
        newer_server.drop_database(site.database)
    point_to(site, older)
    assert_both_refuse(site, CONFLICT, "PostgreSQL 16", "15.", args=OVERWRITE, hint="PostgreSQL 16 or newer")
    older.drop_database(site.database)  # not even where nothing is
    before = site.state("library", "vault", "databases")
    for done in (site.plan(*OVERWRITE), site.restore(*OVERWRITE)):
        assert_refused(done, CONFLICT, "PostgreSQL 16", hint="PostgreSQL 16 or newer")
    assert site.state("library", "vault", "databases") == before


def point_to(site, server):
    site.write_secret(host=server.host, port=server.port, username=server.user, password=server.password)


def test_another_engine(backed_up):
    site = backed_up
    site.forge_manifest(lambda manifest: manifest["database"].update(engine="mysql"))
    assert_both_refuse(site, CONFLICT, "engine 'mysql'", "PostgreSQL", args=OVERWRITE, hint="same engine")


def test_no_dump_in_the_backup(site):
    site.back_up("--type", "none")
    assert_both_refuse(site, CONFLICT, site.backup_id, "no dump", args=OVERWRITE, hint="storage-only")


def test_what_is_not_served_yet_is_said(backed_up, tmp_path):
    site = backed_up
    request = tmp_path / "restore.yaml"
    request.write_text(
        "apiVersion: backup.liferay.cloud/v1alpha1\nkind: RestoreRequest\nmetadata: {name: later}\n"
        f"spec: {{backupId: {site.backup_id}, sourceProjectId: retail, targetEnvironment: prd,\n"
        "  database: {pointInTime: \"2025-11-09T14:30:00Z\"}}\n")
    before = site.state()
    done = site.lc2("apply", "-f", request, exit_code=None)
    assert_refused(done, INVALID, "point in time", hint="choose a backup")
    assert site.state() == before


def test_the_refused_restores_here_would_work_otherwise(site):
    site.back_up()
    rows, files = site.rows(), files_of(site.library)
    site.server.psql(site.database, "delete from DLFileVersion")
    shutil.rmtree(site.library)
    assert site.plan(*OVERWRITE, "--no-safeguard").returncode == 0
    done = site.restore(*OVERWRITE, "--no-safeguard")
    assert done.returncode == 0, done.transcript()
    assert compare.database_record(Dsn(site.server.host, site.server.port, site.server.user,
                                       site.server.password, site.database)) == rows
    restored = files_of(site.library)
    assert restored and all(files[name] == restored[name] for name in restored)


# -- a target that cannot be reached or written -----------------------------------------------------------


def test_wrong_password_and_unreachable_server(backed_up, free_port):
    site = backed_up
    site.write_secret(password="MARK-wrong-MARK")
    assert_both_refuse(site, DENIED, site.server.user, f":{site.server.port}", args=OVERWRITE,
                       hint="password", shown="")
    assert "MARK-wrong-MARK" not in "".join(site.resources(kinds=None).values())
    site.write_secret(password=site.server.password, port=free_port)
    assert_both_refuse(site, UNAVAILABLE, f":{free_port}", args=OVERWRITE, hint="does the server run",
                       shown="")


def test_a_role_that_may_not_create_databases(backed_up):
    site, server = backed_up, backed_up.server
    server.psql("postgres", "drop role if exists meek; create role meek login password 'meek'")
    try:
        server.psql(site.database, "grant pg_read_all_data to meek")
        site.write_secret(username="meek", password="meek")
        assert_both_refuse(site, CONFLICT, "'meek'", "create databases", args=OVERWRITE, hint="CREATEDB")
    finally:
        server.psql("postgres", "drop role meek")


def test_a_library_that_cannot_be_written(as_nobody):
    site = as_nobody
    site.back_up()
    for document in sorted(site.library.rglob("1.*"))[:3]:
        document.unlink()
    for folder in [site.library, *site.library.rglob("*")]:
        if folder.is_dir():
            folder.chmod(0o555)
    rows, files, databases = site.rows(), files_of(site.library), site.databases()
    try:
        done = site.restore(*OVERWRITE, "--no-safeguard")
        assert_refused(done, DENIED, str(site.library), hint="may the user")
    finally:
        for folder in [site.library, *site.library.rglob("*")]:
            if folder.is_dir():
                folder.chmod(0o755)
    assert (site.rows(), files_of(site.library), site.databases()) == (rows, files, databases)


def test_a_restore_tool_that_is_too_old(backed_up):
    site = backed_up
    site.forge_manifest(lambda manifest: manifest["database"]["dump"].update(tool="pg_dump 99.1"))
    assert_both_refuse(site, CONFLICT, "99.1", "pg_restore 15", args=OVERWRITE, hint="PostgreSQL 99")
