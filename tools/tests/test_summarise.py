import json


def junit(*cases):
    """Each case: (name, inner XML)."""
    body = "".join(f'<testcase classname="t" name="{name}">{inner}</testcase>' for name, inner in cases)
    return f"<testsuites><testsuite>{body}</testsuite></testsuites>"


def ctest(**status):
    """As ctest writes it: the name stands in both attributes, a failure has no message of use."""
    body = "".join(
        f'<testcase name="{n}" classname="{n}" status="{s}">{"<failure/>" if s == "fail" else ""}</testcase>'
        for n, s in status.items()
    )
    return f"<testsuite>{body}</testsuite>"


def listing(**programs):
    return json.dumps({"tests": [{"name": n, "command": [f"/b/{p}"]} for n, p in programs.items()]})


def gtest(*outcomes):
    """As gtest writes it."""
    inner = {"pass": "", "fail": '<failure message="a.cc:1&#x0A;no"/>', "skip": '<skipped message="a.cc:2&#x0A;no moon"/>'}
    body = "".join(
        f'<testcase name="{o}" status="run" result="completed" classname="S">{inner[o]}</testcase>' for o in outcomes
    )
    return f"<testsuites><testsuite>{body}</testsuite></testsuites>"


def summary(run, tree, files):
    done = run("summarise-tests", tree(files))
    lines = done.stdout.splitlines()
    return done.returncode, lines[-1], lines[:-1]


def test_adds_up_all_runners(run, tree):
    code, last, above = summary(run, tree, {
        "tools.xml": junit(("a", "")),
        "e2e.xml": junit(("b", ""), ("c", '<skipped message="no server 18"/>')),
        "unit/ctest.json": listing(base="lc2_base_tests", json_fuzz="json_fuzz"),
        "unit/ctest.xml": ctest(base="run", json_fuzz="run"),
        "unit/gtest/lc2_base_tests.xml": gtest("pass", "pass", "skip"),
        "bars.tsv": "main.2\t0\tok\nmain.3\t77\tlacks a cluster\n",
        "phases.tsv": "unit\t0\ne2e\t0\n",
    })
    assert (code, last) == (0, "6 passed, 0 failed, 3 skipped")
    assert "SKIPPED e2e: t.c: no server 18" in above
    assert "SKIPPED unit: S.skip: a.cc:2 no moon" in above
    assert "SKIPPED bar: main.3: lacks a cluster" in above


def test_no_skips_no_word_of_them(run, tree):
    assert summary(run, tree, {"e2e.xml": junit(("a", ""))})[:2] == (0, "1 passed, 0 failed")


def test_failures_are_named_and_fail(run, tree):
    code, last, above = summary(run, tree, {
        "e2e.xml": junit(("a", '<failure message="assert 1 == 2"/>'), ("b", '<error message="boom"/>')),
        "unit/ctest.json": listing(base="lc2_base_tests"),
        "unit/ctest.xml": ctest(base="fail"),
        "unit/gtest/lc2_base_tests.xml": gtest("pass", "fail"),
        "bars.tsv": "main.2\t1\t3 is below 4\n",
        "phases.tsv": "unit\t8\ne2e\t1\nbars\t1\n",
    })
    assert (code, last) == (1, "1 passed, 4 failed")
    assert above == [
        "FAILED unit: S.fail: a.cc:1 no",
        "FAILED bar: main.2: 3 is below 4",
        "FAILED e2e: t.a: assert 1 == 2",
        "FAILED e2e: t.b: boom",
    ]


def test_program_that_crashed_before_its_report_counts_as_one_failure(run, tree):
    files = {"unit/ctest.json": listing(base="lc2_base_tests"), "unit/ctest.xml": ctest(base="fail")}
    assert summary(run, tree, files) == (1, "0 passed, 1 failed", ["FAILED unit: base"])


def test_program_that_leaked_after_passing_cases_fails(run, tree):
    code, last, above = summary(run, tree, {
        "unit/ctest.json": listing(base="lc2_base_tests"),
        "unit/ctest.xml": ctest(base="fail"),
        "unit/gtest/lc2_base_tests.xml": gtest("pass", "pass"),
    })
    assert (code, last) == (1, "2 passed, 1 failed")
    assert above == ["FAILED unit: base: the program failed outside its tests"]


def test_program_run_by_several_ctest_tests_is_counted_by_ctest(run, tree):
    code, last, _ = summary(run, tree, {
        "unit/ctest.json": listing(one="lc2_base_tests", two="lc2_base_tests"),
        "unit/ctest.xml": ctest(one="run", two="run"),
        "unit/gtest/lc2_base_tests.xml": gtest("pass"),
    })
    assert (code, last) == (0, "2 passed, 0 failed")


def test_test_that_ctest_could_not_run_is_skipped_not_passed(run, tree):
    files = {"unit/ctest.xml": ctest(base="notrun"), "e2e.xml": junit(("a", ""))}
    assert summary(run, tree, files)[:2] == (0, "1 passed, 0 failed, 1 skipped")


def test_phase_that_died_silently_fails(run, tree):
    code, last, above = summary(run, tree, {"e2e.xml": junit(("a", "")), "phases.tsv": "unit\t139\n"})
    assert (code, last) == (1, "1 passed, 1 failed")
    assert "exited with 139 without naming a failed test" in above[0]


def test_report_cut_short_fails(run, tree):
    assert summary(run, tree, {"e2e.xml": "<testsuites><tests"})[0] == 1


def test_nothing_ran_fails(run, tree):
    assert summary(run, tree, {"phases.tsv": "unit\t0\n"})[:2] == (1, "0 passed, 0 failed")


def test_everything_skipped_fails(run, tree):
    files = {"e2e.xml": junit(("c", '<skipped message="x"/>'))}
    assert summary(run, tree, files)[:2] == (1, "0 passed, 0 failed, 1 skipped")
