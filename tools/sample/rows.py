"""The sample's rows in COPY's text form: which columns are written, and how a row looks.

The two big tables are written with one f-string a row; what may need escaping is escaped there.
"""

from sample import shape
from sample.database import ESCAPES, NULL
from sample.layout import is_null
from sample.shape import timestamp

ENTRY_COLUMNS = (
    "ctCollectionId uuid_ externalReferenceCode fileEntryId groupId companyId userId userName createDate"
    " modifiedDate repositoryId folderId treePath name fileName extension mimeType title description"
    " version size_"
).split()
VERSION_COLUMNS = (
    "ctCollectionId uuid_ fileVersionId groupId companyId userId userName createDate modifiedDate"
    " repositoryId folderId fileEntryId treePath fileName extension mimeType title description changeLog"
    " version size_ checksum storeUUID status statusDate"
).split()
IMAGE_COLUMNS = "ctCollectionId imageId companyId modifiedDate type_ height width size_".split()
FOLDER_COLUMNS = (
    "ctCollectionId uuid_ externalReferenceCode folderId groupId companyId userId createDate modifiedDate"
    " repositoryId mountPoint parentFolderId treePath name hidden_ status"
).split()
GROUP_COLUMNS = (
    "ctCollectionId uuid_ externalReferenceCode groupId companyId classNameId classPK parentGroupId groupKey"
    " name type_ friendlyURL site active_"
).split()
COMPANY_COLUMNS = "companyId createDate webId mx homeURL logoId maxUsers active_ name".split()
VIRTUAL_HOST_COLUMNS = (
    "ctCollectionId virtualHostId companyId layoutSetId hostname defaultVirtualHost".split()
)
RELEASE_COLUMNS = (
    "releaseId createDate modifiedDate servletContextName schemaVersion buildNumber buildDate verified"
    " state_"
).split()
USER_COLUMNS = (
    "ctCollectionId uuid_ userId companyId createDate screenName emailAddress firstName lastName status"
).split()
CLASS_NAMES = (
    "com.liferay.portal.kernel.model.Group",
    "com.liferay.portal.kernel.model.User",
    "com.liferay.document.library.kernel.model.DLFileEntry",
)
SITE_CLASS = 20001
USER_OFFSET = 7
FILE_NAME_LIMIT = 240


def user_of(company_id):
    return company_id + USER_OFFSET


def entry_line(entry, uuid, tree_path, shown, size, publication=0):
    """`shown` is the version the entry shows, with its size."""
    source, group = entry.source, entry.group
    title = entry.title.translate(ESCAPES)
    first = timestamp(entry.versions[0].when)
    return (
        f"{publication}\t{uuid}\t{uuid}\t{entry.entry_id}\t{group.group_id}\t{group.company_id}\t"
        f"{user_of(group.company_id)}\tSample Author\t{first}\t{timestamp(shown.when)}\t"
        f"{group.group_id}\t{entry.folder_id}\t{tree_path}\t{entry.name}\t"
        f"{title[:FILE_NAME_LIMIT]}.{source.extension}\t{source.extension}\t{source.mime}\t{title}\t"
        f"\t{shown.label_version}\t{size}"
    )


def version_line(entry, version, version_id, uuid, tree_path, size, publication=0):
    source, group = entry.source, entry.group
    title = entry.title.translate(ESCAPES)
    when = timestamp(version.when)
    folder = entry.folder_id if version.stale_folder is None else version.stale_folder
    store_uuid = NULL if version.store_uuid is None else version.store_uuid
    change = "" if is_null(version.store_uuid) else "uploaded again"
    return (
        f"{publication}\t{uuid}\t{version_id}\t{group.group_id}\t{group.company_id}\t"
        f"{user_of(group.company_id)}\tSample Author\t{when}\t{when}\t"
        f"{group.group_id}\t{folder}\t{entry.entry_id}\t{tree_path}\t"
        f"{title[:FILE_NAME_LIMIT]}.{source.extension}\t{source.extension}\t{source.mime}\t{title}\t"
        f"\t{change}\t{version.label_version}\t{size}\t\\N\t{store_uuid}\t{version.status}\t{when}"
    )


def small_tables(the_shape, rng):
    """(table, columns, rows) of everything whose number of rows does not follow the number of
    files, and of the folders; the rows are generators."""
    date = timestamp(shape.DAY_ZERO)

    def class_names():
        for index, name in enumerate(CLASS_NAMES):
            yield SITE_CLASS + index, name

    def companies():
        for index in range(the_shape.companies):
            host = "localhost" if index == 0 else f"tenant{index}.example.org"
            yield (
                the_shape.company_id(index),
                date,
                "liferay.com" if index == 0 else f"tenant{index}.example.org",
                host,
                f"https://{host}/web/guest",
                shape.FIRST_IMAGE + index,
                0,
                True,
                f"Sample company {index}",
            )

    def virtual_hosts():
        for index in range(the_shape.companies):
            host = "localhost" if index == 0 else f"tenant{index}.example.org"
            yield 0, 60_001 + index, the_shape.company_id(index), 0, host, True

    def releases():
        yield 1, date, date, "portal", "31.2.0", 7413, date, True, 0
        for number, (name, version) in enumerate(
            (
                ("com.liferay.document.library.content.service", "3.2.1"),
                ("com.liferay.change.tracking.store.service", "1.1.0"),
                ("com.liferay.journal.service", "5.2.0"),
            ),
            2,
        ):
            yield number, date, date, name, version, 0, date, True, 0

    def users():
        for index in range(the_shape.companies):
            company_id = the_shape.company_id(index)
            for offset, name in ((6, "guest"), (USER_OFFSET, "author")):
                yield (
                    0,
                    shape.uuid(rng),
                    company_id + offset,
                    company_id,
                    date,
                    name,
                    f"{name}@tenant{index}.example.org",
                    "Sample",
                    name.capitalize(),
                    0,
                )

    def groups():
        for group in the_shape.groups:
            key = f"site-{group.index}"
            uuid = shape.uuid(rng)
            yield (
                *(0, uuid, uuid, group.group_id, group.company_id, SITE_CLASS, group.group_id, 0),
                *(key, f"Site {group.index}", 1, f"/{key}", True, True),
            )

    def folders():
        for group in the_shape.groups:
            user = user_of(group.company_id)
            for index in range(the_shape.folders_per_group):
                uuid = shape.uuid(rng)
                parent = the_shape.folder_id(group, the_shape.parent_of(index))
                path = the_shape.tree_path(group, index)
                yield (
                    *(0, uuid, uuid, the_shape.folder_id(group, index), group.group_id),
                    *(group.company_id, user, date, date, group.group_id, False, parent, path),
                    *(f"Folder {index}", False, 0),
                )

    return [
        ("ClassName_", ("classNameId", "value"), class_names()),
        ("Company", COMPANY_COLUMNS, companies()),
        ("VirtualHost", VIRTUAL_HOST_COLUMNS, virtual_hosts()),
        ("Release_", RELEASE_COLUMNS, releases()),
        ("User_", USER_COLUMNS, users()),
        ("Group_", GROUP_COLUMNS, groups()),
        ("DLFolder", FOLDER_COLUMNS, folders()),
    ]
