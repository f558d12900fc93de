"""docs/format.md and api/manifest.schema.json against vaults that real backups wrote.

`vault_reader` follows the page and shares no code with lc2. It is itself held to find what is wrong:
the second half of this file damages a vault in one way after another.
"""

import json
import shutil
import time
from itertools import pairwise

import pytest
from backed_up_site import Site
from vault_reader import canonical, check_vault, sha256

pytestmark = pytest.mark.pg(15)


@pytest.fixture(scope="module")
def site(pg, lc2_binary, tmp_path_factory):
    """make(name, versions, layout): an environment on the module's server."""

    def make(name, versions, layout="Pool", **location):
        return Site(pg, lc2_binary, tmp_path_factory.mktemp(name), versions, layout, name, **location)

    return make


@pytest.fixture(scope="module")
def pool(site):
    """A vault with a full and an incremental backup, their list of objects inline."""
    made = site("pool", 120)
    made.add_strange_files()
    made.settle()
    made.back_up()
    made.sample("grow", "--add-versions", 6, "--move", 3, "--delete", 2)
    made.back_up("--verify", "Full")
    return made


@pytest.fixture(scope="module")
def sharded(site):
    """The same above 10,000 objects: index and shards."""
    made = site("sharded", 10_400)
    made.back_up("--verify", "Exists")
    made.sample("grow", "--add-versions", 6, "--move", 3, "--delete", 2)
    made.back_up("--verify", "Exists")
    return made


@pytest.fixture(scope="module")
def folder(site):
    made = site("folder", 120, "Folder")
    made.add_strange_files()
    made.back_up()
    made.sample("grow", "--add-versions", 6, "--move", 3, "--delete", 2)
    made.back_up()
    return made


def manifests(vault):
    return [json.loads(path.read_bytes()) for path in sorted(vault.glob("*/*/*/manifest.json"))]


def test_pool_layout_is_as_documented(pool):
    assert check_vault(pool.vault) == []
    first, second = manifests(pool.vault)
    assert second["base"] == first["backupId"] and "files" in second["documentLibrary"]
    carried = [e for e in second["documentLibrary"]["files"] if e["path"].endswith(first["runId"][:8])]
    assert 0 < len(carried) < second["documentLibrary"]["objectCount"]


def test_shards_are_as_documented(sharded):
    assert check_vault(sharded.vault) == []
    assert all("index" in manifest["documentLibrary"] for manifest in manifests(sharded.vault))


def test_folder_layout_is_as_documented(folder):
    assert check_vault(folder.vault) == []
    assert [m["documentLibrary"]["layout"] for m in manifests(folder.vault)] == ["Folder", "Folder"]


def test_logs_and_audit_of_later_events_are_as_documented(site):
    made = site("events", 60)
    backup = made.back_up()
    made.lc2("backup", "hold", backup, "--reason", "a court asks for it")
    made.lc2("backup", "hold", backup, "--release")
    made.lc2("backup", "verify", "--full", backup)
    assert check_vault(made.vault) == []
    (log,) = made.vault.glob("*/*/control/runs/*")
    events = [json.loads(path.read_bytes())["event"] for path in sorted(log.glob("*.json"))]
    assert events == ["opened", "attempt", "committed", "hold", "hold", "verified"]


def test_a_backup_without_database_is_as_documented(site):
    made = site("library", 60)
    made.back_up("--type", "none")
    assert check_vault(made.vault) == []
    (manifest,) = manifests(made.vault)
    assert manifest["database"] == {"type": "none"}


def test_a_loss_and_its_acceptance_are_as_documented(site):
    made = site("losses", 60)
    made.back_up()
    lost = [entry["key"] for entry in manifests(made.vault)[0]["documentLibrary"]["files"][:2]]
    for key in lost:
        (made.library / key).unlink()
    failed = made.lc2("backup", "create", "-o", "json", exit_code=11).json()
    made.lc2("backup", "accept-missing", failed["status"]["backupId"], "--reason", "gone for good")
    made.back_up()
    assert check_vault(made.vault) == []
    (known,) = made.vault.glob("*/*/control/known/*.json")
    losses = json.loads(known.read_bytes())["losses"]
    assert [(loss["key"], loss["kind"]) for loss in losses] == [(key, "Missing") for key in sorted(lost)]


def test_deletion_is_as_documented(site):
    made = site("deletion", 60, softDeleteDays=0)
    first = made.back_up()
    made.back_up()
    made.lc2("backup", "delete", first, "--reason", "test data")
    assert check_vault(made.vault) == []
    time.sleep(1)  # a delay of no days is over with the second in which it was asked for
    made.lc2("backup", "delete", first)
    assert check_vault(made.vault) == []
    assert [manifest["backupId"] == first for manifest in manifests(made.vault)] == [False]
    reserved = json.loads((made.vault / "retail/prd/control/ids" / first).read_bytes())
    log = made.vault / "retail/prd/control/runs" / reserved["runId"]
    events = [json.loads(path.read_bytes())["event"] for path in sorted(log.glob("*.json"))]
    assert events[-2:] == ["deletionRequested", "deleted"]
    # What it holds is read from its candidate until it is collected.
    assert next(made.vault.glob(f"*/*/runs/{log.name}/*/candidate.json")).is_file()


