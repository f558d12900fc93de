"""Schedules: what `lc2 serve` makes by itself, and `lc2 schedule`."""

import datetime
import json
import signal

import pytest

from cli_site import bare_site, site  # noqa: F401
from test_serve import get, requests, serve, stop, wait_until

pytestmark = pytest.mark.pg(15)

INVALID = 2
NOT_FOUND = 3
SCHEDULE = """apiVersion: backup.liferay.cloud/v1alpha1
kind: BackupSchedule
metadata: {{name: {name}, namespace: proj-retail-prd}}
spec: {{schedule: "{cron}"{more}}}
"""


def schedule(name="nightly", cron="0 2 * * *", more=""):
    return SCHEDULE.format(name=name, cron=cron, more=more and ", " + more)


def stored(site, name="nightly"):
    return site("get", "bs", name, "-n", "proj-retail-prd", "-o", "json").json()


def by_schedule(site, name):
    return {key: status for key, status in requests(site).items() if key.startswith(name + "-2")}


def minute_of(name):
    return datetime.datetime.strptime(name[-15:], "%Y%m%d-%H%M%S")


def test_a_killed_service_makes_each_minute_once(site):
    site("apply", "-f", "-", stdin=schedule("always", "* * * * *",
                                            "retention: {last: 2}, template: {spec: {retentionDays: 7}}"))
    site("apply", "-f", "-", stdin=schedule("never", "* * * * *", "suspend: true"))
    child = serve(site)
    wait_until(lambda: by_schedule(site, "always"), seconds=90)
    child.send_signal(signal.SIGKILL)  # in the midst of it, or shortly after
    child.wait(timeout=60)
    again = serve(site)
    try:
        wait_until(lambda: [s.get("state") for s in by_schedule(site, "always").values()]
                   == ["Succeeded"] * len(by_schedule(site, "always")))
        wait_until(lambda: stored(site, "always")["status"].get("lastSuccessTime"))
        metrics = get(again.url + "/metrics")[1]
        assert 'lc2_expected_interval_seconds{project_id="retail",environment="prd"} 60\n' in metrics
    finally:
        stop(again)
    made = by_schedule(site, "always")
    minutes = sorted(minute_of(name) for name in made)
    assert all(minute.second == 0 for minute in minutes)
    assert all(b - a == datetime.timedelta(minutes=1) for a, b in zip(minutes, minutes[1:]))
    assert not by_schedule(site, "never")
    status = stored(site, "always")["status"]
    assert minute_of(max(made)).strftime("%Y-%m-%dT%H:%M:%SZ") == status["lastScheduleTime"]
    assert "lastMissedTime" not in status
    for request in made.values():
        record = site("backup", "get", request["backupId"], "-o", "json").json()
        assert record["initiator"] == "schedule/always" and record["backupType"] == "automatic"
    explained = site("retention", "explain", "-o", "json").json()["items"]
    assert any(reason.startswith("among the newest (last 1 of 2)")
               for reason in explained[0]["reasons"])


def test_what_cannot_be_is_refused_with_field_and_hint(site):
    for cron, more, field in [
        ("0 0 31 2 *", "", "spec.schedule"),
        ("61 * * * *", "", "spec.schedule"),
        ("* * * *", "", "spec.schedule"),
        ("@sometimes", "", "spec.schedule"),
        ("0 2 * * *", "timeZone: Europe/Atlantis", "spec.timeZone"),
        ("0 2 * * *", "timeZone: ../../etc/passwd", "spec.timeZone"),
        ("0 2 * * *", "concurrencyPolicy: Allow", "spec.concurrencyPolicy"),
        ("0 2 * * *", "startingDeadlineSeconds: 5", "spec.startingDeadlineSeconds"),
        ("0 2 * * *", "template: {spec: {retentionDays: 3}}", "spec.template.spec.retentionDays"),
        ("0 2 * * *", "template: {spec: {deletionPolicy: Delete}}", "spec.template.spec.deletionPolicy"),
        ("0 2 * * *", "retention: {daily: -1}", "spec.retention.daily"),
    ]:
        refused = site("apply", "-f", "-", stdin=schedule(cron=cron, more=more), exit_code=INVALID)
        assert field in refused.stderr and refused.stdout == ""
    nowhere = site("apply", "-f", "-", stdin=schedule().replace(", namespace: proj-retail-prd", ""),
                   exit_code=INVALID)
    assert "metadata.namespace" in nowhere.stderr
    twice = site("apply", "-f", "-", stdin=schedule() + "---\n" + schedule(cron="0 3 * * *"),
                 exit_code=INVALID)
    assert "twice" in twice.stderr
    assert site("get", "schedules").stdout == ""


