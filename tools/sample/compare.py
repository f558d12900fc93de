#!/usr/bin/env python3
"""What a database and a folder hold, as JSON, and what differs between two such records.

    compare.py snapshot --db lportal --dsn-port 5433 --dsn-password-file FILE --root DIR --out A.json
    compare.py diff A.json B.json --without-generated

This is the judge of a restore, so it shares nothing with lc2: it asks PostgreSQL and reads the
files itself. Rows are compared without order, by count and by the sum of their MD5s (a sum, since
with xor two equal rows would vanish), in one transaction and in the server, whatever the number of
rows.
"""

import argparse
import hashlib
import json
import os
import sys
from fnmatch import fnmatch
from pathlib import Path

if not __package__:  # run as a program
    sys.path[0] = str(Path(__file__).resolve().parents[1])
from sample import database

FORMAT = 1
USER_SCHEMAS = "n.nspname not in ('information_schema') and n.nspname !~ '^pg_'"
# Text of a row must not depend on the session or the server.
SETTINGS = """
set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres';
set bytea_output = 'hex'; set extra_float_digits = 1; set lc_monetary = 'C'; set search_path = '';
set xmloption = 'content'; set statement_timeout = 0;
"""
# psql runs each line that such a query gives. `only`: a partition's rows count once, as its own.
TABLES = f"""
select format($$
  select json_build_array('table', %L, count(*), sum_of(1)::text, sum_of(17)::text)
  from (select md5(t::text) as h from only %I.%I t) hashes$$,
  n.nspname || '.' || c.relname, n.nspname, c.relname)
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence <> 't' and {USER_SCHEMAS}
order by n.nspname, c.relname
\\gexec
""".replace(
    "sum_of(1)", "coalesce(sum(('x' || substr(h, 1, 16))::bit(64)::bigint::numeric), 0)"
).replace(
    "sum_of(17)", "coalesce(sum(('x' || substr(h, 17, 16))::bit(64)::bigint::numeric), 0)"
)
SEQUENCES = f"""
select format($$ select json_build_array('sequence', %L, last_value, is_called) from %I.%I $$,
  n.nspname || '.' || c.relname, n.nspname, c.relname)
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'S' and c.relpersistence <> 't' and {USER_SCHEMAS}
order by n.nspname, c.relname
\\gexec
"""
# A piece at a time, as an object may be larger than the server's memory. Holes read as zeros, so
# one that was written sparsely equals its restored copy. Reading pg_largeobject takes a superuser.
LARGE_OBJECTS = """
select json_build_array('largeObject', sized.oid, sized.bytes,
  md5((select coalesce(string_agg(md5(pg_catalog.lo_get(sized.oid, at, 1048576)), '' order by at), '')
       from pg_catalog.generate_series(0::bigint, sized.bytes - 1, 1048576) at)))
from (select m.oid, coalesce((select max(p.pageno::bigint * 2048 + length(p.data))
        from pg_catalog.pg_largeobject p where p.loid = m.oid), 0) as bytes
      from pg_catalog.pg_largeobject_metadata m) sized
order by sized.oid;
"""
DEFINITIONS = f"""
select json_build_array('definition', 'column', n.nspname || '.' || c.relname || '.' || a.attname,
  pg_catalog.format_type(a.atttypid, a.atttypmod)
  || case when a.attnotnull then ' not null' else '' end
  || coalesce(' default ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid), ''))
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm')
  and c.relpersistence <> 't' and {USER_SCHEMAS};
select json_build_array('definition', 'index', n.nspname || '.' || i.indexname, i.indexdef)
from pg_catalog.pg_indexes i join pg_catalog.pg_namespace n on n.nspname = i.schemaname
where {USER_SCHEMAS};
select json_build_array('definition', 'constraint',
  n.nspname || '.' || c.relname || '.' || k.conname, pg_catalog.pg_get_constraintdef(k.oid))
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where k.contype <> 'n' and {USER_SCHEMAS};
select json_build_array('definition', 'rule',
  n.nspname || '.' || r.tablename || '.' || r.rulename, r.definition)
from pg_catalog.pg_rules r join pg_catalog.pg_namespace n on n.nspname = r.schemaname
where {USER_SCHEMAS};
select json_build_array('definition', 'view', n.nspname || '.' || v.viewname, v.definition)
from pg_catalog.pg_views v join pg_catalog.pg_namespace n on n.nspname = v.schemaname
where {USER_SCHEMAS};
select json_build_array('definition', 'function', n.nspname || '.' || p.proname || '('
  || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')', md5(p.prosrc))
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where {USER_SCHEMAS};
select json_build_array('definition', 'trigger',
  n.nspname || '.' || c.relname || '.' || t.tgname, pg_catalog.pg_get_triggerdef(t.oid))
from pg_catalog.pg_trigger t
join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where not t.tgisinternal and {USER_SCHEMAS};
"""
BLOCK = 1 << 20


