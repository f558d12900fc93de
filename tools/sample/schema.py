#!/usr/bin/env python3
"""Liferay's database schema for PostgreSQL: the genuine one where it can be had, else our own.

    schema.py fetch --cache build/cache            # prints "schema: genuine" or "schema: own"
    schema.py sql --cache build/cache --part tables
    schema.py load --cache build/cache --db lportal --dsn-port 5432 --dsn-password-file FILE

The genuine tables and indexes come from Maven Central at test time and are never committed (LGPL).
They are written in placeholders, which are put into PostgreSQL's words here. The tables that hold
large objects belong to modules outside that file, so they are ours: DLContent and CTSContent.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

if not __package__:  # run as a program
    sys.path[0] = str(Path(__file__).resolve().parents[1])
from sample import database

ARTIFACT = "com.liferay.portal:com.liferay.portal.impl:93.0.0"  # 7.4.13 update 101
JAR = "com.liferay.portal.impl-93.0.0.jar"
JAR_SHA1 = "2ad3a4f7f11caf28989610b092678f1b544fbee5"
INSIDE = "com/liferay/portal/tools/sql/dependencies/"
FETCH_SECONDS = 300

PLACEHOLDERS = {
    "LONG": "bigint",
    "INTEGER": "integer",
    "BOOLEAN": "bool",
    "STRING": "text",
    "TEXT": "text",
    "VARCHAR": "varchar",
    "DATE": "timestamp",
    "DOUBLE": "double precision",
    "BIGDECIMAL": "decimal(30, 16)",
    "BLOB": "oid",
    "SBLOB": "bytea",
    "TRUE": "true",
    "FALSE": "false",
    "CURRENT_TIMESTAMP": "current_timestamp",
    "COMMIT_TRANSACTION": "commit",
}
# Whole words after white space only: a column may be called `defaultData`.
WORD = re.compile(r"(?<=\s)(" + "|".join(PLACEHOLDERS) + r")(?![A-Za-z0-9_])")
IDENTITY = re.compile(r"\s+IDENTITY(?![A-Za-z0-9_])")
COLUMN = re.compile(r"(\w+)\[\$COLUMN_LENGTH:(\d+)\$\]")
# Liferay's limit for an indexed column on PostgreSQL.
MAX_INDEXED = 676

LARGE_OBJECT_TABLES = {
    "DLContent": (
        "data_",
        """create table DLContent (
	mvccVersion LONG default 0 not null,
	ctCollectionId LONG default 0 not null,
	contentId LONG not null,
	groupId LONG,
	companyId LONG,
	repositoryId LONG,
	path_ VARCHAR(255) null,
	version VARCHAR(75) null,
	data_ BLOB,
	size_ LONG,
	primary key (contentId, ctCollectionId)
);""",
    ),
    "CTSContent": (
        "data_",
        """create table CTSContent (
	mvccVersion LONG default 0 not null,
	ctCollectionId LONG default 0 not null,
	ctsContentId LONG not null,
	companyId LONG,
	repositoryId LONG,
	path_ VARCHAR(255) null,
	version VARCHAR(255) null,
	data_ BLOB,
	size_ LONG,
	storeType VARCHAR(75) null,
	primary key (ctsContentId, ctCollectionId)
);""",
    ),
}
OWN_INDEXES = """create index lc2_dlcontent_path on DLContent (companyId, repositoryId, path_, version);
create index lc2_ctscontent_path on CTSContent (companyId, repositoryId, path_, version);
"""


class Schema(NamedTuple):
    word: str  # "genuine" | "own"
    tables: str
    indexes: str
    why: str = ""  # of "own"


def map_tables(text):
    """Table definitions from placeholders into PostgreSQL's words."""
    text = IDENTITY.sub("", text)
    text = WORD.sub(lambda match: PLACEHOLDERS[match[1]], text)
    return re.sub(r"(?m)^##", "--", text)


def map_indexes(text):
    """Index definitions: a column's length goes, but one over the limit is cut with left()."""

    def column(match):
        if int(match[2]) <= MAX_INDEXED:
            return match[1]
        return f"left({match[1]}, {MAX_INDEXED})"

    return COLUMN.sub(column, text)


