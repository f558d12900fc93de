"""A small sample in a real PostgreSQL 15, judged by a cross-check of its own."""

import subprocess

import pytest
from sample import compare, contents, data_sets, database, grow, make_sample, schema
from sample.crosscheck import cross_check, files_below


def test_a_sample_without_defects_is_whole(dsn_for, cache, tmp_path):
    dsn, root = dsn_for("whole"), tmp_path / "library"
    report = make_sample.make_sample(dsn, root, cache, versions=300)
    found = cross_check(dsn, root)
    assert (found["missing"], found["orphans"], found["truncated"]) == ([], [], [])
    assert found["references"] == report["expected"]["references"] == 300
    assert found["generated"] == report["generated"] > 0
    count = "select count(*) from {}"
    assert database.run_sql(dsn, count.format("DLFileVersion")) == "300"
    assert int(database.run_sql(dsn, count.format("DLFileVersion where ctCollectionId <> 0"))) > 0
    assert (
        int(database.run_sql(dsn, count.format("pg_largeobject_metadata")))
        == report["largeObjects"]
        > 0
    )


# What lc2 must cope with, each as a query for how many a sample has.
ROWS_OF_EVERY_KIND = {
    "companies": "select count(*) - 1 from Company",
    "sites": "select count(*) - 1 from Group_",
    "folders in folders": "select count(*) from DLFolder where parentFolderId <> 0",
    "entries at the top of a site": "select count(*) from DLFileEntry where folderId = 0",
    "working copies": "select count(*) from DLFileVersion where version = 'PWC'",
    "versions in the trash": "select count(*) from DLFileVersion where status = 8",
    "unpublished versions": "select count(*) from DLFileVersion where ctCollectionId <> 0",
    "unpublished entries": "select count(*) from DLFileEntry where ctCollectionId <> 0",
    "contents of publications": "select count(*) from CTSContent",
    "images": "select count(*) from Image where ctCollectionId = 0",
    "images of the system": "select count(*) from Image where companyId = 0",
    "unpublished images": "select count(*) from Image where ctCollectionId <> 0",
    "with storeUUID": "select count(*) from DLFileVersion where storeUUID like '%-%'",
    "storeUUID null": "select count(*) from DLFileVersion where storeUUID is null",
    "storeUUID empty": "select count(*) from DLFileVersion where storeUUID = ''",
    "storeUUID blank": "select count(*) from DLFileVersion where storeUUID = ' '",
    "storeUUID the word null": "select count(*) from DLFileVersion where storeUUID = 'null'",
    "large objects": "select count(*) from pg_largeobject_metadata",
}
FILES_OF_EVERY_KIND = ("/0/adaptive/", "/0/document_preview/", "/0/document_thumbnail/", ".index",
                       "/PWC", "/DLFE-", ".png/1.0", "~")


def test_a_sample_has_every_kind_of_row_and_file(dsn_for, cache, tmp_path):
    dsn, root = dsn_for("kinds"), tmp_path / "library"
    report = make_sample.make_sample(dsn, root, cache, versions=1000)
    absent = [kind for kind, query in ROWS_OF_EVERY_KIND.items()
              if int(database.run_sql(dsn, query)) < 1]
    assert absent == []
    files = files_below(root)
    assert [part for part in FILES_OF_EVERY_KIND if not any(part in key for key in files)] == []
    assert report["contents"] == "real"


def test_a_sample_has_exactly_the_defects_asked_for(dsn_for, cache, tmp_path):
    dsn, root = dsn_for("defects"), tmp_path / "library"
    defects = make_sample.parse_defects("missing=7,orphans=5,truncated=3,missing-images=2")
    report = make_sample.make_sample(dsn, root, cache, versions=300, defects=defects)
    found = cross_check(dsn, root)
    assert found["missing"] == sorted(report["missing"] + report["missingImages"])
    assert found["orphans"] == report["orphans"]
    assert found["truncated"] == report["truncated"]
    assert (len(found["missing"]), len(found["orphans"]), len(found["truncated"])) == (9, 5, 3)


def test_growing_keeps_rows_and_files_together_and_defects_as_they_are(dsn_for, cache, tmp_path):
    dsn, root = dsn_for("grown"), tmp_path / "library"
    defects = make_sample.parse_defects("missing=30,orphans=20,truncated=20")
    make_sample.make_sample(dsn, root, cache, versions=300, defects=defects)
    before, record = cross_check(dsn, root), compare.snapshot(dsn, root)
    pool = contents.Pool(2, 10_000)
    report = grow.grow(
        dsn, contents.Library(root), pool, add_versions=6, move=12, delete=12, seed=2
    )
    after = cross_check(dsn, root)
    for kind in ("missing", "orphans", "truncated"):
        assert after[kind] == before[kind]
    moved = {step["from"] for step in report["moved"]}
    gone = moved | set(report["removed"])
    new = {step["to"] for step in report["moved"]} | set(report["added"])
    assert len(report["added"]) == 6 and len(moved) >= 12 and len(report["removed"]) >= 12
    lines = compare.diff(record, compare.snapshot(dsn, root))
    assert {line[5:-6] for line in lines if line.endswith(": gone")} == gone
    assert {line[5:-5] for line in lines if line.endswith(": new")} == new


