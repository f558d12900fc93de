"""What a sample environment consists of, computed from a seed in a single pass.

Companies, sites and folders are formulas of their index and entries come as a stream, so memory
does not grow with the number of rows.
"""

import random
import time
from typing import NamedTuple

from sample import layout

MAX_GROUPS = 2000
FIRST_COMPANY = 20096
FIRST_GROUP = 20121
# Folder ids and entry names start short and grow a digit, since byte order and number order then
# differ, which is what a merge-join of sorted keys gets wrong.
FIRST_FOLDER = 98_000
FIRST_NAME = 990
FIRST_ENTRY = 40_000_001
FIRST_VERSION = 2_000_000_001
FIRST_IMAGE = 500_001
FIRST_PUBLICATION = 71_001
PUBLICATIONS = 3
APPROVED, PENDING, DRAFT, EXPIRED, IN_TRASH = 0, 1, 2, 3, 8
DAY_ZERO = 1_672_531_200  # 2023-01-01
DAYS = 1000
DAY_NAMES = [time.strftime("%Y-%m-%d", time.gmtime(DAY_ZERO + day * 86400)) for day in range(DAYS)]
# How many versions an entry has, and how likely each number is.
VERSION_COUNTS = (1, 2, 3, 4, 5, 8, 13)
VERSION_WEIGHTS = (58, 20, 9, 5, 4, 3, 1)
WORDS = ("", "", "", "", "", "", "", " final", " (copy)", " Übersicht", " 概要", " été", " & co")


def uuid(rng):
    h = "%032x" % rng.getrandbits(128)
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


def timestamp(seconds):
    """The text of a moment between DAY_ZERO and DAYS later, as PostgreSQL writes it."""
    day, rest = divmod(seconds - DAY_ZERO, 86400)
    return f"{DAY_NAMES[day]} {rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"


class Group(NamedTuple):
    index: int
    company_id: int
    group_id: int


class Version:
    __slots__ = ("label_version", "store_uuid", "status", "when", "stale_folder")

    def __init__(self, label_version, store_uuid, status, when):
        self.label_version, self.store_uuid = label_version, store_uuid
        self.status, self.when, self.stale_folder = status, when, None


class Entry:
    __slots__ = (
        "number",
        "entry_id",
        "group",
        "folder_index",
        "folder_id",
        "name",
        "title",
        "source",
        "versions",
    )

    def key(self, version):
        group = self.group
        return layout.version_key(
            group.company_id,
            group.group_id,
            self.folder_id,
            self.name,
            version.label_version,
            version.store_uuid,
        )


class Shape:
    def __init__(self, seed, versions, companies=3):
        if companies < 1 or versions < 0:
            raise ValueError(
                "there must be at least one company and no negative number of versions"
            )
        self.seed, self.versions, self.companies = seed, versions, companies
        # Unpublished versions: rows without a file. The rest have one each.
        self.unpublished = min(200, versions // 50)
        self.live = versions - self.unpublished
        per_company = 4 if companies * 4 <= MAX_GROUPS else 1
        if companies * per_company > MAX_GROUPS:
            raise ValueError(f"more than {MAX_GROUPS} companies are not supported")
        self.groups = [
            Group(index, self.company_id(index // per_company), FIRST_GROUP + 37 * index)
            for index in range(companies * per_company)
        ]
        self.groups_per_company = per_company
        self.folders_per_group = max(3, versions // 40 // len(self.groups))

    @staticmethod
    def company_id(index):
        """The first is an old, short id; later ones are as long as those of newer releases."""
        return FIRST_COMPANY if index == 0 else 35_190_000_000_000 + 7_919_317 * index

    def folder_id(self, group, index):
        """Folder `index` of a group; None is the group's top, which Liferay calls folder 0."""
        if index is None:
            return 0
        return FIRST_FOLDER + 7 * (group.index * self.folders_per_group + index)

    @staticmethod
    def parent_of(index):
        """Folders form a tree in which each has up to four children."""
        return None if index == 0 else (index - 1) // 4

    def tree_path(self, group, index):
        ids = []
        while index is not None:
            ids.append(str(self.folder_id(group, index)))
            index = self.parent_of(index)
        return "/" + "".join(part + "/" for part in reversed(ids))

    def entries(self, sources):
        """Every live entry with its versions; together they have self.live versions."""
        rng = random.Random(f"entries-{self.seed}")
        left, number = self.live, 0
        counts = rng.choices(VERSION_COUNTS, VERSION_WEIGHTS, k=4096)
        while left > 0:
            entry = self.entry(rng, number, sources)
            entry.versions = self._versions(rng, entry, min(left, counts[int(rng.random() * 4096)]))
            left -= len(entry.versions)
            number += 1
            yield entry

    def entry(self, rng, number, sources):
        """An entry without versions, in some folder."""
        random_ = rng.random
        entry = Entry()
        # The first company has the most.
        company = int(random_() ** 2 * self.companies)
        group = self.groups[
            company * self.groups_per_company + int(random_() * self.groups_per_company)
        ]
        entry.number, entry.group = number, group
        entry.entry_id = FIRST_ENTRY + 2 * number
        entry.folder_index = None if random_() < 0.15 else int(random_() * self.folders_per_group)
        entry.folder_id = self.folder_id(group, entry.folder_index)
        entry.source = source = sources[int(random_() * len(sources))]
        counter = FIRST_NAME + number
        entry.name = f"DLFE-{counter}.{source.extension}" if random_() < 0.03 else str(counter)
        entry.title = f"{source.stem}{WORDS[int(random_() * len(WORDS))]} {counter}"
        return entry

    def _versions(self, rng, entry, count):
        random_ = rng.random
        draw = random_()
        # Old rows have no UUID; an entry that lived through the upgrade has both kinds.
        first_with_uuid = (
            0 if draw < 0.55 else count if draw < 0.8 else int(random_() * (count + 1))
        )
        draw = random_()
        trashed, odd = draw < 0.03, 0.03 <= draw < 0.10
        working_copy = count > 1 and random_() < 0.06
        when = DAY_ZERO + int(random_() * 86400 * (DAYS - 120))
        versions, major, minor = [], 1, 0
        for index in range(count):
            store_uuid = None
            if index >= first_with_uuid:
                store_uuid = uuid(rng)
            elif random_() < 0.10:
                store_uuid = ("", " ", "null")[int(random_() * 3)]
            status = IN_TRASH if trashed else APPROVED
            text = f"{major}.{minor}"
            if index == count - 1 and index > 0:
                if working_copy and not trashed:
                    text, status = layout.WORKING_COPY, DRAFT
                elif odd:
                    status = (PENDING, DRAFT, EXPIRED)[int(random_() * 3)]
            version = Version(text, store_uuid, status, when)
            if index < count - 1 and random_() < 0.01:
                version.stale_folder = self.folder_id(entry.group, 0)
            versions.append(version)
            if random_() < 0.2:
                major, minor = major + 1, 0
            else:
                minor += 1
            when += 1 + int(random_() * 86400 * 8)
        return versions


def current(versions):
    """The version an entry shows: the newest one that is not somebody's working copy or draft."""
    for version in reversed(versions):
        if version.status in (APPROVED, EXPIRED, IN_TRASH):
            return version
    return versions[0]
