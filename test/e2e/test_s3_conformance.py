"""What S3 promises, asked of three servers by boto3: our simulator, SeaweedFS and ministack.

The simulator has no deviation. Those of the other two stand in DEVIATIONS (s3_conformance.py): each is expected to
fail, and a test that no longer does fails the run. So a client tested against one of them is known to be tested
against S3, but for these.
"""

import base64
import hashlib
import http.client
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from s3_conformance import *  # noqa: F403
from s3_conformance import (CHECKSUMS, DEVIATIONS, PART, REGION, Here, fetch, md5_tag, presigned, refusal, signed,
                            without_checksums)


# Who asks


def test_a_wrong_secret(s3, server, plain_bucket):
    other = server.client(aws_access_key_id=server.id, aws_secret_access_key="wrong")
    assert refusal(other.list_objects_v2, Bucket=plain_bucket) == "403 SignatureDoesNotMatch"


def test_an_unknown_key(s3, server, plain_bucket):
    other = server.client(aws_access_key_id="LC2NOBODY", aws_secret_access_key="x")
    assert refusal(other.list_objects_v2, Bucket=plain_bucket) == "403 InvalidAccessKeyId"


def test_an_unsigned_request(here, server):
    here.put("k")
    status, _, said = fetch(f"{server.endpoint}/{here.bucket}/{here.prefix}k")
    assert (status, b"<Code>AccessDenied</Code>" in said) == (403, True)


def test_a_body_that_was_changed(here, server, monkeypatch):
    monkeypatch.setattr(botocore.auth.S3SigV4Auth, "payload", lambda *_: hashlib.sha256(b"other").hexdigest())
    status, _, said = signed(server, "PUT", f"/{here.bucket}/{here.prefix}k", b"this",
                             {"X-Amz-Content-SHA256": hashlib.sha256(b"other").hexdigest()})
    assert (status, b"<Code>XAmzContentSHA256Mismatch</Code>" in said) == (400, True)


def test_a_request_of_yesterday(here, server, monkeypatch):
    yesterday = datetime.now(timezone.utc) - timedelta(days=1)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: yesterday)
    status, _, said = signed(server, "GET", f"/{here.bucket}/?list-type=2")
    assert (status, b"<Code>RequestTimeTooSkewed</Code>" in said) == (403, True)


def test_a_presigned_url(here, server):
    here.put("a b", b"content")
    url = presigned(server, here, "a b")
    assert fetch(url)[::2] == (200, b"content")
    assert fetch(url.replace("a%20b", "a%20c"))[0] == 403
    assert fetch(url, "DELETE")[0] == 403
    assert here.content("a b") == b"content"


def test_a_presigned_url_that_has_expired(here, server, monkeypatch):
    here.put("k", b"content")
    earlier = datetime.now(timezone.utc) - timedelta(minutes=5)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: earlier)
    status, _, said = fetch(presigned(server, here, "k"))
    assert fetch(presigned(server, here, "k", expires=600))[::2] == (200, b"content")
    assert (status, b"<Code>AccessDenied</Code>" in said) == (403, True)


# Objects


def test_an_upload_is_read_back(here):
    put = here.put("k", b"content", ContentType="text/x-test", CacheControl="no-cache", Metadata={"token": "t 1"})
    assert put["ETag"] == md5_tag(b"content")
    got = here.get_object("k")
    assert got["Body"].read() == b"content"
    head = here.head_object("k")
    for answer in (got, head):
        assert answer["ETag"] == put["ETag"] and answer["ContentLength"] == 7
        assert answer["ContentType"] == "text/x-test" and answer["CacheControl"] == "no-cache"
        assert answer["Metadata"] == {"token": "t 1"}
        assert abs((answer["LastModified"] - datetime.now(timezone.utc)).total_seconds()) < 30


def test_an_empty_object(here):
    assert here.put("k")["ETag"] == md5_tag(b"")
    assert here.content("k") == b""
    assert refusal(here.get_object, "k", Range="bytes=0-0") == "416 InvalidRange"


def test_what_is_not_there(here, s3):
    assert refusal(here.get_object, "none") == "404 NoSuchKey"
    assert refusal(here.head_object, "none") == "404 404"
    assert refusal(s3.list_objects_v2, Bucket="no-such-bucket") == "404 NoSuchBucket"


def test_an_upload_into_no_bucket(s3):
    assert refusal(s3.put_object, Bucket="not-a-bucket-yet", Key="k") == "404 NoSuchBucket"


@pytest.mark.parametrize("asked, given, where", [
    ("bytes=2-4", b"234", "bytes 2-4/10"), ("bytes=7-", b"789", "bytes 7-9/10"), ("bytes=-2", b"89", "bytes 8-9/10"),
    ("bytes=8-100", b"89", "bytes 8-9/10"), ("bytes=-100", b"0123456789", "bytes 0-9/10"),
], ids=["inner", "open", "suffix", "beyond", "large-suffix"])
def test_a_range(here, asked, given, where):
    here.put("k", b"0123456789")
    got = here.get_object("k", Range=asked)
    assert (got["Body"].read(), got["ContentRange"]) == (given, where)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_a_range_beyond_the_end(here):
    here.put("k", b"0123456789")
    assert refusal(here.get_object, "k", Range="bytes=10-11") == "416 InvalidRange"


