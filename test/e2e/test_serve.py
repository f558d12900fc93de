"""`lc2 serve`: requests are done as they come, a stop leaves what runs to the next one."""

import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from cli_site import bare_site, fake_client, site  # noqa: F401
from test_cli_interrupt import ENDLESS_DUMP, is_alive, wait_for_pid

pytestmark = pytest.mark.pg(15)

CONFLICT = 5
REQUEST = """apiVersion: backup.liferay.cloud/v1alpha1
kind: BackupRequest
metadata: {{name: {name}, namespace: proj-retail-prd}}
spec: {{projectId: retail, environment: prd}}
---
"""


def serve(site, *args, **env):
    """Starts a service; what it says goes to `serve.log` of the site, after what others said."""
    log = site.folder / "serve.log"
    with open(log, "ab") as file:
        before = file.tell()
        child = subprocess.Popen(site.lc2.command("serve", "--log-level", "info", *args),
                                 env={**site.lc2.env, **env}, stdin=subprocess.DEVNULL,
                                 stdout=file, stderr=file)
    child.said = lambda: log.read_bytes()[before:].decode()
    wait_until(lambda: "\n" in child.said() or child.poll() is not None)
    assert "serving" in child.said()
    child.url = re.search(r"http://127\.0\.0\.1:\d+", child.said()).group()
    return child


def is_ready(child):
    try:
        return get(child.url + "/readyz")[1] == "ok\n"
    except urllib.error.HTTPError as not_yet:
        assert not_yet.code == 503
        return False


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def stop(child, number=signal.SIGTERM):
    child.send_signal(number)
    child.wait(timeout=60)
    assert child.returncode == 0, child.said()
    return child.said()


@pytest.fixture
def served(site):
    child = serve(site)
    yield site
    if child.poll() is None:
        stop(child)


def requests(site):
    return {item["metadata"]["name"]: item["status"]
            for item in site.lc2("get", "br", "-o", "json").json()["items"] if "status" in item}


def wait_until(what, seconds=60, otherwise=lambda: "it never came"):
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.05)
    return found


def states(site):
    return [status["state"] for status in requests(site).values()]


def test_applied_requests_are_done_without_waiting(served):
    names = [f"by-serve-{number}" for number in range(4)]
    applied = served("apply", "-f", "-", stdin="".join(REQUEST.format(name=n) for n in names))
    assert applied.stdout.count("created") == 4 and "Succeeded" not in applied.stdout
    wait_until(lambda: states(served) == ["Succeeded"] * 4)
    for status in requests(served).values():
        served("backup", "verify", "--full", status["backupId"])
        assert "Queued" not in [condition["type"] for condition in status["conditions"]]


def test_create_waits_for_the_serve_and_says_how_it_ended(served):
    made = served("backup", "create", "-o", "json").json()
    assert made["status"]["state"] == "Succeeded"
    served.write("20097/20123/4301/1.0", b"short")
    failed = served("backup", "create", "-o", "json", exit_code=None)
    assert failed.returncode != 0 and failed.json()["status"]["state"] == "Failed"
    assert "error:" in failed.stderr and "HINT:" in failed.stderr


def test_apply_with_wait_waits(served):
    done = served("apply", "--wait", "-f", "-", stdin=REQUEST.format(name="waited-for"))
    assert done.stdout == "backuprequest/waited-for created, Succeeded\n"


def test_second_serve_is_refused(served):
    second = served("serve", exit_code=CONFLICT)
    assert "another 'lc2 serve'" in second.stderr and "HINT:" in second.stderr
    assert served.backup(), "the first one was not disturbed"


