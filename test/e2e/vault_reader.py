"""Reads a vault by docs/format.md and api/manifest.schema.json alone. Shares no code with lc2.

    problems = check_vault(folder)      # [] or one text for each thing that is not as the page says

What is found out about bytes alone is found out once: a vault is read many times (test/safe/).
"""

import functools
import hashlib
import json
import re
import subprocess
import tempfile
import zlib
from pathlib import Path

import jsonschema

ROOT = Path(__file__).resolve().parents[2]
MIB = 1 << 20
INLINE, SHARD = 10_000, 1_000_000
# Section 2 of the page: every object that may lie in a vault.
ENV = r"[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?/[a-z0-9]{1,16}"
FOLDER = r"([0-9]{8}-[0-9]{6}(-[0-9a-f]{4})?|id-[A-Za-z0-9_][A-Za-z0-9._-]{0,127})"
RUN, ATTEMPT, NUMBER = r"[0-9a-f]{32}", r"a[1-9][0-9]{0,5}", r"[0-9]{6,}\.json"
NAMES = re.compile("|".join(f"(?:{name})" for name in (
    r"vault\.json", r"keys/[0-9a-f]{16}\.pem", r"backup-metadata/[A-Za-z0-9._-]+\.json", rf"audit/{RUN}/{NUMBER}",
    rf"{ENV}/{FOLDER}/manifest\.(json|sig)",
    rf"{ENV}/{FOLDER}/database/{ATTEMPT}/([^/]+\.dump\.zst(\.index\.json)?|[^/]+\.sql\.gz)",
    rf"{ENV}/{FOLDER}/database/{ATTEMPT}/(references|findings)\.ndjson\.zst",
    rf"{ENV}/{FOLDER}/library/{ATTEMPT}/(index\.json|[0-9]{{5,}}\.ndjson\.zst)",
    rf"{ENV}/{FOLDER}/dl/{ATTEMPT}/.+",
    rf"{ENV}/pool/[0-9a-f]{{2}}/[0-9a-f]{{64}}-[0-9a-f]{{8}}",
    rf"{ENV}/runs/{RUN}/{ATTEMPT}/log/{NUMBER[:-6]}\.ndjson\.zst",
    rf"{ENV}/runs/{RUN}/{ATTEMPT}/(?!log/).+", rf"{ENV}/control/ids/[A-Za-z0-9_][A-Za-z0-9._-]*",
    rf"{ENV}/control/requests/(backup|restore)/[a-z0-9.-]+\.json", rf"{ENV}/control/runs/{RUN}/{NUMBER}",
    rf"{ENV}/control/known/{NUMBER}", rf"{ENV}/control/collections/[0-9]{{6,}}\.(ndjson\.zst|done\.json)")))
SCHEMA = json.loads((ROOT / "api/manifest.schema.json").read_text())
EVENTS = {"opened", "attempt", "committed", "abandoned", "finished", "step", "hold", "extended", "verified", "proved",
          "deletionRequested", "deletionWithdrawn", "deleted"}