def test_conditions_of_reads(here):
    tag = here.put("k", b"x")["ETag"]
    assert here.content("k", IfMatch=tag) == b"x"
    assert refusal(here.get_object, "k", IfMatch='"other"') == "412 PreconditionFailed"
    assert refusal(here.get_object, "k", IfNoneMatch=tag) == "304 304"
    assert refusal(here.get_object, "k", IfUnmodifiedSince=datetime(2020, 1, 1)) == "412 PreconditionFailed"


def test_create_only(here):
    here.put("k", b"1", IfNoneMatch="*")
    assert refusal(here.put, "k", b"2", IfNoneMatch="*") == "412 PreconditionFailed"
    assert here.content("k") == b"1"


def test_replace_only_what_was_read(here):
    first = here.put("k", b"1")["ETag"]
    here.put("k", b"2", IfMatch=first)
    assert refusal(here.put, "k", b"3", IfMatch=first) == "412 PreconditionFailed"
    assert here.content("k") == b"2"


def test_replace_what_is_not_there(here):
    assert refusal(here.put, "none", b"1", IfMatch='"x"') == "404 NoSuchKey"


def test_delete_only_what_was_read(here):
    here.put("k", b"1")
    assert refusal(here.delete_object, "k", IfMatch='"other"') == "412 PreconditionFailed"
    here.delete_object("k", IfMatch=md5_tag(b"1"))
    assert refusal(here.head_object, "k") == "404 404"


def test_an_md5_that_is_not_of_the_body(here):
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    assert refusal(here.put, "k", b"this", ContentMD5=wrong) == "400 BadDigest"
    assert refusal(here.head_object, "k") == "404 404"


def test_an_md5_that_is_none(here):
    assert refusal(here.put, "k", b"this", ContentMD5="none") == "400 InvalidDigest"


@pytest.mark.parametrize("name", CHECKSUMS)
def test_a_checksum_is_kept(here, name):
    sent = CHECKSUMS[name](b"content")
    put = here.put("k", b"content", **{f"Checksum{name}": sent})
    assert put[f"Checksum{name}"] == sent
    assert here.head_object("k", ChecksumMode="ENABLED")[f"Checksum{name}"] == sent
    assert f"Checksum{name}" not in here.head_object("k")


@pytest.mark.parametrize("name", CHECKSUMS)
def test_a_checksum_that_is_not_of_the_body(here, name):
    wrong = {f"Checksum{name}": CHECKSUMS[name](b"other")}
    assert refusal(here.put, "k", b"content", **wrong) == "400 BadDigest"
    assert refusal(here.head_object, "k") == "404 404"


def test_a_checksum_comes_of_itself(here, server):
    without_checksums(server).put_object(Bucket=here.bucket, Key=here.prefix + "k", Body=b"content")
    head = here.head_object("k", ChecksumMode="ENABLED")
    assert (head.get("ChecksumCRC64NVME"), head.get("ChecksumType")) == (
        CHECKSUMS["CRC64NVME"](b"content"), "FULL_OBJECT")


def put_with_trailer(here, server, key, checksum, encoding="aws-chunked"):
    """Uploads b"content" with its CRC32 behind it."""
    body = b"7\r\ncontent\r\n0\r\nx-amz-checksum-crc32:" + checksum.encode() + b"\r\n\r\n"
    trailer = {"in": "trailer", "algorithm": "crc32", "name": "x-amz-checksum-crc32"}
    return signed(server, "PUT", f"/{here.bucket}/{here.prefix}{key}", body,
                  {"Content-Encoding": encoding, "X-Amz-Trailer": trailer["name"], "X-Amz-Decoded-Content-Length": "7"},
                  {"checksum": {"request_algorithm": trailer}})


def test_a_checksum_behind_the_body(here, server):
    assert put_with_trailer(here, server, "k", CHECKSUMS["CRC32"](b"content"))[0] == 200
    assert here.content("k") == b"content"


def test_a_wrong_checksum_behind_the_body(here, server):
    status, _, said = put_with_trailer(here, server, "k", CHECKSUMS["CRC32"](b"other"))
    assert (status, b"<Code>BadDigest</Code>" in said) == (400, True)
    assert refusal(here.head_object, "k") == "404 404"


def test_how_a_body_came_is_not_what_it_is(here, server):
    put_with_trailer(here, server, "k", CHECKSUMS["CRC32"](b"content"), "gzip,aws-chunked")
    assert here.head_object("k")["ContentEncoding"] == "gzip"


@pytest.mark.parametrize("how", [(), (("Transfer-Encoding", "chunked"),)], ids=["without", "chunked"])
def test_an_upload_without_its_length(here, server, how):
    request = AWSRequest(method="PUT", url=f"{server.endpoint}/{here.bucket}/{here.prefix}k")
    botocore.auth.S3SigV4Auth(Credentials(server.id, server.secret), "s3", REGION).add_auth(request)
    link = http.client.HTTPConnection(server.host, timeout=20)
    link.putrequest("PUT", f"/{here.bucket}/{here.prefix}k", skip_accept_encoding=True)
    for name, value in [*request.headers.items(), *how]:
        link.putheader(name, value)
    link.endheaders(b"0\r\n\r\n" if how else None)
    answer = link.getresponse()
    said = answer.read()
    link.close()
    assert (answer.status, b"<Code>MissingContentLength</Code>" in said) == (411, True)


KEYS = {
    "space": "a b", "plus": "a+b", "percent": "a%20b", "reserved": "a?b#c&d=e;f:g,h@i$j!k*l'(m)", "quotes": "a\"<b>'c",
    "accent": "\u00e4/\u65e5\u672c", "emoji": "\U0001f600", "last-plane": "\U0010fffd", "slash-at-the-end": "folder/",
    "backslash": "a\\b", "two-slashes": "a//b", "dots": "a/../b/./c", "control": "a\x01\x1fb", "delete": "a\x7fb",
    "line-break": "a\nb", "long-segment": "k" * 300, "long": "/".join(["k" * 99] * 10),
}