def test_restores_and_what_follows_are_as_documented(site):
    made = site("restored", 60)
    first = made.back_up()
    made.sample("grow", "--add-versions", 3)
    made.lc2("restore", "create", first, "--strategy", "Overwrite", "--yes")
    made.settle()
    made.back_up()
    assert check_vault(made.vault) == []
    # The safeguard lies between. The restore's map is the base of the last one, which had only to copy
    # what the restore had left beside what it restored.
    before, safeguard, last = manifests(made.vault)
    assert safeguard["base"] == first and "base" not in last
    files = last["documentLibrary"]["files"]
    copied = {e["key"] for e in files if e["path"].endswith(last["runId"][:8])}
    assert copied == {e["key"] for e in files} - {e["key"] for e in before["documentLibrary"]["files"]}


# What the reader must find. Each takes a copy of the vault and damages it.


def newest(vault):
    return sorted(vault.glob("*/*/*/manifest.json"))[-1]


def newest_run(vault):
    return next(vault.glob(f"*/*/runs/{json.loads(newest(vault).read_bytes())['runId']}"))


def rewrite(path, change):
    """Changes a manifest and gives it a checksum that fits again."""
    manifest = json.loads(path.read_bytes())
    change(manifest)
    manifest.pop("checksum")
    manifest["checksum"] = "sha256:" + sha256(canonical(manifest).encode())
    path.write_bytes(canonical(manifest).encode())


def flip(path, offset=-1):
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)


def pool_object(vault):
    return vault / json.loads(newest(vault).read_bytes())["documentLibrary"]["files"][0]["path"]


def changed_manifest(change):
    return lambda vault: rewrite(newest(vault), change)


def swap_files(manifest):
    files = manifest["documentLibrary"]["files"]
    files[0], files[1] = files[1], files[0]


