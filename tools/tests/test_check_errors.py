ENTRY = """
  - code: vault.index_mismatch
    kind: Corrupt
    summary: the index is not the one that the manifest names
    cause: |
      it was replaced
      after the commit
    action: restore another backup
"""
USE = {"src/vault/a.cc": '  return Error{.code = "vault.index_mismatch"};\n'}


def listed(entries):
    return {"api/errors.yaml": "errors:" + (entries or " []\n")}


def check(run, top):
    done = run("check-errors", top)
    return done.returncode, done.stderr


def test_write_makes_a_page_that_check_accepts(run, tree):
    top = tree({**listed(ENTRY), **USE})
    assert run("check-errors", "--write", top).returncode == 0
    page = (top / "docs/errors.md").read_text()
    assert "### `vault.index_mismatch`" in page and "- Cause: it was replaced after the commit" in page
    assert check(run, top) == (0, "")


def test_empty_list_is_valid(run, tree):
    top = tree(listed(""))
    assert run("check-errors", "--write", top).returncode == 0
    assert check(run, top) == (0, "")


def test_stale_and_missing_pages_fail(run, tree):
    top = tree({**listed(ENTRY), **USE})
    assert "docs/errors.md: does not say" in check(run, top)[1]
    run("check-errors", "--write", top)
    tree(listed(ENTRY.replace("another", "an older")))
    code, said = check(run, top)
    assert code == 1 and "docs/errors.md: does not say" in said


def test_code_that_is_not_listed_fails_and_names_its_place(run, tree):
    top = tree({**listed(ENTRY), **USE, "src/vault/b.cc": '\n  .code  =  "vault.nope",\n'})
    run("check-errors", "--write", top)
    code, said = check(run, top)
    assert code == 1 and "src/vault/b.cc:2: 'vault.nope' is not listed" in said


def test_listed_code_that_nobody_uses_fails(run, tree):
    top = tree({**listed(ENTRY), "src/vault/a.cc": "\n"})
    assert run("check-errors", "--write", top).returncode == 1
    assert "'vault.index_mismatch' is used nowhere" in check(run, top)[1]


def test_use_in_tests_neither_needs_nor_counts(run, tree):
    top = tree({**listed(ENTRY), "src/vault/tests/a_test.cc": '.code = "vault.index_mismatch" .code = "x.y"\n'})
    run("check-errors", "--write", top)
    said = check(run, top)[1]
    assert "is used nowhere" in said and "x.y" not in said


def test_codes_of_vendors_are_not_ours(run, tree):
    top = tree({**listed(""), "src/net/a.cc": '.code = "NoSuchKey" .code = "InvalidParameter.Value"\n'})
    assert run("check-errors", "--write", top).returncode == 0


def test_bad_entries_fail(run, tree):
    bad = {
        "is no kind": ENTRY.replace("Corrupt", "Rotten"),
        "is listed twice": ENTRY + ENTRY,
        "MODULE.WHAT": ENTRY.replace("vault.index_mismatch", "IndexMismatch"),
        "expected exactly the fields": ENTRY.replace("action:", "todo:"),
        "text that is not empty": ENTRY.replace("restore another backup", '""'),
    }
    for complaint, entries in bad.items():
        code, said = check(run, tree({**listed(entries), **USE}))
        assert code == 1 and complaint in said, complaint


def test_unreadable_list_fails(run, tree):
    for text in ("errors: [", "[]\n", ""):
        code, said = check(run, tree({"api/errors.yaml": text}))
        assert code == 1 and "api/errors.yaml" in said


def test_codes_in_tables_and_arguments_count_as_used(run, tree):
    uses = {
        "src/a/table.cc": '  Row{"57", {ErrorKind::kTimeout, "a.table", ""}},\n',
        "src/a/call.cc": '  return ToolError(status, text,\n      "a.call", ErrorKind::kInvalid);\n',
        "src/a/maker.h": "Error Refuse(int line, std::string_view code, std::string message);\n",
        "src/b/user.cc": '  return Refuse(Line("x.y", 1), "b.made", fmt::format("a.b {}", "c.d"));\n',
    }
    said = check(run, tree({**listed(""), **uses}))[1]
    for code in ("a.table", "a.call", "b.made"):
        assert f"'{code}' is not listed" in said
    for other in ("x.y", "a.b", "c.d"):
        assert f"'{other}'" not in said


def test_another_kind_than_listed_fails(run, tree):
    wrong = {"src/vault/a.cc": '  {.kind = ErrorKind::kInvalid,\n   .code = "vault.index_mismatch"};\n'}
    said = check(run, tree({**listed(ENTRY), **wrong}))[1]
    assert "src/vault/a.cc:2: 'vault.index_mismatch' is Invalid here, Corrupt in api/errors.yaml" in said
    said = check(run, tree({**listed(ENTRY.replace("Corrupt", "Varies")), **wrong}))[1]
    assert "is Invalid here" not in said


def test_comments_promise_only_what_is_listed(run, tree):
    header = (
        "// Reads it. Errors: kNotFound\n// \"vault.index_mismatch\"; kCorrupt \"vault.gone\".\nvoid Read();\n"
    )
    said = check(run, tree({**listed(ENTRY), **USE, "src/vault/a.h": header}))[1]
    assert "src/vault/a.h:1: a comment says that 'vault.index_mismatch' is NotFound, it is Corrupt" in said
    assert "src/vault/a.h:2: a comment names the unknown code 'vault.gone'" in said


def test_a_code_that_only_comments_name_is_unused(run, tree):
    said = check(run, tree({**listed(ENTRY), "src/vault/a.h": '// kCorrupt "vault.index_mismatch"\n'}))[1]
    assert "'vault.index_mismatch' is used nowhere" in said


def test_fakes_for_tests_have_codes_of_their_own(run, tree):
    top = tree({**listed(""), "src/testing/a.cc": '.code = "test.missing"\n'})
    assert run("check-errors", "--write", top).returncode == 0


def test_missing_prints_entries_to_fill_in(run, tree):
    top = tree({**listed(ENTRY), **USE, "src/a/b.cc": '{.kind = ErrorKind::kDenied, .code = "a.b"}\n'})
    done = run("check-errors", "--missing", top)
    assert done.returncode == 0
    assert "- code: a.b" in done.stdout and "kind: Denied" in done.stdout and "src/a/b.cc:1" in done.stdout
    assert "vault.index_mismatch" not in done.stdout
