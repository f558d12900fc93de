"""`lc2 doctor`: what is wrong, what to do, and an exit code that a script can use."""

import shutil

import pytest

from cli_site import bare_site, golden, masked, public_key, site  # noqa: F401
from test_schedule import schedule
from test_serve import serve, stop
from webhook_receiver import with_webhook, write_secret

pytestmark = pytest.mark.pg(15)


def checks(done):
    return {item["name"]: item for item in done.json()["items"]}


def only_fails(done, *names):
    assert [n for n, item in checks(done).items() if item["result"] == "FAIL"] == list(names)


def test_all_is_well(site):
    site.backup()
    done = site("doctor")
    assert done.stderr == ""
    golden("doctor.txt", masked(done.stdout, site))
    found = checks(site("doctor", "-o", "json"))
    assert {item["result"] for item in found.values()} == {"OK"}
    assert "dumped by pg_dump 15." in found["database of retail-prd"]["detail"]
    assert "writable" in found["location local"]["detail"]
    assert not list(site.vault.glob("doctor-*")), "it left something in the vault"


def test_nothing_is_there_yet(lc2):
    found = checks(lc2("doctor", "-o", "json"))
    assert found["environment"]["result"] == "WARN"
    assert "lc2 env init" in found["environment"]["hint"]


def test_client_programs_are_listed_with_their_place(site, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("pg_dump", "pg_restore", "psql"):
        (tools / name).write_text('#!/bin/sh\necho "$0 (PostgreSQL) 9.6.24"\n')
        (tools / name).chmod(0o755)
    done = site("doctor", "-o", "json", env={"LC2_CLIENT_PATH": str(tools)})
    assert f"9.6 ({tools}/pg_dump)" in checks(done)["pg_dump"]["detail"]


def test_wrong_password(site):
    (site.lc2.home / "secrets/retail-prd-db/password").write_text("wrong")
    done = site("doctor", "-o", "json", exit_code=6)
    only_fails(done, "database of retail-prd")
    assert checks(done)["database of retail-prd"]["hint"]
    table = site("doctor", exit_code=6)
    assert "FAIL" in table.stdout and "HINT: " in table.stdout
    assert "checks failed: 'database of retail-prd'" in table.stderr


def test_server_that_is_not_there(site, free_port):
    (site.lc2.home / "secrets/retail-prd-db/port").write_text(str(free_port))
    only_fails(site("doctor", "-o", "json", exit_code=8), "database of retail-prd")


def test_secret_that_is_not_there(site):
    shutil.rmtree(site.lc2.home / "secrets/retail-prd-db")
    only_fails(site("doctor", "-o", "json", exit_code=3), "database of retail-prd")


def test_database_that_is_not_there(site):
    site.pg.drop_database(site.database)
    found = checks(site("doctor", "-o", "json"))["database of retail-prd"]
    assert found["result"] == "WARN" and "absent" in found["detail"]


def test_user_who_may_not_create_databases(site):
    role = f"plain_{site.database}"
    site.pg.psql("postgres", f"create role {role} login password 'plain'")
    try:
        secret = site.lc2.home / "secrets/retail-prd-db"
        (secret / "username").write_text(role)
        (secret / "password").write_text("plain")
        found = checks(site("doctor", "-o", "json"))["database of retail-prd"]
        assert found["result"] == "WARN" and "may not create databases" in found["detail"]
        assert "createdb" in found["hint"]
    finally:
        site.pg.psql("postgres", f"drop role {role}")


def test_library_that_is_not_there(site):
    shutil.rmtree(site.library)
    only_fails(site("doctor", "-o", "json", exit_code=3), "library of retail-prd")
    site.library.mkdir()
    found = checks(site("doctor", "-o", "json"))["library of retail-prd"]
    assert found["result"] == "WARN" and "empty" in found["detail"]


def test_vault_that_is_no_folder(site):
    site.vault.write_text("a file")
    done = site("doctor", "-o", "json", exit_code=None)
    assert done.returncode not in (0, 1)
    assert checks(done)["location local"]["result"] == "FAIL"


def test_vault_inside_the_library(site):
    other = site.other_home("careless")
    options = [site.library / "vault" if word == site.vault else word for word in site.init_options()]
    text = other("--project", "retail", "--environment", "prd", "env", "init", *options).stdout
    other("apply", "-f", "-", stdin=text)
    only_fails(other("doctor", "-o", "json", exit_code=2), "library of retail-prd")


def test_vault_of_another_home(site):
    site.backup()
    other = site.other_home("other")
    text = other("--project", "retail", "--environment", "prd", "env", "init",
                 *site.init_options()).stdout
    other("apply", "-f", "-", stdin=text)
    found = checks(other("doctor", "-o", "json"))["keys of local"]
    assert found["result"] == "WARN" and "location trust --key" in found["hint"]
    other("location", "trust", "--key", public_key(site.lc2.home, site.folder / "key.pem"))
    assert checks(other("doctor", "-o", "json"))["keys of local"]["result"] == "OK"


def test_schedules_that_nobody_starts(site):
    name = "schedule nightly of retail-prd"
    site("apply", "-f", "-", stdin=schedule())
    found = checks(site("doctor", "-o", "json"))[name]
    assert found["result"] == "WARN" and "no `lc2 serve`" in found["detail"]
    child = serve(site)
    try:
        assert checks(site("doctor", "-o", "json"))[name]["result"] == "OK"
        site("schedule", "suspend", "nightly")
        found = checks(site("doctor", "-o", "json"))[name]
        assert found["result"] == "WARN" and "lc2 schedule resume" in found["hint"]
    finally:
        stop(child)


def test_webhook_without_its_secret(site):
    name = "webhook of retail-prd"
    write_secret(site.lc2.home)
    site("apply", "-f", "-", stdin=with_webhook(site.yaml.read_text(), "https://hooks.example/T0ken"))
    done = site("doctor", "-o", "json")
    assert checks(done)[name]["result"] == "OK"
    assert "T0ken" not in done.stdout, "a URL of a webhook may be a secret"
    shutil.rmtree(site.lc2.home / "secrets/hook")
    found = checks(site("doctor", "-o", "json"))[name]
    assert found["result"] == "WARN" and found["hint"]
    write_secret(site.lc2.home, "short")
    assert "only 5 bytes" in checks(site("doctor", "-o", "json"))[name]["detail"]
