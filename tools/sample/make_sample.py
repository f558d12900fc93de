#!/usr/bin/env python3
"""Makes a Liferay-shaped environment of any size: rows in a PostgreSQL database, files in a folder.

    make_sample.py make --db lportal --dsn-port 5433 --dsn-password-file FILE --root library \\
        --versions 20000 --defects missing=7,orphans=5,truncated=3 --report report.json
    make_sample.py grow --db lportal ... --root library --add-versions 200 --move 50 --delete 20

The same seed on the same machine makes the same rows and files. See README.md for what is in it.
"""

import argparse
import json
import random
import sys
import time
from contextlib import ExitStack
from pathlib import Path

if not __package__:  # run as a program
    sys.path[0] = str(Path(__file__).resolve().parents[1])
from sample import contents, database, grow, layout, rows, schema, shape

DEFECTS = ("missing", "missing-images", "orphans", "truncated")
FIRST_LARGE_OBJECT = 900_001
LARGE_OBJECT_CAP = 300_000
MAX_IMAGES = 20_000
CONFIGURATIONS = ("Preview-1000x0", "Thumbnail-300x300")
UNKNOWN_COMPANY = 77_777


class SampleError(RuntimeError):
    """The target cannot take a sample; the text says why and what to do."""


def parse_defects(text):
    """{"missing": 7, ...} of "missing=7,orphans=5"; kinds that are not named are 0."""
    defects = dict.fromkeys(DEFECTS, 0)
    for part in filter(None, text.split(",")):
        kind, equals, number = part.partition("=")
        if kind not in defects or not equals or not number.isdigit():
            raise ValueError(f"bad defect '{part}'; HINT: KIND=N, KIND one of {', '.join(DEFECTS)}")
        defects[kind] = int(number)
    return defects


