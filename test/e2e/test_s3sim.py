"""The S3 simulator as a program: what its options do, as an independent client sees it. What it does as an S3 is in
test_s3_conformance.py."""

import json
import time

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ResponseStreamingError

from s3_servers import S3Sim


def faults(tmp_path, **options):
    path = tmp_path / "faults.json"
    path.write_text(json.dumps(options))
    return "--faults", str(path)


def outcome(call, **named):
    """"200", "503 SlowDown", or what became of the connection."""
    try:
        return str(call(**named)["ResponseMetadata"]["HTTPStatusCode"])
    except ClientError as error:
        answer = error.response
        return f"{answer['ResponseMetadata']['HTTPStatusCode']} {answer['Error']['Code']}"
    except ConnectionClosedError:
        return "closed"


def test_buckets_are_made_and_filled():
    with S3Sim("--bucket", "a:versioned", "--bucket", "b:lock", "--fill", "a/docs/:2500:3000", "--fill",
               "b/huge/:1:5497558138880") as sim:
        s3 = sim.client()
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket="a", Prefix="docs/")
        rows = [row for page in pages for row in page["Contents"]]
        assert [row["Key"] for row in rows] == [f"docs/{number:09}" for number in range(2_500)]
        assert {row["Size"] for row in rows} == {3_000}
        assert len({row["ETag"] for row in rows}) == 2_500
        assert s3.get_bucket_versioning(Bucket="a")["Status"] == "Enabled"
        assert s3.get_object_lock_configuration(Bucket="b")
        # 5 TiB.
        tail = s3.get_object(Bucket="b", Key="huge/000000000", Range="bytes=-3")
        assert tail["ContentRange"] == "bytes 5497558138877-5497558138879/5497558138880"
        assert len(tail["Body"].read()) == 3


def test_it_ends_at_once():
    with S3Sim("--bucket", "a", "--fill", "a/:100000:100", "--digests", "no") as sim:
        began = time.monotonic()
        sim.child.terminate()
        assert sim.child.wait(timeout=10) == 0
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("options", [["--bucket", "a:odd"], ["--fill", "none/x:1:1"], ["--what", "x"],
                                     ["--listen", "0.0.0.0:0"], ["--seed"]], ids=lambda options: options[0])
def test_what_means_nothing_is_refused(options):
    with pytest.raises(AssertionError, match="error: "):
        S3Sim(*options).__enter__()


def test_a_storm_is_the_same_each_time(tmp_path):
    rates = {"slowDown": 0.2, "internalError": 0.1, "resetBeforeHeaders": 0.1, "answerLost": 0.1}

    def storm(*options):
        with S3Sim("--bucket", "a", *faults(tmp_path, seed=4, maxConsecutive=2, rates=rates), *options) as sim:
            s3 = sim.client()
            return [outcome(s3.put_object, Bucket="a", Key=f"k{number}", Body=b"x")
                    for number in range(40) for _ in range(3)]

    first = storm()
    assert first == storm()
    assert first != storm("--seed", "5")
    assert {"200", "503 SlowDown", "500 InternalError", "closed"} == set(first)
    # Of three times, one at least is served.
    assert all("200" in first[at:at + 3] for at in range(0, 120, 3))


def test_a_body_that_is_cut(tmp_path):
    with S3Sim("--bucket", "a", "--fill", "a/k:1:100000", *faults(tmp_path, rates={"truncatedBody": 1})) as sim:
        body = sim.client().get_object(Bucket="a", Key="k000000000")["Body"]
        with pytest.raises(ResponseStreamingError, match="IncompleteRead"):
            body.read()


def test_a_rate_that_is_allowed(tmp_path):
    """Of 60 requests at once, a burst is served and the others are told to wait."""
    limits = {"writesPerSecond": 1, "burstSeconds": 5, "depth": 1}
    with S3Sim("--bucket", "a", *faults(tmp_path, throttle=limits)) as sim:
        s3 = sim.client()
        told = [outcome(s3.put_object, Bucket="a", Key=f"one/{number}") for number in range(60)]
        assert told[:5] == ["200"] * 5
        assert told.count("503 SlowDown") >= 40
        assert outcome(s3.put_object, Bucket="a", Key="other/k") == "200"


def test_a_service_that_takes_its_time(tmp_path):
    with S3Sim("--bucket", "a", *faults(tmp_path, latency={"medianMicros": 200_000})) as sim:
        s3 = sim.client()
        began = time.monotonic()
        s3.head_bucket(Bucket="a")
        assert time.monotonic() - began >= 0.2


def test_a_clock_that_is_wrong(tmp_path):
    with S3Sim("--bucket", "a", *faults(tmp_path, clockSkewSeconds=3_600)) as sim:
        assert outcome(sim.client().list_objects_v2, Bucket="a") == "403 RequestTimeTooSkewed"
