"""Every command says how it is used, and what it says works."""

import re

import pytest

from cli_site import FAILED_ID, NEWER_ID, OLDER_ID, filled_in, make_site, public_key
from test_schedule import schedule
from webhook_receiver import Receiver, with_webhook, write_secret

pytestmark = pytest.mark.pg(15)


def help_pages(lc2):
    """(words of the command, its help page), the program's own first."""
    found, waiting = [], [()]
    while waiting:
        words = waiting.pop(0)
        page = lc2(*words, "--help").stdout
        found.append((words, page))
        if "\nCommands:\n" in page:
            listed = page.split("\nCommands:\n")[1].split("\n\n")[0]
            waiting += [words + (line.split()[0],) for line in listed.splitlines()
                        if re.match(r"  \S", line)]
    return found


def example_of(page):
    assert "\nExample:\n" in page, f"no example in\n{page}"
    return page.split("\nExample:\n")[1].split("\n\n")[0].strip()


@pytest.fixture(scope="module")
def used_site(lc2_binary, pg, tmp_path_factory):
    site = make_site(lc2_binary, pg, tmp_path_factory.mktemp("examples") / "site").apply()
    lost = site.library / "20097/20123/4301/1.0"
    data = lost.read_bytes()
    lost.unlink()
    failed = site("backup", "create", "-o", "json", exit_code=None).json()["status"]["backupId"]
    site.write("20097/20123/4301/1.0", data)
    older = site.backup()
    site("backup", "create", "--name", "nightly")
    site("apply", "-f", "-", stdin=schedule())
    newer = site.backup()
    site.ids = {FAILED_ID: failed, OLDER_ID: older, NEWER_ID: newer}
    other = site.other_home("other")
    other("get", "environments")
    public_key(other.home, site.folder / "other-home.pem")
    with Receiver() as receiver:
        write_secret(site.lc2.home)
        site.yaml.write_text(with_webhook(site.yaml.read_text(), receiver.url))
        site("apply", "-f", site.yaml)
        yield site


def test_every_example_works(used_site):
    pages = help_pages(used_site)
    assert len(pages) > 25
    # What an example leaves behind must not stand in the way of the next one.
    afterwards = {
        "lc2 backup hold": f"lc2 backup hold {NEWER_ID} --release",
        "lc2 backup delete": f"lc2 backup delete {NEWER_ID} --withdraw",
        "lc2 restore plan": f"lc2 restore create {NEWER_ID} --name retail-prd-restore-20251109-150000",
    }
    for words, page in pages:
        command = " ".join(("lc2",) + words)
        if command in ("lc2 restore create", "lc2 restore plan"):
            used_site.destroy()
        example = example_of(page)
        # Runs until it is stopped, which is its success. In the background of its group `timeout`
        # would signal twice, and a second signal is no orderly stop.
        if command == "lc2 serve":
            example = f"timeout --foreground --preserve-status 2 {example}"
        for script in (example, afterwards.get(command, "true")):
            script = filled_in(script, used_site, used_site.ids)
            done = used_site.shell(script)
            assert done.returncode == 0, f"'{command} --help' says\n  {script}\n{done.stdout}{done.stderr}"


def test_each_example_is_of_its_own_command(used_site):
    for words, page in help_pages(used_site):
        command = " ".join(("lc2",) + words)
        assert f"Usage: {command}" in page
        example = example_of(page)
        assert "lc2" in example
        if "Commands:" not in page and words:
            assert command in example, f"the example of '{command}' shows another command"
