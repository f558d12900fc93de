"""'./dev help' lists the verbs that there are, and names only variables that something reads."""

import os
import re
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
VERBS = {path.name for path in (TOP / "tools/dev.d").iterdir() if os.access(path, os.X_OK)}


def test_help_lists_every_verb():
    done = subprocess.run([TOP / "dev", "help"], capture_output=True, text=True, check=True)
    listed = re.findall(r"^  ([a-z0-9-]+)(?: |$)", done.stdout, re.MULTILINE)
    assert sorted(listed) == sorted(VERBS - {"help"})
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_help_names_only_variables_that_are_read():
    done = subprocess.run([TOP / "dev", "help"], capture_output=True, text=True, check=True)
    scripts = "".join(p.read_text() for p in [*(TOP / "tools/dev.d").iterdir(), TOP / "dev"] if p.name != "help")
    for name in set(re.findall(r"\b(?:LC2_[A-Z_]+|NO_COLOR)\b", done.stdout)):
        assert re.search(rf"\$\{{?{name}\b", scripts), name


def test_pages_name_only_verbs_that_exist():
    for page in [*TOP.glob("*.md"), *TOP.glob("docs/*.md"), *TOP.glob("*/README.md"), *TOP.glob("*/*/README.md")]:
        for verb in re.findall(r"[`\n]\./dev ([a-z0-9-]+)", page.read_text()):
            assert verb in VERBS, f"{page.relative_to(TOP)}: './dev {verb}'"
