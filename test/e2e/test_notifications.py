"""Webhooks: what happened is told once, signed, and not lost when receivers hang or lc2 is killed."""

import os
import re
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from cli_site import bare_site, site  # noqa: F401
from conftest import ROOT
from test_serve import REQUEST, get, serve, stop, wait_until
from webhook_receiver import HANG, SECRET, TOKEN, Receiver, with_webhook, write_secret

pytestmark = pytest.mark.pg(15)

UNAVAILABLE, INVALID, DENIED = 8, 2, 6
DOCUMENT = "20097/20123/4301/1.0"
GENUINE = b"first draft\n"
PRD = ("--project", "retail", "--environment", "prd")
LONG = 180  # seconds: a call that hangs, its pause, and two looks


@pytest.fixture
def receiver():
    with Receiver() as started:
        yield started


def environment(site, name="retail-prd"):
    return site("get", "environment", name, "-o", "json").json()


def deliveries(site):
    return environment(site).get("status", {}).get("notifications", {}).get("deliveries", [])


def condition(site):
    found = environment(site)["status"]["conditions"]
    return next(one for one in found if one["type"] == "Notified")


def hook(site, url, kind="LiferayEnvironment"):
    write_secret(site.lc2.home)
    site("apply", "-f", "-", stdin=with_webhook(site.yaml.read_text(), url, kind))


def serve_seen(site):
    """A service that has seen the webhook: what happens from now on is told."""
    child = serve(site, "--log-level", "debug")
    wait_until(lambda: "notifications" in environment(site).get("status", {}))
    return child


def end(site, child):
    """Stops the service; nothing secret is in what it said and stored."""
    said = stop(child)
    stored = b"".join(file.read_bytes() for file in site.lc2.home.glob("store.db*"))
    for secret in (SECRET, SECRET.removeprefix("whsec_"), "MARKED-secret"):
        assert secret not in said and secret.encode() not in stored
    assert TOKEN not in said
    return said


def fail(site):
    site.write(DOCUMENT, b"short")
    done = site(*PRD, "backup", "create", "-o", "json", exit_code=None)
    assert done.json()["status"]["state"] == "Failed"
    site.write(DOCUMENT, GENUINE)
    return done.json()


def refuse(site, name, environment="prd"):
    """A request that ends as Failed at its first look."""
    text = REQUEST.format(name=name).replace("prd", environment).replace(
        "}\n---", ", documentLibrary: {sourceBucket: /elsewhere}}\n---")
    site("apply", "-f", "-", stdin=text)


def test_failure_and_recovery_are_told_signed_and_recorded(site, receiver):
    fail(site)  # before there is a webhook: nobody is told
    next_second = int(time.time()) + 1  # times in a record have whole seconds
    wait_until(lambda: time.time() >= next_second)
    hook(site, receiver.url)
    child = serve_seen(site)
    failed = fail(site)
    wait_until(lambda: receiver.calls)
    good = site("backup", "create", "-o", "json").json()
    wait_until(lambda: len(receiver.calls) == 2)
    wait_until(lambda: [d["state"] for d in deliveries(site)] == ["Delivered"] * 2)
    metrics = get(child.url + "/metrics")[1]
    end(site, child)

    assert all(call.signed for call in receiver.calls)
    first, second = receiver.calls
    assert first.type == "backup.failed" and second.type == "backup.recovered"
    assert first.json["version"] == "1"
    assert first.json["timestamp"] == failed["status"]["completionTime"]
    assert first.data["subject"] == {"kind": "BackupRequest", "namespace": "proj-retail-prd",
                                     "name": failed["metadata"]["name"]}
    assert (first.data["projectId"], first.data["environment"]) == ("retail", "prd")
    assert first.data["backupId"] == failed["status"]["backupId"]
    assert "HINT:" in first.data["message"]
    assert second.data["subject"]["name"] == good["metadata"]["name"]
    assert second.data["failingSince"] == first.json["timestamp"]
    assert [call.id for call in receiver.calls] == [d["id"] for d in deliveries(site)]
    assert condition(site)["reason"] == "Delivered"
    assert "state: Delivered" in site("describe", "environment", "retail-prd").stdout
    for event in ("Failed", "Recovered"):
        assert f'lc2_notifications_total{{event="{event}",state="Delivered"}} 1\n' in metrics


def test_damage_found_by_verify_is_told_through_the_locations_webhook(site, receiver):
    backup = site.backup()
    hook(site, receiver.url, "BackupLocation")
    child = serve_seen(site)
    for file in (site.vault / "retail" / "prd" / "pool").rglob("*"):
        if file.is_file() and file.stat().st_size > 0:
            file.chmod(0o644)
            file.write_bytes(b"x" * file.stat().st_size)
    assert site("backup", "verify", "--full", backup, exit_code=None).returncode != 0
    wait_until(lambda: receiver.calls)
    wait_until(lambda: [d["state"] for d in deliveries(site)] == ["Delivered"])
    end(site, child)
    (call,) = receiver.calls
    assert call.signed and call.type == "backup.damaged"
    assert call.data["backupId"] == backup == call.data["subject"]["name"]
    assert call.data["message"] == "Full verification found damage"


