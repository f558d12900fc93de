"""S3 servers for tests, each with a user "lc2" whose keys are `id` and `secret`.

    with SeaweedFs() as store: ...      the wide one; lists in another order than S3, see its verdict below
    with Ministack() as store: ...      byte order and odd keys as S3 has them; STS, IAM
    with S3Sim() as store: ...          our own, test/fakes/s3sim; faults on order, and further options of the program

SeaweedFS lists `a/b` before `a b`, takes `\\` for `/` and drops empty segments of a key; `.` and `..` it refuses.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN = 60
REGION = "us-east-1"


def free_ports(count, most=65_535):
    """Loopback ports that nobody listens on now."""
    held = []
    while len(held) < count:
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        if sock.getsockname()[1] <= most:
            held.append(sock)
        else:
            sock.close()
    ports = [sock.getsockname()[1] for sock in held]
    for sock in held:
        sock.close()
    return ports


class Server:
    """`command(folder)` gives what to start and its environment, `is_ready()` whether it answers."""

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="lc2-s3-"))
        command, environment = self.command(self.folder)
        self.log = self.folder / "server.log"
        with self.log.open("wb") as log:
            self.child = subprocess.Popen(command, env={**os.environ, **environment}, cwd=self.folder,
                                          stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + READY_WITHIN
        while not self.is_ready():
            if self.child.poll() is not None or time.monotonic() > deadline:
                said = self.log.read_text(errors="replace")[-3000:]
                self.__exit__()
                raise AssertionError(f"{type(self).__name__} is not ready\n{said}")
            time.sleep(0.05)
        self.prepare()
        return self

    def __exit__(self, *_):
        # SIGTERM takes SeaweedFS half a minute, and nothing of it is to be kept.
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def prepare(self):
        pass

    def status_of(self, url):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as answer:
            return answer.code
        except OSError:
            return None

    @property
    def endpoint(self):
        return f"http://{self.host}"

    def client(self, service="s3", **keys):
        """An independent client."""
        keys = keys or {"aws_access_key_id": self.id, "aws_secret_access_key": self.secret}
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, **keys,
                            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}))


class SeaweedFs(Server):
    id, secret = "LC2SEAWEED", "seaweed/Secret+Key"

    def command(self, folder):
        # Each of its parts listens on a second port, 10,000 above the first.
        master, volume, filer, port = free_ports(4, most=55_000)
        self.host, self.health = f"127.0.0.1:{port}", f"http://127.0.0.1:{port}/healthz"
        keys = {"accessKey": self.id, "secretKey": self.secret}
        identity = {"name": "lc2", "credentials": [keys], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        (folder / "data").mkdir()
        program = Path(sys.executable).with_name("weed")
        return [program, "server", f"-dir={folder}/data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
                "-master.telemetry=false", f"-master.port={master}", f"-volume.port={volume}", "-filer",
                f"-filer.port={filer}", "-s3", f"-s3.port={port}", "-s3.port.iceberg=0", "-s3.port.lance=0",
                f"-s3.config={folder}/s3.json", "-volume.max=1000", "-master.volumeSizeLimitMB=256"
                ], {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}

    def is_ready(self):
        return self.status_of(self.health) == 200


class Ministack(Server):
    def command(self, folder):
        port, = free_ports(1)
        self.host = f"127.0.0.1:{port}"
        return [Path(sys.executable).with_name("ministack")], {
            "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1", "GATEWAY_PORT": str(port),
            "EDGE_PORT": str(port), "AUTH": "true", "STATE_DIR": str(folder)}

    def is_ready(self):
        return self.status_of(self.endpoint) is not None

    def prepare(self):
        """A user: for the account itself any secret would do."""
        iam = self.client("iam", aws_access_key_id="test", aws_secret_access_key="test")
        iam.create_user(UserName="lc2")
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        iam.put_user_policy(UserName="lc2", PolicyName="all", PolicyDocument=json.dumps(policy))
        keys = iam.create_access_key(UserName="lc2")["AccessKey"]
        self.id, self.secret = keys["AccessKeyId"], keys["SecretAccessKey"]


class S3Sim(Server):
    id, secret = "LC2S3SIM", "s3sim/Secret+Key"

    def __init__(self, *options):
        self.options = options

    def command(self, folder):
        program = Path(os.environ.get("LC2_BUILD") or ROOT / "build") / "test/fakes/s3sim/s3sim"
        if not os.access(program, os.X_OK):
            raise AssertionError(f"there is no program at '{program}'; './dev e2e' builds it")
        return [program, "--listen", "127.0.0.1:0", "--key", f"{self.id}:{self.secret}", *self.options], {}

    def is_ready(self):
        """It says where it listens as soon as it does."""
        first, line_end, _ = self.log.read_text().partition("\n")
        self.host = first
        return line_end == "\n" and first.startswith("127.0.0.1:")
