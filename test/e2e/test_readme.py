"""README.md tells the truth: its commands by hand work, in their order, and its links lead somewhere."""

import os
import re
import subprocess

import pytest
from backed_up_site import Site
from conftest import ROOT

PAGES = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", *(
    p.relative_to(ROOT).as_posix() for p in sorted((ROOT / "docs").glob("*.md")))]


@pytest.mark.pg(15)
def test_commands_by_hand_work(pg, lc2_binary, tmp_path):
    site = Site(pg, lc2_binary, tmp_path / "site", 80, name="readme")
    before = site.snapshot("before")
    page = (ROOT / "README.md").read_text()
    commands = "\n".join(re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    for example, ours in {
        "/opt/liferay/data/document_library": site.library, "/srv/lc2": tmp_path / "vault", "127.0.0.1": pg.host,
        "--db-port 5432": f"--db-port {pg.port}", "--db-user liferay": f"--db-user {pg.user}",
        "--db-name lportal": f"--db-name {site.name}", "password.txt": pg.password_file,
    }.items():
        assert example in commands
        commands = commands.replace(example, str(ours))
    environment = {**site.lc2.env, "LC2_HOME": str(tmp_path / "home"),
                   "PATH": f"{lc2_binary.parent}:{pg.bindir}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=tmp_path, env=environment,
                          capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Full verification passed" in done.stdout and "Succeeded" in done.stdout.splitlines()[-1]
    # Restored over itself, the environment is what it was.
    site.tool("compare.py", "diff", before, site.snapshot("after"), "--without-generated")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text()
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (ROOT / page).parent.joinpath(link).exists(), f"{page}: '{link}'"


@pytest.mark.parametrize("page", PAGES)
def test_paths_that_pages_name_exist(page):
    text = (ROOT / page).read_text()
    for path in re.findall(r"`((?:src|api|test|tools|docs|fuzz|bench|cmake)/[\w./-]*)`", text):
        assert path == "test/bars/NAME.N" or (ROOT / path).exists(), f"{page}: '{path}'"


def commands_named_in(text):
    """Every `lc2 ...` that a text shows, as far as its words are commands."""
    for words in re.findall(r"[`'$] ?lc2 ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)?)(?=[ `'\n])", text):
        yield words


def known_commands(binary, *path):
    done = subprocess.run([binary, *path, "--help"], capture_output=True, text=True, check=True)
    listed = done.stdout.partition("Commands:\n")[2].partition("\n\n")[0]
    for name in re.findall(r"^  ([a-z-]+) ", listed, re.MULTILINE):
        yield " ".join((*path, name))
        yield from known_commands(binary, *path, name)


def test_every_command_that_is_named_exists(lc2_binary):
    """In pages, in hints of errors, in descriptions of fields."""
    known = set(known_commands(lc2_binary))
    assert {"backup create", "doctor"} <= known
    later = {"serve"}  # named as what comes
    known.add("backup crate")  # a slip that docs/cli.md makes on purpose
    files = [ROOT / page for page in PAGES] + [ROOT / "api/errors.yaml", *sorted((ROOT / "api/crds").glob("*.yaml"))]
    files += [p for p in sorted((ROOT / "src").rglob("*.cc")) if "tests" not in p.parts]
    unknown = []
    for file in files:
        for words in commands_named_in(file.read_text()):
            first = words.split()[0]
            stands_alone = first in known and not any(k.startswith(first + " ") for k in known)
            if words not in known and not stands_alone and first not in later:
                unknown.append(f"{file.relative_to(ROOT)}: 'lc2 {words}'")
    assert unknown == []
