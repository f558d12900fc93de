"""The servers that test_s3_conformance.py asks, how they are asked, and what each is known to do otherwise.

The fixtures give a client or a bucket of one server: `s3`, `here` (a bucket that all tests share, each with a prefix
of its own), `versioned` (the same with versions), `fresh_bucket`, `locked_bucket`. `s3` also marks the test as one
that fails, where DEVIATIONS says so.
"""

import base64
import hashlib
import re
import urllib.error
import urllib.request
import zlib

import boto3
import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from s3_servers import REGION, Ministack, S3Sim, SeaweedFs

SERVERS = {"s3sim": S3Sim, "seaweedfs": SeaweedFs, "ministack": Ministack}
PART = 5 << 20

# Server -> test, with its parameter where not all of them fail -> what it does instead.
DEVIATIONS = {
    "s3sim": {},
    "seaweedfs": {
        "test_a_body_that_was_changed": "takes a body that is not the one of the signed hash",
        "test_an_upload_into_no_bucket": "makes the bucket",
        "test_replace_what_is_not_there": "412 instead of 404",
        "test_an_md5_that_is_none": "BadDigest instead of InvalidDigest",
        "test_an_upload_without_its_length": "takes it",
        "test_a_checksum_comes_of_itself": "keeps none that was not sent",
        "test_a_wrong_checksum_behind_the_body": "IncompleteBody instead of BadDigest",
        "test_how_a_body_came_is_not_what_it_is": "keeps aws-chunked as the object's encoding",
        "test_a_key[slash-at-the-end]": "a folder, whose content is lost",
        "test_a_key[backslash]": "takes it for a slash",
        "test_a_key[dots]": "refuses them",
        "test_a_key[long-segment]": "refuses more than 255 bytes between two slashes",
        "test_tags_that_are_none[twice]": "takes two tags of one key",
        "test_too_much_metadata": "takes more than 2 KiB",
        "test_an_archived_object": "reads it",
        "test_a_customers_key": "InvalidArgument instead of InvalidRequest",
        "test_tags_of_copies_have_quotes": "they have none",
        "test_a_copy_keeps_its_checksum": "says none of the copy",
        "test_a_copy_with_another_checksum": "keeps that of the source",
        "test_a_part_with_a_wrong_number": "InvalidPart instead of InvalidArgument",
        "test_an_upload_that_is_aborted_twice": "204 once more",
        "test_an_upload_that_is_completed_twice": "200 once more",
        "test_pages_of_uploads": "in the order of upload ids, without a marker",
        "test_the_tag_of_a_copied_part": "is no MD5 of the part",
        "test_a_part_beyond_its_source": "416 instead of 400",
        "test_a_size_that_is_not_that_of_the_parts": "takes it",
        "test_keys_are_listed_in_the_order_of_their_bytes": "lists folder by folder: a/b before 'a b'",
        "test_a_key_that_is_a_folder_too": "there is but one of the two",
        "test_a_listing_that_begins_behind_the_name_of_a_folder": "leaves out what lies in it",
        "test_a_listing_that_begins_behind_a_key": "begins in the order of folders",
        "test_a_listing_says_which_checksum_there_is": "does not say it",
        "test_a_token_that_is_none": "takes it for a key",
        "test_a_batch_without_a_digest": "takes it",
        "test_a_copy_says_of_which_version_it_is": "does not say it",
        "test_a_delete_marker_says_that_it_is_one": "no x-amz-delete-marker",
        "test_a_delete_marker_has_no_content": "404 instead of 405",
        "test_a_version_without_a_lock": "ObjectLockConfigurationNotFoundError, as of the bucket",
        "test_where_a_bucket_is": "no x-amz-bucket-region",
        "test_a_bucket_with_an_object_stays": "deletes it with its objects",
    },
    "ministack": {
        "test_a_body_that_was_changed": "takes a body that is not the one of the signed hash",
        "test_a_checksum_is_kept": "checks it and does not give it back with the upload's answer",
        "test_an_upload_without_its_length": "takes it",
        "test_a_checksum_comes_of_itself": "keeps none that was not sent",
        "test_the_longest_key": "takes 1,025 bytes",
        "test_tags_that_are_none": "takes them",
        "test_too_much_metadata": "takes more than 2 KiB",
        "test_a_copy_that_creates_only": "replaces what is there",
        "test_a_copy_onto_itself": "takes it",
        "test_a_copy_keeps_its_checksum": "says none of the copy",
        "test_a_copy_with_another_checksum": "computes none",
        "test_an_upload_with_tags": "loses them",
        "test_a_part_that_is_too_small": "takes it",
        "test_parts_in_another_order": "takes them",
        "test_an_upload_that_is_completed_twice": "200 once more",
        "test_the_checksum_of_the_full_object": "takes it for a composite one",
        "test_a_listing_says_which_checksum_there_is": "does not say it",
        "test_an_empty_page": "says that there is more",
        "test_a_token_that_is_none": "takes it for a key",
        "test_names_are_encoded_when_asked_for": "does so with spaces as %20",
        "test_a_batch_without_a_digest": "takes it",
        "test_versioning_of_a_locked_bucket_stays": "suspends it",
    },
}


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    with SERVERS[request.param]() as running:
        running.name = request.param
        yield running


