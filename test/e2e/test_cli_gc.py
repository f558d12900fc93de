"""`lc2 gc`: what a deleted backup leaves goes, what another one needs stays."""

import json
import signal

import pytest
import yaml

from cli_site import bare_site, fake_client, site  # noqa: F401

pytestmark = pytest.mark.pg(15)


@pytest.fixture
def two_backups(site):
    """`older` has a document that `newer` has not; deletions are due at once."""
    documents = list(yaml.safe_load_all(site.yaml.read_text()))
    [location] = [document for document in documents if document["kind"] == "BackupLocation"]
    location["spec"]["softDeleteDays"] = 0
    site("apply", "-f", "-", stdin=yaml.safe_dump(location))
    site.add_document("4305", b"only in the older one\n")
    site.older = site.backup()
    site.pg.psql(site.database, "delete from dlfileversion where fileentryid = 4305;"
                                " delete from dlfileentry where fileentryid = 4305")
    (site.library / "20097/30001/4305/1.0").unlink()
    site.newer = site.backup()
    return site


def pool(site):
    return {path.name for path in (site.vault / "retail/prd/pool").rglob("*") if path.is_file()}


def gc(site, *arguments):
    [report] = site("gc", *arguments, "-o", "json").json()["items"]
    return report


def test_what_only_a_deleted_backup_needs_goes(two_backups):
    site, before = two_backups, pool(two_backups)
    assert gc(site)["removedObjects"] == 0 or pool(site) == before
    site("backup", "delete", site.older, "--reason", "test")
    assert pool(site) == before
    shown = gc(site, "--dry-run")
    assert shown["dryRun"] and shown["garbageObjects"] > 0 and shown["removedObjects"] == 0
    assert any(reason.startswith("kept:") for reason in shown["reasons"])
    assert pool(site) == before
    done = gc(site)
    assert done["removedObjects"] == shown["garbageObjects"]
    listed = site("backup", "ls", site.newer, "-o", "json").json()["items"]
    assert pool(site) == {item["path"].rsplit("/", 1)[1] for item in listed}
    assert pool(site) < before
    folder = site.older.removeprefix("retail-prd-backup-")
    assert not list((site.vault / "retail/prd" / folder).rglob("*.*"))
    site("backup", "verify", "--full", site.newer)
    assert gc(site)["removedObjects"] == 0
    assert gc(site, "--full")["unforeseenObjects"] == 0


def test_people_are_told_why(two_backups):
    site = two_backups
    site("backup", "delete", site.older, "--reason", "test")
    done = site("gc", "--dry-run", "-v")
    assert "would be removed" in done.stdout and "garbage: " in done.stdout
    assert "retail-prd: " in site("gc").stdout


def test_a_damaged_log_stops_it(two_backups):
    site = two_backups
    site("backup", "delete", site.older, "--reason", "test")
    log = max((site.vault / "retail/prd/control/runs").rglob("000001.json"))
    log.chmod(0o600)
    log.write_bytes(b"{")
    before = pool(site)
    done = site("gc", exit_code=11)
    assert "HINT: " in done.stderr
    assert pool(site) == before


def test_a_lost_object_is_found_by_the_full_merge(two_backups):
    site = two_backups
    lost = next(path for path in (site.vault / "retail/prd/pool").rglob("*") if path.is_file())
    lost.unlink()
    done = site("gc", "--full", exit_code=11)
    assert lost.name in done.stderr and "verify --full" in done.stderr


def test_a_collection_that_was_cut_short_is_carried_out_first(two_backups):
    site = two_backups
    site("backup", "delete", site.older, "--reason", "test")
    removed = gc(site)["removedObjects"]
    [done] = (site.vault / "retail/prd/control/collections").glob("*.done.json")
    done.unlink()
    assert "1 list of an earlier collection would be carried out" in site("gc", "--dry-run").stdout
    assert "1 list of an earlier collection carried out" in site("gc").stdout
    assert "an earlier collection" not in site("gc").stdout
    assert removed > 0 and site("backup", "verify", "--full", site.newer)


def test_a_run_that_nobody_runs_any_more_is_closed(site):
    killed = {"LC2_CLIENT_PATH": str(fake_client(site, "kill -KILL $PPID; exec sleep 600"))}
    site("backup", "create", exit_code=-signal.SIGKILL, env=killed)
    [opened] = (site.vault / "retail/prd/control/runs").rglob("000000.json")
    run = opened.parent.name
    assert "closed" not in site("gc").stdout, "it is young"
    entry = json.loads(opened.read_text())
    entry["opened"]["timestamp"] = "2025-11-09T14:30:00Z"
    opened.chmod(0o600)
    opened.write_text(json.dumps(entry, sort_keys=True, separators=(",", ":")))
    [log_before] = [len(list(opened.parent.iterdir()))]
    assert f"would close run {run}, which nobody runs any more" in site("gc", "--dry-run").stdout
    assert len(list(opened.parent.iterdir())) == log_before
    assert gc(site)["closedRuns"] == [run]
    assert "closedRuns" not in gc(site)


def test_all_environments_are_collected_at_once(two_backups):
    site = two_backups
    text = site.yaml.read_text().replace("retail-prd", "retail-uat").replace(
        "environment: prd", "environment: uat").replace(f"bucket: {site.library}", "bucket: /srv/uat")
    site("apply", "-f", "-", stdin=text)
    reports = {item["environment"]: item for item in site("gc", "--all", "-o", "json").json()["items"]}
    assert set(reports) == {"retail-prd", "retail-uat"}
