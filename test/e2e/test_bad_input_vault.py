"""A damaged vault: which file, what was expected and what was found, what can still be restored; the
exit code of Corrupt; nothing of the vault changed but that `verify` appends its result."""

import json
import os
import re
import shutil
import subprocess

import pytest
from tiny_site import *  # noqa: F403
from tiny_site import Site, files_of, flip_bit, keep, rewind

pytestmark = pytest.mark.pg(15)
HEX = "[0-9a-f]{64}"


def verify(site, *args):
    return site.lc2("backup", "verify", "--full", site.backup_id, *args, exit_code=None)


def restore(site, *args):
    return site.restore("--strategy", "Overwrite", "--yes", "--no-safeguard", *args)


def plan(site, *args):
    return site.plan("--strategy", "Overwrite", "--yes", *args)


def relative(site, file):
    return str(file.relative_to(site.vault))


def big_entry(site):
    return next(f for f in site.manifest()["documentLibrary"]["files"] if f["size"] > 100)


def cut(file):
    file.write_bytes(file.read_bytes()[:-10])


def flip_middle(file):
    flip_bit(file, file.stat().st_size // 2)


FILES = {
    "dump": lambda site: site.vault / site.manifest()["database"]["dump"]["path"],
    "dump index": lambda site: site.vault / site.manifest()["database"]["dump"]["index"]["path"],
    "references": lambda site: site.vault / site.manifest()["database"]["references"]["path"],
    "findings": lambda site: site.vault / site.manifest()["consistency"]["findings"]["path"],
    "object": lambda site: site.vault / big_entry(site)["path"],
    "manifest": lambda site: site.manifest_file,
    "signature": lambda site: site.backup_folder / "manifest.sig",
}
FLIPPED, CUT, EMPTY, MISSING = "a flipped bit", "truncated", "empty", "missing"
DAMAGES = {FLIPPED: flip_middle, CUT: cut, EMPTY: lambda file: file.write_bytes(b""),
           MISSING: lambda file: file.unlink()}
LIST = {FLIPPED: f"expected SHA-256 {HEX}, found {HEX}", CUT: f"expected SHA-256 {HEX}, found {HEX}",
        EMPTY: f"expected SHA-256 {HEX}, found {HEX}", MISSING: "no object"}
DIGEST = f"says sha256:{HEX}, found sha256:{HEX}"
# what was expected and what was found, in the words of each file
SAID = {
    "dump": {FLIPPED: r"frame at byte \d+ is damaged: .*doesn't match checksum",
             CUT: r"frame at byte \d+ is damaged: the stream ends within it",
             EMPTY: "the stream is empty", MISSING: "it is not there"},
    "dump index": LIST, "references": LIST, "findings": LIST,
    "object": {FLIPPED: f"has SHA-256 {HEX} instead of {HEX}", CUT: r"has \d+ bytes instead of \d+",
               EMPTY: r"has 0 bytes instead of \d+", MISSING: "is not there"},
    "manifest": {FLIPPED: DIGEST, CUT: DIGEST, EMPTY: DIGEST},
    "signature": {FLIPPED: r"\(64 bytes\) fits no known key", CUT: r"\(54 bytes\) fits no known key",
                  EMPTY: r"\(0 bytes\) fits no known key"},
}
LEFT = {"dump": "--type storage-only", "manifest": "lc2 backup list", "signature": "lc2 backup list"}
CASES = [(what, damage) for what, said in SAID.items() for damage in said]


def assert_only_a_verdict_was_added(site, before):
    after = files_of(site.vault)
    added = {name for name in after if name not in before}
    assert {name: after[name] for name in after if name not in added} == before
    assert len(added) == 1, added
    entry = json.loads((site.vault / added.pop()).read_text())
    assert (entry["event"], entry["verified"]["result"]) == ("verified", "Damaged")
    return entry["verified"]["damaged"]


@pytest.mark.parametrize("what, damage", CASES)
def test_verify_names_file_expected_and_found(backed_up, what, damage):
    site = backed_up
    file = FILES[what](site)
    key = big_entry(site)["key"]
    DAMAGES[damage](file)
    before = site.state("vault", "library", "rows")
    done = verify(site)
    assert_refused(done, CORRUPT, site.backup_id, hint=LEFT.get(what, "can still be restored"))
    assert relative(site, file) in done.stdout, done.transcript()
    assert re.search(SAID[what][damage], done.stdout), done.transcript()
    named = assert_only_a_verdict_was_added(site, before["vault"])
    if what == "object":
        assert key in done.stdout and named == [key]
    assert site.state("library", "rows") == {k: before[k] for k in ("library", "rows")}


def test_damage_shows_in_lists_and_a_new_backup_helps(site):
    first = site.back_up()
    flip_middle(FILES["object"](site))
    verify(site)
    shown = site.lc2("backup", "get", first, "-o", "json").stdout
    assert "Damaged" in shown
    second = site.back_up()  # as the hint promises: nothing is taken over from the damaged one
    assert second != first
    assert "passed" in site.lc2("backup", "verify", "--full", second).stdout


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_dump_is_not_restored(backed_up, damage):
    site = backed_up
    file = FILES["dump"](site)
    DAMAGES[damage](file)
    for extra in sorted(site.library.rglob("1.*"))[:3]:
        extra.unlink()  # there is something to do for the library
    before = site.state("rows", "library", "databases", "resources")
    done = restore(site)
    assert_refused(done, CORRUPT, relative(site, file))
    assert site.state("rows", "library", "databases", "resources") == before
    # What the hint of `verify` promises.
    assert restore(site, "--type", "storage-only").returncode == 0
    assert site.state("library") != {"library": before["library"]}


@pytest.mark.parametrize("damage", DAMAGES)
def test_documents_beside_a_damaged_one_are_restored(site, damage):
    site.back_up()
    whole, rows = files_of(site.library), site.rows()
    file, key = FILES["object"](site), big_entry(site)["key"]
    DAMAGES[damage](file)
    shutil.rmtree(site.library)
    vault = files_of(site.vault)
    done = restore(site, "--type", "storage-only")
    assert_refused(done, CORRUPT, key, hint="--include")
    cat = subprocess.run(site.lc2.command("backup", "cat", site.backup_id, key), env=site.lc2.env,
                         capture_output=True, check=False)  # its output is bytes
    assert cat.returncode == CORRUPT and relative(site, file).encode() in cat.stderr
    assert b"HINT: " in cat.stderr
    restored = files_of(site.library)
    assert key not in restored
    wanted = {entry["key"] for entry in site.manifest()["documentLibrary"]["files"]} - {key}
    assert restored == {name: whole[name] for name in wanted}
    # The database never gets rows whose documents are not there.
    shutil.rmtree(site.library)
    assert_refused(restore(site), CORRUPT, key)
    assert site.rows() == rows
    after = files_of(site.vault)
    assert {name: after[name] for name in vault} == vault


@pytest.mark.parametrize("what", ["manifest", "signature"])
@pytest.mark.parametrize("damage", [FLIPPED, CUT, EMPTY])
def test_nothing_is_read_through_a_damaged_manifest(backed_up, what, damage, tmp_path):
    site = backed_up
    key = big_entry(site)["key"]
    file = FILES[what](site)
    DAMAGES[damage](file)
    before = site.state()
    for done in (plan(site), restore(site), site.lc2("backup", "ls", site.backup_id, exit_code=None),
                 site.lc2("backup", "cat", site.backup_id, key, exit_code=None),
                 site.lc2("backup", "download", site.backup_id, tmp_path / "out", exit_code=None)):
        assert_refused(done, CORRUPT, relative(site, file))
        assert done.stdout == "" or "Failed" in done.stdout, done.transcript()
    assert site.state() == before
    assert not (tmp_path / "out").exists()


def test_a_manifest_that_is_gone_is_written_again(backed_up):
    # It is a pure function of what the candidate and the log say, its signature one of its bytes.
    site = backed_up
    before = files_of(site.vault)
    tracker = site.vault / "backup-metadata" / f"{site.backup_id}.json"
    for file in (site.manifest_file, FILES["signature"](site), tracker):
        file.unlink()
    assert plan(site).returncode == 0
    after = files_of(site.vault)
    assert {name: after[name] for name in before} == before


def test_a_manifest_that_is_gone_for_good_blocks_no_new_backup(backed_up):
    site = backed_up
    for file in (site.env_folder / "runs").rglob("candidate.json"):
        file.unlink()
    site.manifest_file.unlink()
    before = site.state("rows", "library")
    assert_refused(plan(site), CORRUPT, "candidate.json")
    assert_refused(restore(site), CORRUPT, "candidate.json")
    assert site.state("rows", "library") == before
    assert site.back_up()
    assert "passed" in verify(site).stdout


def test_an_unsigned_backup_is_verified_but_not_restored(backed_up):
    site = backed_up
    FILES["signature"](site).unlink()
    before = site.state()
    assert_refused(plan(site), DENIED, site.backup_id, "not signed", hint="requireSignature")
    assert_refused(restore(site), DENIED, site.backup_id, "not signed")
    assert site.state() == before
    assert verify(site).returncode == 0


def test_a_backup_signed_by_a_stranger(backed_up, tmp_path):
    site = backed_up
    key, public = tmp_path / "stranger.pem", tmp_path / "public.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True)
    site.sign_manifest(key)
    before = site.state()
    assert_refused(restore(site), CORRUPT, "manifest.sig", "fits no known key", hint="location trust")
    # The vault's directory of keys is not trust.
    shutil.copy(public, site.vault / "keys" / "0123456789abcdef.pem")
    before = site.state()
    assert_refused(plan(site), DENIED, "is not trusted", hint="location trust")
    assert_refused(restore(site), DENIED, "is not trusted", hint="location trust")
    assert site.state() == before
    site.lc2("location", "trust", "--key", public)
    assert plan(site).returncode == 0


# -- manifests that somebody made -------------------------------------------------------------------


def set_at(*path, value):
    def change(manifest):
        at = manifest
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value
    return change


def entry(member, value):
    return set_at("documentLibrary", "files", 0, member, value=value)


FORGED = {
    "another version": (set_at("version", value="3.0"), "version '3.0'.*knows 2"),
    "no version": (lambda manifest: manifest.pop("version"), "version"),
    "another backup": (set_at("backupId", value="retail-prd-backup-20200101-000000"), "20200101"),
    "another environment": (set_at("environment", value="uat"), "retail-uat"),
    "object outside, up": (entry("path", "../../../../etc/passwd"), "passwd' is no object key"),
    "object outside, absolute": (entry("path", "/etc/passwd"), "'/etc/passwd' is no object key"),
    "object outside, within": (entry("path", "retail/prd/pool/../../../vault.json"), "segment '..'"),
    "object of another environment": (entry("path", "retail/uat/pool/00/" + "0" * 64 + "-01234567"), "path"),
    "object nowhere": (entry("path", ""), "path"),
    "dump outside": (set_at("database", "dump", "path", value="../../../etc/passwd"), "path"),
    "dump absolute": (set_at("database", "dump", "path", value="/etc/passwd"), "path"),
    "references outside": (set_at("database", "references", "path", value="retail/uat/x"), "path"),
    "key that climbs": (entry("key", "../escape"), "key"),
    "key that climbs later": (entry("key", "0/../../escape"), "key"),
    "absolute key": (entry("key", "/tmp/escape"), "key"),
    "key with nothing between": (entry("key", "0//escape"), "key"),
    "key with a null byte": (entry("key", "0/es\0cape"), "key"),
    "key of 5,000 bytes": (entry("key", "0/" + "e" * 4998), "key"),
    "negative size": (entry("size", -1), "size"),
    "keys out of order": (entry("key", "zzz"), "key"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_manifest_is_refused_though_checksum_and_signature_fit(backed_up, name):
    site = backed_up
    change, words = FORGED[name]
    site.forge_manifest(change)
    before, around = site.state(), set(os.listdir(site.folder)) | set(os.listdir(site.folder.parent))
    done = restore(site)
    assert_refused(done, CORRUPT, "manifest")
    assert re.search(words, done.stderr), done.transcript()
    assert len(done.stderr) < 2000
    assert_refused(plan(site), CORRUPT, "manifest")
    assert site.state() == before
    assert set(os.listdir(site.folder)) | set(os.listdir(site.folder.parent)) == around
    assert_refused(verify(site), CORRUPT, site.backup_id)
    assert_only_a_verdict_was_added(site, before["vault"])


def test_a_wrong_checksum_is_named_with_both(backed_up):
    site = backed_up
    old = site.manifest()["checksum"]
    site.forge_manifest(set_at("initiator", value="mallory"), checksum=False)
    before = site.state()
    done = restore(site)
    assert_refused(done, CORRUPT, relative(site, site.manifest_file), old)
    assert len(set(re.findall(f"sha256:{HEX}", done.stderr))) == 2, done.transcript()
    assert site.state() == before


def test_an_unforged_manifest_passes(backed_up):
    # Else the tests above could succeed by their own mistakes.
    backed_up.forge_manifest(set_at("initiator", value="alice"))
    assert plan(backed_up).returncode == 0
    assert verify(backed_up).returncode == 0


# -- the vault as a whole ----------------------------------------------------------------------------

VAULT_FILES = {
    "newer": (lambda text: text.replace('"format":1', '"format":2'), "format 2.*up to 1"),
    "older than any": (lambda text: text.replace('"format":1', '"format":0'), "format is 0"),
    "cut": (lambda text: text[:-5], "JSON"),
    "empty": (lambda text: "", "JSON"),
    "another id": (lambda text: re.sub('"vaultId":"[0-9a-f]{32}"', '"vaultId":"../../etc"', text),
                   "vaultId"),
}


@pytest.mark.parametrize("name", VAULT_FILES)
def test_a_vault_that_is_not_ours_is_left_alone(backed_up, name, tmp_path):
    site = backed_up
    change, words = VAULT_FILES[name]
    file = site.vault / "vault.json"
    changed = change(file.read_text())
    assert changed != file.read_text()
    file.write_text(changed)
    before, key = site.state(), big_entry(site)["key"]
    backup = site.backup_id
    for args in (["backup", "create"], ["backup", "verify", backup], ["restore", "plan", backup],
                 ["restore", "create", backup], ["backup", "ls", backup], ["backup", "cat", backup, key],
                 ["backup", "download", backup, tmp_path / "out"],
                 ["backup", "hold", backup, "--reason", "x"],
                 ["backup", "delete", backup, "--reason", "x"], ["catalog", "rebuild"]):
        done = site.lc2(*args, exit_code=None)
        assert_refused(done, CORRUPT, "vault.json" if name != "newer" else str(site.vault))
        assert re.search(words, done.stderr), done.transcript()
    done = site.lc2("doctor", exit_code=None)
    assert done.returncode == CORRUPT and "HINT" in done.stdout and re.search(words, done.stdout)
    assert site.state() == before


def test_a_damaged_control_log_is_named(backed_up):
    site = backed_up
    file = site.committed_entry()
    before_bytes = file.read_bytes()
    for text in (before_bytes[:-10], before_bytes.replace(b'"number":', b'"numbre":'), b""):
        file.write_bytes(text)
        before = site.state()
        assert_refused(restore(site), CORRUPT, relative(site, file))
        assert_refused(site.lc2("backup", "delete", site.backup_id, "--reason", "x", exit_code=None),
                       CORRUPT, relative(site, file))
        assert site.state() == before


# -- shards: more than 10,000 objects -----------------------------------------------------------------


@pytest.fixture(scope="module")
def kept_big(lc2_binary, pg, tiny_template, tmp_path_factory):
    site = Site(lc2_binary, pg, tmp_path_factory.mktemp("big") / "site", tiny_template)
    folder = site.library / "20096" / "777"
    folder.mkdir()
    for number in range(10_020):  # one content: one object in the pool
        (folder / str(number)).write_bytes(b"x")
    site.back_up("--type", "none", "--verify", "Exists")
    shutil.rmtree(folder)
    keep(site)
    yield site
    site.close()


@pytest.fixture
def big(kept_big):
    rewind(kept_big)
    return kept_big


SHARD = {FLIPPED: "expected SHA-256|frame at byte", CUT: "expected SHA-256|ends within it",
         EMPTY: "expected SHA-256|stream is empty", MISSING: "no object"}
INDEX = {FLIPPED: f"{HEX}.*{HEX}", CUT: f"{HEX}.*{HEX}", EMPTY: f"{HEX}.*{HEX}", MISSING: "no object"}


@pytest.mark.parametrize("what, damage, words",
                         [("shard", damage, words) for damage, words in SHARD.items()] +
                         [("index", damage, words) for damage, words in INDEX.items()])
def test_a_damaged_shard_or_index(big, what, damage, words):
    site = big
    index = site.vault / site.manifest()["documentLibrary"]["index"]["path"]
    shards = json.loads(index.read_text())["shards"]
    file = index if what == "index" else site.vault / shards[0]["path"]
    DAMAGES[damage](file)
    before = site.state("vault", "library", "rows", "databases")
    for done in (plan(site, "--type", "storage-only"), restore(site, "--type", "storage-only"),
                 site.lc2("backup", "ls", site.backup_id, exit_code=None)):
        assert_refused(done, CORRUPT, relative(site, file))
        assert re.search(words, done.stderr), done.transcript()
    assert site.state("vault", "library", "rows", "databases") == before
    done = verify(site)
    assert_refused(done, CORRUPT, site.backup_id)
    assert relative(site, file) in done.stdout and re.search(words, done.stdout), done.transcript()
    assert_only_a_verdict_was_added(site, before["vault"])


# -- path tricks in what a user asks for ---------------------------------------------------------------


@pytest.mark.parametrize("key", ["../../../../../../etc/passwd", "/etc/passwd", "20096/../../vault.json",
                                 "", ".", "20096", "a" * 5000, "a/" * 2500, b"20096/\xff\xfe", "a\nb"])
def test_cat_knows_only_keys_of_the_backup(backed_up, key):
    site = backed_up
    before = files_of(site.vault)
    done = site.lc2("backup", "cat", site.backup_id, "--", os.fsdecode(key), exit_code=None)
    assert done.returncode in (INVALID, NOT_FOUND), done.transcript()
    assert_refused(done, done.returncode)
    assert done.stdout == "" and "root:" not in done.stderr
    after = files_of(site.vault)
    assert {name: after[name] for name in before} == before
    assert all(name.startswith("audit/") for name in after if name not in before)


@pytest.mark.parametrize("verb", ["get", "ls", "cat", "verify", "hold", "delete", "download", "restore"])
@pytest.mark.parametrize("bad", ["../../retail-prd-backup-20261125-000000", "/etc/passwd", "a" * 5000,
                                 "a\nb", ""])
def test_backup_ids_are_no_paths(backed_up, verb, bad, tmp_path):
    site = backed_up
    before = site.state("vault", "library")
    args = {"cat": [bad, "key"], "download": [bad, tmp_path / "out"], "hold": [bad, "--reason", "x"],
            "delete": [bad, "--reason", "x"]}.get(verb, [bad])
    command = ["restore", "plan"] if verb == "restore" else ["backup", verb]
    done = site.lc2(*command, *args, exit_code=None)
    assert done.returncode in (INVALID, NOT_FOUND), done.transcript()
    assert_refused(done, done.returncode)
    assert site.state("vault", "library") == before
    assert not (tmp_path / "out").exists()


LOCATION = """\
apiVersion: backup.liferay.cloud/v1alpha1
kind: BackupLocation
metadata: {{name: tricky}}
spec: {{provider: local, bucket: "{bucket}", prefix: "{prefix}"}}
"""


@pytest.mark.parametrize("bucket, prefix, field", [
    ("relative/folder", "", "spec.bucket"), ("", "", "spec.bucket"), ("../up", "", "spec.bucket"),
    ("/srv/vault", "../up", "spec.prefix"), ("/srv/vault", "/etc", "spec.prefix"),
    ("/srv/vault", "a/../../b", "spec.prefix"), ("/srv/vault", "a//b", "spec.prefix"),
    ("/srv/vault", "a\\0b", "spec.prefix"), ("/srv/vault", "a" * 1025, "spec.prefix"),
    ("/srv/vault", "..", "spec.prefix"),
])
def test_locations_keep_to_their_folder(backed_up, bucket, prefix, field, tmp_path):
    site = backed_up
    before = site.resources(kinds=None)
    file = tmp_path / "location.yaml"
    file.write_text(LOCATION.format(bucket=bucket, prefix=prefix))
    done = site.lc2("apply", "-f", file, exit_code=None)
    assert_refused(done, INVALID, f"{file}:4: {field}")
    assert site.resources(kinds=None) == before
