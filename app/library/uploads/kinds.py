"""Tasks that bring files in, and that give up what does not come."""

from typing import Final

from app.core.kinds import Parameters, TaskKind
from app.production.tasks import Ownership, new_task
from documents.base import Subject
from documents.production import Task
from documents.uploads import Upload
from documents.values import Id

HOURS: Final = 3_600


class CheckUpload(Parameters):
    """Put the parts of an upload together and see whether they are what was announced."""

    upload_id: Id


class ImportMedia(Parameters):
    """Fetch a file from its address."""

    upload_id: Id


class SweepUploads(Parameters):
    """Give up uploads that have expired, and remove what was sent of them."""


CHECK_UPLOAD: Final = TaskKind(
    "library.check_upload", "ingest", CheckUpload, queue="io", timeout_seconds=6 * HOURS
)
IMPORT_MEDIA: Final = TaskKind(
    "library.import_media", "ingest", ImportMedia, queue="io", timeout_seconds=6 * HOURS
)
SWEEP_UPLOADS: Final = TaskKind("library.sweep_uploads", "maintenance", SweepUploads, queue="io")


def check_task(upload: Upload) -> Task:
    """The task that checks an upload in parts; there is one at a time."""
    key = f"check:{upload.id}"
    return new_task(CHECK_UPLOAD, CheckUpload(upload_id=upload.id), _owner(upload), key=key)


def import_task(upload: Upload) -> Task:
    """The task that fetches a file; there is one at a time."""
    key = f"import:{upload.id}"
    return new_task(IMPORT_MEDIA, ImportMedia(upload_id=upload.id), _owner(upload), key=key)


def _owner(upload: Upload) -> Ownership:
    return Ownership(
        workspace_id=upload.workspace_id,
        project_id=upload.project_id,
        created_by=upload.created_by,
        subject=Subject(collection=Upload.collection_name(), id=upload.id),
    )
