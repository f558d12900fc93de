#!/usr/bin/env python3
"""Seeded data sets for measuring dumps: how well they compress is what sets them apart.

    data_sets.py load --name text-heavy --mib 256 --db bench --dsn-port 5433 --dsn-password-file FILE

  text-heavy       web content: XML around real sentences of this machine's documentation
  mixed            rows of ids, times, UUIDs, numbers, short titles and small JSON documents, in the
                   column types Liferay has (JSON is text there: no table of its schema has jsonb)
  incompressible   tokens and keys: random characters, as dense as text can be

Each is spread over four tables, so that a parallel dump has something to do. N MiB are the bytes
that pg_dump writes for the rows; large objects (--lo-mib) come on top.
"""

import argparse
import gzip
import json
import os
import random
import re
import sys
import time
import zlib
from itertools import accumulate
from pathlib import Path

if not __package__:  # run as a program
    sys.path[0] = str(Path(__file__).resolve().parents[1])
from sample import database, shape
from sample.contents import clean

TABLES = 4
MIB = 1 << 20
LARGE_OBJECT_BYTES = 256 << 10
FIRST_LARGE_OBJECT = 2_000_001
TEXT_ROOTS = (
    "/usr/share/doc",
    "/usr/share/man/man1",
    "/usr/share/man/man3",
    "/usr/share/perl",
    "/usr/lib/python3",
)
MAX_CORPUS = 24 << 20
MAX_TEXT_FILE = 256 << 10
MARKUP = re.compile(rb"\\f[A-Z]|\\[-&e|]|<[^>]*>|^[.'].*$|[\x00-\x09\x0b-\x1f\x7f\\]", re.MULTILINE)
LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ "
# Printable one-byte characters but for the backslash, which COPY would double: 93 of them carry
# 6.5 bits each, and no text in a database of ASCII carries more.
DENSE = bytes(code for code in range(33, 127) if code != 92)


def read_text(path):
    opener = gzip.open if path.endswith(".gz") else open
    try:
        with opener(path, "rb") as file:
            data = file.read(MAX_TEXT_FILE)
    except (OSError, EOFError, zlib.error):
        return b""
    return b"" if b"\0" in data[:1000] else data


def phrases_of(text):
    """Runs of seven to twelve words; tables, code and rulers, which have few letters, are left
    out."""
    words, at = MARKUP.sub(b" ", text).split(), 0
    while at + 12 < len(words):
        step = 7 + (len(words[at]) + len(words[at + 1])) % 6
        phrase = b" ".join(words[at : at + step])
        at += step
        if len(phrase.translate(None, LETTERS)) * 8 < len(phrase):
            yield phrase.decode("utf-8", "ignore")


def corpus(chooser, limit=MAX_CORPUS):
    """Phrases out of this machine's documentation, each once, those of one document side by side;
    invented ones where there is too little of it."""
    paths = []
    for root in TEXT_ROOTS:
        for folder, folders, names in os.walk(root):
            folders.sort()
            paths += [os.path.join(folder, name) for name in sorted(names)]
    chooser.shuffle(paths)
    phrases, size = {}, 0
    for path in paths:
        if not path.endswith((".so", ".pyc", ".png", ".svg", ".svgz")):
            for phrase in phrases_of(read_text(path)):
                if phrase not in phrases:
                    phrases[phrase] = None
                    size += len(phrase)
        if size >= limit:
            break
    if len(phrases) < 20_000:
        return invented_phrases(chooser, 200_000)
    return list(phrases)


def invented_phrases(chooser, count):
    """Pseudo-words with the frequencies of a language: a few are in every sentence."""
    sounds = [
        a + b for a in "bcdfghklmnprstvw" for b in ("a", "e", "i", "o", "u", "er", "an", "st")
    ]
    words = [
        "".join(chooser.choices(sounds, k=chooser.choice((1, 2, 2, 3, 3, 4))))
        for _ in range(20_000)
    ]
    weights = list(accumulate(1 / (rank + 3) for rank in range(len(words))))
    return [
        " ".join(
            chooser.choices(words, cum_weights=weights, k=chooser.choice((7, 8, 9, 10, 11, 12)))
        )
        for _ in range(count)
    ]