@pytest.mark.parametrize("name", KEYS)
def test_a_key(here, name):
    key = KEYS[name]
    here.put(key, b"content")
    assert here.content(key) == b"content"
    listed = here.list_objects_v2(Prefix=here.prefix + key)["Contents"]
    assert here.prefix + key in [row["Key"] for row in listed]
    here.copy(key, "copy of " + key)
    assert here.content("copy of " + key) == b"content"
    here.delete_object(key)
    assert refusal(here.head_object, key) == "404 404"


def test_the_longest_key(s3, plain_bucket):
    longest = "a/" + "\u00e4" * 100 + "/" + "k/" * 410 + "k"
    assert len(longest.encode()) == 1_024
    s3.put_object(Bucket=plain_bucket, Key=longest, Body=b"x")
    assert s3.head_object(Bucket=plain_bucket, Key=longest)["ContentLength"] == 1
    assert refusal(s3.put_object, Bucket=plain_bucket, Key=longest + "k") == "400 KeyTooLongError"


def test_tags(here):
    here.put("k", Tagging="a=1&b=x%20y%2B")
    assert here.get_object("k")["TagCount"] == 2
    tags = {tag["Key"]: tag["Value"] for tag in here.get_object_tagging("k")["TagSet"]}
    assert tags == {"a": "1", "b": "x y+"}
    here.put_object_tagging("k", Tagging={"TagSet": [{"Key": "c d+-=._:/@", "Value": ""}]})
    assert here.get_object_tagging("k")["TagSet"] == [{"Key": "c d+-=._:/@", "Value": ""}]
    here.delete_object_tagging("k")
    assert here.get_object_tagging("k")["TagSet"] == []


def test_more_than_ten_tags(here):
    here.put("k")
    tags = [{"Key": str(number), "Value": ""} for number in range(11)]
    assert refusal(here.put_object_tagging, "k", Tagging={"TagSet": tags}).startswith("400 ")


@pytest.mark.parametrize("keys", [["a", "a"], ["a&<"]], ids=["twice", "characters"])
def test_tags_that_are_none(here, keys):
    here.put("k")
    tags = [{"Key": key, "Value": ""} for key in keys]
    assert refusal(here.put_object_tagging, "k", Tagging={"TagSet": tags}) == "400 InvalidTag"


def test_too_much_metadata(here):
    assert refusal(here.put, "k", Metadata={"m": "x" * 2_048}) == "400 MetadataTooLarge"


def test_storage_classes(here):
    here.put("k", StorageClass="STANDARD_IA")
    assert here.head_object("k")["StorageClass"] == "STANDARD_IA"
    assert here.list_objects_v2(Prefix=here.prefix)["Contents"][0]["StorageClass"] == "STANDARD_IA"
    here.put("k")
    assert "StorageClass" not in here.head_object("k")


def test_an_unknown_storage_class(here):
    assert refusal(here.put, "k", StorageClass="CHEAPEST") == "400 InvalidStorageClass"


def test_an_archived_object(here):
    here.put("k", b"x", StorageClass="GLACIER")
    assert refusal(here.get_object, "k") == "403 InvalidObjectState"
    assert here.head_object("k")["StorageClass"] == "GLACIER"


def test_a_customers_key(here):
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}
    here.put("k", b"content", **key)
    assert here.content("k", **key) == b"content"
    assert refusal(here.get_object, "k") == "400 InvalidRequest"
    assert refusal(here.head_object, "k") == "400 400"


# Copies


def test_a_copy_takes_metadata_and_tags_along(here):
    tag = here.put("k", b"content", ContentType="text/x-test", Metadata={"m": "1"}, Tagging="t=1")["ETag"]
    here.copy("k", "c")
    head = here.head_object("c")
    assert head["ETag"] == tag
    assert (head["ContentType"], head["Metadata"]) == ("text/x-test", {"m": "1"})
    assert here.get_object_tagging("c")["TagSet"] == [{"Key": "t", "Value": "1"}]


def test_tags_of_copies_have_quotes(here):
    tag = here.put("k", b"content")["ETag"]
    assert here.copy("k", "c")["CopyObjectResult"]["ETag"] == tag
    assert InParts(here, "d").copy(1, "k")["ETag"] == tag


def test_a_copy_with_metadata_of_its_own(here):
    here.put("k", b"content", ContentType="text/x-test", Metadata={"m": "1"}, Tagging="t=1")
    here.copy("k", "c", MetadataDirective="REPLACE", Metadata={"n": "2"}, ContentType="text/x-other",
              TaggingDirective="REPLACE", Tagging="u=2")
    head = here.head_object("c")
    assert (head["ContentType"], head["Metadata"]) == ("text/x-other", {"n": "2"})
    assert here.get_object_tagging("c")["TagSet"] == [{"Key": "u", "Value": "2"}]


def test_a_copy_of_what_was_listed(here):
    tag = here.put("k", b"1")["ETag"]
    here.copy("k", "c", CopySourceIfMatch=tag)
    here.put("k", b"2")
    assert refusal(here.copy, "k", "d", CopySourceIfMatch=tag) == "412 PreconditionFailed"
    assert refusal(here.head_object, "d") == "404 404"
    assert refusal(here.copy, "none", "d") == "404 NoSuchKey"


