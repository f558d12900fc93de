LONG = "// line\n" * 601
README = {"src/vault/README.md": "# vault\n"}


def check(run, tree, files):
    done = run("check-files", tree({**README, **files}))
    return done.returncode, done.stderr


def test_good_tree_passes(run, tree):
    files = {"src/vault/a.cc": "// line\n" * 600, "src/main.cc": "\n", "tools/long-files.txt": "# none\n"}
    assert check(run, tree, files) == (0, "")


def test_long_file_fails(run, tree):
    code, said = check(run, tree, {"src/vault/a.cc": LONG})
    assert code == 1 and "src/vault/a.cc:600: 601 lines" in said


def test_long_file_with_a_reason_passes(run, tree):
    files = {"src/vault/a.cc": LONG, "tools/long-files.txt": "src/vault/a.cc  one table, generated\n"}
    assert check(run, tree, files) == (0, "")


def test_long_file_without_a_reason_fails(run, tree):
    code, said = check(run, tree, {"src/vault/a.cc": LONG, "tools/long-files.txt": "src/vault/a.cc\n"})
    assert code == 1 and "tools/long-files.txt:1: 'src/vault/a.cc' has no reason" in said


def test_stale_lines_fail(run, tree):
    files = {"src/vault/a.cc": "\n", "tools/long-files.txt": "src/vault/a.cc short now\nsrc/vault/b.cc gone\n"}
    code, said = check(run, tree, files)
    assert code == 1
    assert "'src/vault/a.cc' is not long any more, or gone" in said
    assert "'src/vault/b.cc' is not long any more, or gone" in said


def test_module_without_readme_fails(run, tree):
    code, said = check(run, tree, {"src/engine/a.cc": "\n"})
    assert code == 1 and "src/engine: has no README.md" in said
