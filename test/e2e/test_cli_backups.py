"""`lc2 backup`: lists and their pages, the bytes of documents, decisions about a backup."""

import hashlib
import json
import os
import subprocess

import pytest

from cli_site import DOCUMENTS, IMAGES, bare_site, golden, kept_site, masked, site  # noqa: F401

pytestmark = pytest.mark.pg(15)

ALL = {**DOCUMENTS, **IMAGES}


def ids(done):
    return [item["backupId"] for item in done.json()["items"]]


def test_list_is_filtered(kept_site):
    both = [kept_site.newer, kept_site.older]
    listed = lambda *args: ids(kept_site("backup", "list", "-o", "json", *args))
    assert listed() == both, "newest first"
    assert listed("--state", "Succeeded") == both
    assert listed("--state", "Failed,Cancelled") == []
    assert listed("--state", "Failed", "--state", "Succeeded") == both
    assert listed("--type", "manual") == both
    assert listed("--type", "automatic") == []
    assert listed("--since", "2025-01-01") == both
    assert listed("--since", "2100-01-01") == []
    assert listed("--until", "2025-01-01T00:00:00Z") == []
    assert listed("-A") == both
    assert listed("-A", "--project", "other") == []


def test_list_comes_in_pages(kept_site):
    first = kept_site("backup", "list", "--limit", "1", "-o", "json")
    assert ids(first) == [kept_site.newer]
    cursor = first.json()["nextCursor"]
    assert first.stderr == f"there are more: --cursor {cursor}\n"
    second = kept_site("backup", "list", "--limit", "1", "--cursor", cursor, "-o", "json")
    assert ids(second) == [kept_site.older]
    assert "nextCursor" not in second.json() and second.stderr == ""
    kept_site("backup", "list", "--cursor", "garbage", exit_code=2)


def test_list_item_has_the_paths_of_a_request(kept_site):
    listed = kept_site("backup", "get", kept_site.newer, "-o", "json").json()
    request = kept_site("get", "br", kept_site.newer, "-o", "json").json()
    for path in ("state", "backupId", "startTime", "completionTime", "expirationTime", "initiator",
                 "database.engine", "database.engineVersion", "database.sizeBytes",
                 "documentLibrary.objectCount", "documentLibrary.totalSizeBytes",
                 "documentLibrary.manifestPath", "consistency.level", "consistency.missing"):
        a, b = listed["status"], request["status"]
        for step in path.split("."):
            a, b = a[step], b[step]
        assert a == b, path
    assert listed["spec"]["projectId"] == request["spec"]["projectId"] == "retail"


def test_ls_tells_keys_sizes_and_times(kept_site):
    rows = [line.split() for line in kept_site("backup", "ls", kept_site.older).stdout.splitlines()]
    assert [(row[2], int(row[0].replace(",", ""))) for row in rows] == sorted(
        (key, len(data)) for key, data in ALL.items())
    assert {row[1] for row in rows} == {"2025-01-01T00:00:00Z"}
    some = kept_site("backup", "ls", kept_site.older, "--prefix", "20097/3", "-o", "name")
    assert some.stdout.split() == sorted(key for key in ALL if key.startswith("20097/3"))
    items = kept_site("backup", "ls", kept_site.older, "-o", "json").json()["items"]
    assert {item["key"]: item["checksum"]["value"] for item in items} == {
        key: hashlib.sha256(data).hexdigest() for key, data in ALL.items()}
    nothing = kept_site("backup", "ls", kept_site.older, "--prefix", "zzz", "-o", "json")
    assert nothing.json() == {"apiVersion": "v1", "kind": "List", "items": []}


def test_cat_gives_the_very_bytes(kept_site):
    for key, data in ALL.items():
        done = subprocess.run(kept_site.lc2.command("backup", "cat", kept_site.older, key),
                              env=kept_site.lc2.env, capture_output=True, check=True)
        assert done.stdout == data and done.stderr == b""


def test_cat_of_what_is_not_there(kept_site):
    done = kept_site("backup", "cat", kept_site.older, "20097/30001/4305/1.0", exit_code=3)
    assert f"backup '{kept_site.older}' has no document '20097/30001/4305/1.0'" in done.stderr
    kept_site("backup", "cat", kept_site.newer, "20097/30001/4305/1.0")


