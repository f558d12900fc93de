"""A receiver of webhook calls on loopback that verifies each signature by itself, as a receiver's own
program would: headers and scheme of https://www.standardwebhooks.com, nothing of lc2."""

import base64
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = "whsec_" + base64.b64encode(b"MARKED-secret-of-a-webhook-MARKED").decode()
TOKEN = "MARKED-token-in-a-url"
HANG = "hang"  # an answer that does not come


def is_signed(headers, body, secret):
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = [one.removeprefix("v1,") for one in headers["webhook-signature"].split(" ")]
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 300
    return fresh and any(hmac.compare_digest(one, wanted) for one in given)


class Call:
    def __init__(self, headers, body, signed):
        self.headers, self.raw, self.signed = headers, body, signed
        self.id, self.json = headers["webhook-id"], json.loads(body)
        self.type, self.data = self.json["type"], self.json["data"]


class Receiver:
    """`answers` holds the statuses of the next calls (or HANG); then each gets 204. `calls` is what
    came."""

    def __init__(self, secret=SECRET):
        self.calls, self.answers = [], []
        self.released = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.calls.append(Call(self.headers, body, is_signed(self.headers, body, secret)))
                answer = receiver.answers.pop(0) if receiver.answers else 204
                if answer == HANG:
                    receiver.released.wait()
                    self.close_connection = True
                    return
                self.send_response(answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/hook?token={TOKEN}"

    def types(self):
        return [call.type for call in self.calls]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.released.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def write_secret(home, value=SECRET, name="hook"):
    folder = home / "secrets" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "webhookSecret").write_text(value + "\n")


def with_webhook(yaml, url, kind="LiferayEnvironment"):
    """The documents of `lc2 env init` with a webhook in those of one kind."""
    documents = yaml.split("---\n")
    for number, document in enumerate(documents):
        if f"kind: {kind}\n" in document:
            assert document.count("\nspec:\n") == 1
            webhook = f'\nspec:\n  webhook:\n    url: "{url}"\n    secret:\n      name: hook\n'
            documents[number] = document.replace("\nspec:\n", webhook)
    return "---\n".join(documents)
