"""What a person gets who makes a mistake: which one, what was meant, and the exit code of the kind."""

import re

import pytest

from cli_site import bare_site, site  # noqa: F401  (fixtures)

pytestmark = pytest.mark.pg(15)

USAGE = 2


@pytest.mark.parametrize("words, message, hint", [
    (["bakup"], "'lc2' has no command 'bakup'", "did you mean 'backup'?"),
    (["backup", "crate"], "'lc2 backup' has no command 'crate'", "did you mean 'create'?"),
    (["help"], "'lc2' has no command 'help'", "write `lc2 --help`"),
    (["backup"], "'lc2 backup' needs a command", "use one of create, list, get"),
    ([], "'lc2' needs a command", "use one of apply, get"),
    (["backup", "create", "--retention", "9"], "'lc2 backup create' has no option '--retention'",
     "did you mean '--retention-days'?"),
    (["backup", "list", "--ouput=json"], "'lc2 backup list' has no option '--ouput'",
     "did you mean '--output'?"),
    (["doctor", "-x"], "'lc2 doctor' has no option '-x'", "see `lc2 doctor --help`"),
    (["backup", "list", "-o", "jsn"], "'jsn' is not a value of '--output'", "did you mean 'json'?"),
    (["backup", "create", "--verify", "all"], "'all' is not a value of '--verify'",
     "use one of Exists, Sample, Full"),
    (["completion", "tcsh"], "'tcsh' is not a value of 'SHELL'", "use one of bash, zsh, fish"),
    (["backup", "create", "--retention-days", "many"],
     "'many' is not a number, which '--retention-days' needs", "see `lc2 backup create --help`"),
    (["backup", "hold"], "'lc2 backup hold' needs the argument BACKUP (id of the backup)",
     "see the example"),
    (["backup", "list", "--cursor"], "option '--cursor' needs a value", "see"),
    (["apply"], "'lc2 apply' needs the option '--filename'", "see the example"),
    (["doctor", "now"], "'now' is one argument too many for 'lc2 doctor'", "needs quotes"),
    (["describe", "env"], "'lc2 describe' needs the argument NAME", "`lc2 get env -o name` lists them"),
    (["get", "enviroment"], "'enviroment' is no kind of resource", "did you mean 'environment'?"),
    (["backup", "list", "-A", "--since", "yesterday"], "'yesterday' is neither a time nor a day",
     "write a day as 2025-11-09"),
    (["backup", "list", "-A", "--limit", "0"], "'--limit 0' is not between 1 and 1000",
     "go on with --cursor"),
    (["--project", "Retail", "--environment", "prd", "env", "init", "--library", "/l", "--vault", "/v"],
     "spec.projectId", ""),
    (["env", "init", "--library", "/l", "--vault", "/v"], "needs to know the environment",
     "--project and --environment"),
])
def test_mistake_is_explained(lc2, words, message, hint):
    done = lc2(*words, exit_code=USAGE)
    assert done.stdout == ""
    assert message in done.stderr
    assert hint in done.stderr
    check_style(done.stderr)


def check_style(stderr):
    """Style: lower-case start, no full stop, values in quotes, the hint on a line of its own."""
    lines = stderr.splitlines()
    assert lines[0].startswith("error: ")
    assert not lines[0].endswith("."), lines[0]
    assert re.match(r"error: [^A-Z]", lines[0]) or re.match(r"error: [A-Z][a-z]+[A-Z]", lines[0]), lines[0]
    for line in lines[1:]:
        assert line.startswith(("HINT: ", "  ")), stderr
    # The description of a field is quoted as it stands in the definition.
    assert not lines[-1].endswith(".") or lines[-1].startswith("HINT: about '"), lines[-1]


def test_exit_codes_follow_the_error_table(site):
    backup = site.backup()
    invalid, not_found, exists, conflict = 2, 3, 4, 5
    cases = [
        (not_found, ["backup", "get", "nope"]),
        (not_found, ["backup", "cat", backup, "no/such/key"]),
        (not_found, ["get", "br", "nope"]),
        (not_found, ["delete", "location", "nope"]),
        (not_found, ["apply", "-f", site.folder / "nope.yaml"]),
        (not_found, ["restore", "create", "retail-prd-backup-20200101-000000"]),
        (not_found, ["--project", "other", "backup", "list"]),
        (exists, ["backup", "create", "--name", backup]),
        (conflict, ["restore", "create", backup]),
        (conflict, ["restore", "plan", backup]),
        (conflict, ["backup", "accept-missing", backup, "--reason", "none was lost"]),
        (invalid, ["backup", "create", "--retention-days", "3"]),
        (invalid, ["backup", "create", "--type", "snapshot"]),
        (invalid, ["backup", "hold", backup]),
        (invalid, ["location", "trust", "--key", site.yaml]),
        # The last one counts: an alias with a home may be overruled.
        (not_found, ["--home", "/proc/lc2", "get", "environments"]),
    ]
    for code, words in cases:
        done = site(*words, exit_code=code)
        check_style(done.stderr)


def test_wrong_password_is_denied_and_never_shown(site):
    secret = site.lc2.home / "secrets/retail-prd-db/password"
    secret.write_text("not-the-password")
    done = site("backup", "create", exit_code=6)
    assert "password" in done.stderr
    assert "not-the-password" not in done.stdout + done.stderr
    assert "HINT: " in done.stderr


def test_json_of_a_failed_run_is_the_resource(site):
    (site.library / "20097/20123/4301/1.0").unlink()
    done = site("backup", "create", "-o", "json", exit_code=None)
    request = done.json()
    assert done.returncode not in (0, 1)
    assert request["kind"] == "BackupRequest"
    assert request["status"]["state"] == "Failed"
    assert request["status"]["consistency"]["missing"] == 1
    assert "20097/20123/4301/1.0" in done.stderr
    # The hint's own command makes the next backup pass.
    site("backup", "accept-missing", request["status"]["backupId"], "--reason", "lost in 2019")
    assert site("backup", "create", "-o", "json").json()["status"]["state"] == "Succeeded"


def test_json_of_a_refused_plan_has_the_plan(site):
    done = site("restore", "plan", site.backup(), "-o", "json", exit_code=5)
    request = done.json()
    assert request["kind"] == "RestoreRequest" and request["spec"]["dryRun"] is True
    assert request["status"]["plan"]["conflicts"] != []
    assert request["status"]["conditions"][0]["status"] == "False"


def test_help_touches_nothing(lc2):
    for words in (["--help"], ["backup", "create", "--help"], ["--version"], ["completion", "bash"]):
        lc2(*words)
    assert list(lc2.home.iterdir()) == []


def test_several_environments_need_a_choice(site):
    text = site.yaml.read_text()
    uat = text.replace("retail-prd", "retail-uat").replace("environment: prd", "environment: uat")
    site("apply", "-f", "-", stdin=uat)
    done = site("backup", "list", exit_code=2)
    assert "there are several environments: 'retail-prd', 'retail-uat'" in done.stderr
    assert "HINT: choose one with --project and --environment" in done.stderr
    assert site("--environment", "prd", "backup", "list").stderr == "no backups found\n"