def test_requests_of_one_database_wait_with_a_place_and_a_reason(site):
    child = serve(site, LC2_CLIENT_PATH=str(
        fake_client(site, ENDLESS_DUMP.replace("{trap}", ""))))
    try:
        site("apply", "-f", "-", stdin="".join(REQUEST.format(name=f"q-{n}") for n in range(3)))
        wait_for_pid(site, child)

        def queued():
            return {name: condition for name, status in requests(site).items()
                    for condition in status["conditions"] if condition["type"] == "Queued"}

        wait_until(lambda: len(queued()) == 2)
        assert sorted(c["message"] for c in queued().values()) == [
            "number 1 of its project", "number 2 of its project"]
        assert {c["reason"] for c in queued().values()} == {"DatabaseLimit"}
    finally:
        stop(child)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_stopped_in_mid_backup_the_next_serve_resumes_it(site, number):
    child = serve(site, LC2_CLIENT_PATH=str(
        fake_client(site, ENDLESS_DUMP.replace("{trap}", ""))))
    site("apply", "-f", "-", stdin=REQUEST.format(name="cut-short"))
    dump = wait_for_pid(site, child)
    wait_until(lambda: states(site) == ["InProgress"])
    before = requests(site)["cut-short"]
    if number == signal.SIGKILL:
        child.kill()
        child.wait(timeout=60)
    else:
        stop(child)
    wait_until(lambda: not is_alive(dump))
    assert states(site) == ["InProgress"], "that was nobody's wish to cancel it"
    assert not list(site.vault.rglob("manifest.json"))

    again = serve(site)
    try:
        wait_until(lambda: states(site) == ["Succeeded"],
                   otherwise=lambda: f"{requests(site)}\n{again.said()}")
    finally:
        stop(again)
    after = requests(site)["cut-short"]
    assert after["backupId"] == before["backupId"] and after["attempts"] == 2
    assert len(list(site.vault.rglob("manifest.json"))) == 1
    site("backup", "verify", "--full", after["backupId"])


def test_interrupted_wait_cancels_the_request(site):
    child = serve(site, LC2_CLIENT_PATH=str(
        fake_client(site, ENDLESS_DUMP.replace("{trap}", ""))))
    try:
        waiting = subprocess.Popen(site.lc2.command("backup", "create"), env=site.lc2.env, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        dump = wait_for_pid(site, waiting)
        waiting.send_signal(signal.SIGINT)
        waiting.communicate(timeout=60)
        assert waiting.returncode == 10
        assert states(site) == ["Cancelled"]
        wait_until(lambda: not is_alive(dump))
    finally:
        stop(child)


def test_health_and_metrics_are_read_by_prometheus_own_parser(site):
    parser = pytest.importorskip("prometheus_client.parser", reason="prometheus_client is missing")
    child = serve(site)
    try:
        assert get(child.url + "/healthz")[1] == "ok\n"
        wait_until(lambda: is_ready(child))
        made = site("backup", "create", "-o", "json").json()["status"]
        kind, text = get(child.url + "/metrics")
        assert kind.startswith("text/plain; version=0.0.4")
        samples = {(sample.name, *sorted(sample.labels.items())): sample.value
                   for family in parser.text_string_to_metric_families(text)
                   for sample in family.samples}
        where = [("environment", "prd"), ("project_id", "retail")]
        assert samples[("backup_requests_total", *where, ("state", "Succeeded"))] == 1
        assert samples[("backup_database_size_bytes", *where)] == made["database"]["sizeBytes"]
        assert samples[("backup_dl_size_bytes", *where)] == (
            made["documentLibrary"]["totalSizeBytes"])
        assert abs(samples[("lc2_last_success_timestamp_seconds", *where)] - time.time()) < 120
        with pytest.raises(urllib.error.HTTPError) as missing:
            get(child.url + "/elsewhere")
        assert missing.value.code == 404
        with pytest.raises(urllib.error.HTTPError) as changed:
            get(urllib.request.Request(child.url + "/healthz", method="DELETE"))
        assert changed.value.code == 405
    finally:
        stop(child)


@pytest.mark.parametrize("address", ["0.0.0.0:0", "nonsense", "127.0.0.1:99999"])
def test_an_address_that_others_reach_is_refused(site, address):
    refused = site("serve", "--listen", address, exit_code=2)
    assert "cannot listen on" in refused.stderr and "HINT:" in refused.stderr