class TextHeavy:
    columns = "id bigint not null, companyId bigint, title varchar(255), modifiedDate timestamp, content text"
    names = ("id", "companyId", "title", "modifiedDate", "content")
    # An article draws from so many neighbours in the corpus: it is about something, and repeats
    # itself as people do. Two articles about the same are far apart.
    SUBJECT = 260

    def __init__(self, chooser):
        self.phrases = [phrase.translate(database.ESCAPES) for phrase in corpus(chooser)]

    def rows(self, rng):
        number, random_, last = 0, rng.random, len(self.phrases) - self.SUBJECT
        while True:
            number += 1
            start = int(random_() * last)
            subject = self.phrases[start : start + self.SUBJECT]
            count = int(min(900.0, rng.lognormvariate(3.4, 1.0))) + 4
            drawn = rng.choices(subject, k=count)
            parts, at = [], 0
            while at < count:
                end = min(count, at + 2 + int(random_() * 6))
                text, kind = " ".join(drawn[at:end]), random_()
                at = end
                if kind < 0.7:
                    parts.append(f"<p>{text}.</p>")
                elif kind < 0.85:
                    items = "</li>\\n\\t<li>".join(text.split(". ", 4))
                    parts.append(f"<ul>\\n\\t<li>{items}</li>\\n</ul>")
                elif kind < 0.95:
                    parts.append(f'<h2 class="section-title">{text[:50]}</h2>')
                else:
                    parts.append(
                        f'<p><a href="/documents/20121/{98014 + int(random_() * 900)}/{number}"'
                        f' target="_blank">{text[:40]}</a></p>'
                    )
            body = "\\n".join(parts)
            when = shape.timestamp(shape.DAY_ZERO + int(random_() * 86400 * 900))
            yield (
                f"{number}\t20096\t{subject[0][:80]}\t{when}\t"
                '<?xml version="1.0"?>\\n\\n<root available-locales="en_US,de_DE" default-locale="en_US">\\n'
                '\\t<dynamic-element name="content" type="rich_text" index-type="text" instance-id="'
                f'{rng.getrandbits(40):010x}">\\n\\t\\t<dynamic-content language-id="en_US"><![CDATA[{body}]]>'
                "</dynamic-content>\\n\\t</dynamic-element>\\n</root>"
            )


class Mixed:
    columns = (
        "id bigint not null, uuid_ varchar(75), companyId bigint, groupId bigint, userId bigint,"
        " createDate timestamp, modifiedDate timestamp, classNameId bigint, classPK bigint,"
        " title varchar(255), mimeType varchar(75), priority double precision, viewCount integer,"
        " visible bool, price decimal(30,16), settings text, status integer"
    )
    names = tuple(part.split()[0] for part in re.sub(r"\(\d+,\d+\)", "", columns).split(", "))

    def __init__(self, chooser):
        phrases = corpus(chooser, 8 << 20)
        self.titles = [clean(phrase)[:40].strip() for phrase in phrases]
        self.mimes = ("application/pdf", "image/png", "text/html", "application/vnd.ms-excel", "")

    def rows(self, rng):
        random_, number = rng.random, 0
        titles, mimes = self.titles, self.mimes
        while True:
            number += 1
            created = shape.DAY_ZERO + int(random_() * 86400 * 900)
            changed = created + int(random_() * 86400 * 90)
            micro = int(random_() * 900_000) + 100_000
            title, price = titles[int(random_() * len(titles))], int(random_() * 100_000)
            user = 20_100 + int(random_() ** 3 * 4000)
            settings = (
                f'{{"depth": {int(random_() * 9)}, "owner": {user}, '
                f'"layout": "{int(random_() * 40)}-column", "locale": "en_US", "enabled": {"true" if random_() < 0.7 else "false"}, '
                f'"keywords": ["{title.split(" ")[0]}", "{titles[int(random_() * len(titles))].split(" ")[-1]}"]}}'
            )
            yield (
                f"{number}\t{shape.uuid(rng)}\t20096\t{20121 + 37 * int(random_() ** 2 * 40)}\t{user}\t"
                f"{shape.timestamp(created)}\t{shape.timestamp(changed)}.{micro}\t"
                f"{20001 + int(random_() * 60)}\t{40_000_001 + 2 * number}\t{title}\t"
                f"{mimes[int(random_() ** 2 * 5)]}\t{int(random_() * 20) / 4}\t{int(random_() ** 4 * 100000)}\t"
                f"{'t' if random_() < 0.9 else 'f'}\t{price // 100}.{price % 100:02d}00000000000000\t{settings}\t"
                f"{0 if random_() < 0.93 else 8}"
            )