def test_diff_names_what_changed(kept_site):
    done = kept_site("backup", "diff", kept_site.older, kept_site.newer)
    assert done.stdout.split() == ["+", "12", "20097/30001/4305/1.0"]
    assert done.stderr == "1 document differs\n"
    back = kept_site("backup", "diff", kept_site.newer, kept_site.older, "-o", "json").json()
    assert back["items"] == [{"key": "20097/30001/4305/1.0", "change": "Removed", "oldSize": 12}]
    same = kept_site("backup", "diff", kept_site.newer, kept_site.newer)
    assert (same.stdout, same.stderr) == ("", "the same documents\n")


def test_diff_of_a_changed_document(site):
    older = site.backup()
    key = "20097/20123/4301/1.0"
    site.write(key, b"FIRST DRAFT\n")
    os.utime(site.library / key, (1735689700, 1735689700))
    done = site("backup", "diff", older, site.backup())
    assert done.stdout.split() == ["~", "12", key]


def test_download_copies_everything(kept_site, tmp_path):
    done = kept_site("backup", "download", kept_site.older, tmp_path)
    folder = tmp_path / kept_site.older
    assert str(folder) in done.stdout
    files = {str(p.relative_to(folder / "document_library")): p.read_bytes()
             for p in (folder / "document_library").rglob("*") if p.is_file()}
    assert files == ALL
    manifest = json.loads((folder / "manifest.json").read_text())
    dump = manifest["database"]["dump"]
    copied = folder / "database" / dump["path"].rsplit("/", 1)[1]
    assert hashlib.sha256(copied.read_bytes()).hexdigest() == dump["sha256"]
    # Once more: what is there stays.
    again = kept_site("backup", "download", kept_site.older, tmp_path, "-o", "json").json()
    assert again == {"backupId": kept_site.older, "folder": str(folder), "objects": len(ALL),
                     "bytes": sum(map(len, ALL.values()))}


def test_damage_is_named_and_nothing_of_it_downloaded(site, tmp_path):
    backup = site.backup()
    [stored] = [item["path"] for item in site("backup", "ls", backup, "-o", "json").json()["items"]
                if item["key"] == "20097/30001/4302/1.0"]
    damaged = site.vault / stored
    damaged.chmod(0o600)
    damaged.write_bytes(damaged.read_bytes().replace(b"board", b"bored", 1))
    cat = site("backup", "cat", backup, "20097/30001/4302/1.0", exit_code=11)
    assert "is damaged: expected SHA-256" in cat.stderr
    download = site("backup", "download", backup, tmp_path, exit_code=11)
    assert "20097/30001/4302/1.0" in download.stderr
    assert not (tmp_path / backup / "document_library/20097/30001/4302/1.0").exists()
    assert (tmp_path / backup / "document_library/20097/20123/4301/1.0").exists()
    verify = site("backup", "verify", "--full", backup, "-o", "json", exit_code=11)
    assert verify.json()["result"] == "Damaged"
    assert [damage["key"] for damage in verify.json()["damages"]] == ["20097/30001/4302/1.0"]
    assert site("backup", "get", backup, "-o", "json").json()["verifiedResult"] == "Damaged"


def test_hold_keeps_and_delete_waits(site):
    backup = site.backup()
    site("backup", "hold", backup, "--reason", "audit 2025")
    assert site("backup", "get", backup, "-o", "json").json()["holdReason"] == "audit 2025"
    assert site("get", "br", backup, "-o", "json").json()["spec"]["hold"]["reason"] == "audit 2025"
    refused = site("backup", "delete", backup, exit_code=5)
    assert f"backup '{backup}' is held ('audit 2025')" in refused.stderr
    site("backup", "hold", backup, "--release")
    assert "will be deleted after" in site("backup", "delete", backup).stdout
    assert site("backup", "get", backup, "-o", "json").json()["status"]["state"] == "Deleting"
    site("backup", "delete", backup, "--withdraw")
    assert site("backup", "get", backup, "-o", "json").json()["status"]["state"] == "Succeeded"