def database_record(dsn):
    script = (
        SETTINGS
        + "begin transaction isolation level repeatable read read only;\n"
        + TABLES
        + SEQUENCES
        + LARGE_OBJECTS
        + DEFINITIONS
        + "commit;\n"
    )
    record = {"tables": {}, "sequences": {}, "largeObjects": {}, "definitions": {}}
    for line in database.run_sql(dsn, script).splitlines():
        kind, *fact = json.loads(line)
        if kind == "table":
            name, count, low, high = fact
            record["tables"][name] = [count, f"{low}:{high}"]
        elif kind == "sequence":
            record["sequences"][fact[0]] = fact[1:]
        elif kind == "largeObject":
            record["largeObjects"][str(fact[0])] = fact[1:]
        else:
            record["definitions"][f"{fact[0]} {fact[1]}"] = fact[2]
    return record


def sha256_of(path):
    with open(path, "rb", buffering=0) as file:
        data = file.read(BLOCK)
        if len(data) < BLOCK:
            return len(data), hashlib.sha256(data).hexdigest()
        digest, size = hashlib.sha256(), 0
        while data:
            digest.update(data)
            size += len(data)
            data = file.read(BLOCK)
        return size, digest.hexdigest()


def files_record(root):
    """Path below the root -> [size, SHA-256]; what is no plain file is named as such. Folders do
    not count: a store has none."""
    if not os.path.isdir(root):
        raise OSError(f"'{root}' is not a folder")
    record, stack = {}, [""]
    while stack:
        below = stack.pop()
        with os.scandir(os.path.join(root, below)) as entries:
            for entry in entries:
                path = below + entry.name
                if entry.is_symlink():
                    record[path] = ["link", os.readlink(entry.path)]
                elif entry.is_dir():
                    stack.append(path + "/")
                elif entry.is_file():
                    record[path] = list(sha256_of(entry.path))
                else:
                    record[path] = ["special", ""]
    return record


def snapshot(dsn=None, root=None):
    record = {"format": FORMAT}
    if dsn is not None:
        record["database"] = database_record(dsn)
    if root is not None:
        record["files"] = files_record(root)
    return record


def is_generated(path, paths):
    """Files that the portal makes again by itself, and the store's own README.txt."""
    parts = path.split("/")
    if (
        parts[1:2] == ["0"]
        and parts[2:3]
        and parts[2] in ("adaptive", "document_preview", "document_thumbnail")
    ):
        return True
    if path.endswith(".index") and path[: -len(".index")] in paths:
        return True
    return path == "README.txt"


def diff(
    left,
    right,
    *,
    without_generated=False,
    ignore_files=(),
    ignore_tables=(),
    ignore_definitions=False,
):
    """Lines that say what differs; none if nothing does. A part that only one record has (files,
    say) is a difference as well."""
    lines = []
    for part in ("database", "files"):
        if (part in left) != (part in right):
            lines.append(f"{part}: recorded on one side only")

    def compare(kind, a, b, skip=lambda name: False):
        for name in sorted(set(a) | set(b)):
            if skip(name):
                continue
            if name not in b:
                lines.append(f"{kind} {name}: gone")
            elif name not in a:
                lines.append(f"{kind} {name}: new")
            elif a[name] != b[name]:
                lines.append(f"{kind} {name}: {describe(kind, a[name], b[name])}")

    if "database" in left and "database" in right:
        a, b = left["database"], right["database"]

        def table_ignored(name):
            return any(fnmatch(name, p) or fnmatch(name.split(".")[-1], p) for p in ignore_tables)

        compare("table", a["tables"], b["tables"], table_ignored)
        compare("sequence", a["sequences"], b["sequences"])
        compare("largeObject", a["largeObjects"], b["largeObjects"])
        if not ignore_definitions:
            compare("definition", a["definitions"], b["definitions"])
    if "files" in left and "files" in right:
        a, b = left["files"], right["files"]

        def file_ignored(path):
            if any(fnmatch(path, pattern) for pattern in ignore_files):
                return True
            return without_generated and (is_generated(path, a) or is_generated(path, b))

        compare("file", a, b, file_ignored)
    return lines