class Incompressible:
    columns = "id bigint not null, token text"
    names = ("id", "token")
    WIDTH = 1600

    def __init__(self, chooser):
        # All 256 bytes onto 93 characters, each taken two or three times.
        self.table = bytes(DENSE[code % len(DENSE)] for code in range(256))

    def rows(self, rng):
        number = 0
        while True:
            text = rng.randbytes(self.WIDTH * 256).translate(self.table).decode("ascii")
            for at in range(0, len(text), self.WIDTH):
                number += 1
                yield f"{number}\t{text[at : at + self.WIDTH]}"


DATA_SETS = {"text-heavy": TextHeavy, "mixed": Mixed, "incompressible": Incompressible}


def table_name(name, index):
    return f"bench_{name.replace('-', '_')}_{index + 1}"


def gzip_ratio(blocks):
    """Of what gzip -6 makes of samples of the rows: a first word, the bench measures the dump."""
    raw = b"".join(blocks)
    return len(raw) / max(1, len(zlib.compress(raw, 6)))


def load(dsn, name, mib, *, seed=1, lo_mib=0):
    """Fills new tables; gives the report."""
    began = time.monotonic()
    chooser = random.Random(f"{name}-{seed}")
    data_set = DATA_SETS[name](chooser)
    prepared = time.monotonic()
    total_rows = total_bytes = 0
    samples, tables = [], []
    for index in range(TABLES):
        table, target = table_name(name, index), mib * MIB // TABLES
        rng = random.Random(f"{name}-{seed}-{index}")
        # The table is made in the same transaction, so that its rows need no write-ahead log.
        made = f"create table {table} ({data_set.columns})"
        keyed = f"alter table {table} add primary key (id)"
        with database.Copy(dsn, table, data_set.names, before=made, after=keyed) as copy:
            sent, lines = 0, []
            for line in data_set.rows(rng):
                # ASCII but for a letter here and there, which the count at the end includes.
                sent += len(line) + 1
                copy.line(line)
                if index == 0 and len(lines) < 20_000 and sent < 4 * MIB:
                    lines.append(line)
                if sent >= target:
                    break
            if lines:
                samples.append(("\n".join(lines) + "\n").encode())
        total_rows += copy.rows
        total_bytes += copy.bytes
        tables.append(table)
    large_bytes = load_large_objects(dsn, chooser, lo_mib)
    database.run_sql(dsn, "analyze")
    return {
        "name": name,
        "seed": seed,
        "tables": tables,
        "rows": total_rows,
        "copyBytes": total_bytes,
        "largeObjectBytes": large_bytes,
        "databaseBytes": int(database.run_sql(dsn, "select pg_database_size(current_database())")),
        "gzipRatioOfRows": round(gzip_ratio(samples), 2),
        "seconds": {
            "prepare": round(prepared - began, 2),
            "load": round(time.monotonic() - prepared, 2),
        },
    }


def load_large_objects(dsn, chooser, mib):
    """Random large objects: in a plain dump they are hexadecimal, in the others they are
    themselves."""
    if mib <= 0:
        return 0
    stage = "create temporary table lc2_stage (oid_ oid, bytes_ bytea) on commit drop"
    make = "select count(lo_from_bytea(oid_, bytes_)) from lc2_stage"
    count = mib * MIB // LARGE_OBJECT_BYTES
    with database.Copy(dsn, "lc2_stage", (), before=stage, after=make) as copy:
        for index in range(count):
            copy.row(
                FIRST_LARGE_OBJECT + index, "\\x" + chooser.randbytes(LARGE_OBJECT_BYTES).hex()
            )
    return count * LARGE_OBJECT_BYTES


def main(argv=None):
    parser = argparse.ArgumentParser(description="Seeded data sets for measuring dumps.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    one = verbs.add_parser("load", help="fill new tables of a database")
    one.add_argument("--name", required=True, choices=sorted(DATA_SETS))
    one.add_argument("--mib", type=int, required=True, metavar="N", help="MiB of rows")
    one.add_argument(
        "--lo-mib", type=int, default=0, metavar="N", help="MiB of random large objects on top"
    )
    one.add_argument("--seed", type=int, default=1, metavar="N")
    one.add_argument("--report", metavar="FILE", help="default: standard output")
    database.add_dsn_options(one)
    args = parser.parse_args(argv)
    try:
        report = load(
            database.dsn_of(args), args.name, args.mib, seed=args.seed, lo_mib=args.lo_mib
        )
        text = json.dumps(report, indent=1) + "\n"
        if args.report:
            Path(args.report).parent.mkdir(parents=True, exist_ok=True)
            Path(args.report).write_text(text)
        else:
            print(text, end="")
    except (OSError, database.DatabaseError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
