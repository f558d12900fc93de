"""Runs the commands of docs/restore-without-lc2.md, as they stand there, on real backups."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from backed_up_site import STRANGE, Site, psql_environment
from conftest import ROOT

pytestmark = pytest.mark.pg(15)
PAGE = ROOT / "docs/restore-without-lc2.md"


def script(**settings):
    """All commands of the page; its example settings give way to `settings`."""
    text = "\n".join(re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL))
    for name, value in settings.items():
        text, count = re.subn(rf"^{name}=.*$", f"{name}='{value}'", text, flags=re.MULTILINE)
        assert count == 1, f"the page sets {name} {count} times"
    return text


@pytest.fixture(scope="module")
def back_up(pg, lc2_binary, tmp_path_factory):
    """back_up(name, versions, layout): a site whose second backup, an incremental one, is the newest."""

    def make(name, versions, layout):
        site = Site(pg, lc2_binary, tmp_path_factory.mktemp(name), versions, layout, f"bare_{name}")
        site.add_strange_files()
        site.back_up("--verify", "Exists")
        site.sample("grow", "--add-versions", 5, "--move", 2, "--delete", 2)
        site.back_up("--verify", "Exists")
        return site

    return make


def run_page(site, tmp_path, vault=None):
    vault = vault or site.vault
    manifest = sorted(vault.glob("*/*/*/manifest.json"))[-1]
    settings = {"VAULT": vault, "BACKUP": manifest.parent.relative_to(vault), "LIBRARY": tmp_path / "restored",
                "KEY_ID": next(site.vault.glob("keys/*")).stem, "DATABASE": f"{site.name}_{tmp_path.name[-8:]}".lower()}
    environment = {**psql_environment(site.server), "TMPDIR": str(tmp_path),
                   "PATH": f"{site.server.bindir}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script(**settings)], env=environment, capture_output=True, text=True,
                          timeout=300, check=False)
    return done, settings, json.loads(manifest.read_bytes())


def restore_and_compare(site, tmp_path):
    """The manifest of the backup that the page restored; database and library are the source's."""
    done, settings, manifest = run_page(site, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    # Of the commands that say something only these did: the key's own digest, the signature.
    assert len(done.stdout.splitlines()) == 2 and "Signature Verified Successfully" in done.stdout, done.stdout
    before = site.snapshot("before")
    after = site.snapshot("after", settings["DATABASE"], settings["LIBRARY"])
    site.tool("compare.py", "diff", before, after, "--without-generated")
    assert all((settings["LIBRARY"] / key).read_text() == key for key in STRANGE)
    return manifest


@pytest.mark.parametrize(
    ("name", "versions", "layout"), [("inline", 150, "Pool"), ("shards", 10_300, "Pool"), ("plain", 150, "Folder")])
def test_restored_environment_is_that_of_the_source(name, versions, layout, back_up, tmp_path):
    library = restore_and_compare(back_up(name, versions, layout), tmp_path)["documentLibrary"]
    assert ("index" in library) == (versions > 10_000) and library["layout"] == layout


@pytest.mark.pg(16, 18)
def test_newer_servers(back_up, tmp_path):
    restore_and_compare(back_up("newer", 60, "Pool"), tmp_path)


@pytest.fixture(scope="module")
def small(back_up):
    return back_up("small", 60, "Pool")


def damaged(site, tmp_path, pattern, change):
    """A copy of the vault in which the newest file of `pattern` is changed."""
    copy = tmp_path / "vault"
    subprocess.run(["cp", "-a", site.vault, copy], check=True)
    path = sorted(copy.glob(pattern))[-1]
    path.write_bytes(change(path.read_bytes()))
    return copy


def rename_initiator(data):
    return data.replace(b'"initiator":"', b'"initiator":"x')


def flip_last(data):
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(("pattern", "change", "complaint"), [
    ("*/*/*/manifest.json", rename_initiator, "Signature Verification Failure"),
    ("*/*/*/manifest.sig", flip_last, "Signature Verification Failure"),
    ("*/*/*/database/*/*.dump.zst", flip_last, "computed checksum did NOT match"),
    ("*/*/*/database/*/references.ndjson.zst", flip_last, "computed checksum did NOT match"),
])
def test_damage_ends_the_restore(pattern, change, complaint, small, tmp_path):
    done, settings, _ = run_page(small, tmp_path, damaged(small, tmp_path, pattern, change))
    assert done.returncode != 0 and complaint in done.stdout + done.stderr
    assert not Path(settings["LIBRARY"]).exists()
    assert settings["DATABASE"] not in small.server.psql("postgres", "select datname from pg_database")


def test_damaged_document_ends_the_restore(small, tmp_path):
    manifest = json.loads(sorted(small.vault.glob("*/*/*/manifest.json"))[-1].read_bytes())
    wanted = next(e["path"] for e in manifest["documentLibrary"]["files"] if e["size"] > 0)
    done, settings, _ = run_page(small, tmp_path, damaged(small, tmp_path, wanted, flip_last))
    assert done.returncode != 0 and wanted in done.stdout and not Path(settings["LIBRARY"]).exists()


def test_another_key_is_not_trusted(small, tmp_path):
    """A forger signs a manifest of his own and puts his key under the trusted id."""
    vault = damaged(small, tmp_path, "*/*/*/manifest.json", rename_initiator)
    key, manifest = tmp_path / "forger.pem", sorted(vault.glob("*/*/*/manifest.json"))[-1]
    for command in (["genpkey", "-algorithm", "ed25519", "-out", key],
                    ["pkey", "-in", key, "-pubout", "-out", next(vault.glob("keys/*"))],
                    ["pkeyutl", "-sign", "-inkey", key, "-rawin", "-in", manifest,
                     "-out", manifest.with_suffix(".sig")]):
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    done, settings, _ = run_page(small, tmp_path, vault)
    assert done.returncode != 0 and done.stdout == "" and not Path(settings["LIBRARY"]).exists()
