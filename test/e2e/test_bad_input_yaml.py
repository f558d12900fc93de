"""Bad YAML: every fault at once with file, line and field; the exit code of Invalid; nothing stored."""

import re

import pytest
import yaml
from tiny_site import *  # noqa: F403

pytestmark = pytest.mark.pg(15)

LOCATION = """\
apiVersion: backup.liferay.cloud/v1alpha1
kind: BackupLocation
metadata: {name: second}
spec: {provider: local, bucket: /srv/second}
"""
REQUEST = """\
apiVersion: backup.liferay.cloud/v1alpha1
kind: BackupRequest
metadata:
  name: by-hand
spec:
  projectId: retail
  environment: prd
"""


@pytest.fixture
def site(backed_up):
    return backed_up  # put back before each test


def apply(site, *files):
    args = [word for file in files for word in ("-f", file)]
    return site.lc2("apply", *args, exit_code=None)


def assert_nothing_stored(site, before):
    assert site.resources(kinds=None) == before["stored"]
    assert site.state("vault", "library") == before["files"]


@pytest.fixture
def before(site):
    return {"stored": site.resources(kinds=None), "files": site.state("vault", "library")}


FAULTS = {
    "unknown field": ("  retentionDay: 30\n", 8, "spec.retentionDay"),
    "unknown field, deep": ("  database: {typ: dump}\n", 8, "spec.database.typ"),
    "a number that is a word": ("  retentionDays: soon\n", 8, "spec.retentionDays"),
    "a list that is a map": ("  documentLibrary: [a, b]\n", 8, "spec.documentLibrary"),
    "a flag that is a number": ("  cancel: 1\n", 8, "spec.cancel"),
    "a word that is none": ("  verify: Maybe\n", 8, "spec.verify"),
    "retention of 6 days": ("  retentionDays: 6\n", 8, "spec.retentionDays"),
    "retention of 366 days": ("  retentionDays: 366\n", 8, "spec.retentionDays"),
    "retention of -1 days": ("  retentionDays: -1\n", 8, "spec.retentionDays"),
    "retention of half a day": ("  retentionDays: 7.5\n", 8, "spec.retentionDays"),
    "retention beyond 64 bits": ("  retentionDays: 99999999999999999999\n", 8, "spec.retentionDays"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_one_fault_is_named_by_file_line_and_field(site, before, tmp_path, name):
    line, number, path = FAULTS[name]
    file = tmp_path / "request.yaml"
    file.write_text(REQUEST + line)
    assert_refused(apply(site, file), INVALID, f"{file}:{number}: {path}: ")
    assert_nothing_stored(site, before)


@pytest.mark.parametrize("bad", ["By-Hand", "by_hand", "-by-hand", "by hand", "../by-hand", "a" * 254,
                                 '""', '"by-hand\\n"', "bÿ-hand"])
def test_bad_names_are_refused(site, before, tmp_path, bad):
    file = tmp_path / "request.yaml"
    file.write_text(REQUEST.replace("by-hand", bad))
    assert_refused(apply(site, file), INVALID, f"{file}:4: metadata.name: ")
    assert_nothing_stored(site, before)


@pytest.mark.parametrize("field, bad", [("projectId", "Retail"), ("projectId", "a" * 31),
                                        ("environment", "p-rd"), ("environment", "../prd")])
def test_bad_environment_names_are_refused(site, before, tmp_path, field, bad):
    good = {"projectId": "retail", "environment": "prd"}[field]
    file = tmp_path / "environment.yaml"
    file.write_text(site.yaml.read_text().replace(f"{field}: {good}", f"{field}: {bad}"))
    line = 1 + file.read_text().split("\n").index(f"  {field}: {bad}")
    assert_refused(apply(site, file), INVALID, f"{file}:{line}: spec.{field}: ")
    assert_nothing_stored(site, before)


def test_all_faults_of_all_documents_of_all_files_at_once(site, before, tmp_path):
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    good, broken, absent = tmp_path / "good.yaml", tmp_path / "broken.yaml", tmp_path / "absent.yaml"
    first.write_text(LOCATION + "---\n" + REQUEST + "  retentionDays: 5\n  typo: 1\n---\n" +
                     REQUEST.replace("by-hand", "By_Hand") + "  cancel: perhaps\n")
    second.write_text("# a comment first\n" + LOCATION.replace("local", "cellar"))
    good.write_text(LOCATION)
    broken.write_text("kind: [BackupRequest\n")
    done = apply(site, first, second, good, broken, absent)
    assert_refused(done, INVALID, f"{first}:13: spec.retentionDays: ", f"{first}:14: spec.typo: ",
                   f"{first}:19: metadata.name: ", f"{first}:23: spec.cancel: ",
                   f"{second}:5: spec.provider: ", str(broken), str(absent))
    assert str(good) not in done.stderr
    assert_nothing_stored(site, before)


def test_good_documents_before_a_forbidden_change_are_not_stored(site, tmp_path):
    # The fault shows only beside the stored object: what is good must wait for that too.
    site.lc2("apply", "-f", "-", stdin=REQUEST)
    stored = site.resources(kinds=None)
    file = tmp_path / "both.yaml"
    file.write_text(LOCATION + "---\n" + REQUEST + "  verify: Full\n---\n" + LOCATION.replace(
        "second", "third"))
    assert_refused(apply(site, file), INVALID, f"{file}:13: spec.verify: ")
    assert site.resources(kinds=None) == stored


def test_twice_the_same_resource_is_refused(site, before, tmp_path):
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text(LOCATION + "---\n" + LOCATION)
    assert_refused(apply(site, one), INVALID, f"{one}:6: metadata.name: ", "second")
    one.write_text(LOCATION)
    two.write_text(LOCATION.replace("/srv/second", "/srv/other"))
    assert_refused(apply(site, one, two), INVALID, str(two), "second")
    assert_nothing_stored(site, before)


def bomb():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    return "\n".join(lines) + "\n"


BROKEN = {
    "bomb": (bomb(), r":\d+: .*too many values"),
    "duplicate key": (REQUEST + "  projectId: other\n", r":8: .*spec\.projectId.* stands twice"),
    "duplicate key, top": (REQUEST + "kind: BackupRequest\n", r":8: .*kind.* stands twice"),
    "tab": ("apiVersion: v1\n\tkind: BackupRequest\n", r":2: "),
    "not UTF-8": (b"apiVersion: v1\nkind: B\xff\n", r":2: .*UTF-8"),
    "UTF-16": (REQUEST.encode("utf-16"), r":1: .*UTF-8"),
    "null byte": (REQUEST + "  requestedBy: a\0b\n", r":8: .*0x00"),
    "deep": ("[" * 10000, r":1: .*deep"),
    "deep, indented": ("".join(" " * n + "a:\n" for n in range(400)), r":\d+: .*deep"),
    "huge": ("# " + "x" * (5 << 20) + "\n" + REQUEST, r"larger than the limit of 4194304"),
    "empty": ("", r"holds no resource"),
    "only comments": ("# nothing\n---\n---\n", r"holds no resource"),
    "a text": ("hello\n", r":1: .*object"),
    "a list": ("- a\n- b\n", r":1: .*object"),
    "another kind": ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", r":\d: .*ConfigMap"),
    "another group": (REQUEST.replace("v1alpha1", "v2"), r":1: apiVersion: "),
    "no name": (REQUEST.replace("  name: by-hand\n", "  labels: {a: b}\n"), r":\d: metadata\.name: "),
    "merge key": ("a: &a {b: c}\n<<: *a\n", r":2: .*merge"),
    "unknown tag": (REQUEST + "  requestedBy: !!python/object:os.system x\n", r":8: .*tag"),
    "half a document": (REQUEST + '  requestedBy: "never closed\n', r":\d+: "),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_document_is_refused(site, before, tmp_path, name):
    text, pattern = BROKEN[name]
    file = tmp_path / "broken.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    good = tmp_path / "good.yaml"
    good.write_text(LOCATION)
    done = apply(site, good, file)
    assert_refused(done, INVALID, str(file))
    assert re.search(re.escape(str(file)) + ".*" + pattern, done.stderr), done.transcript()
    assert len(done.stderr) < 4000  # a fault is quoted, a file is not
    assert_nothing_stored(site, before)


@pytest.mark.parametrize("what", ["folder", "absent"])
def test_what_is_no_file_is_named(site, before, tmp_path, what):
    file = tmp_path / what
    if what == "folder":
        file.mkdir()
    done = apply(site, file)
    assert_refused(done, NOT_FOUND, str(file))
    assert_nothing_stored(site, before)


def test_flags_get_the_same_answers_as_yaml(site, before):
    for days in ("6", "366", "soon"):
        done = site.lc2("backup", "create", "--retention-days", days, exit_code=None)
        assert_refused(done, INVALID, "retention")
    assert_refused(site.lc2("backup", "create", "--name", "By Hand", exit_code=None), INVALID,
                   "metadata.name")
    assert_nothing_stored(site, before)


def test_the_examples_here_are_sound(site, tmp_path):
    # Else the faults above could be those of the example.
    assert yaml.safe_load(LOCATION)["metadata"]["name"] == "second"
    file = tmp_path / "good.yaml"
    file.write_text(LOCATION + "---\n" + REQUEST)
    site.lc2("apply", "-f", file)
    assert ("BackupLocation", "", "second") in site.resources()