def test_list_tells_the_next_times_in_their_zone(site):
    assert "there are no schedules" in site("schedule", "list").stderr
    site("apply", "-f", "-", stdin=schedule("leap", "0 12 29 2 *", "timeZone: Asia/Tokyo"))
    site("apply", "-f", "-", stdin=schedule("paused", "0 2 * * *", "suspend: true"))
    listed = site("schedule", "list")
    assert "no 'lc2 serve' runs" in listed.stderr
    rows = {line.split()[0]: line for line in listed.stdout.splitlines()[1:]}
    assert "-02-29T03:00:00Z" in rows["leap"] and rows["leap"].endswith("ready")
    assert rows["paused"].endswith("suspended")
    items = site("schedule", "list", "-o", "json").json()["items"]
    assert [item["metadata"]["name"] for item in items] == ["leap", "paused"]
    assert "-02-29T03:00:00Z" in items[0]["status"]["nextTime"]
    assert "nextTime" not in items[1]["status"]


def test_run_makes_the_backup_of_the_schedule_now(site):
    site("apply", "-f", "-",
         stdin=schedule(more="template: {spec: {retentionDays: 77, verify: Exists}}"))
    made = site("schedule", "run", "nightly", "-o", "json").json()
    assert made["status"]["state"] == "Succeeded"
    assert made["metadata"]["name"].startswith("nightly-manual-")
    assert made["metadata"]["labels"]["backup.liferay.cloud/schedule"] == "nightly"
    assert made["spec"]["retentionDays"] == 77 and made["spec"]["verify"] == "Exists"
    assert made["status"]["initiator"] != "schedule/nightly"
    another = site("schedule", "run", "nightly", "-o", "json").json()
    assert another["metadata"]["name"] != made["metadata"]["name"]
    missing = site("schedule", "run", "weekly", exit_code=NOT_FOUND)
    assert "HINT: 'lc2 schedule list'" in missing.stderr


def test_suspend_and_resume_change_nothing_else(site):
    site("apply", "-f", "-", stdin=schedule(more="timeZone: Europe/Berlin"))
    before = stored(site)["spec"]
    assert "True" in site("schedule", "suspend", "nightly").stdout or stored(site)["spec"]["suspend"]
    assert stored(site)["spec"] == {**before, "suspend": True}
    site("schedule", "suspend", "nightly")
    site("schedule", "resume", "nightly")
    assert stored(site)["spec"] == before
    site("schedule", "suspend", "weekly", exit_code=NOT_FOUND)


def test_another_environments_schedule_is_not_found_here(site):
    site("apply", "-f", "-", stdin=schedule().replace("proj-retail-prd", "proj-bank-prd"))
    assert site("schedule", "list").stdout == ""
    site("schedule", "run", "nightly", exit_code=NOT_FOUND)
    assert requests(site) == {}


def test_columns_of_get(site):
    site("apply", "-f", "-", stdin=schedule())
    header = site("get", "schedules", "-n", "proj-retail-prd").stdout.splitlines()[0].split()
    assert header == ["NAME", "SCHEDULE", "ZONE", "SUSPEND", "LAST", "SUCCESS", "NEXT", "AGE"]
    assert json.loads(site("get", "bs", "nightly", "-n", "proj-retail-prd", "-o", "json").stdout)
