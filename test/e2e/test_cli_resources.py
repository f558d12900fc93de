"""`lc2 apply|get|describe|delete` and `lc2 env init`."""

import json
import subprocess

import pytest
import yaml

from cli_site import bare_site, site  # noqa: F401

pytestmark = pytest.mark.pg(15)

REQUEST = """apiVersion: backup.liferay.cloud/v1alpha1
kind: BackupRequest
metadata: {name: %s}
spec: {projectId: retail, environment: prd, retentionDays: %d}
"""


def test_env_init_writes_what_apply_takes(bare_site):
    done = bare_site("--project", "retail", "--environment", "prd", "env", "init",
                     *bare_site.init_options())
    kinds = [document["kind"] for document in yaml.safe_load_all(done.stdout)]
    assert kinds == ["BackupLocation", "LiferayEnvironment"]
    password = bare_site.pg.password_file.read_text()
    assert password not in done.stdout + done.stderr
    secrets = bare_site.lc2.home / "secrets/retail-prd-db"
    assert (secrets / "password").read_text() == password.rstrip("\n")
    assert {oct(p.stat().st_mode & 0o777) for p in secrets.iterdir()} == {"0o600"}
    assert oct(bare_site.lc2.home.stat().st_mode & 0o777) == "0o700"
    applied = bare_site("apply", "-f", "-", stdin=done.stdout)
    assert applied.stdout == "backuplocation/local created\nliferayenvironment/retail-prd created\n"
    assert applied.stderr == ""


def test_env_init_without_a_password_says_where_it_belongs(bare_site):
    options = bare_site.init_options()
    at = options.index("--db-password-file")
    done = bare_site("--project", "retail", "--environment", "prd", "env", "init",
                     *options[:at], *options[at + 2:])
    secret = bare_site.lc2.home / "secrets/retail-prd-db"
    assert str(secret) in done.stderr and not secret.exists()
    assert len(list(yaml.safe_load_all(done.stdout))) == 2


def test_apply_says_what_it_did(site):
    unchanged = site("apply", "-f", site.yaml)
    assert unchanged.stdout == "backuplocation/local unchanged\nliferayenvironment/retail-prd unchanged\n"
    text = site.yaml.read_text()
    changed = site("apply", "-f", "-", stdin=text.replace("name: lportal", "name: other").replace(
        "store: FileSystem", "store: FileSystem\n    missingTolerance: 3"))
    assert changed.stdout == "backuplocation/local unchanged\nliferayenvironment/retail-prd configured\n"


def test_apply_of_a_folder_and_of_several_files(site, tmp_path):
    (tmp_path / "b.yml").write_text(REQUEST % ("second", 8))
    (tmp_path / "a.yaml").write_text(site.yaml.read_text())
    (tmp_path / "c.json").write_text(json.dumps(yaml.safe_load(REQUEST % ("third", 9))))
    (tmp_path / "notes.txt").write_text("not: a resource")
    done = site("apply", "-f", tmp_path)
    assert done.stdout.splitlines() == [
        "backuplocation/local unchanged", "liferayenvironment/retail-prd unchanged",
        "backuprequest/second created, Succeeded", "backuprequest/third created, Succeeded"]
    again = site("apply", "-f", tmp_path / "b.yml", "-f", tmp_path / "c.json", "--wait")
    assert again.stdout.splitlines() == ["backuprequest/second unchanged, Succeeded",
                                         "backuprequest/third unchanged, Succeeded"]
    assert len(site("backup", "list", "-o", "json").json()["items"]) == 2, "nothing ran again"


def test_apply_of_an_empty_folder(lc2, tmp_path):
    (tmp_path / "none").mkdir()
    done = lc2("apply", "-f", tmp_path / "none", exit_code=3)
    assert "holds no resource files" in done.stderr and "HINT: " in done.stderr


def test_nothing_is_stored_unless_all_is_right(site, tmp_path):
    (tmp_path / "good.yaml").write_text(REQUEST % ("good", 30))
    (tmp_path / "bad.yaml").write_text(REQUEST % ("bad", 3))
    done = site("apply", "-f", tmp_path / "good.yaml", "-f", tmp_path / "bad.yaml", exit_code=2)
    assert "bad.yaml:4" in done.stderr and "spec.retentionDays" in done.stderr
    assert done.stdout == ""
    assert site("get", "br", "-o", "json").json()["items"] == []


def test_apply_prints_one_json_document(site):
    several = site("apply", "-f", site.yaml, "-o", "json").json()
    assert (several["apiVersion"], several["kind"]) == ("v1", "List")
    assert [item["kind"] for item in several["items"]] == ["BackupLocation", "LiferayEnvironment"]
    assert site("apply", "-f", site.yaml, "-o", "name").stdout == (
        "backuplocation/local\nliferayenvironment/retail-prd\n")
    one = site("apply", "-f", "-", "-o", "json", stdin=REQUEST % ("nightly", 30)).json()
    assert one["kind"] == "BackupRequest" and one["status"]["state"] == "Succeeded"


def test_apply_of_a_request_that_fails(site):
    (site.library / "20097/20123/4301/1.0").unlink()
    done = site("apply", "-f", "-", "-o", "json", stdin=REQUEST % ("nightly", 30), exit_code=None)
    assert done.returncode not in (0, 1)
    assert done.json()["status"]["state"] == "Failed"


