"""What the sample's documents contain: real files of this machine, else seeded bytes.

Every document ends in a line that names its key, so that no two are equal and a file that landed
under a wrong key shows.
"""

import mimetypes
import os
import random
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

ROOTS = (
    "/usr/share/doc",
    "/usr/share/fonts",
    "/usr/share/man",
    "/usr/share/java",
    "/usr/share/icons",
    "/usr/share/perl",
    "/usr/lib/python3",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
)
MAX_SCANNED = 40_000
MAX_SOURCES = 4_000
FEWEST_SOURCES = 50
CACHE_BYTES = 64 << 20
# Kinds of documents where there is no real file to take a name from.
INVENTED = ("pdf", "docx", "png", "jpg", "xlsx", "txt", "mp4", "html", "pptx", "svg")


class Source(NamedTuple):
    """A file that documents are made of. `path` is empty for seeded bytes."""

    stem: str
    extension: str
    mime: str
    size: int
    path: str
    seed: int


def mime_of(extension):
    return mimetypes.types_map.get("." + extension, "application/octet-stream")


def scan(roots):
    """Plain readable files, in an order that does not depend on the file system."""
    found = []
    for root in roots:
        for folder, folders, names in os.walk(root):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(folder, name)
                try:
                    facts = os.lstat(path)
                except OSError:
                    continue
                if (facts.st_mode & 0o170000) == 0o100000 and facts.st_size > 0:
                    found.append((path, facts.st_size))
        if len(found) >= MAX_SCANNED:
            break
    return found


def clean(text):
    """A title that Liferay would accept: no slashes or control characters, not endless."""
    return (
        "".join(c if c.isprintable() and c not in '/\\"*<>|:?' else "_" for c in text)[:120] or "x"
    )


class Pool:
    """The sources and, within a bound, their bytes."""

    def __init__(self, seed, max_bytes, *, tiny=False, roots=ROOTS):
        chooser = random.Random(f"pool-{seed}")
        self.max_bytes, self.tiny = max_bytes, tiny
        self._cache, self._room = {}, CACHE_BYTES
        found = [] if tiny else scan(roots)
        if len(found) > MAX_SOURCES:
            found = chooser.sample(found, MAX_SOURCES)
        self.sources = [self._real(path, size) for path, size in found]
        self.real = len(self.sources) >= FEWEST_SOURCES
        if not self.real:
            self.sources = [self._invented(chooser, number) for number in range(500)]

    def _real(self, path, size):
        name = os.path.basename(path)
        stem, dot, extension = name.rpartition(".")
        if not dot or not stem or not extension.isalnum() or len(extension) > 8:
            stem, extension = name, "bin"
        stem = clean(stem.encode("utf-8", "replace").decode())
        extension = extension.lower()
        return Source(stem, extension, mime_of(extension), min(size, self.max_bytes), path, 0)

    def _invented(self, chooser, number):
        extension = chooser.choice(INVENTED)
        size = 8 if self.tiny else min(self.max_bytes, int(chooser.lognormvariate(9, 1.5)) + 1)
        return Source(f"document {number}", extension, mime_of(extension), size, "", number)

    def size(self, source, key):
        """The length of body(source, key) without reading anything."""
        return source.size + (0 if self.tiny else len(key.encode()) + 4)

    def body(self, source, key):
        if self.tiny:
            return b"%08x" % zlib.crc32(key.encode())
        return self._bytes(source) + f"\n[{key}]\n".encode()

    def _bytes(self, source):
        data = self._cache.get(source)
        if data is None:
            data = self._read(source)
            if len(data) <= self._room:
                self._room -= len(data)
                self._cache[source] = data
        return data

    def _read(self, source):
        data = b""
        if source.path:
            try:
                with open(source.path, "rb") as file:
                    data = file.read(source.size)
            except OSError:
                pass  # gone since the scan: the size was promised, the rest is filled
        missing = source.size - len(data)
        if missing:
            data += random.Random(f"bytes-{source.seed}-{source.path}").randbytes(missing)
        return data


def png(width, height, chooser):
    """A small valid picture of noise."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    lines = b"".join(b"\0" + chooser.randbytes(width * 3) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(lines, 1))
        + chunk(b"IEND", b"")
    )


class Library:
    """Writes and removes files below a root, by key."""

    def __init__(self, root):
        self.root = str(Path(root).resolve())
        self.files = self.bytes = 0

    def path(self, key):
        return f"{self.root}/{key}"

    def put(self, key, data, when=0):
        """`when` is the modification time in seconds; 0 leaves the present."""
        path = f"{self.root}/{key}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        try:
            handle = os.open(path, flags, 0o644)
        except FileNotFoundError:
            folder = os.path.dirname(path)
            try:
                os.mkdir(folder)
            except FileNotFoundError:
                os.makedirs(folder, exist_ok=True)
            handle = os.open(path, flags, 0o644)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(handle, rest) :]
            if when:
                os.utime(handle, (when, when))
        finally:
            os.close(handle)
        self.files += 1
        self.bytes += len(data)