def test_a_receiver_that_hangs_delays_nobody_and_nothing_is_lost(site, receiver):
    receiver.answers = [HANG] * 4
    hook(site, receiver.url)
    with Receiver() as other:
        uat = site("--project", "retail", "--environment", "uat", "env", "init",
                   *site.init_options()).stdout
        site("apply", "-f", "-", stdin=with_webhook(uat, other.url))
        child = serve_seen(site)
        wait_until(lambda: "notifications" in environment(site, "retail-uat").get("status", {}))
        fail(site)
        wait_until(lambda: receiver.calls)
        # While that call hangs, the other environment is told and this one backed up.
        refuse(site, "elsewhere", "uat")
        wait_until(lambda: other.calls)
        site(*PRD, "backup", "create")
        assert deliveries(site)[0]["state"] == "Pending"
        assert other.types() == ["backup.failed"] and other.calls[0].signed
        wait_until(lambda: [d["state"] for d in deliveries(site)] == ["Delivered"] * 2, LONG)
        end(site, child)
    told = {call.id: call.type for call in receiver.calls}
    assert sorted(told.values()) == ["backup.failed", "backup.recovered"]
    assert receiver.types().count("backup.failed") >= 2, "the same id, another time"
    assert not receiver.answers, "all four calls hung"


def test_refused_calls_are_repeated_until_one_is_taken(site, receiver):
    receiver.answers = [500, 503, 302]
    hook(site, receiver.url)
    child = serve_seen(site)
    refuse(site, "nightly")
    wait_until(lambda: receiver.calls)
    wait_until(lambda: condition(site)["reason"] == "Retrying")
    assert "status 50" in condition(site)["message"]
    wait_until(lambda: [d["state"] for d in deliveries(site)] == ["Delivered"], LONG)
    said = end(site, child)
    assert len(receiver.calls) == 4 and all(call.signed for call in receiver.calls)
    assert len({call.id for call in receiver.calls}) == 1
    assert len({call.raw for call in receiver.calls}) == 1
    assert deliveries(site)[0]["attempts"] == 4
    assert "the webhook answered with status 500" in said


def test_killed_between_record_and_call_the_next_serve_calls_with_the_same_id(site, receiver):
    receiver.answers = [HANG]
    hook(site, receiver.url)
    child = serve_seen(site)
    refuse(site, "nightly")
    wait_until(lambda: receiver.calls)
    (before,) = deliveries(site)
    assert before["state"] == "Pending" and before["attempts"] == 0
    child.kill()
    child.communicate(timeout=60)

    again = serve(site)
    wait_until(lambda: [d["state"] for d in deliveries(site)] == ["Delivered"])
    end(site, again)
    first, second = receiver.calls
    assert first.id == second.id == before["id"] and first.raw == second.raw
    assert second.signed


def test_the_page_says_how_to_verify_a_signature_by_hand(site, receiver, tmp_path):
    hook(site, receiver.url)
    site("notify", "test")
    (call,) = receiver.calls
    page = (ROOT / "docs" / "notifications.md").read_text()
    (script,) = [block for block in re.findall(r"```sh\n(.*?)```", page, re.S) if "hexkey" in block]
    (tmp_path / "body").write_bytes(call.raw)
    (tmp_path / "webhookSecret").write_text(SECRET + "\n")
    names = {"id": call.id, "timestamp": call.headers["webhook-timestamp"]}
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env={**os.environ, **names},
                          capture_output=True, text=True, check=True)
    assert "v1," + done.stdout.strip() == call.headers["webhook-signature"]


def test_test_event(site, receiver):
    hook(site, receiver.url)
    done = site("notify", "test")
    assert done.stdout == "the webhook of 'retail-prd' took the test event, status 204\n"
    asked = site("notify", "test", "-o", "json").json()
    assert asked == {"environment": "retail-prd", "id": receiver.calls[1].id, "status": 204}
    assert receiver.types() == ["test"] * 2 and all(call.signed for call in receiver.calls)
    assert deliveries(site) == []

    receiver.answers = [500]
    refused = site("notify", "test", exit_code=UNAVAILABLE)
    assert "status 500" in refused.stderr and "HINT:" in refused.stderr
    for secret in ("short", "whsec_short"):
        write_secret(site.lc2.home, secret)
        refused = site("--log-level", "debug", "notify", "test", exit_code=INVALID)
        assert "secret 'hook'" in refused.stderr and secret not in refused.stderr


@pytest.mark.parametrize("url, secret, said", [
    ("http://hooks.example.org/", "hook", "must begin with https:// unless it is localhost"),
    ("https://me:MARKED@hooks.example.org/", "hook", "must not hold a user name or password"),
    ("https://hooks.example.org/", '""', "every call is signed"),
])
def test_webhooks_that_are_refused(site, url, secret, said):
    text = with_webhook(site.yaml.read_text(), url).replace("name: hook", f"name: {secret}")
    refused = site("apply", "-f", "-", stdin=text, exit_code=INVALID)
    assert "spec.webhook." in refused.stderr and said in refused.stderr
    assert "MARKED" not in refused.stderr and "HINT:" in refused.stderr
    missing = site("notify", "test", exit_code=INVALID)
    assert "has a webhook" in missing.stderr and "HINT:" in missing.stderr


def test_a_certificate_that_nobody_vouches_for_is_refused(site, tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=hooks",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", tmp_path / "key.pem",
                    "-out", tmp_path / "cert.pem"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")

    class Quiet(HTTPServer):
        def handle_error(self, *_):
            pass

    server = Quiet(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        hook(site, f"https://localhost:{server.server_address[1]}/")
        refused = site("notify", "test", exit_code=DENIED)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert "its certificate is not accepted" in refused.stderr and "HINT:" in refused.stderr
