"""A vault in a bucket: the main job with SeaweedFS, read by boto3 as well; what is refused changes nothing."""

import itertools
import json
import shutil

import pytest
import yaml
from s3_servers import SeaweedFs
from tiny_site import *  # noqa: F403  the fixtures
from tiny_site import DENIED, INVALID, NOT_FOUND, assert_refused

pytestmark = pytest.mark.pg(15)

BUCKET, PREFIX = "lc2-vault", "backups/eu"
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def s3():
    with SeaweedFs() as server:
        server.client().create_bucket(Bucket=BUCKET)
        yield server


@pytest.fixture
def in_bucket(site, s3):
    """The site's location is a bucket; what earlier tests left there is gone."""
    for key in keys(s3):
        s3.client().delete_object(Bucket=BUCKET, Key=key)
    site.s3 = s3
    write_keys(site, s3.id, s3.secret)
    apply_location(site, {})
    return site


def keys(s3, bucket=BUCKET):
    pages = s3.client().get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return sorted(item["Key"] for page in pages for item in page.get("Contents", []))


def write_keys(site, key_id, secret):
    folder = site.home / "secrets" / "s3"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "accessKeyId").write_text(key_id)
    (folder / "secretAccessKey").write_text(secret)


def apply_location(site, changes):
    """A new location, as one that has backups is not moved, and the environment's from now on."""
    documents = list(yaml.safe_load_all(site.yaml.read_text()))
    for document in documents:
        if document["kind"] == "BackupLocation":
            document["metadata"]["name"] = name = f"bucket-{next(NUMBERS)}"
            document["spec"].update({"provider": "aws", "bucket": BUCKET, "prefix": PREFIX,
                                     "endpoint": site.s3.endpoint, "credentialsSecret": {"name": "s3"},
                                     "softDeleteDays": 0, **changes})
    for document in documents:
        if document["kind"] == "LiferayEnvironment":
            document["spec"]["backupLocation"] = name
    site.lc2("apply", "-f", "-", stdin=yaml.safe_dump_all(documents))


def test_a_backup_goes_into_the_bucket_and_comes_back(in_bucket):
    site = in_bucket
    first = site.back_up()
    stored = keys(site.s3)
    assert stored and all(key.startswith(f"{PREFIX}/") for key in stored)
    folder = f"{PREFIX}/retail/prd/{first.removeprefix('retail-prd-backup-')}"
    body = site.s3.client().get_object(Bucket=BUCKET, Key=f"{folder}/manifest.json")["Body"].read()
    assert json.loads(body)["backupId"] == first
    second = site.back_up()
    listed = site.lc2("backup", "ls", second, "-o", "json").json()["items"]
    assert listed and {f"{PREFIX}/{item['path']}" for item in listed} <= set(keys(site.s3))
    site.lc2("backup", "verify", "--full", second)

    before = site.state("library", "rows")
    shutil.rmtree(site.library)
    site.library.mkdir()
    site.backup_id = first
    done = site.restore("--strategy", "Overwrite", "--yes", "--no-safeguard")
    assert done.returncode == 0, done.transcript()
    after = site.state("library", "rows")
    assert after["rows"] == before["rows"]
    kept = {item["key"] for item in listed}  # generated files are not
    assert after["library"] == {name: facts for name, facts in before["library"].items() if name in kept}


def test_what_a_deleted_backup_leaves_is_collected(in_bucket):
    site = in_bucket
    first = site.back_up()
    second = site.back_up()
    site.lc2("backup", "delete", first, "--reason", "test")
    site.lc2("gc")
    folder = f"{PREFIX}/retail/prd/{first.removeprefix('retail-prd-backup-')}/"
    assert not [key for key in keys(site.s3) if key.startswith(folder)]
    site.lc2("backup", "verify", "--full", second)
    assert json.loads(site.lc2("gc", "--full", "-o", "json").stdout)["items"][0]["unforeseenObjects"] == 0


def test_the_doctor_finds_the_bucket_well_and_leaves_nothing_there(in_bucket):
    site = in_bucket
    done = site.lc2("doctor", exit_code=None)
    assert f"s3://{BUCKET}/{PREFIX}/" in done.stdout, done.transcript()
    assert keys(site.s3) == []


@pytest.mark.parametrize("changes, exit_code, words", [
    ({"bucket": "Not A Bucket"}, INVALID, "no bucket's name"),
    ({"objectLock": {"mode": "Compliance"}}, INVALID, "object lock"),
    ({"bucket": "lc2-no-such-bucket"}, NOT_FOUND, "NoSuchBucket"),
])
def test_a_location_that_is_none_is_refused(in_bucket, changes, exit_code, words):
    site = in_bucket
    apply_location(site, changes)
    done = site.lc2("backup", "create", exit_code=None)
    assert_refused(done, exit_code, words)
    assert keys(site.s3) == []


def test_a_wrong_secret_is_denied_and_not_shown(in_bucket):
    site = in_bucket
    write_keys(site, site.s3.id, "a-wrong/Secret")
    done = site.lc2("backup", "create", exit_code=None)
    assert_refused(done, DENIED, "SignatureDoesNotMatch", hint="secret key")
    assert "a-wrong/Secret" not in done.stdout + done.stderr
    assert keys(site.s3) == []


def test_a_bucket_with_versions_is_refused_until_they_can_be_deleted(in_bucket):
    site = in_bucket
    site.s3.client().create_bucket(Bucket="lc2-versions")
    site.s3.client().put_bucket_versioning(Bucket="lc2-versions", VersioningConfiguration={"Status": "Enabled"})
    apply_location(site, {"bucket": "lc2-versions"})
    done = site.lc2("backup", "create", exit_code=None)
    assert_refused(done, INVALID, "keeps versions", hint="without versions")
    assert keys(site.s3, "lc2-versions") == []
