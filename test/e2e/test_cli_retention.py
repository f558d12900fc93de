"""`lc2 retention` and `lc2 backup extend`: what they say, and that looking changes nothing."""

import os
from datetime import datetime, timedelta, timezone

import pytest

from cli_site import bare_site, kept_site, site  # noqa: F401

pytestmark = pytest.mark.pg(15)


def plan(site, *arguments):
    items = site("retention", "explain", *arguments, "-o", "json").json()["items"]
    return {item["backupId"]: item for item in items}


def files_of(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def day(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_explain_says_why_each_backup_stays(kept_site):
    found = plan(kept_site)
    assert found[kept_site.newer]["action"] == "Keep"
    assert "the last good backup" in found[kept_site.newer]["reasons"]
    assert [reason.split()[0] for reason in found[kept_site.older]["reasons"]] == ["expires"]
    table = kept_site("retention", "explain").stdout
    assert "BACKUP" in table and "the last good backup" in table
    names = kept_site("retention", "explain", "-o", "name").stdout.split()
    assert names == list(found)


def test_a_day_to_come_is_shown_and_changes_nothing(kept_site):
    before = files_of(kept_site.vault)
    found = plan(kept_site, "--at", "2099-01-01")
    assert found[kept_site.newer]["action"] == "Keep"
    assert found[kept_site.older]["action"] == "RequestDeletion"
    assert found[kept_site.older]["notBefore"] == "2099-01-31T00:00:00Z"
    assert files_of(kept_site.vault) == before
    done = kept_site("retention", "explain", "--at", "next week", exit_code=2)
    assert "HINT: write a day as" in done.stderr


def test_extending_is_possible_and_shortening_is_not(site):
    backup = site.backup()
    made = day(site("backup", "get", backup, "-o", "json").json()["status"]["startTime"])
    done = site("backup", "extend", backup, "--retention-days", "90", "--reason", "law")
    until = (made + timedelta(days=90)).astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert done.stdout == f"{backup} stays until {until}\n"
    shown = site("backup", "get", backup, "-o", "json").json()["status"]
    assert shown["expirationTime"] == until
    done = site("backup", "extend", backup, "--retention-days", "30", exit_code=2)
    assert f"is kept until {until}" in done.stderr and "HINT: retention only grows" in done.stderr


def test_apply_carries_out_what_a_person_asked_for(site):
    older, newer = site.backup(), site.backup()
    site("backup", "delete", older, "--reason", "test data")
    found = plan(site)
    assert found[older]["action"] == "Wait"
    done = site("retention", "apply", "-o", "json")
    assert {item["backupId"]: item["action"] for item in done.json()["items"]} == {
        older: "Wait", newer: "Keep"}
    assert "0 deletions requested, 0 taken back, 0 backups deleted" in done.stderr
    assert site("backup", "get", older, "-o", "json").json()["status"]["state"] == "Deleting"
    logs = site.vault / "retail" / "prd" / "control" / "runs"
    assert sum(b'"lc2:retention"' in data for data in files_of(logs).values()) == 0


def test_explain_names_what_goes_on_a_day_to_come(site):
    older, newer = site.backup(), site.backup()
    site("backup", "delete", older, "--reason", "test data")
    found = plan(site, "--at", "2099-01-01")
    assert found[older]["action"] == "Delete" and found[newer]["action"] == "Keep"
    [line] = [line for line in site("retention", "explain", "--at", "2099-01-01").stdout.splitlines()
              if older in line]
    assert "goes now" in line
    assert site("backup", "get", older, "-o", "json").json()["status"]["state"] == "Deleting"


def test_an_unreadable_log_stops_it(site):
    site.backup()
    [log] = [path for path in (site.vault / "retail/prd/control/runs").rglob("000001.json")]
    os.chmod(log, 0o600)
    log.write_bytes(b"{")
    for command in ("explain", "apply"):
        done = site("retention", command, exit_code=11)
        assert "nothing is decided about the backups of 'retail-prd'" in done.stderr
        assert "HINT: all backups stay" in done.stderr