def test_a_copy_that_creates_only(here):
    here.put("k", b"1")
    here.put("c", b"old")
    assert refusal(here.copy, "k", "c", IfNoneMatch="*") == "412 PreconditionFailed"
    assert here.content("c") == b"old"
    here.copy("k", "d", IfNoneMatch="*")


def test_a_copy_onto_itself(here):
    here.put("k", b"1")
    assert refusal(here.copy, "k", "k") == "400 InvalidRequest"
    here.copy("k", "k", MetadataDirective="REPLACE", Metadata={"m": "1"})
    assert here.head_object("k")["Metadata"] == {"m": "1"}


def test_a_copy_keeps_its_checksum(here):
    here.put("k", b"content", ChecksumSHA256=CHECKSUMS["SHA256"](b"content"))
    assert here.copy("k", "c")["CopyObjectResult"]["ChecksumSHA256"] == CHECKSUMS["SHA256"](b"content")


def test_a_copy_with_another_checksum(here):
    here.put("k", b"content", ChecksumSHA256=CHECKSUMS["SHA256"](b"content"))
    here.copy("k", "c", ChecksumAlgorithm="CRC32")
    assert here.head_object("c", ChecksumMode="ENABLED")["ChecksumCRC32"] == CHECKSUMS["CRC32"](b"content")


# Uploads in parts


class InParts:
    def __init__(self, here, key, **more):
        self.here, self.key = here, key
        self.id = here.create_multipart_upload(key, **more)["UploadId"]
        self.parts = []

    def put(self, number, body, **more):
        done = self.here.upload_part(self.key, UploadId=self.id, PartNumber=number, Body=body, **more)
        self.parts.append({"PartNumber": number, "ETag": done["ETag"]})
        return done

    def copy(self, number, source, **more):
        done = self.here.upload_part_copy(self.key, UploadId=self.id, PartNumber=number, CopySource={
            "Bucket": self.here.bucket, "Key": self.here.prefix + source}, **more)["CopyPartResult"]
        self.parts.append({"PartNumber": number, "ETag": done["ETag"]})
        return done

    def complete(self, parts=None, **more):
        return self.here.complete_multipart_upload(
            self.key, UploadId=self.id, MultipartUpload={"Parts": self.parts if parts is None else parts}, **more)


