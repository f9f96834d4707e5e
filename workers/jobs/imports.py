"""Bringing files in: fetching from addresses, checking what came in parts, giving up the rest."""

from typing import Final

from app.audit.service import by
from app.core.errors import Refusal
from app.library.fetching import FetchFailed
from app.library.uploads.direct import check_parts
from app.library.uploads.imports import fetch
from app.library.uploads.kinds import (
    CHECK_UPLOAD,
    IMPORT_MEDIA,
    SWEEP_UPLOADS,
    CheckUpload,
    ImportMedia,
    SweepUploads,
)
from app.library.uploads.settling import end
from app.library.uploads.sweeping import sweep
from documents.identity import AuditActor
from documents.library import Media
from documents.production import TaskOutput
from documents.uploads import UNDER_WAY, Upload, UploadFailure
from documents.values import Id
from workers.jobs.endings import is_final
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp, Outcome, handles

SYSTEM: Final = AuditActor(kind="system")


@handles(IMPORT_MEDIA)
async def import_media(context: Context, parameters: ImportMedia) -> Outcome:
    """Fetch the file; one that a killed run has brought in already is not fetched again."""
    upload = await _under_way(parameters.upload_id)
    if upload is None:
        return Outcome()
    try:
        media = await fetch(context.resources, upload, _sender(upload))
    except FetchFailed as exc:
        if not (exc.lasting or is_final(context.task, exc)):
            raise
        raise await _given_up(context, upload, "fetch_failed", str(exc)) from exc
    except Refusal as exc:
        if exc.status >= 500:
            raise
        raise await _given_up(context, upload, exc.code, str(exc)) from exc
    await context.resources.wakeups.wake()
    return _brought(media)


@handles(CHECK_UPLOAD)
async def check_upload(context: Context, parameters: CheckUpload) -> Outcome:
    """Put the parts together and take the file in; a killed run is simply repeated."""
    upload = await _under_way(parameters.upload_id)
    if upload is None:
        return Outcome()
    try:
        media = await check_parts(context.resources, upload, _sender(upload))
    except Refusal as exc:
        if exc.status >= 500:
            raise
        raise await _given_up(context, upload, exc.code, str(exc)) from exc
    await context.resources.wakeups.wake()
    return _brought(media)


@handles(SWEEP_UPLOADS)
async def sweep_uploads(context: Context, parameters: SweepUploads) -> Outcome:
    """Give up what has expired; safe to run again."""
    swept = await sweep(context.resources)
    await context.resources.wakeups.wake()
    return Outcome(TaskOutput(result={"expired": swept.expired, "objects": swept.objects}))


async def _under_way(key: Id) -> Upload | None:
    return await Upload.first_in(True, {"_id": key, "state": {"$in": [*UNDER_WAY]}})


async def _given_up(context: Context, upload: Upload, code: str, detail: str) -> GiveUp:
    await end(context.resources, upload, "failed", UploadFailure(code=code, detail=detail[:2000]))
    return GiveUp(detail, code=code)


def _sender(upload: Upload) -> AuditActor:
    return by(upload.created_by) if upload.created_by else SYSTEM


def _brought(media: Media) -> Outcome:
    return Outcome(TaskOutput(result={"media_id": str(media.id)}))