def canonical(value):
    """RFC 8785, for values without fractions: members sorted by UTF-16, no blanks, least escapes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    # Below the surrogates UTF-16 has the order of code points.
    return text if max(text) < "\ud800" else canonical_of_any(value)


def canonical_of_any(value):
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda item: item[0].encode("utf-16-be"))
        return "{" + ",".join(f"{canonical_of_any(k)}:{canonical_of_any(v)}" for k, v in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical_of_any, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def no_fraction(text):
    raise ValueError(f"{text} is a fraction")


def no_twins(pairs):
    assert len({key for key, _ in pairs}) == len(pairs), "a member is named twice"
    return dict(pairs)


def parse(text):
    return json.loads(text, object_pairs_hook=no_twins, parse_float=no_fraction)


def parse_lines(data):
    """NDJSON. Only a line feed ends a line: text has other characters that str.splitlines() takes for it."""
    return [parse(line) for line in data.decode().split("\n") if line]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


remember = functools.lru_cache(maxsize=1000)


@remember
def parse_ours(data):
    """(value, whether its bytes are its canonical form). Nobody changes the value."""
    value = parse(data)
    return value, canonical(value).encode() == data


@remember
def unpack(data):
    done = subprocess.run(["zstd", "-dc"], input=data, capture_output=True, check=False)
    if done.returncode != 0:
        raise ValueError(done.stderr.decode(errors="replace").strip())
    return done.stdout


def frames_of(data):
    """(offset, size, has a content checksum) of each zstd frame (RFC 8878, section 3.1.1)."""
    at, frames = 0, []
    while at < len(data):
        start = at
        if data[at : at + 4] != b"\x28\xb5\x2f\xfd":
            raise ValueError(f"no zstd frame at byte {at}")
        descriptor = data[at + 4]
        single, check = descriptor >> 5 & 1, descriptor >> 2 & 1
        size_bytes = (1 if single else 0, 2, 4, 8)[descriptor >> 6]
        at += 5 + (0 if single else 1) + (0, 1, 2, 4)[descriptor & 3] + size_bytes
        last = 0
        while not last:
            header = int.from_bytes(data[at : at + 3], "little")
            last, kind, size = header & 1, header >> 1 & 3, header >> 3
            at += 3 + (1 if kind == 1 else size)
        at += 4 * check
        if at > len(data):
            raise ValueError(f"the frame at byte {start} is cut")
        frames.append((start, at - start, bool(check)))
    return frames


class Reader:
    def __init__(self, vault):
        self.vault = Path(vault)
        self.problems = []

    def say(self, where, what):
        self.problems.append(f"{where}: {what}")

    def expect(self, where, what, found, wanted):
        if found != wanted:
            self.say(where, f"{what} is {found!r}, not {wanted!r}")

    def bytes_of(self, path):
        try:
            return (self.vault / path).read_bytes()
        except OSError:
            self.say(path, "is not there")
            return None

    def json_of(self, path, in_canonical_form=True):
        data = self.bytes_of(path)
        if data is None:
            return None
        try:
            value, is_canonical = parse_ours(data)
            if in_canonical_form and not is_canonical:
                self.say(path, "is not in RFC 8785 form")
            return value
        except (ValueError, AssertionError) as problem:
            self.say(path, f"is no JSON of ours: {problem}")
            return None

    # The vault as a whole

    def check(self):
        for path in sorted(p.relative_to(self.vault).as_posix() for p in self.vault.rglob("*") if p.is_file()):
            if not NAMES.fullmatch(path):
                self.say(path, "has no row in section 2")
        header = self.json_of("vault.json")
        if header:
            self.expect("vault.json", "format", header["format"], 1)
            self.check_audit(header["vaultId"])
        for key in self.vault.glob("keys/*.pem"):
            self.expect(key.name, "key id", key.stem, sha256(raw_key(key.read_bytes()))[:16])
        self.runs = {p.name: self.check_log(p) for p in self.vault.glob("*/*/control/runs/*")}
        for folder in self.vault.glob("*/*/control/runs/*"):
            for entry in self.runs[folder.name]:
                if "mapDigest" in entry.get("finished", {}):
                    self.check_map(folder, entry)
        for folder in self.vault.glob("*/*/runs/*/*/log"):
            self.check_run_log(folder)
        manifests = sorted(self.vault.glob("*/*/*/manifest.json"))
        self.check_published(manifests)
        for path in manifests:
            self.check_backup(path.relative_to(self.vault))
        return self.problems

    def check_published(self, manifests):
        """Manifests, signatures and trackers are those of the backups that live."""
        living, ids = 0, set()
        for run, log in self.runs.items():
            if self.lives(run):
                living += 1
                ids.add(log[0]["opened"]["backupId"])
        self.expect("vault", "number of manifests", len(manifests), living)
        self.expect("vault", "signatures", len(list(self.vault.glob("*/*/*/manifest.sig"))), living)
        self.expect("vault", "trackers", {path.stem for path in self.vault.glob("backup-metadata/*")}, ids)

    def check_audit(self, vault_id):
        previous, number = "", 0
        for path in sorted(self.vault.glob(f"audit/{vault_id}/*.json")):
            where = path.relative_to(self.vault).as_posix()
            entry = self.json_of(where)
            if entry is None:
                return
            self.expect(where, "number", (entry["number"], path.stem), (number, f"{number:06}"))
            self.expect(where, "previous", entry["previous"], previous)
            previous, number = "sha256:" + sha256(path.read_bytes()), number + 1

    def check_log(self, folder):
        entries = []
        for number, path in enumerate(sorted(folder.glob("*.json"))):
            where = path.relative_to(self.vault).as_posix()
            entry = self.json_of(where) or {}
            self.expect(where, "number", (entry.get("number"), path.stem), (number, f"{number:06}"))
            self.expect(where, "run", entry.get("runId"), folder.name)
            event = entry.get("event")
            if event not in EVENTS or (number == 0) != (event == "opened"):
                self.say(where, f"event {event!r} cannot stand there")
            bodies = set(entry) - {"number", "projectId", "environment", "runId", "event", "writer", "at", "who", "why"}
            if bodies - {event}:
                self.say(where, f"has members of no event: {sorted(bodies)}")
            entries.append(entry)
        return entries

    def lives(self, run):
        events = {entry.get("event") for entry in self.runs.get(run, [])}
        return "committed" in events and "deleted" not in events

    def check_map(self, folder, entry):
        """What a restore says that it wrote: entries whose path is the pool object. It goes with the backup."""
        source = self.runs[folder.name][0]["opened"]["source"]
        environment = folder.parents[2].relative_to(self.vault).as_posix()
        if environment == f"{source['projectId']}/{source['environment']}" and not self.lives(source["runId"]):
            return
        path = f"{environment}/runs/{entry['runId']}/{entry['finished']['attempt']}/map.ndjson.zst"
        data = self.bytes_of(path)
        if data is None:
            return
        self.expect(path, "digest", "sha256:" + sha256(data), entry["finished"]["mapDigest"])
        for line in parse_lines(unpack(data)):
            if not (self.vault / line["path"]).is_file() or "folder" not in line:
                self.say(path, f"'{line['key']}' is no restored object")

    def check_run_log(self, folder):
        """Section 5.1: numbered pieces of one frame each, their lines of this attempt."""
        project, environment, _, run, attempt, _ = folder.relative_to(self.vault).parts
        for number, path in enumerate(sorted(folder.iterdir())):
            where = path.relative_to(self.vault).as_posix()
            self.expect(where, "name", path.name, f"{number:06}.ndjson.zst")
            data = path.read_bytes()
            try:
                frames, text = frames_of(data), unpack(data)
                lines = parse_lines(text)
            except (ValueError, AssertionError, IndexError) as problem:
                self.say(where, f"is no piece of a log: {problem}")
                continue
            self.expect(where, "frames", [check for _, _, check in frames], [True])
            if len(text) > MIB or not text.endswith(b"\n"):
                self.say(where, "is not whole lines of at most 1 MiB")
            for line in lines:
                names = (line.get("environment"), line.get("run"), line.get("attempt"))
                self.expect(where, "names", names, (f"{project}-{environment}", run, attempt))
                if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(line.get("time"))):
                    self.say(where, f"time {line.get('time')!r}")
                if line.get("level") not in ("info", "warning", "error") or not line.get("event"):
                    self.say(where, f"is no line of a log: {line}")
                if not all(isinstance(value, str) for value in line.values()):
                    self.say(where, f"has values that are no strings: {line}")

    # One backup

    def check_backup(self, path):
        where = path.as_posix()
        before = len(self.problems)
        manifest = self.json_of(where)
        if manifest is None:
            return
        for problem in schema_problems((self.vault / where).read_bytes()):
            self.say(where, f"schema: {problem}")
        if len(self.problems) > before:
            return  # what follows relies on the shape
        bare = {key: value for key, value in manifest.items() if key != "checksum"}
        self.expect(where, "checksum", manifest["checksum"], "sha256:" + sha256(canonical(bare).encode()))
        self.check_signature(path)
        self.prefix = f"{manifest['projectId']}/{manifest['environment']}/"
        self.folder = f"{self.prefix}{folder_of(manifest)}/"
        self.expect(where, "folder", path.parent.as_posix() + "/", self.folder)
        if not self.check_decisions(where, manifest):
            return
        self.check_database(where, manifest["database"])
        self.check_consistency(where, manifest)
        self.check_library(where, manifest["documentLibrary"])
        self.check_tracker(manifest)

    def check_signature(self, path):
        signed, signature = self.bytes_of(path), self.bytes_of(path.with_suffix(".sig"))
        if None in (signed, signature) or not any(
                verifies(key.read_bytes(), signed, signature) for key in self.vault.glob("keys/*.pem")):
            self.say(path.as_posix(), "no key of the vault verifies the signature")

    def check_decisions(self, where, manifest):
        log = self.runs.get(manifest["runId"], [])
        bodies = {entry["event"]: entry.get(entry["event"], {}) for entry in log}
        opened, committed = bodies.get("opened", {}), bodies.get("committed")
        if committed is None:
            self.say(where, "its run has committed nothing")
            return False
        self.expect(where, "manifestDigest", "sha256:" + sha256((self.vault / where).read_bytes()),
                    committed["manifestDigest"])
        for name in ("backupId", "timestamp", "initiator"):
            self.expect(where, name, manifest[name], opened.get(name))
        self.expect(where, "retention.expiresAt", manifest["retention"]["expiresAt"], opened.get("expiresAt"))
        self.expect(where, "base", manifest.get("base"), opened.get("base", {}).get("backupId"))
        reserved = self.json_of(f"{self.prefix}control/ids/{manifest['backupId']}")
        self.expect(where, "reservation", reserved, {"backupId": manifest["backupId"], "runId": manifest["runId"]})
        path = f"{self.prefix}runs/{manifest['runId']}/{committed['attempt']}/candidate.json"
        self.candidate_path = path
        candidate = self.json_of(path)
        if candidate is None:
            return True
        self.expect(path, "digest", "sha256:" + sha256((self.vault / path).read_bytes()), committed["candidateDigest"])
        for name in ("backupId", "runId", "projectId", "environment", "provider", "lcp", "database",
                     "documentLibrary", "consistency"):
            if candidate.get(name) != manifest[name]:
                self.say(path, f"{name} is not that of the manifest")
        return True

    def stored(self, where, facts):
        """The bytes that `facts` describe by path and digest, proven."""
        if not facts["path"].startswith(self.folder):
            self.say(where, f"'{facts['path']}' lies outside of the backup's folder")
        data = self.bytes_of(facts["path"])
        if data is not None:
            self.expect(facts["path"], "sha256", sha256(data), facts["sha256"])
        return data

    def lines(self, where, facts, strictly=True):
        data = self.stored(where, facts)
        if data is None:
            return []
        path = facts["path"]
        try:
            raw = b""
            for offset, size, check in frames_of(data):
                if not check:
                    self.say(path, f"the frame at byte {offset} has no content checksum")
                part = unpack(data[offset : offset + size])
                if len(part) > MIB or (part and not part.endswith(b"\n")):
                    self.say(path, f"the frame at byte {offset} holds not whole lines of at most 1 MiB")
                raw += part
            lines = parse_lines(raw)
        except (ValueError, AssertionError) as problem:
            self.say(path, f"cannot be read: {problem}")
            return []
        keys = [line["key"].encode() for line in lines]
        if strictly and any(a >= b for a, b in zip(keys, keys[1:])):
            self.say(path, "is not sorted by key")
        self.expect(path, "count", len(lines), facts["count"])
        return lines

    def check_database(self, where, database):
        dump = database.get("dump")
        if dump:
            data = self.stored(where, dump)
            if data is not None:
                self.expect(dump["path"], "sizeBytes", len(data), dump["sizeBytes"])
                if dump["format"] == "plain+gzip":
                    self.check_plain(dump, data)
                else:
                    self.check_frames(where, dump, data)
        if "references" in database:
            for line in self.lines(where, database["references"]):
                if set(line) != {"key", "size", "rowId", "source"} or line["source"] not in ("DLFileVersion", "Image"):
                    self.say(database["references"]["path"], f"no reference: {line}")

    def check_plain(self, dump, data):
        """One gzip member of SQL that ends as pg_dump ends it."""
        try:
            raw = zlib.decompress(data, wbits=31)
        except zlib.error as problem:
            self.say(dump["path"], f"cannot be read: {problem}")
            return
        self.expect(dump["path"], "rawBytes", len(raw), dump["rawBytes"])
        if b"-- PostgreSQL database dump complete" not in raw[-4096:]:
            self.say(dump["path"], "has no closing comment")

    def check_frames(self, where, dump, data):
        index_bytes = self.stored(where, dump["index"])
        if index_bytes is None:
            return
        path, index = dump["index"]["path"], parse(index_bytes)
        for name in ("path", "format", "sizeBytes", "rawBytes", "sha256"):
            self.expect(path, name, index[name], dump[name])
        self.expect(path, "version", index["version"], 1)
        try:
            frames = frames_of(data)
        except ValueError as problem:
            self.say(dump["path"], str(problem))
            return
        self.expect(path, "frames", [(f["offset"], f["size"], True) for f in index["frames"]], frames)
        for frame in index["frames"]:
            part = data[frame["offset"] : frame["offset"] + frame["size"]]
            self.expect(path, f"sha256 of the frame at {frame['offset']}", sha256(part), frame["sha256"])
            try:
                self.expect(path, f"rawSize of the frame at {frame['offset']}", len(unpack(part)), frame["rawSize"])
            except ValueError as problem:
                self.say(dump["path"], f"cannot be read at byte {frame['offset']}: {problem}")
        self.expect(path, "sum of rawSize", sum(f["rawSize"] for f in index["frames"]), dump["rawBytes"])

    def check_consistency(self, where, manifest):
        facts = manifest["consistency"]
        if facts["window"][0] > facts["window"][1]:
            self.say(where, "the window ends before it begins")
        if "references" in manifest["database"]:
            self.expect(where, "consistency.references", facts["references"],
                        manifest["database"]["references"]["count"])
        found = [line["kind"] for line in self.lines(where, facts["findings"], strictly=False)]
        lost = sum(map(found.count, ("LostAtSource", "LostInBackup", "Damaged")))
        self.expect(where, "findings by kind", (lost, found.count("Orphan"), found.count("SizeMismatch")),
                    (facts["missing"], facts["orphans"], facts["sizeMismatches"]))

    # The document library

    def check_library(self, where, library):
        if "files" in library:
            entries = library["files"]
        else:
            entries = self.entries_of_shards(where, library)
        keys = [entry["key"].encode() for entry in entries]
        if any(a >= b for a, b in zip(keys, keys[1:])):
            self.say(where, "entries are not sorted by key")
        self.expect(where, "objectCount", len(entries), library["objectCount"])
        self.expect(where, "totalSizeBytes", sum(e["size"] for e in entries), library["totalSizeBytes"])
        for entry in entries:
            self.check_entry(where, entry, library["layout"])
        if library["layout"] == "Pool":
            self.check_written(where, entries)

    def check_written(self, where, entries):
        """The lists of what the run wrote are the entries that carry its name (section 5)."""
        candidate = self.candidate_path
        pairs = []
        for path in (self.vault / candidate).parent.glob("written/*.ndjson"):
            for line in parse_lines(path.read_bytes()):
                pairs.append((line["name"], line["size"]))
                if not path.name.startswith(line["name"][:2] + "-"):
                    self.say(path.relative_to(self.vault).as_posix(), f"'{line['name']}' belongs to another list")
        run = candidate.split("/")[3]
        own = [(e["path"].rsplit("/", 1)[-1], e["size"]) for e in entries if e["path"].endswith("-" + run[:8])]
        if sorted(pairs) != sorted(own):
            self.say(where, "the lists of written objects are not what the entries say")

    def entries_of_shards(self, where, library):
        data = self.stored(where, library["index"])
        path = library["index"]["path"]
        index = self.json_of(path)
        if data is None or index is None:
            return []
        self.expect(path, "format", index["format"], 1)
        for name in ("objectCount", "totalSizeBytes"):
            self.expect(path, name, index[name], library[name])
        self.expect(path, "number of shards", len(index["shards"]), library["index"]["shards"])
        if index["objectCount"] <= INLINE:
            self.say(path, "so few objects stand in the manifest")
        entries = []
        for number, shard in enumerate(index["shards"]):
            self.expect(path, "path of a shard", shard["path"], f"{path.rsplit('/', 1)[0]}/{number:05}.ndjson.zst")
            lines = self.lines(path, shard)
            if not lines:
                continue
            self.expect(shard["path"], "sizeBytes", (self.vault / shard["path"]).stat().st_size, shard["sizeBytes"])
            self.expect(shard["path"], "first and last key", (lines[0]["key"], lines[-1]["key"]),
                        (shard["firstKey"], shard["lastKey"]))
            if len(lines) > SHARD:
                self.say(shard["path"], "is too long")
            entries += lines
        schema = {"$ref": "#/$defs/entry", "$defs": SCHEMA["$defs"]}
        validator = jsonschema.Draft202012Validator(schema)
        for entry in entries:
            if (error := next(validator.iter_errors(entry), None)) is not None:
                self.say(path, f"schema: entry '{entry.get('key')}': {error.message[:200]}")
        return entries

    def check_entry(self, where, entry, layout):
        path, name = entry["path"], entry["path"].rsplit("/", 1)[-1]
        digest = entry.get("checksum", {}).get("value")
        if layout == "Pool":
            self.expect(where, f"path of '{entry['key']}'", path, f"{self.prefix}pool/{name[:2]}/{name}")
            self.expect(where, f"name of '{entry['key']}'", name[:65], f"{digest}-")
            if not any(run.startswith(name[65:]) for run in self.runs):
                self.say(where, f"no run wrote '{path}'")
        elif not re.fullmatch(re.escape(self.folder) + rf"dl/{ATTEMPT}/" + re.escape(entry["key"]), path):
            self.say(where, f"'{path}' is no copy of '{entry['key']}'")
        data = self.bytes_of(path)
        if data is not None and (len(data) != entry["size"] or sha256(data) != digest):
            self.say(path, "has not the size and SHA-256 of its entry")

    def check_tracker(self, manifest):
        path = f"backup-metadata/{manifest['backupId']}.json"
        tracker = self.json_of(path)
        if tracker is None:
            return
        dump = manifest["database"].get("dump")
        wanted = {"backupId": manifest["backupId"], "timestamp": manifest["timestamp"], "uuid": manifest["runId"],
                  "creator": manifest["initiator"], "status": "success", "lcp": manifest["lcp"],
                  "structure": manifest["lcp"]["storageStrategy"], "creationType": manifest["lcp"]["backupType"],
                  "dbDump": dump and {"location": dump["path"], "size": dump["sizeBytes"]},
                  "databaseDump": dump and {"uuid": manifest["runId"], "path": dump["path"]}}
        for name, value in wanted.items():
            self.expect(path, name, tracker.get(name), value)
        self.expect(path, "doclib.size", tracker["doclib"]["size"], manifest["documentLibrary"]["totalSizeBytes"])
        self.expect(path, "documentLibrary", tracker["documentLibrary"],
                    {"uuid": manifest["runId"], "path": tracker["doclib"]["directory"]})
        if manifest["documentLibrary"]["layout"] == "Folder" and not tracker["doclib"]["directory"].startswith(
                self.folder + "dl/"):
            self.say(path, "doclib.directory is not the copy of the library")


@remember
def schema_problems(manifest):
    errors = jsonschema.Draft202012Validator(SCHEMA).iter_errors(parse(manifest))
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in errors]


@remember
def raw_key(pem):
    """The 32 bytes at the end of a SubjectPublicKeyInfo of Ed25519 (RFC 8410)."""
    done = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=pem, capture_output=True, check=True)
    return done.stdout[-32:]


@remember
def verifies(pem, signed, signature):
    with tempfile.TemporaryDirectory() as folder:
        key, data, sig = (Path(folder) / name for name in ("key", "data", "sig"))
        for path, text in ((key, pem), (data, signed), (sig, signature)):
            path.write_bytes(text)
        done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", "-in", data,
                               "-sigfile", sig], capture_output=True, check=False)
    return done.returncode == 0


def folder_of(manifest):
    start = f"{manifest['projectId']}-{manifest['environment']}-backup-"
    match = re.fullmatch(rf"{start}([0-9]{{8}}-[0-9]{{6}}(?:-[0-9a-f]{{4}})?)", manifest["backupId"])
    return match[1] if match else "id-" + manifest["backupId"]


def check_vault(folder):
    return Reader(folder).check()
