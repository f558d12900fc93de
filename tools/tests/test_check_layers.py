from pathlib import Path

# The project's own table: these tests also show that it says what the design's table says.
TABLE = {"tools/layers.txt": (Path(__file__).parents[1] / "layers.txt").read_text()}
GOOD = {
    **TABLE,
    "src/main.cc": '#include "cli/cli.h"\n#include "server/server.h"\n',
    "src/base/result.h": "#include <net/if.h>\n",
    "src/codec/json.h": '#include "base/result.h"\n',
    "src/cloud/credentials.h": '#include "net/url.h"\n',
    "src/cloud/aws/sigv4.h": '#include "cloud/aws/keys.h"\n#include "cloud/credentials.h"\n',
    "src/storage/s3.cc": '#include "storage/s3.h"\n  #  include "cloud/aws/sigv4.h"\n',
    "src/vault/manifest.cc": '#include "storage/store.h"\n#include "codec/json.h"\n',
    "src/vault/tests/manifest_test.cc": '#include "testing/fake_clock.h"\n#include "vault/tests/fixture.h"\n',
    "src/control/commit.cc": '#include "kube/watch.h"\n#include "engine/run.h"\n',
    "src/testing/fake_clock.h": '#include "base/clock.h"\n',
    "src/cli/cli.cc": '#include "vault/manifest.h"\n',
}


def check(run, tree, files):
    done = run("check-layers", tree({**GOOD, **files}))
    return done.returncode, done.stderr


def test_good_tree_passes(run, tree):
    assert check(run, tree, {}) == (0, "")


def test_upward_include_fails_and_names_line_and_folders(run, tree):
    code, said = check(run, tree, {"src/vault/manifest.cc": '\n#include "engine/run.h"\n'})
    assert code == 1
    assert "src/vault/manifest.cc:2: 'vault' may not include 'engine'" in said


def test_sideways_include_fails(run, tree):
    code, said = check(run, tree, {"src/library/diff.h": '#include "vault/manifest.h"\n'})
    assert code == 1 and "'library' may not include 'vault'" in said


def test_foundation_only_points_down(run, tree):
    code, said = check(run, tree, {"src/base/log.cc": '#include "codec/json.h"\n'})
    assert code == 1 and "'base' may not include 'codec'" in said


def test_cloud_clients_do_not_know_each_other(run, tree):
    code, said = check(run, tree, {"src/cloud/aws/s.cc": '#include "cloud/gcp/token.h"\n'})
    assert code == 1 and "'cloud/aws' may not include 'cloud/gcp'" in said


def test_engine_knows_no_kubernetes(run, tree):
    for folder in ("kube", "resources"):
        code, said = check(run, tree, {"src/engine/run.cc": f'#include "{folder}/x.h"\n'})
        assert code == 1 and f"'engine' may not include '{folder}'" in said


def test_unknown_folder_fails(run, tree):
    code, said = check(run, tree, {"src/helpers/x.h": "\n"})
    assert code == 1 and "src/helpers/x.h:1: this folder has no row" in said


def test_include_of_unknown_folder_or_without_folder_fails(run, tree):
    code, said = check(run, tree, {"src/vault/a.cc": '#include "helpers/x.h"\n#include "near.h"\n'})
    assert code == 1
    assert 'src/vault/a.cc:1: "helpers/x.h" lies in no known folder' in said
    assert 'src/vault/a.cc:2: "near.h" lies in no known folder' in said


def test_ways_around_fail(run, tree):
    code, said = check(
        run, tree, {"src/vault/a.cc": '#include "../engine/run.h"\n#include <cli/cli.cc>\n'}
    )
    assert code == 1
    assert "src/vault/a.cc:1:" in said and "without '..'" in said
    assert "src/vault/a.cc:2:" in said and "with quotes" in said


def test_fakes_are_for_tests_alone(run, tree):
    for path in ("src/vault/a.cc", "src/cli/a.cc", "src/main.cc"):
        code, said = check(run, tree, {path: '#include "testing/fake_clock.h"\n'})
        assert code == 1 and "may not include 'testing'" in said


def test_simulators_are_for_tests_alone(run, tree):
    sim = {"test/fakes/s3sim/service.h": ""}
    include = '#include "s3sim/service.h"\n'
    assert check(run, tree, {**sim, "src/storage/s3/tests/a_test.cc": include}) == (0, "")
    code, said = check(run, tree, {**sim, "src/storage/s3/a.cc": include})
    assert code == 1 and "lies in no known folder" in said


def test_headers_of_tests_are_for_tests_alone(run, tree):
    code, said = check(run, tree, {"src/vault/a.cc": '#include "vault/tests/fixture.h"\n'})
    assert code == 1 and "belongs to tests" in said


def test_a_test_may_not_reach_up_either(run, tree):
    code, said = check(run, tree, {"src/vault/tests/a_test.cc": '#include "engine/run.h"\n'})
    assert code == 1 and "'vault' may not include 'engine'" in said


def test_table_that_points_upwards_fails(run, tree):
    table = TABLE["tools/layers.txt"].replace("storage: cloud", "storage: cloud vault")
    code, said = check(run, tree, {"tools/layers.txt": table})
    assert code == 1 and "goes in a circle: storage -> vault -> storage" in said


def test_table_with_unknown_name_or_double_row_fails(run, tree):
    code, said = check(run, tree, {"tools/layers.txt": TABLE["tools/layers.txt"] + "x: nowhere\nvault: base\n"})
    assert code == 1
    assert "'x' may use 'nowhere', which has no row" in said
    assert "expected one 'folder: folders' row" in said