@pytest.fixture
def s3(server, request):
    test = request.node.name.replace(f"[{server.name}-", "[")
    known = DEVIATIONS[server.name]
    why = known.get(test) or known.get(request.node.originalname)
    if why:
        request.applymarker(pytest.mark.xfail(reason=why, strict=True))
    return server.client()


@pytest.fixture(scope="module")
def plain_bucket(server):
    """One for all tests that have keys of their own: SeaweedFS takes its time for each bucket."""
    server.client().create_bucket(Bucket="plain")
    return "plain"


@pytest.fixture(scope="module")
def versioned_bucket(server):
    s3 = server.client()
    s3.create_bucket(Bucket="versioned")
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    return "versioned"


@pytest.fixture
def fresh_bucket(server, request):
    name = "fresh-" + hashlib.md5(request.node.name.encode()).hexdigest()[:12]
    server.client().create_bucket(Bucket=name)
    return name


@pytest.fixture
def locked_bucket(server, request):
    name = "locked-" + hashlib.md5(request.node.name.encode()).hexdigest()[:12]
    server.client().create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


@pytest.fixture
def prefix(request):
    return re.sub(r"\W+", "-", request.node.originalname) + "/"


class Here:
    """Calls with the bucket filled in: here.put("k", b"..."), here.head("k")["ETag"]."""

    def __init__(self, s3, bucket, prefix=""):
        self.s3, self.bucket, self.prefix = s3, bucket, prefix

    def __getattr__(self, name):
        def call(key=None, **more):
            if key is not None:
                more["Key"] = self.prefix + key
            return getattr(self.s3, name)(Bucket=self.bucket, **more)
        return call

    def put(self, key, body=b"", **more):
        return self.put_object(key, Body=body, **more)

    def content(self, key, **more):
        return self.get_object(key, **more)["Body"].read()

    def copy(self, source, target, **more):
        return self.copy_object(target, CopySource={"Bucket": self.bucket, "Key": self.prefix + source}, **more)

    def versions(self, **more):
        page = self.list_object_versions(Prefix=self.prefix, **more)
        rows = page.get("Versions", []) + page.get("DeleteMarkers", [])
        return sorted(rows, key=lambda row: (row["Key"], not row["IsLatest"]))


@pytest.fixture
def here(s3, plain_bucket, prefix):
    return Here(s3, plain_bucket, prefix)


@pytest.fixture
def versioned(s3, versioned_bucket, prefix):
    return Here(s3, versioned_bucket, prefix)


def refusal(call, *args, **named):
    """"404 NoSuchKey" """
    with pytest.raises(ClientError) as caught:
        call(*args, **named)
    answer = caught.value.response
    return f"{answer['ResponseMetadata']['HTTPStatusCode']} {answer['Error']['Code']}"


def md5_tag(content):
    return f'"{hashlib.md5(content).hexdigest()}"'


def crc(content, polynomial, bits):
    """Reflected, register inverted before and after; base64 of the big-endian value."""
    register = mask = (1 << bits) - 1
    for byte in content:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (polynomial if register & 1 else 0)
    return base64.b64encode((register ^ mask).to_bytes(bits // 8, "big")).decode()


CHECKSUMS = {
    "CRC32": lambda content: base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode(),
    "CRC32C": lambda content: crc(content, 0x82F63B78, 32),
    "CRC64NVME": lambda content: crc(content, 0x9A6C9329AC4BC9B5, 64),
    "SHA1": lambda content: base64.b64encode(hashlib.sha1(content).digest()).decode(),
    "SHA256": lambda content: base64.b64encode(hashlib.sha256(content).digest()).decode(),
}


def fetch(url, method="GET", headers=None, data=None):
    """Status, headers and body, without any client's help."""
    request = urllib.request.Request(url, method=method, headers=headers or {}, data=data)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read()


def signed(server, method, path, data=b"", headers=(), context=None):
    request = AWSRequest(method=method, url=server.endpoint + path, data=data, headers=dict(headers))
    request.context.update(context or {})
    botocore.auth.S3SigV4Auth(Credentials(server.id, server.secret), "s3", REGION).add_auth(request)
    return fetch(request.url, method, dict(request.headers.items()), data or None)


def presigned(server, here, key, expires=60):
    """boto3 still signs URLs with version 2 else."""
    s3 = boto3.client("s3", endpoint_url=server.endpoint, region_name=REGION, aws_access_key_id=server.id,
                      aws_secret_access_key=server.secret,
                      config=Config(signature_version="s3v4", s3={"addressing_style": "path"}))
    return s3.generate_presigned_url("get_object", Params={"Bucket": here.bucket, "Key": here.prefix + key},
                                     ExpiresIn=expires)


def without_checksums(server):
    """boto3 adds CRC32 of itself else."""
    s3 = server.client()
    s3.meta.config.request_checksum_calculation = "when_required"
    return s3