def unlink_rules(table, column):
    """Rules that remove a row's large object when the row or the reference goes."""

    def rule(event, condition):
        return (
            f"create rule lc2_{event}_{table.lower()} as on {event} to {table} {condition}"
            f" do also select lo_unlink(old.{column}) where exists (select 1 from"
            f" pg_catalog.pg_largeobject_metadata m where m.oid = old.{column});\n"
        )

    changed = f"where old.{column} is distinct from new.{column}"
    return rule("delete", "") + rule("update", changed)


def module_tables():
    text = ""
    for table, (column, definition) in LARGE_OBJECT_TABLES.items():
        text += map_tables(definition) + "\n" + unlink_rules(table, column)
    return text


def own_schema(why):
    text = (Path(__file__).parent / "own_tables.sql").read_text()
    return Schema("own", map_tables(text) + module_tables(), OWN_INDEXES, why)


def sha1_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()


def fetch_jar(cache):
    """The artefact in `cache`, fetched by Maven unless it is there. Raises OSError with the
    reason."""
    jar = Path(cache).resolve() / JAR
    if jar.is_file() and sha1_of(jar) == JAR_SHA1:
        return jar
    if shutil.which("mvn") is None:
        raise OSError("there is no Maven (apt-get install maven)")
    jar.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=jar.parent) as folder:
        command = ["mvn", "-q", "-B", "dependency:get", "dependency:copy", "-Dtransitive=false"]
        command += [f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={folder}"]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=FETCH_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise OSError(f"Maven did not end within {FETCH_SECONDS} s") from None
        fetched = Path(folder) / JAR
        if done.returncode != 0 or not fetched.is_file():
            lines = [line for line in done.stdout.splitlines() if "ERROR" in line]
            raise OSError(
                f"Maven could not fetch {ARTIFACT}: {lines[0] if lines else 'no reason given'}"
            )
        digest = sha1_of(fetched)
        if digest != JAR_SHA1:
            raise OSError(f"{JAR} has SHA-1 {digest}, expected {JAR_SHA1}")
        os.replace(fetched, jar)
    return jar


def fetch(cache, *, own=False):
    """The schema to use. `own` asks for our own tables even where the genuine ones can be had."""
    if own:
        return own_schema("asked for")
    try:
        with zipfile.ZipFile(fetch_jar(cache)) as jar:
            tables = jar.read(INSIDE + "portal-tables.sql").decode()
            indexes = jar.read(INSIDE + "indexes.sql").decode()
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        return own_schema(str(error))
    return Schema(
        "genuine",
        map_tables(tables.rstrip() + "\n") + module_tables(),
        map_indexes(indexes) + OWN_INDEXES,
    )


def load(dsn, schema, *, part="all"):
    """Makes the tables, the indexes, or both; each in one transaction."""
    if part in ("tables", "all"):
        database.run_sql(dsn, schema.tables, single_transaction=True)
    if part in ("indexes", "all"):
        database.run_sql(
            dsn, "set maintenance_work_mem = '512MB';\n" + schema.indexes, single_transaction=True
        )


def say(schema, stream):
    print(f"schema: {schema.word}" + (f" ({schema.why})" if schema.why else ""), file=stream)


def add_schema_options(parser):
    parser.add_argument(
        "--cache", default="build/cache", metavar="DIR", help="keeps the fetched artefact"
    )
    parser.add_argument(
        "--own-schema", action="store_true", help="our own minimal tables, without fetching"
    )


def main(argv=None):
    parser = argparse.ArgumentParser(description="Liferay's schema for PostgreSQL.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    parsers = {
        "fetch": verbs.add_parser("fetch", help="fetch unless cached; say which schema is in use"),
        "sql": verbs.add_parser("sql", help="print the statements"),
        "load": verbs.add_parser("load", help="make the tables and indexes in a database"),
    }
    for name, one in parsers.items():
        add_schema_options(one)
        if name != "fetch":
            one.add_argument("--part", choices=("tables", "indexes", "all"), default="all")
    database.add_dsn_options(parsers["load"])
    args = parser.parse_args(argv)
    try:
        schema = fetch(args.cache, own=args.own_schema)
        if args.verb == "sql":
            print(schema.tables if args.part != "indexes" else "", end="")
            print(schema.indexes if args.part != "tables" else "", end="")
        elif args.verb == "load":
            load(database.dsn_of(args), schema, part=args.part)
        say(schema, sys.stderr if args.verb == "sql" else sys.stdout)
    except (OSError, database.DatabaseError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