def describe(kind, a, b):
    if kind == "table" and a[0] != b[0]:
        return f"{a[0]} rows, then {b[0]}"
    if kind == "table":
        return f"{a[0]} rows, other contents"
    if kind in ("file", "largeObject") and a[0] != b[0]:
        return f"{a[0]} bytes, then {b[0]}"
    if kind in ("file", "largeObject"):
        return f"{a[0]} bytes, other contents"
    return f"{a} then {b}"


def summary(record):
    parts = []
    if "database" in record:
        base = record["database"]
        rows = sum(count for count, _ in base["tables"].values())
        parts.append(
            f"{len(base['tables'])} tables, {rows} rows, {len(base['largeObjects'])} large objects"
        )
        parts.append(f"{len(base['sequences'])} sequences")
    if "files" in record:
        files = record["files"].values()
        total = sum(size for size, _ in files if isinstance(size, int))
        parts.append(f"{len(files)} files, {total} bytes")
    return ", ".join(parts)


def load_record(path):
    record = json.loads(Path(path).read_text())
    if record.get("format") != FORMAT:
        raise ValueError(f"'{path}' is no record of this program")
    return record


def main(argv=None):
    parser = argparse.ArgumentParser(
        description="Records a database and a folder, and compares two records.",
        epilog="Exit codes of diff: 0 equal, 1 different, 2 could not compare.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    take = verbs.add_parser("snapshot", help="record a database, a folder, or both")
    take.add_argument("--root", metavar="DIR", help="the folder; without it no files are recorded")
    take.add_argument("--out", metavar="FILE", help="default: standard output")
    database.add_dsn_options(take, required=False)
    two = verbs.add_parser("diff", help="say what differs between two records")
    two.add_argument("left")
    two.add_argument("right")
    two.add_argument(
        "--without-generated", action="store_true", help="leave out generated files and README.txt"
    )
    two.add_argument("--ignore-file", action="append", default=[], metavar="PATTERN")
    two.add_argument("--ignore-table", action="append", default=[], metavar="PATTERN")
    two.add_argument(
        "--ignore-definitions",
        action="store_true",
        help="between server versions their text may differ",
    )
    two.add_argument("--limit", type=int, default=50, metavar="N", help="print at most N (0: all)")
    args = parser.parse_args(argv)
    try:
        if args.verb == "snapshot":
            if not args.db and not args.root:
                raise ValueError("nothing to record; HINT: --db, --root, or both")
            record = snapshot(database.dsn_of(args) if args.db else None, args.root)
            text = json.dumps(record, indent=0, sort_keys=True) + "\n"
            if args.out:
                Path(args.out).parent.mkdir(parents=True, exist_ok=True)
                Path(args.out).write_text(text)
                print(summary(record))
            else:
                print(text, end="")
            return 0
        lines = diff(
            load_record(args.left),
            load_record(args.right),
            without_generated=args.without_generated,
            ignore_files=args.ignore_file,
            ignore_tables=args.ignore_table,
            ignore_definitions=args.ignore_definitions,
        )
    except (OSError, ValueError, database.DatabaseError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    shown = lines if args.limit == 0 else lines[: args.limit]
    for line in shown:
        print(line.encode("utf-8", "backslashreplace").decode())
    if len(lines) > len(shown):
        print(f"... and {len(lines) - len(shown)} more")
    print(f"{len(lines)} differences")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
