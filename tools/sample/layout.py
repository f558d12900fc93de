"""Keys of a Liferay document library as FileSystemStore, S3Store and AzureStore write them.

A key is <companyId>/<dataRepositoryId>/<name>/<label>; images and generated files lie below the
repository 0 of their company. Pure functions; the tests of this folder hold them to the letter.
"""

README_NAME = "README.txt"  # FileSystemStore writes it into its root
README_TEXT = b"This folder belongs to a document library. Its files are named by database rows.\n"
INDEX_SUFFIX = ".index"  # cached text extraction, beside the file it belongs to
WORKING_COPY = "PWC"  # the label of a private working copy


def is_null(text):
    """Liferay's idea of an empty value: null, blank, or the word null between spaces."""
    return text is None or text.strip(" ") in ("", "null")


def label(version, store_uuid):
    return version if is_null(store_uuid) else f"{version}~{store_uuid}"


def repository(group_id, folder_id):
    """The folder holds the files; those at the top of a site lie below the group's own id."""
    return folder_id or group_id


def key(company_id, repository_id, name, the_label):
    return f"{company_id}/{repository_id}/{name}/{the_label}"


def version_key(company_id, group_id, folder_id, name, version, store_uuid):
    """The key of a version. Group and folder are those of the *entry*: a version's may be stale."""
    return key(company_id, repository(group_id, folder_id), name, label(version, store_uuid))


def image_key(company_id, image_id, type_):
    return f"{company_id}/0/{image_id}.{type_}/1.0"


def generated_folders(company_id, group_id, entry_id):
    """Where the generated files of an entry lie, but for `.index` files. An adaptive folder needs
    its configuration in front: see adaptive_key()."""
    return [
        f"{company_id}/0/document_preview/{group_id}/{group_id}/{entry_id}",
        f"{company_id}/0/document_thumbnail/{group_id}/{group_id}/{entry_id}",
    ]


def preview_key(company_id, group_id, entry_id, version_id, page=1):
    return f"{company_id}/0/document_preview/{group_id}/{group_id}/{entry_id}/{version_id}/{page}.png/1.0"


def thumbnail_key(company_id, group_id, entry_id, version_id):
    return (
        f"{company_id}/0/document_thumbnail/{group_id}/{group_id}/{entry_id}/{version_id}.png/1.0"
    )


def adaptive_key(company_id, configuration, group_id, entry_id, version_id):
    return (
        f"{company_id}/0/adaptive/{configuration}/{group_id}/{group_id}/{entry_id}/{version_id}/1.0"
    )