class Sample:
    """One run. After make() `report` says what was made, and by name what was made wrong."""

    def __init__(
        self,
        dsn,
        root,
        the_schema,
        *,
        versions=1000,
        companies=3,
        seed=1,
        max_file_bytes=256 << 10,
        tiny_files=False,
        rows_only=False,
        images=None,
        generated=0.3,
        defects=None,
        indexes=True,
        progress=None,
    ):
        self.dsn, self.schema, self.seed = dsn, the_schema, seed
        self.shape = shape.Shape(seed, versions, companies)
        self.images = (
            min(MAX_IMAGES, max(2 * companies, versions // 100)) if images is None else images
        )
        self.images = max(self.images, companies)  # every company has a logo
        self.generated, self.indexes = generated, indexes
        self.defects = {**dict.fromkeys(DEFECTS, 0), **(defects or {})}
        self.library = None if rows_only else contents.Library(root)
        self.pool = contents.Pool(seed, max_file_bytes, tiny=tiny_files)
        self.progress = progress or (lambda text: None)
        self.written = {}
        self.report = {}
        self._counts = dict.fromkeys(
            ("entries", "versionFiles", "imageFiles", "generatedFiles", "emptyFiles", "storeUuids"),
            0,
        )
        self._large_objects = []
        self._choose_defects()

    def _choose_defects(self):
        """Which rows suffer what: numbers in the order of writing, so that nothing is looked up
        twice."""
        wanted = self.defects
        if any(wanted.values()) and self.library is None:
            raise SampleError("rows without files cannot have defects; HINT: leave out --rows-only")
        chooser = random.Random(f"defects-{self.seed}")
        number = wanted["missing"] + wanted["truncated"] + wanted["orphans"]
        if number > self.shape.live or wanted["missing-images"] > self.images:
            raise SampleError(
                f"{self.shape.live} version files and {self.images} images are too few for these defects"
            )
        chosen = chooser.sample(range(self.shape.live), number)
        fates = ["missing"] * wanted["missing"] + ["truncated"] * wanted["truncated"]
        fates += ["orphans"] * wanted["orphans"]
        self._fate = dict(zip(chosen, fates))
        self._lost_images = set(chooser.sample(range(self.images), wanted["missing-images"]))
        self._keys = {kind: [] for kind in DEFECTS}

    # -- making ----------------------------------------------------------------------------------

    def make(self):
        began = time.monotonic()
        self._check_target()
        self.progress(f"schema: {self.schema.word}")
        schema.load(self.dsn, self.schema, part="tables")
        rng = random.Random(f"rows-{self.seed}")
        if self.library:
            self.library.put(layout.README_NAME, layout.README_TEXT, shape.DAY_ZERO)
        for table, columns, lines in rows.small_tables(self.shape, rng):
            with self._copy(table, columns) as copy:
                for line in lines:
                    copy.row(*line)
        self._write_images(rng)
        self._write_documents(rng)
        self._write_large_objects(rng)
        self._write_counters()
        loaded = time.monotonic()
        if self.indexes:
            self.progress("indexes")
            schema.load(self.dsn, self.schema, part="indexes")
        database.run_sql(self.dsn, "analyze")
        self._fill_report(began, loaded)
        return self.report

    def _check_target(self):
        if database.run_sql(self.dsn, "select to_regclass('dlfileversion')"):
            raise SampleError(
                f"database '{self.dsn.db}' already has Liferay's tables; HINT: take an empty one"
            )
        if self.library:
            root = Path(self.library.root)
            if root.is_dir() and any(root.iterdir()):
                raise SampleError(f"'{root}' is not empty; HINT: take another folder or empty it")
            root.mkdir(parents=True, exist_ok=True)

    def _copy(self, table, columns, **more):
        copy = database.Copy(self.dsn, table, columns, **more)
        self.written[table] = copy
        return copy

    def _write_images(self, rng):
        """Logos first, then portraits and the like; some belong to company 0, some to a
        publication."""
        with self._copy("Image", rows.IMAGE_COLUMNS) as copy:
            for index in range(self.images):
                company = self.shape.company_id(index % self.shape.companies)
                # The first that is no logo, and some more, belong to the system.
                if index == self.shape.companies or (
                    index > self.shape.companies and rng.random() < 0.1
                ):
                    company = 0
                width, height = rng.randint(1, 24), rng.randint(1, 24)
                type_ = ("png", "jpg", "gif")[int(rng.random() ** 3 * 3)]
                image_id = shape.FIRST_IMAGE + index
                data = contents.png(width, height, rng)
                when = shape.DAY_ZERO + index
                copy.row(
                    0, image_id, company, shape.timestamp(when), type_, height, width, len(data)
                )
                if self.library:
                    self._put_image(index, layout.image_key(company, image_id, type_), data, when)
            for index in range(min(2, self.images)):
                unpublished = shape.FIRST_IMAGE + self.images + index
                date = shape.timestamp(shape.DAY_ZERO)
                publication = shape.FIRST_PUBLICATION
                copy.row(publication, unpublished, self.shape.company_id(0), date, "png", 8, 8, 99)

    def _put_image(self, index, key, data, when):
        if index in self._lost_images:
            self._keys["missing-images"].append(key)
            return
        self.library.put(key, data, when)
        self._counts["imageFiles"] += 1

    def _write_documents(self, rng):
        ordinal, remembered = 0, []
        remember_every = max(1, self.shape.live // max(1, self.shape.unpublished))
        with ExitStack() as stack:
            entries = stack.enter_context(self._copy("DLFileEntry", rows.ENTRY_COLUMNS))
            versions = stack.enter_context(self._copy("DLFileVersion", rows.VERSION_COLUMNS))
            for entry in self.shape.entries(self.pool.sources):
                tree_path = self.shape.tree_path(entry.group, entry.folder_index)
                shown, shown_size = shape.current(entry.versions), 0
                for version in entry.versions:
                    key = entry.key(version)
                    size = self._version_size(rng, ordinal, entry, key)
                    if version is shown:
                        shown_size = size
                    version_id = shape.FIRST_VERSION + ordinal
                    versions.line(
                        rows.version_line(
                            entry, version, version_id, shape.uuid(rng), tree_path, size
                        )
                    )
                    if self.library:
                        self._write_version(rng, ordinal, entry, version, version_id, key, size)
                    ordinal += 1
                    if ordinal % remember_every == 0 and len(remembered) < self.shape.unpublished:
                        remembered.append(entry)
                    if ordinal % 100_000 == 0:
                        self.progress(f"{ordinal} of {self.shape.live} versions")
                entries.line(rows.entry_line(entry, shape.uuid(rng), tree_path, shown, shown_size))
                self._counts["entries"] += 1
            self._write_unpublished(rng, entries, versions, remembered)

    def _version_size(self, rng, ordinal, entry, key):
        """Now and then a document is empty, unless it is to be cut."""
        if not self.pool.tiny and rng.random() < 0.002 and ordinal not in self._fate:
            self._counts["emptyFiles"] += 1
            return 0
        return self.pool.size(entry.source, key)

    def _write_version(self, rng, ordinal, entry, version, version_id, key, size):
        fate = self._fate.get(ordinal)
        if fate == "missing":
            self._keys["missing"].append(key)
            return
        data = self.pool.body(entry.source, key) if size else b""
        if fate == "truncated":
            data = data[: size // 2]
            self._keys["truncated"].append(key)
        elif fate == "orphans":
            self._write_orphan(rng, entry, version)
        self.library.put(key, data, version.when)
        self._counts["versionFiles"] += 1
        if rng.random() < self.generated:
            self._write_generated(rng, entry, version_id, key, version.when)

    def _write_orphan(self, rng, entry, version):
        """A file no row knows: of a known entry, of an entry that is gone, of an unknown
        company."""
        group, repository = entry.group, layout.repository(entry.group.group_id, entry.folder_id)
        kind = len(self._keys["orphans"]) % 3
        if kind == 0:
            label = f"{version.label_version}~{shape.uuid(rng)}"
            key = layout.key(group.company_id, repository, entry.name, label)
        elif kind == 1:
            # No counter gets there: names are short numbers.
            key = layout.key(group.company_id, repository, f"9{entry.number:09d}", "1.0")
        else:
            key = layout.key(UNKNOWN_COMPANY, repository, entry.name, "1.0")
        self.library.put(key, f"nobody knows {key}\n".encode(), version.when)
        self._keys["orphans"].append(key)

    def _write_generated(self, rng, entry, version_id, key, when):
        company, group = entry.group.company_id, entry.group.group_id
        kind = int(rng.random() * 4)
        if kind == 0:
            name = CONFIGURATIONS[int(rng.random() * 2)]
            made = layout.adaptive_key(company, name, group, entry.entry_id, version_id)
        elif kind == 1:
            made = layout.preview_key(company, group, entry.entry_id, version_id)
        elif kind == 2:
            made = layout.thumbnail_key(company, group, entry.entry_id, version_id)
        else:
            made = key + layout.INDEX_SUFFIX
        self.library.put(made, f"made from version {version_id}\n".encode(), when)
        self._counts["generatedFiles"] += 1

    def _write_unpublished(self, rng, entries, versions, remembered):
        """Rows of publications: new versions of live entries (some moved as well) and new entries.
        Their bytes are large objects in CTSContent; the library has no file of them."""
        for index in range(self.shape.unpublished):
            publication = shape.FIRST_PUBLICATION + index % shape.PUBLICATIONS
            if index % 2 == 0 and remembered:
                entry = remembered.pop(0)
                if index % 4 == 0:
                    # Moved in the publication: its row names another folder than the live one.
                    entry.folder_index = (entry.folder_index or 0) + 1
                    entry.folder_index %= self.shape.folders_per_group
                    entry.folder_id = self.shape.folder_id(entry.group, entry.folder_index)
                remembered = [other for other in remembered if other is not entry]
                label = f"{len(entry.versions) + 90}.0"
            else:
                entry = self.shape.entry(rng, self._counts["entries"] + index, self.pool.sources)
                label = "1.0"
            when = shape.DAY_ZERO + 86400 * (shape.DAYS - 10)
            version = shape.Version(label, shape.uuid(rng), shape.DRAFT, when)
            entry.versions = [version]
            data = self.pool.body(entry.source, entry.key(version))[:LARGE_OBJECT_CAP]
            path = self.shape.tree_path(entry.group, entry.folder_index)
            uuid, number = shape.uuid(rng), shape.FIRST_VERSION + self.shape.live + index
            versions.line(
                rows.version_line(entry, version, number, uuid, path, len(data), publication)
            )
            entries.line(rows.entry_line(entry, uuid, path, version, len(data), publication))
            self._large_objects.append((entry, version, publication, data))

    def _write_large_objects(self, rng):
        """CTSContent for the publications; DLContent for what a former DBStore left behind."""
        number = FIRST_LARGE_OBJECT
        stage = "create temporary table lc2_stage ({}, oid_ oid, bytes_ bytea) on commit drop"
        move = "insert into {} ({}, data_) select {}, lo_from_bytea(oid_, bytes_) from lc2_stage"
        names = "ctsContentId, ctCollectionId, companyId, repositoryId, path_, version, size_, storeType"
        types = (
            "ctsContentId bigint, ctCollectionId bigint, companyId bigint, repositoryId bigint,"
            " path_ text, version text, size_ bigint, storeType text"
        )
        with database.Copy(
            self.dsn,
            "lc2_stage",
            (),
            before=stage.format(types),
            after=move.format("CTSContent", names, names),
        ) as copy:
            for entry, version, publication, data in self._large_objects:
                copy.row(
                    *(number, publication, entry.group.company_id),
                    *(layout.repository(entry.group.group_id, entry.folder_id), entry.name),
                    *(
                        layout.label(version.label_version, version.store_uuid),
                        len(data),
                        "default",
                    ),
                    *(number, "\\x" + data.hex()),
                )
                number += 1
        self._counts["ctsContent"] = len(self._large_objects)
        names = "contentId, ctCollectionId, groupId, companyId, repositoryId, path_, version, size_"
        types = (
            "contentId bigint, ctCollectionId bigint, groupId bigint, companyId bigint,"
            " repositoryId bigint, path_ text, version text, size_ bigint"
        )
        left_behind = min(50, 3 + self.shape.versions // 1000)
        with database.Copy(
            self.dsn,
            "lc2_stage",
            (),
            before=stage.format(types),
            after=move.format("DLContent", names, names),
        ) as copy:
            for index in range(left_behind):
                group = self.shape.groups[index % len(self.shape.groups)]
                # The first is empty, the second longer than many pages of a large object.
                data = rng.randbytes(
                    (0, LARGE_OBJECT_CAP)[index] if index < 2 else rng.randint(1, 9000)
                )
                copy.row(
                    *(number, 0, group.group_id, group.company_id, group.group_id),
                    *(f"old/{index}", "1.0", len(data), number, "\\x" + data.hex()),
                )
                number += 1
        self._counts["dlContent"] = left_behind

    def _write_counters(self):
        with self._copy("Counter", ("name", "currentId")) as copy:
            last = self._counts["entries"] + self.shape.unpublished
            copy.row(
                "com.liferay.counter.kernel.model.Counter",
                shape.FIRST_VERSION + self.shape.versions,
            )
            copy.row(rows.CLASS_NAMES[2], shape.FIRST_NAME + last)

    def _fill_report(self, began, loaded):
        unknown = len(self._keys["orphans"])
        rows_of = {table: copy.rows for table, copy in self.written.items()}
        rows_of.update(CTSContent=self._counts["ctsContent"], DLContent=self._counts["dlContent"])
        self.report = {
            "schema": self.schema.word,
            "schemaWhy": self.schema.why,
            "seed": self.seed,
            "contents": "tiny" if self.pool.tiny else "real" if self.pool.real else "seeded",
            "companies": self.shape.companies,
            "rows": rows_of,
            "liveVersions": self.shape.live,
            "unpublishedVersions": self.shape.unpublished,
            "liveImages": self.images,
            "largeObjects": self._counts["ctsContent"] + self._counts["dlContent"],
            "files": self.library.files if self.library else 0,
            "bytes": self.library.bytes if self.library else 0,
            "versionFiles": self._counts["versionFiles"],
            "imageFiles": self._counts["imageFiles"],
            "generated": self._counts["generatedFiles"],
            "emptyFiles": self._counts["emptyFiles"],
            # What a right cross-check finds; images that are gone are missing like any other.
            "expected": {
                "references": self.shape.live + self.images,
                "missing": len(self._keys["missing"]) + len(self._keys["missing-images"]),
                "orphans": unknown,
                "sizeMismatches": len(self._keys["truncated"]),
                "generated": self._counts["generatedFiles"],
            },
            "missing": sorted(self._keys["missing"]),
            "missingImages": sorted(self._keys["missing-images"]),
            "orphans": sorted(self._keys["orphans"]),
            "truncated": sorted(self._keys["truncated"]),
            "seconds": {
                "load": round(loaded - began, 2),
                "indexes": round(time.monotonic() - loaded, 2),
            },
        }


def make_sample(dsn, root, cache="build/cache", *, own_schema=False, **options):
    """The library's entry: makes a sample in an empty database and folder, gives the report."""
    return Sample(dsn, root, schema.fetch(cache, own=own_schema), **options).make()


def write_report(report, path):
    text = json.dumps(report, indent=1, ensure_ascii=True) + "\n"
    if path and path != "-":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
    else:
        print(text, end="")


def parser():
    top = argparse.ArgumentParser(
        description="Makes a Liferay-shaped environment: rows in PostgreSQL, files in a folder.",
        epilog="The report goes to --report, else to standard output. Exit codes: 0 done, 1 failed.",
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    make = verbs.add_parser("make", help="fill an empty database and an empty folder")
    make.add_argument(
        "--root", metavar="DIR", help="the library's folder (needed unless --rows-only)"
    )
    make.add_argument(
        "--versions", type=int, default=1000, metavar="N", help="rows of DLFileVersion"
    )
    make.add_argument("--companies", type=int, default=3, metavar="N")
    make.add_argument("--seed", type=int, default=1, metavar="N")
    make.add_argument(
        "--max-file-bytes", type=int, default=256 << 10, metavar="N", help="longer contents are cut"
    )
    make.add_argument("--tiny-files", action="store_true", help="8 bytes each: many files, fast")
    make.add_argument("--rows-only", action="store_true", help="no files at all")
    make.add_argument(
        "--images", type=int, metavar="N", help="rows of Image (default: 1 %% of versions)"
    )
    make.add_argument(
        "--generated",
        type=float,
        default=0.3,
        metavar="SHARE",
        help="of versions with a generated file",
    )
    make.add_argument(
        "--defects", default="", metavar="KIND=N,...", help=f"what is wrong: {', '.join(DEFECTS)}"
    )
    make.add_argument("--no-indexes", action="store_true", help="tables and primary keys only")
    schema.add_schema_options(make)
    grown = verbs.add_parser("grow", help="change a sample, rows and files alike")
    grown.add_argument("--root", required=True, metavar="DIR")
    grown.add_argument("--add-versions", type=int, default=0, metavar="N")
    grown.add_argument(
        "--move", type=int, default=0, metavar="N", help="entries into another folder"
    )
    grown.add_argument("--delete", type=int, default=0, metavar="N", help="entries, files included")
    grown.add_argument("--seed", type=int, default=1, metavar="N")
    grown.add_argument("--max-file-bytes", type=int, default=256 << 10, metavar="N")
    grown.add_argument("--tiny-files", action="store_true")
    for verb in (make, grown):
        database.add_dsn_options(verb)
        verb.add_argument("--report", metavar="FILE", help="where the JSON report goes")
        verb.add_argument("--quiet", action="store_true", help="no progress on standard error")
    return top


def main(argv=None):
    args = parser().parse_args(argv)

    def progress(text):
        if not args.quiet:
            print(f"sample: {text}", file=sys.stderr, flush=True)

    try:
        dsn = database.dsn_of(args)
        if args.verb == "grow":
            pool = contents.Pool(args.seed, args.max_file_bytes, tiny=args.tiny_files)
            report = grow.grow(
                dsn,
                contents.Library(args.root),
                pool,
                add_versions=args.add_versions,
                move=args.move,
                delete=args.delete,
                seed=args.seed,
            )
        else:
            if not args.root and not args.rows_only:
                raise SampleError("no folder for the files; HINT: --root DIR, or --rows-only")
            report = make_sample(
                dsn,
                args.root,
                args.cache,
                own_schema=args.own_schema,
                versions=args.versions,
                companies=args.companies,
                seed=args.seed,
                max_file_bytes=args.max_file_bytes,
                tiny_files=args.tiny_files,
                rows_only=args.rows_only,
                images=args.images,
                generated=args.generated,
                defects=parse_defects(args.defects),
                indexes=not args.no_indexes,
                progress=progress,
            )
        write_report(report, args.report)
    except (OSError, ValueError, SampleError, database.DatabaseError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