def test_parts_become_one_object(here):
    large = b"0123456789abcdef" * (PART // 16)
    upload = InParts(here, "k", ContentType="text/x-test", Metadata={"m": "1"})
    upload.put(2, large)
    upload.put(9, b"tail")
    done = upload.complete()
    digest = hashlib.md5(hashlib.md5(large).digest() + hashlib.md5(b"tail").digest()).hexdigest()
    assert done["ETag"] == f'"{digest}-2"'
    head = here.head_object("k")
    assert (head["ContentLength"], head["ETag"]) == (PART + 4, done["ETag"])
    assert (head["ContentType"], head["Metadata"]) == ("text/x-test", {"m": "1"})
    assert here.content("k", Range=f"bytes={PART - 2}-") == b"eftail"


def test_an_upload_with_tags(here):
    upload = InParts(here, "k", Tagging="t=1")
    upload.put(1, b"x")
    upload.complete()
    assert here.get_object_tagging("k")["TagSet"] == [{"Key": "t", "Value": "1"}]


def test_a_part_is_replaced_by_the_next_of_its_number(here):
    upload = InParts(here, "k")
    upload.put(1, b"first")
    upload.put(1, b"second")
    upload.complete(upload.parts[1:])
    assert here.content("k") == b"second"


def test_a_part_that_is_too_small(here):
    upload = InParts(here, "k")
    upload.put(1, b"small")
    upload.put(2, b"tail")
    assert refusal(upload.complete) == "400 EntityTooSmall"


def test_parts_in_another_order(here):
    upload = InParts(here, "k")
    upload.put(2, b"x" * PART)
    upload.put(1, b"tail")
    assert refusal(upload.complete) == "400 InvalidPartOrder"


def test_a_part_that_was_not_uploaded(here):
    upload = InParts(here, "k")
    upload.put(1, b"x")
    assert refusal(upload.complete, [{"PartNumber": 2, "ETag": upload.parts[0]["ETag"]}]) == "400 InvalidPart"
    assert refusal(upload.complete, [{"PartNumber": 1, "ETag": md5_tag(b"y")}]) == "400 InvalidPart"


def test_a_part_with_a_wrong_number(here):
    upload = InParts(here, "k")
    assert refusal(upload.put, 10_001, b"x") == "400 InvalidArgument"


def test_an_upload_that_creates_only(here):
    here.put("k", b"old")
    upload = InParts(here, "k")
    upload.put(1, b"new")
    assert refusal(upload.complete, IfNoneMatch="*") == "412 PreconditionFailed"
    assert here.content("k") == b"old"


def test_an_upload_that_is_aborted(here):
    upload = InParts(here, "k")
    upload.put(1, b"x")
    here.abort_multipart_upload("k", UploadId=upload.id)
    assert refusal(upload.put, 2, b"x") == "404 NoSuchUpload"
    assert refusal(upload.complete) == "404 NoSuchUpload"
    assert refusal(here.list_parts, "k", UploadId=upload.id) == "404 NoSuchUpload"
    assert refusal(here.head_object, "k") == "404 404"


def test_an_upload_that_is_aborted_twice(here):
    upload = InParts(here, "k")
    here.abort_multipart_upload("k", UploadId=upload.id)
    assert refusal(here.abort_multipart_upload, "k", UploadId=upload.id) == "404 NoSuchUpload"


def test_an_upload_that_is_completed_twice(here):
    upload = InParts(here, "k")
    upload.put(1, b"x")
    upload.complete()
    assert refusal(upload.complete) == "404 NoSuchUpload"


def test_uploads_and_their_parts_are_listed(here):
    uploads = [InParts(here, key) for key in ("a", "b", "c")]
    for number in (1, 3, 5):
        uploads[0].put(number, b"x" * number)
    listed = here.list_multipart_uploads(Prefix=here.prefix)["Uploads"]
    assert sorted((row["Key"], row["UploadId"]) for row in listed) == [
        (here.prefix + one.key, one.id) for one in uploads]
    page = here.list_parts("a", UploadId=uploads[0].id, MaxParts=2)
    assert [(part["PartNumber"], part["Size"]) for part in page["Parts"]] == [(1, 1), (3, 3)]
    assert (page["IsTruncated"], page["NextPartNumberMarker"]) == (True, 3)
    rest = here.list_parts("a", UploadId=uploads[0].id, PartNumberMarker=3)
    assert [part["PartNumber"] for part in rest["Parts"]] == [5]
    for one in uploads:
        here.abort_multipart_upload(one.key, UploadId=one.id)
    assert "Uploads" not in here.list_multipart_uploads(Prefix=here.prefix)


def test_pages_of_uploads(here):
    """In the order of their keys."""
    uploads = [InParts(here, key) for key in ("a", "b", "c")]
    first = here.list_multipart_uploads(Prefix=here.prefix, MaxUploads=2)
    assert first["IsTruncated"] and len(first["Uploads"]) == 2
    rest = here.list_multipart_uploads(Prefix=here.prefix, KeyMarker=first["NextKeyMarker"],
                                       UploadIdMarker=first["NextUploadIdMarker"])
    assert [row["UploadId"] for row in rest["Uploads"]] == [uploads[2].id]


def test_parts_are_copied(here):
    source = bytes(range(256)) * (PART // 256) + b"and the rest"
    tag = here.put("source", source)["ETag"]
    upload = InParts(here, "k")
    upload.copy(1, "source", CopySourceRange=f"bytes=0-{PART - 1}", CopySourceIfMatch=tag)
    upload.copy(2, "source", CopySourceRange=f"bytes={PART}-{len(source) - 1}")
    upload.complete()
    assert here.content("k") == source
    other = InParts(here, "l")
    assert refusal(other.copy, 1, "source", CopySourceIfMatch='"other"') == "412 PreconditionFailed"


def test_the_tag_of_a_copied_part(here):
    here.put("source", b"0123456789")
    done = InParts(here, "k").copy(1, "source", CopySourceRange="bytes=5-9")
    assert done["ETag"].strip('"') == md5_tag(b"56789").strip('"')


def test_a_part_beyond_its_source(here):
    here.put("source", b"0123456789")
    assert refusal(InParts(here, "k").copy, 1, "source", CopySourceRange="bytes=5-10") == "400 InvalidArgument"


def test_the_checksum_of_the_full_object(here):
    upload = InParts(here, "k", ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    first, second = b"0" * PART, b"tail"
    upload.put(1, first, ChecksumAlgorithm="CRC32")
    upload.put(2, second, ChecksumAlgorithm="CRC32")
    whole = CHECKSUMS["CRC32"](first + second)
    assert refusal(upload.complete, ChecksumCRC32=CHECKSUMS["CRC32"](b"other"),
                   ChecksumType="FULL_OBJECT") == "400 BadDigest"
    done = upload.complete(ChecksumCRC32=whole, ChecksumType="FULL_OBJECT")
    assert (done["ChecksumCRC32"], done["ChecksumType"]) == (whole, "FULL_OBJECT")
    assert here.head_object("k", ChecksumMode="ENABLED")["ChecksumCRC32"] == whole


def test_the_checksum_of_checksums(here):
    upload = InParts(here, "k", ChecksumAlgorithm="SHA256")
    bodies = [b"0" * PART, b"tail"]
    for number, body in enumerate(bodies, 1):
        upload.put(number, body, ChecksumAlgorithm="SHA256")
        upload.parts[-1]["ChecksumSHA256"] = CHECKSUMS["SHA256"](body)
    done = upload.complete()
    digests = b"".join(hashlib.sha256(body).digest() for body in bodies)
    assert done["ChecksumSHA256"] == CHECKSUMS["SHA256"](digests) + "-2"
    assert here.head_object("k", ChecksumMode="ENABLED")["ChecksumType"] == "COMPOSITE"


def test_a_size_that_is_not_that_of_the_parts(here):
    upload = InParts(here, "k")
    upload.put(1, b"x")
    assert refusal(upload.complete, MpuObjectSize=2) == "400 InvalidRequest"


# Listings


# Bytes below and above "/" behind the name of a folder.
TREE = ["dir 1", "dir!", "dir-1", "dir.1", "dir/1", "dir/2/3", "dir0", "e"]


def all_keys(here, **more):
    """Keys and common prefixes, page by page, without the test's own prefix."""
    names, token = [], {}
    while True:
        page = here.list_objects_v2(Prefix=here.prefix + more.get("below", ""), **token,
                                    **{name: value for name, value in more.items() if name != "below"})
        names.append([row["Key"][len(here.prefix):] for row in page.get("Contents", [])] +
                     [row["Prefix"][len(here.prefix):] for row in page.get("CommonPrefixes", [])])
        assert page["KeyCount"] == len(names[-1])
        if not page["IsTruncated"]:
            return [name for page in names for name in page]
        token = {"ContinuationToken": page["NextContinuationToken"]}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1_000])
def test_keys_are_listed_in_the_order_of_their_bytes(here, size):
    for key in TREE:
        here.put(key)
    assert all_keys(here, MaxKeys=size) == TREE


def test_a_listing_of_names_alike(here):
    """Those whose order is the same whether by bytes or by folders."""
    keys = [f"{folder}/{number:03}" for folder in "abc" for number in range(15)]
    for key in reversed(keys):
        here.put(key)
    for size in (1, 4, 45, 1_000):
        assert all_keys(here, MaxKeys=size) == keys
    assert all_keys(here, StartAfter=here.prefix + "b/004", MaxKeys=10) == keys[20:]
    assert all_keys(here, below="b/01") == keys[25:30]


def test_a_key_that_is_a_folder_too(here):
    for key in ("a/", "a", "a/b"):
        here.put(key, key.encode())
    assert all_keys(here) == ["a", "a/", "a/b"]
    assert [here.content(key) for key in ("a", "a/", "a/b")] == [b"a", b"a/", b"a/b"]
    assert sorted(all_keys(here, Delimiter="/")) == ["a", "a/"]


def test_a_listing_that_begins_behind_the_name_of_a_folder(here):
    for key in ("a/1", "b/1", "b/2", "c/1"):
        here.put(key)
    assert all_keys(here, StartAfter=here.prefix + "b") == ["b/1", "b/2", "c/1"]


def test_a_listing_that_begins_behind_a_key(here):
    for key in TREE:
        here.put(key)
    for number, key in enumerate(TREE):
        assert all_keys(here, StartAfter=here.prefix + key) == TREE[number + 1:]


@pytest.mark.parametrize("size", [1, 2, 1_000])
def test_a_listing_with_a_delimiter(here, size):
    for key in TREE:
        here.put(key)
    assert sorted(all_keys(here, Delimiter="/", MaxKeys=size)) == sorted(
        ["dir 1", "dir!", "dir-1", "dir.1", "dir/", "dir0", "e"])
    assert sorted(all_keys(here, Delimiter="/", MaxKeys=size, below="dir/")) == ["dir/1", "dir/2/"]


def test_what_a_listing_says(here):
    tag = here.put("k", b"content")["ETag"]
    row, = here.list_objects_v2(Prefix=here.prefix)["Contents"]
    assert (row["Size"], row["ETag"], row["StorageClass"]) == (7, tag, "STANDARD")
    assert abs((row["LastModified"] - datetime.now(timezone.utc)).total_seconds()) < 30


def test_a_listing_says_which_checksum_there_is(here):
    here.put("k", b"content", ChecksumSHA256=CHECKSUMS["SHA256"](b"content"))
    row, = here.list_objects_v2(Prefix=here.prefix)["Contents"]
    assert row["ChecksumAlgorithm"] == ["SHA256"]


def test_an_empty_page(here):
    here.put("k")
    page = here.list_objects_v2(Prefix=here.prefix, MaxKeys=0)
    assert (page["KeyCount"], page["IsTruncated"]) == (0, False)
    assert all_keys(here, below="none") == []


def test_a_token_that_is_none(here):
    assert refusal(here.list_objects_v2, ContinuationToken="mine") == "400 InvalidArgument"


def test_names_are_encoded_when_asked_for(here, server):
    here.put("a b+c&\u00e4")
    path = f"/{here.bucket}/?list-type=2&encoding-type=url&prefix={quote(here.prefix, safe='')}"
    status, _, said = signed(server, "GET", path)
    assert status == 200 and b"<EncodingType>url</EncodingType>" in said
    assert b"a+b%2Bc%26%C3%A4</Key>" in said  # "+" is a space


# Deletions and versions


def test_what_is_not_there_is_deleted_too(here):
    assert here.delete_object("none")["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_a_batch(here):
    keys = ["a", "b <&>", "c/d"]
    for key in keys:
        here.put(key)
    done = here.delete_objects(Delete={"Objects": [{"Key": here.prefix + key} for key in [*keys, "none"]]})
    assert sorted(row["Key"] for row in done["Deleted"]) == sorted(here.prefix + key for key in [*keys, "none"])
    assert all_keys(here) == []
    here.put("a")
    quiet = here.delete_objects(Delete={"Objects": [{"Key": here.prefix + "a"}], "Quiet": True})
    assert "Deleted" not in quiet and "Errors" not in quiet


def test_a_batch_without_a_digest(here, server):
    status, _, said = signed(server, "POST", f"/{here.bucket}/?delete=",
                             b"<Delete><Object><Key>k</Key></Object></Delete>")
    assert (status, b"<Code>InvalidRequest</Code>" in said) == (400, True)


def test_versioning_has_three_states(s3, fresh_bucket):
    assert "Status" not in s3.get_bucket_versioning(Bucket=fresh_bucket)
    for status in ("Enabled", "Suspended"):
        s3.put_bucket_versioning(Bucket=fresh_bucket, VersioningConfiguration={"Status": status})
        assert s3.get_bucket_versioning(Bucket=fresh_bucket)["Status"] == status


def test_versions_stay(versioned):
    ids = [versioned.put("k", body)["VersionId"] for body in (b"1", b"2", b"3")]
    assert len(set(ids)) == 3
    assert [versioned.content("k", VersionId=version) for version in ids] == [b"1", b"2", b"3"]
    assert versioned.head_object("k")["VersionId"] == ids[2]
    page = versioned.list_object_versions(Prefix=versioned.prefix)
    assert [row["VersionId"] for row in page["Versions"]] == ids[::-1]
    assert [row["IsLatest"] for row in page["Versions"]] == [True, False, False]


def copy_of_version(versioned, version):
    return versioned.copy_object("c", CopySource={"Bucket": versioned.bucket, "Key": versioned.prefix + "k",
                                                  "VersionId": version})


def test_a_version_is_copied(versioned):
    first = versioned.put("k", b"1")["VersionId"]
    versioned.put("k", b"2")
    copy_of_version(versioned, first)
    assert versioned.content("c") == b"1"


def test_a_copy_says_of_which_version_it_is(versioned):
    version = versioned.put("k", b"1")["VersionId"]
    assert copy_of_version(versioned, version)["CopySourceVersionId"] == version


def test_a_delete_marker_hides_and_goes(versioned):
    version = versioned.put("k", b"1")["VersionId"]
    marker = versioned.delete_object("k")
    assert marker["DeleteMarker"] and marker["VersionId"] != version
    assert refusal(versioned.get_object, "k") == "404 NoSuchKey"
    assert versioned.content("k", VersionId=version) == b"1"
    assert [row.get("Size", "marker") for row in versioned.versions()] == ["marker", 1]
    versioned.delete_object("k", VersionId=marker["VersionId"])
    assert versioned.content("k") == b"1"
    versioned.delete_object("k", VersionId=version)
    assert versioned.versions() == []


def test_a_delete_marker_says_that_it_is_one(versioned, server):
    versioned.put("k", b"1")
    marker = versioned.delete_object("k")["VersionId"]
    status, headers, _ = signed(server, "GET", f"/{versioned.bucket}/{versioned.prefix}k")
    assert (status, headers["x-amz-delete-marker"]) == (404, "true")
    status, headers, _ = signed(server, "GET", f"/{versioned.bucket}/{versioned.prefix}k?versionId={marker}")
    assert (status, headers["x-amz-delete-marker"]) == (405, "true")


def test_a_delete_marker_has_no_content(versioned):
    versioned.put("k", b"1")
    marker = versioned.delete_object("k")["VersionId"]
    assert refusal(versioned.get_object, "k", VersionId=marker) == "405 MethodNotAllowed"


def test_a_version_that_is_not_there(versioned):
    version = versioned.put("k", b"1")["VersionId"]
    versioned.delete_object("k", VersionId=version)
    versioned.put("k", b"2")
    assert refusal(versioned.get_object, "k", VersionId=version) == "404 NoSuchVersion"


def test_the_null_version(s3, fresh_bucket):
    here = Here(s3, fresh_bucket)
    here.put("k", b"before")
    here.put_bucket_versioning(VersioningConfiguration={"Status": "Enabled"})
    later = here.put("k", b"later")["VersionId"]
    assert here.content("k", VersionId="null") == b"before"
    here.put_bucket_versioning(VersioningConfiguration={"Status": "Suspended"})
    here.put("k", b"suspended")
    assert here.content("k", VersionId="null") == b"suspended"
    assert sorted(row["VersionId"] for row in here.versions()) == sorted(["null", later])
    here.delete_object("k")
    assert refusal(here.get_object, "k") == "404 NoSuchKey"
    assert here.content("k", VersionId=later) == b"later"


def test_pages_of_versions(versioned):
    for key in ("a", "b", "c/d"):
        for body in (b"1", b"2"):
            versioned.put(key, body)
        versioned.delete_object(key)
    whole = versioned.list_object_versions(Prefix=versioned.prefix)
    assert (len(whole["Versions"]), len(whole["DeleteMarkers"])) == (6, 3)
    for size in (1, 2, 4):
        seen, at = [], {}
        while True:
            page = versioned.list_object_versions(Prefix=versioned.prefix, MaxKeys=size, **at)
            seen += [row["VersionId"] for row in page.get("Versions", []) + page.get("DeleteMarkers", [])]
            if not page["IsTruncated"]:
                break
            at = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
        assert len(seen) == 9
        assert set(seen) == {row["VersionId"] for row in whole["Versions"] + whole["DeleteMarkers"]}


def test_a_batch_of_versions(versioned):
    ids = [versioned.put("k", body)["VersionId"] for body in (b"1", b"2")]
    versioned.delete_objects(Delete={"Objects": [{"Key": versioned.prefix + "k", "VersionId": ids[1]}]})
    assert versioned.content("k") == b"1"
    done = versioned.delete_objects(Delete={"Objects": [{"Key": versioned.prefix + "k"}]})
    assert done["Deleted"][0]["DeleteMarker"]
    assert versioned.content("k", VersionId=ids[0]) == b"1"


# Locks


def soon(days=1):
    return datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=days)


def test_compliance_holds(s3, locked_bucket):
    here = Here(s3, locked_bucket)
    until = soon()
    version = here.put("k", b"1", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until,
                       ChecksumAlgorithm="CRC32")["VersionId"]
    assert here.head_object("k")["ObjectLockRetainUntilDate"] == until
    assert refusal(here.delete_object, "k", VersionId=version) == "403 AccessDenied"
    assert refusal(here.delete_object, "k", VersionId=version, BypassGovernanceRetention=True) == "403 AccessDenied"
    assert refusal(here.put_object_retention, "k", Retention={
        "Mode": "COMPLIANCE", "RetainUntilDate": until - timedelta(hours=1)}) == "403 AccessDenied"
    here.put_object_retention("k", Retention={"Mode": "COMPLIANCE", "RetainUntilDate": soon(2)})
    assert here.delete_object("k")["DeleteMarker"]
    assert here.content("k", VersionId=version) == b"1"


def test_governance_can_be_bypassed(s3, locked_bucket):
    here = Here(s3, locked_bucket)
    version = here.put("k", b"1")["VersionId"]
    here.put_object_retention("k", Retention={"Mode": "GOVERNANCE", "RetainUntilDate": soon()})
    assert here.get_object_retention("k")["Retention"]["Mode"] == "GOVERNANCE"
    assert refusal(here.delete_object, "k", VersionId=version) == "403 AccessDenied"
    here.delete_object("k", VersionId=version, BypassGovernanceRetention=True)


def test_a_legal_hold(s3, locked_bucket):
    here = Here(s3, locked_bucket)
    version = here.put("k", b"1", ObjectLockLegalHoldStatus="ON", ChecksumAlgorithm="CRC32")["VersionId"]
    assert here.get_object_legal_hold("k")["LegalHold"]["Status"] == "ON"
    assert refusal(here.delete_object, "k", VersionId=version, BypassGovernanceRetention=True) == "403 AccessDenied"
    here.put_object_legal_hold("k", LegalHold={"Status": "OFF"})
    here.delete_object("k", VersionId=version)


def test_a_batch_leaves_what_is_locked(s3, locked_bucket):
    here = Here(s3, locked_bucket)
    version = here.put("k", b"1", ObjectLockLegalHoldStatus="ON", ChecksumAlgorithm="CRC32")["VersionId"]
    done = here.delete_objects(Delete={"Objects": [{"Key": "k", "VersionId": version}]})
    assert [row["Code"] for row in done["Errors"]] == ["AccessDenied"]
    assert here.content("k") == b"1"


def test_a_bucket_gives_a_default_lock(s3, locked_bucket):
    here = Here(s3, locked_bucket)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 3}}
    here.put_object_lock_configuration(ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule})
    assert here.get_object_lock_configuration()["ObjectLockConfiguration"]["Rule"] == rule
    here.put("k", b"1")
    head = here.head_object("k")
    assert head["ObjectLockMode"] == "GOVERNANCE"
    assert timedelta(days=2.9) < head["ObjectLockRetainUntilDate"] - datetime.now(timezone.utc) < timedelta(days=3.1)