def test_programs_are_told_what_the_backup_is_after_a_decision(site):
    backup = site.backup()
    get = lambda: site("backup", "get", backup, "-o", "json").json()
    assert site("backup", "hold", backup, "--reason", "audit", "-o", "json").json() == get()
    assert get()["holdReason"] == "audit"
    site("backup", "hold", backup, "--release")
    assert site("backup", "delete", backup, "-o", "json").json() == get()
    assert get()["status"]["state"] == "Deleting"


def test_programs_are_told_how_many_losses_were_accepted(site):
    (site.library / "20097/20123/4301/1.0").unlink()
    failed = site("backup", "create", "-o", "json", exit_code=11).json()["status"]["backupId"]
    accept = lambda: site("backup", "accept-missing", failed, "--reason", "lost", "-o", "json").json()
    assert accept() == {"backupId": failed, "accepted": 1}
    assert accept() == {"backupId": failed, "accepted": 0}
    site.backup()


def test_deleted_backup_leaves_the_list(site):
    location = site("get", "location", "local", "-o", "yaml").stdout
    site("apply", "-f", "-", stdin=location.replace("softDeleteDays: 30", "softDeleteDays: 0"))
    backup = site.backup()
    assert site("backup", "delete", backup).stdout == f"{backup} is deleted\n"
    assert ids(site("backup", "list", "-o", "json")) == []
    assert ids(site("backup", "list", "--state", "Deleted", "-o", "json")) == [backup]
    assert not list(site.vault.rglob("manifest.json"))
    site("backup", "ls", backup, exit_code=3)


def test_rebuilt_catalogue_gives_the_same_answers(site):
    first = site.backup()
    site("backup", "hold", first, "--reason", "audit")
    site("backup", "verify", "--full", first)
    site("backup", "delete", site.backup())
    before = site("backup", "list", "-o", "json").stdout
    (site.lc2.home / "catalog.db").unlink()
    assert ids(site("backup", "list", "-o", "json")) == []
    assert site("catalog", "rebuild").stdout == "local: 2 runs of 1 environment\n"
    assert site("backup", "list", "-o", "json").stdout == before


def test_rebuilding_names_what_cannot_be_read_and_lists_the_rest(site):
    bad, good = site.backup(), site.backup()
    control = site.vault / "retail/prd/control"
    run = json.loads((control / "ids" / bad).read_text())["runId"]
    log = control / "runs" / run / "000000.json"
    log.chmod(0o600)
    log.write_bytes(b"{")
    (site.lc2.home / "catalog.db").unlink()
    done = site("catalog", "rebuild", exit_code=11)
    assert run in done.stderr and "HINT: " in done.stderr
    assert ids(site("backup", "list", "-o", "json")) == [good]


def test_reader_that_goes_away_is_no_error(kept_site):
    done = kept_site.shell(f"set -o pipefail; lc2 backup ls {kept_site.older} | true; "
                           f"lc2 backup cat {kept_site.older} 20097/30001/4303/1.0 | head -c 1 | wc -c")
    assert done.stderr == ""
    assert done.stdout.strip() == "1"


def test_full_disk_behind_standard_output(kept_site):
    done = kept_site.shell(f"lc2 backup ls {kept_site.older} >/dev/full")
    assert done.returncode == 8
    assert "error: cannot write to 'standard output': No space left on device" in done.stderr


def test_two_backups_in_one_second(site):
    assert site.backup() != site.backup()


def test_human_output(kept_site):
    for name, words in {
        "backup-list.txt": ["backup", "list"],
        "backup-list-wide.txt": ["backup", "list", "-o", "wide"],
        "backup-get.yaml": ["backup", "get", kept_site.newer, "-o", "yaml"],
        "backup-ls.txt": ["backup", "ls", kept_site.newer],
        "backup-diff.txt": ["backup", "diff", kept_site.older, kept_site.newer],
        "get-backuprequests.txt": ["get", "backuprequests"],
        "get-backuprequests-wide.txt": ["get", "br", "-o", "wide"],
        "get-environments-wide.txt": ["get", "environments", "-o", "wide"],
        "get-locations.txt": ["get", "locations"],
        "describe-backuprequest.txt": ["describe", "br", kept_site.newer],
        "restore-plan-refused.txt": ["restore", "plan", kept_site.older],
    }.items():
        done = kept_site(*words, exit_code=None)
        golden(name, masked(done.stdout + done.stderr, kept_site))
