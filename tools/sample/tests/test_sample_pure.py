"""The parts that need no server: keys, placeholders, COPY's text form, the seed, comparing."""

import pytest
from sample import compare, contents, database, layout, make_sample, rows, schema, shape

UUID = "8f1c2d3e-0000-4000-a000-000000000001"


# -- keys ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("store_uuid", "expected"),
    [
        (None, "1.0"),
        ("", "1.0"),
        ("  ", "1.0"),
        ("null", "1.0"),
        (" null ", "1.0"),
        (UUID, f"1.0~{UUID}"),
    ],
)
def test_a_label_has_the_uuid_only_where_there_is_one(store_uuid, expected):
    assert layout.label("1.0", store_uuid) == expected


def test_a_word_that_contains_null_is_a_uuid():
    assert layout.label("1.0", "nullify") == "1.0~nullify"


def test_files_at_the_top_of_a_site_lie_below_its_group():
    assert layout.version_key(20096, 20121, 0, "4301", "1.0", None) == "20096/20121/4301/1.0"


def test_files_in_a_folder_lie_below_it():
    key = layout.version_key(20096, 20121, 98014, "DLFE-4301.pdf", "PWC", UUID)
    assert key == f"20096/98014/DLFE-4301.pdf/PWC~{UUID}"


def test_an_image_lies_below_the_repository_zero_of_its_company():
    assert layout.image_key(0, 500001, "png") == "0/0/500001.png/1.0"


def test_generated_files_have_their_folders():
    key = layout.adaptive_key(20096, "Preview-1000x0", 20121, 41, 2001)
    assert key == "20096/0/adaptive/Preview-1000x0/20121/20121/41/2001/1.0"
    assert layout.preview_key(20096, 20121, 41, 2001).startswith("20096/0/document_preview/")
    assert layout.thumbnail_key(20096, 20121, 41, 2001).startswith("20096/0/document_thumbnail/")


# -- placeholders ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("liferay", "postgres"),
    [
        ("\tid LONG default 0 not null,", "\tid bigint default 0 not null,"),
        ("\tn INTEGER,", "\tn integer,"),
        ("\tflag BOOLEAN", "\tflag bool"),
        ("\ttitle VARCHAR(75) null,", "\ttitle varchar(75) null,"),
        ("\ttext_ STRING null, more TEXT null", "\ttext_ text null, more text null"),
        ("\twhen_ DATE null", "\twhen_ timestamp null"),
        ("\tx DOUBLE,\ty BIGDECIMAL", "\tx double precision,\ty decimal(30, 16)"),
        ("\tdata_ BLOB,\tsmall SBLOB", "\tdata_ oid,\tsmall bytea"),
        ("values ( TRUE, FALSE)", "values ( true, false)"),
        ("\tid LONG not null IDENTITY,", "\tid bigint not null,"),
        (" CURRENT_TIMESTAMP", " current_timestamp"),
        ("## said", "-- said"),
    ],
)
def test_placeholders_become_postgresql_types(liferay, postgres):
    assert schema.map_tables(liferay) == postgres


@pytest.mark.parametrize(
    "text", ["\tdefaultData text", "\tLONGITUDE text", "(TEXT)", "\tmyDATE text", "\tDATE_ text"]
)
def test_only_whole_words_after_white_space_are_placeholders(text):
    assert schema.map_tables(text) == text


def test_an_indexed_column_loses_its_length():
    text = "create index IX_1 on User_ (companyId, screenName[$COLUMN_LENGTH:75$], ctCollectionId);"
    assert (
        schema.map_indexes(text)
        == "create index IX_1 on User_ (companyId, screenName, ctCollectionId);"
    )


@pytest.mark.parametrize(("length", "expected"), [(676, "openId"), (677, "left(openId, 676)")])
def test_an_indexed_column_over_the_limit_is_cut(length, expected):
    assert schema.map_indexes(f"(a, openId[$COLUMN_LENGTH:{length}$])") == f"(a, {expected})"


def test_our_own_tables_have_no_placeholder_left():
    own = schema.own_schema("for a test")
    assert own.word == "own"
    assert not [
        line
        for line in own.tables.splitlines()
        if line.startswith("\t") and schema.WORD.search(line)
    ]


# -- COPY ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "\\N"),
        (True, "t"),
        (False, "f"),
        (7, "7"),
        ("", ""),
        ("a\tb\nc\\d\r", "a\\tb\\nc\\\\d\\r"),
    ],
)
def test_a_field_is_escaped_for_copy(value, text):
    assert database.field(value) == text


@pytest.mark.parametrize("text", ["", "plain", "a\tb", "\\", "\\\\n", "a\\nb\n", "\\t\t\\"])
def test_what_copy_escapes_is_read_back(text):
    assert database.unescape(database.field(text)) == text


# -- the seed --------------------------------------------------------------------------------------


def described(seed, versions=500):
    sources = contents.Pool(seed, 1000, tiny=True).sources
    made = []
    for entry in shape.Shape(seed, versions).entries(sources):
        made += [(entry.key(version), version.status, version.when) for version in entry.versions]
    return made


def test_the_same_seed_makes_the_same_versions():
    assert described(7) == described(7)
    assert described(7) != described(8)


def test_exactly_as_many_versions_as_asked():
    the_shape = shape.Shape(1, 500)
    assert (len(described(1)), the_shape.unpublished) == (490, 10)