def test_locks_need_a_bucket_for_them(here, s3, locked_bucket):
    assert refusal(here.get_object_lock_configuration) == "404 ObjectLockConfigurationNotFoundError"
    assert refusal(here.put, "k", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=soon()) == "400 InvalidRequest"


def test_a_version_without_a_lock(s3, locked_bucket):
    Here(s3, locked_bucket).put("k")
    assert refusal(Here(s3, locked_bucket).get_object_retention, "k") == "404 NoSuchObjectLockConfiguration"


def test_versioning_of_a_locked_bucket_stays(s3, locked_bucket):
    assert refusal(s3.put_bucket_versioning, Bucket=locked_bucket,
                   VersioningConfiguration={"Status": "Suspended"}) == "409 InvalidBucketState"


# Buckets


def test_a_bucket_that_is_there(s3, plain_bucket):
    s3.head_bucket(Bucket=plain_bucket)
    assert plain_bucket in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert refusal(s3.head_bucket, Bucket="no-such-bucket") == "404 404"


def test_where_a_bucket_is(s3, plain_bucket):
    head = s3.head_bucket(Bucket=plain_bucket)["ResponseMetadata"]["HTTPHeaders"]
    assert head["x-amz-bucket-region"] == REGION
    assert s3.get_bucket_location(Bucket=plain_bucket)["LocationConstraint"] is None