def test_our_own_tables_take_a_sample_too(dsn_for, tmp_path):
    dsn, root = dsn_for("own"), tmp_path / "library"
    report = make_sample.make_sample(dsn, root, own_schema=True, versions=60, tiny_files=True)
    assert report["schema"] == "own"
    assert cross_check(dsn, root)["missing"] == []


def test_a_target_in_use_is_refused(dsn_for, tmp_path):
    dsn, root = dsn_for("used"), tmp_path / "library"
    root.mkdir()
    (root / "something").touch()
    with pytest.raises(make_sample.SampleError, match="not empty"):
        make_sample.make_sample(dsn, root, own_schema=True, versions=20)
    database.run_sql(dsn, "create table DLFileVersion (x int)")
    with pytest.raises(make_sample.SampleError, match="already has"):
        make_sample.make_sample(dsn, tmp_path / "other", own_schema=True, versions=20)


def test_the_genuine_schema_loads(dsn_for, cache):
    genuine = schema.fetch(cache)
    if genuine.word != "genuine":
        pytest.skip(f"this needs the genuine schema: {genuine.why}")
    dsn = dsn_for("genuine")
    schema.load(dsn, genuine)
    count = "select count(*) from {} where schemaname = 'public'"
    # 103 genuine tables and our two; 550 genuine indexes and those of keys.
    assert database.run_sql(dsn, count.format("pg_tables")) == "105"
    assert int(database.run_sql(dsn, count.format("pg_indexes"))) >= 550


def test_a_large_object_goes_with_its_row_or_reference(dsn_for):
    dsn = dsn_for("unlink")
    schema.load(dsn, schema.own_schema("for a test"))
    database.run_sql(
        dsn,
        "insert into CTSContent (ctsContentId, data_) values (1, lo_from_bytea(11, 'a')),"
        " (2, lo_from_bytea(12, 'b')), (3, null); select lo_from_bytea(13, 'c');",
    )
    oids = (
        "select coalesce(string_agg(oid::text, ' ' order by oid), '') from pg_largeobject_metadata"
    )
    database.run_sql(dsn, "update CTSContent set size_ = 1")
    assert database.run_sql(dsn, oids) == "11 12 13"
    database.run_sql(dsn, "update CTSContent set data_ = 13 where ctsContentId = 1")
    assert database.run_sql(dsn, oids) == "12 13"
    database.run_sql(dsn, "delete from CTSContent where ctsContentId <> 2")
    assert database.run_sql(dsn, oids) == "12"


def test_a_restored_dump_compares_equal_and_a_changed_byte_does_not(
    sample_server, dsn_for, tmp_path
):
    dsn, copy = dsn_for("original"), dsn_for("restored")
    make_sample.make_sample(
        dsn, tmp_path / "library", own_schema=True, versions=200, tiny_files=True
    )
    database.run_sql(dsn, "create sequence counting; select nextval('counting')")
    dump = tmp_path / "dump"
    environment = sample_server.environment()
    for command in (["pg_dump", "-Fc", "-f", dump, dsn.db], ["pg_restore", "-d", copy.db, dump]):
        subprocess.run(
            [sample_server.bindir / command[0], *command[1:]], env=environment, check=True
        )
    original, restored = compare.snapshot(dsn), compare.snapshot(copy)
    assert compare.diff(original, restored) == []
    assert original["database"]["sequences"] == {"public.counting": [1, True]}

    oid = database.run_sql(copy, "select max(data_) from CTSContent")
    database.run_sql(copy, f"select lo_put({oid}, 0, '!'); select nextval('counting')")
    database.run_sql(copy, "update Company set mx = 'x' where companyId = 20096")
    lines = compare.diff(original, compare.snapshot(copy))
    assert [line.split(":")[0] for line in lines] == [
        "table public.company",
        "sequence public.counting",
        f"largeObject {oid}",
    ]


def test_two_equal_rows_are_not_none(dsn_for):
    dsn = dsn_for("twice")
    database.run_sql(dsn, "create table t (x int); insert into t values (1), (2), (2)")
    one = compare.snapshot(dsn)
    database.run_sql(dsn, "update t set x = 1 where x = 2")
    assert compare.diff(one, compare.snapshot(dsn)) == ["table public.t: 3 rows, other contents"]


@pytest.mark.parametrize(
    ("name", "low", "high"), [("text-heavy", 2.5, 5), ("mixed", 2.5, 4), ("incompressible", 1, 1.3)]
)
def test_a_data_set_has_its_size_and_compresses_as_promised(dsn_for, name, low, high):
    dsn = dsn_for("bench")
    report = data_sets.load(dsn, name, 4, lo_mib=1)
    assert low < report["gzipRatioOfRows"] < high
    assert abs(report["copyBytes"] / (4 << 20) - 1) < 0.1
    assert database.run_sql(dsn, "select count(*) from pg_largeobject_metadata") == "4"
    count = " + ".join(f"(select count(*) from {table})" for table in report["tables"])
    assert int(database.run_sql(dsn, f"select {count}")) == report["rows"]