def test_keys_are_unique_and_of_every_kind():
    keys = [key for key, _, _ in described(1, 3000)]
    assert len(set(keys)) == len(keys)
    labels = [key.rsplit("/", 1)[1] for key in keys]
    assert any("~" in label for label in labels) and any("~" not in label for label in labels)
    assert any(label.startswith("PWC") for label in labels)
    assert any("/DLFE-" in key for key in keys)
    assert {status for _, status, _ in described(1, 3000)} == {0, 1, 2, 3, 8}


def test_byte_order_is_not_number_order():
    names = {int(key.split("/")[2]) for key, _, _ in described(1) if "DLFE" not in key}
    assert sorted(names) != [int(name) for name in sorted(map(str, names))]


def test_rows_have_a_field_for_each_column():
    the_shape = shape.Shape(1, 50)
    entry = next(the_shape.entries(contents.Pool(1, 1000, tiny=True).sources))
    version = entry.versions[0]
    line = rows.entry_line(entry, UUID, "/", version, 8)
    assert len(line.split("\t")) == len(rows.ENTRY_COLUMNS)
    line = rows.version_line(entry, version, 1, UUID, "/", 8)
    assert len(line.split("\t")) == len(rows.VERSION_COLUMNS)


def test_a_document_names_its_key_and_has_the_promised_size(tmp_path):
    (tmp_path / "note.txt").write_text("hello " * 50)
    pool = contents.Pool(1, 100, roots=[tmp_path])
    for source in pool.sources[:20]:
        body = pool.body(source, "1/2/3/1.0")
        assert len(body) == pool.size(source, "1/2/3/1.0")
        assert body.endswith(b"\n[1/2/3/1.0]\n")


@pytest.mark.parametrize("text", ["lost=1", "missing", "missing=", "missing=x", "missing=-1"])
def test_a_defect_that_makes_no_sense_is_refused(text):
    with pytest.raises(ValueError, match="bad defect"):
        make_sample.parse_defects(text)


def test_defects_are_read():
    assert make_sample.parse_defects("missing=7,truncated=3") == {
        "missing": 7,
        "missing-images": 0,
        "orphans": 0,
        "truncated": 3,
    }


# -- comparing -------------------------------------------------------------------------------------


def record(tables=None, files=None, large_objects=None):
    return {
        "format": 1,
        "database": {
            "tables": tables or {},
            "sequences": {},
            "largeObjects": large_objects or {},
            "definitions": {},
        },
        "files": files or {},
    }


def test_equal_records_do_not_differ():
    one = record({"public.a": [1, "5:6"]}, {"1/2/3/1.0": [3, "ab"]})
    assert compare.diff(one, one) == []


@pytest.mark.parametrize(
    ("left", "right", "line"),
    [
        (record({"a.t": [1, "5:6"]}), record({"a.t": [2, "5:6"]}), "table a.t: 1 rows, then 2"),
        (
            record({"a.t": [1, "5:6"]}),
            record({"a.t": [1, "5:7"]}),
            "table a.t: 1 rows, other contents",
        ),
        (record({"a.t": [1, "5:6"]}), record(), "table a.t: gone"),
        (
            record(files={"x": [3, "ab"]}),
            record(files={"x": [3, "ac"]}),
            "file x: 3 bytes, other contents",
        ),
        (record(), record(files={"x": [3, "ab"]}), "file x: new"),
        (
            record(large_objects={"9": [3, "ab"]}),
            record(large_objects={"9": [4, "ab"]}),
            "largeObject 9: 3 bytes, then 4",
        ),
    ],
)
def test_a_difference_is_named(left, right, line):
    assert compare.diff(left, right) == [line]


def test_a_part_on_one_side_only_is_a_difference():
    one, other = record(), record()
    del other["files"]
    assert compare.diff(one, other) == ["files: recorded on one side only"]


def test_generated_files_can_be_left_out_but_nothing_else():
    left = record(
        files={
            "README.txt": [1, "a"],
            "1/0/adaptive/c/2/2/3/4/1.0": [1, "a"],
            "1/0/document_preview/2/2/3/4/1.png/1.0": [1, "a"],
            "1/2/3/1.0": [1, "a"],
            "1/2/3/1.0.index": [1, "a"],
            "1/2/4/1.0.index": [1, "a"],
            "1/0/500.png/1.0": [1, "a"],
        }
    )
    right = record(files={"1/2/3/1.0": [1, "a"]})
    assert compare.diff(left, right, without_generated=True) == [
        "file 1/0/500.png/1.0: gone",
        "file 1/2/4/1.0.index: gone",
    ]


def test_a_folder_is_recorded_with_every_file(tmp_path):
    (tmp_path / "1/2/3").mkdir(parents=True)
    (tmp_path / "1/2/3/1.0").write_bytes(b"abc")
    (tmp_path / "big").write_bytes(b"x" * (compare.BLOCK + 1))
    (tmp_path / "link").symlink_to("big")
    found = compare.files_record(tmp_path)
    assert found["1/2/3/1.0"] == [
        3,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    ]
    assert found["big"][0] == compare.BLOCK + 1
    assert found["link"] == ["link", "big"]
    assert sorted(found) == ["1/2/3/1.0", "big", "link"]