def test_a_bucket_goes_when_it_is_empty(s3, fresh_bucket):
    s3.put_object(Bucket=fresh_bucket, Key="k")
    s3.delete_object(Bucket=fresh_bucket, Key="k")
    s3.delete_bucket(Bucket=fresh_bucket)
    assert refusal(s3.head_bucket, Bucket=fresh_bucket) == "404 404"


def test_a_bucket_with_an_object_stays(s3, fresh_bucket):
    s3.put_object(Bucket=fresh_bucket, Key="k")
    assert refusal(s3.delete_bucket, Bucket=fresh_bucket) == "409 BucketNotEmpty"


def test_rules_of_life(s3, fresh_bucket):
    here = Here(s3, fresh_bucket)
    assert refusal(here.get_bucket_lifecycle_configuration) == "404 NoSuchLifecycleConfiguration"
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "tmp/"},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3}}
    here.put_bucket_lifecycle_configuration(LifecycleConfiguration={"Rules": [rule]})
    assert here.get_bucket_lifecycle_configuration()["Rules"] == [rule]
    here.delete_bucket_lifecycle()
    assert refusal(here.get_bucket_lifecycle_configuration) == "404 NoSuchLifecycleConfiguration"


def test_answers_have_an_id_and_a_date(s3, plain_bucket):
    headers = s3.head_bucket(Bucket=plain_bucket)["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amz-request-id"] and headers["date"].endswith("GMT")


def test_each_deviation_is_one_of_a_test():
    """A name that is misspelt would excuse nothing, and stay when its test goes."""
    tests = {name for name in globals() if name.startswith("test_")}
    for known in DEVIATIONS.values():
        assert {name.partition("[")[0] for name in known} <= tests
