"""Two homes on one vault: what the other one signed is read, and restored only once it is trusted."""

import subprocess

import pytest

from cli_site import bare_site, public_key, site  # noqa: F401

pytestmark = pytest.mark.pg(15)


@pytest.fixture
def stranger(site):
    """Another home with the same environment."""
    other = site.other_home("other-home")
    text = other("--project", "retail", "--environment", "prd", "env", "init",
                 *site.init_options()).stdout
    other("apply", "-f", "-", stdin=text)
    return other


def test_foreign_backup_is_listed_and_read(site, stranger):
    backup = site.backup()
    assert stranger("catalog", "rebuild").stdout == "local: 1 run of 1 environment\n"
    assert stranger("backup", "list", "-o", "name").stdout == f"{backup}\n"
    assert stranger("backup", "cat", backup, "20097/20123/4301/1.0").stdout == "first draft\n"
    stranger("backup", "verify", "--full", backup)


def test_foreign_backup_is_restored_only_when_trusted(site, stranger):
    backup = site.backup()
    site.destroy()
    for words in (["restore", "plan", backup], ["restore", "create", backup]):
        refused = stranger(*words, exit_code=6)
        assert "lc2 location trust --key" in refused.stderr
    assert not site.library.exists()

    key = public_key(site.lc2.home, site.folder / "their-key.pem")
    own = stranger("location", "trust").stdout.splitlines()
    assert len(own) == 2 and own[1].endswith("yes")
    trusted = stranger("location", "trust", "--key", key)
    assert "is trusted" in trusted.stdout
    assert len(stranger("location", "trust").stdout.splitlines()) == 3
    stranger("location", "trust", "--key", key)
    assert len(stranger("location", "trust").stdout.splitlines()) == 3, "twice is once"
    stranger("restore", "create", backup)
    assert (site.library / "20097/20123/4301/1.0").read_bytes() == b"first draft\n"


def test_trusting_needs_a_public_key(site, stranger, tmp_path):
    rsa = tmp_path / "rsa.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-out", rsa], check=True,
                   capture_output=True)
    for file in (rsa, site.yaml):
        done = stranger("location", "trust", "--key", file, exit_code=2)
        assert "not a PEM file with an Ed25519 public key" in done.stderr
    stranger("location", "trust", "--key", tmp_path / "none.pem", exit_code=3)


def test_both_homes_back_up_into_one_vault(site, stranger):
    first = site.backup()
    second = stranger("backup", "create", "-o", "json").json()["status"]["backupId"]
    site("catalog", "rebuild")
    assert site("backup", "list", "-o", "name").stdout.split() == [second, first]
    assert site("backup", "diff", first, second).stderr == "the same documents\n"
