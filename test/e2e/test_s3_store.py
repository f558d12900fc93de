"""The store over S3 on real servers: its own test program, once for each of them."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from s3_servers import REGION, Ministack, SeaweedFs

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build/test/programs/s3_store_tests"  # built by tools/dev.d/e2e
BUCKET = "lc2-store"
BYTE_ORDER = {SeaweedFs: "0", Ministack: "1"}
# Ministack compares the checksum of an upload's parts with the call that puts them together.
CHECKSUMS = {SeaweedFs: "1", Ministack: "0"}


@pytest.mark.parametrize("server", [SeaweedFs, Ministack], ids=lambda server: server.__name__)
def test_the_store_does_what_every_store_does(server):
    with server() as s3:
        s3.client().create_bucket(Bucket=BUCKET)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        environment |= {"LC2_S3_ENDPOINT": s3.endpoint, "LC2_S3_BUCKET": BUCKET, "AWS_REGION": REGION,
                        "LC2_S3_BYTE_ORDER": BYTE_ORDER[server],
                        "LC2_S3_CHECKSUMS": CHECKSUMS[server], "AWS_ACCESS_KEY_ID": s3.id,
                        "AWS_SECRET_ACCESS_KEY": s3.secret}
        done = subprocess.run([PROGRAM], env=environment, text=True, check=False, timeout=300,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout[-6000:]
        assert int(re.search(r"PASSED  \] (\d+) tests", done.stdout)[1]) >= 25