DAMAGES = {
    "a member is gone": (changed_manifest(lambda m: m["consistency"].pop("window")), "schema: consistency"),
    "an unknown layout": (
        changed_manifest(lambda m: m["documentLibrary"].update(layout="Heap")),
        "schema: documentLibrary.layout"),
    "a path that leaves": (
        changed_manifest(lambda m: m["database"]["dump"].update(path="../x")),
        "schema: database.dump.path"),
    "a dump without index": (
        changed_manifest(lambda m: m["database"]["dump"].pop("index")),
        "schema: database.dump"),
    "both files and index": (changed_manifest(lambda m: m["documentLibrary"].update(
        index={"path": "retail/prd/x", "sha256": "0" * 64, "shards": 1})), "schema: documentLibrary"),
    "a local time": (
        changed_manifest(lambda m: m["retention"].update(expiresAt="2026-01-01T00:00:00+01:00")),
        "schema: retention.expiresAt"),
    "a negative count": (
        changed_manifest(lambda m: m["consistency"].update(missing=-1)),
        "schema: consistency.missing"),
    "a changed count": (
        changed_manifest(lambda m: m["documentLibrary"].update(objectCount=7)),
        "objectCount is"),
    "a later retention": (
        changed_manifest(lambda m: m["retention"].update(expiresAt="2031-01-01T00:00:00Z")),
        "retention.expiresAt is"),
    "a forged member": (
        changed_manifest(lambda m: m.update(note="signed by nobody")),
        "no key of the vault verifies"),
    "entries out of order": (changed_manifest(swap_files), "entries are not sorted"),
    "a lost entry": (changed_manifest(lambda m: m["documentLibrary"]["files"].pop()), "objectCount is"),
    "blanks in the manifest": (lambda vault: newest(vault).write_text(
        json.dumps(json.loads(newest(vault).read_bytes()))), "RFC 8785"),
    "another checksum": (lambda vault: newest(vault).write_bytes(
        newest(vault).read_bytes().replace(b'"checksum":"sha256:', b'"checksum":"sha256:0')), "schema: checksum"),
    "a flipped bit in the signature": (
        lambda vault: flip(newest(vault).with_suffix(".sig")),
        "no key of the vault"),
    "no signature": (lambda vault: newest(vault).with_suffix(".sig").unlink(), "no key of the vault"),
    "a flipped bit in an object": (lambda vault: flip(pool_object(vault)), "size and SHA-256 of its entry"),
    "an object is gone": (lambda vault: pool_object(vault).unlink(), "is not there"),
    "a flipped bit in the dump": (
        lambda vault: flip(next(newest(vault).parent.glob("database/*/*.dump.zst")), 999),
        "sha256 is"),
    "a cut dump": (
        lambda vault: shorten(next(newest(vault).parent.glob("database/*/*.dump.zst"))),
        "sizeBytes is"),
    "a changed frame index": (
        lambda vault: edit(next(newest(vault).parent.glob("database/*/*.index.json")), b'"offset":0', b'"offset":4'),
        "frames is"),
    "a flipped bit in the references": (
        lambda vault: flip(next(newest(vault).parent.glob("database/*/references*")), 40),
        "sha256 is"),
    "a gap in a log": (
        lambda vault: sorted(vault.glob("*/*/control/runs/*/*.json"))[1].unlink(),
        "number is"),
    "an event of no kind": (
        lambda vault: edit(sorted(vault.glob("*/*/control/runs/*/*.json"))[1], b'"event":"attempt"', b'"event":"attempd"'),
        "cannot stand there"),
    "a changed audit entry": (
        lambda vault: edit(sorted(vault.glob("audit/*/*.json"))[0], b'"who":"', b'"who":"x'),
        "previous is"),
    "a changed candidate": (
        lambda vault: edit(next(vault.glob("*/*/runs/*/*/candidate.json")), b'"local"', b'"gcp"'),
        "digest is"),
    "a log's first piece is gone": (
        lambda vault: next(vault.glob("*/*/runs/*/*/log/*")).rename(
            next(vault.glob("*/*/runs/*/*/log")) / "000001.ndjson.zst"),
        "name is '000001"),
    "a flipped bit in a log": (
        lambda vault: flip(next(vault.glob("*/*/runs/*/*/log/*"))), "is no piece of a log"),
    "another run's log": (
        lambda vault: [shutil.copy(next(newest_run(vault).glob("*/log/*")), path)
                       for path in vault.glob("*/*/runs/*/*/log/*") if newest_run(vault) not in path.parents],
        "names is"),
    "a list of written objects is gone": (
        lambda vault: next(newest_run(vault).glob("*/written/*")).unlink(), "lists of written objects"),
    "a foreign file": (
        lambda vault: (vault / "retail/prd/notes.txt").write_text("?"),
        "has no row in section 2"),
    "another tracker": (
        lambda vault: edit(sorted(vault.glob("backup-metadata/*"))[0], b'"success"', b'"failed"'),
        "status is"),
    "a key under another name": (
        lambda vault: next(vault.glob("keys/*")).rename(vault / "keys/0123456789abcdef.pem"),
        "key id is"),
    "no vault.json": (lambda vault: (vault / "vault.json").unlink(), "vault.json: is not there"),
}


def edit(path, old, new):
    data = path.read_bytes()
    assert old in data, path
    path.write_bytes(data.replace(old, new, 1))


def shorten(path):
    path.write_bytes(path.read_bytes()[:-9])


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_reader_finds(damage, pool, tmp_path):
    change, complaint = DAMAGES[damage]
    copy = shutil.copytree(pool.vault, tmp_path / "vault")
    change(copy)
    problems = check_vault(copy)
    assert any(complaint in problem for problem in problems), problems[:5]


SHARD_DAMAGES = {
    "a cut shard": (lambda shard: shorten(shard), "sha256 is"),
    "a flipped bit": (lambda shard: flip(shard, 200), "sha256 is"),
    "a shard is gone": (lambda shard: shard.unlink(), "is not there"),
    "an index with another count": (
        lambda shard: edit(shard.with_name("index.json"), b'"objectCount":', b'"objectCount":1'), "objectCount is"),
}


@pytest.mark.parametrize("damage", SHARD_DAMAGES)
def test_the_reader_finds_in_shards(damage, sharded, tmp_path):
    change, complaint = SHARD_DAMAGES[damage]
    skip = shutil.ignore_patterns("pool")  # what they hold is not asked for here
    copy = shutil.copytree(sharded.vault, tmp_path / "vault", ignore=skip)
    change(next(newest(copy).parent.glob("library/*/00000.ndjson.zst")))
    assert any(complaint in problem and "pool/" not in problem for problem in check_vault(copy))


def test_canonical_form_is_that_of_the_rfc():
    # RFC 8785, section 3.2.3: members are sorted by UTF-16 code units, not by code points.
    members = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    text = canonical({member: 0 for member in members})
    wanted = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    order = [text.index(json.dumps(member, ensure_ascii=False)) for member in wanted]
    assert all(a < b for a, b in pairwise(order))
    # Section 3.2.2.2: only what must be escaped is.
    assert canonical('\u20ac$\u000f\nA\'B"\\/') == '"\u20ac$\\u000f\\nA\'B\\"\\\\/"'