def test_every_output_format_of_every_kind(site):
    site("apply", "-f", "-", stdin=REQUEST % ("nightly", 30))
    site("restore", "create", "retail-prd-backup-20200101-000000", "--name", "refused", exit_code=3)
    for kind, name in {"backuplocations": "local", "liferayenvironments": "retail-prd",
                       "backuprequests": "nightly", "restorerequests": "refused"}.items():
        one = site("get", kind, name, "-o", "json").json()
        assert one["apiVersion"] == "backup.liferay.cloud/v1alpha1"
        assert one["metadata"]["name"] == name
        listed = site("get", kind, "-o", "json").json()
        assert listed == {"apiVersion": "v1", "kind": "List", "items": [one]}
        assert yaml.safe_load(site("get", kind, name, "-o", "yaml").stdout) == one
        assert yaml.safe_load(site("get", kind, "-o", "yaml").stdout) == listed
        short = site("get", kind, "-o", "name").stdout
        assert short == f"{one['kind'].lower()}/{name}\n"
        assert site("get", short.strip(), "-o", "json").json() == one, "what is printed is taken"
        for format in ("table", "wide"):
            header, row = site("get", kind, "-o", format).stdout.splitlines()
            assert header.startswith("NAME ") and row.startswith(name)
        assert site("describe", kind, name, "-o", "json").json() == one
        text = site("describe", kind, name)
        assert f"name: {name}" in text.stdout and text.stderr == ""


def test_jq_paths_are_those_of_the_design(site):
    created = site("backup", "create", "-o", "json").stdout
    for path, wanted in {
        ".kind": "BackupRequest", ".spec.projectId": "retail", ".spec.environment": "prd",
        ".spec.retentionDays": 30, ".spec.verify": "Sample", ".status.state": "Succeeded",
        ".status.documentLibrary.objectCount": 6, ".status.consistency.missing": 0,
        ".status.consistency.level": "Ordered", ".status.database.engine": "postgres",
        ".status.observedGeneration": 1,
        '.status.conditions[] | select(.type == "Succeeded") | .status': "True",
        '.metadata.labels["backup.liferay.cloud/project"]': "retail",
    }.items():
        done = subprocess.run(["jq", "-e", path], input=created, capture_output=True, text=True,
                              check=True)
        assert json.loads(done.stdout) == wanted, path


def test_delete_removes_the_object_and_keeps_the_data(site):
    backup = site.backup()
    assert site("delete", "br", backup).stdout == f"backuprequest '{backup}' deleted\n"
    site("get", "br", backup, exit_code=3)
    assert site("backup", "get", backup, "-o", "json").json()["status"]["state"] == "Succeeded"
    # The same name with the same spec is the same request: it is adopted, and nothing runs.
    again = site("apply", "-f", "-", stdin=REQUEST % (backup, 30))
    assert again.stdout == f"backuprequest/{backup} created, Succeeded\n"
    assert len(site("backup", "list", "-o", "json").json()["items"]) == 1


def test_delete_with_its_data(site):
    text = REQUEST % ("passing", 30) + "\n"
    text = text.replace("retentionDays: 30", "retentionDays: 30, deletionPolicy: Delete")
    site("apply", "-f", "-", stdin=text)
    site("delete", "br", "passing")
    assert [item["status"]["state"] for item in site("backup", "list", "-o", "json").json()["items"]] == [
        "Deleting"]


def test_empty_lists_say_so_to_people_only(lc2):
    done = lc2("get", "environments")
    assert (done.stdout, done.stderr) == ("", "there are no liferayenvironments\n")
    assert lc2("get", "environments", "-q").stderr == ""
    assert lc2("get", "br", "-o", "json").json()["items"] == []


def test_restore_of_the_whole_environment(site):
    before = {p.relative_to(site.library): p.read_bytes() for p in site.library.rglob("*") if p.is_file()}
    count = "select count(*) || ' ' || sum(size_) from dlfileversion"
    rows = site.pg.psql(site.database, count)
    backup = site.backup()
    site.destroy()
    plan = site("restore", "plan", backup)
    assert "create" in plan.stdout and "nothing speaks against it" in plan.stderr
    assert not site.library.exists(), "a plan changes nothing"
    done = site("restore", "create", backup, "-o", "json", "--wait").json()
    assert done["kind"] == "RestoreRequest" and done["status"]["state"] == "Succeeded"
    assert {p.relative_to(site.library): p.read_bytes()
            for p in site.library.rglob("*") if p.is_file()} == before
    assert site.pg.psql(site.database, count) == rows


def test_overwrite_needs_both_words_and_makes_a_safeguard(site):
    backup = site.backup()
    site("restore", "create", backup, "--strategy", "Overwrite", exit_code=5)
    site.add_document("4306", b"would be lost\n")
    done = site("restore", "create", backup, "--strategy", "Overwrite", "--yes", "-o", "json")
    assert done.json()["status"]["state"] == "Succeeded"
    newest = site("backup", "list", "-o", "json").json()["items"][0]["backupId"]
    assert newest != backup
    assert site("backup", "cat", newest, "20097/30001/4306/1.0").stdout == "would be lost\n"
