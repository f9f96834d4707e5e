"""`media.look`: what a stored file is, and small pictures of it."""

from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.deletion import removal_of
from app.library.kinds import LOOK_AT_MEDIA, PLAY_MEDIA, LookAtMedia
from app.library.looking import LOOK_VERSION, add_missing, play_task
from documents.library import Derivative, Media, Quarantine
from documents.production import TaskOutput
from documents.values import now
from workers.jobs.media.fetching import fetched
from workers.jobs.media.seeing import Place, Seen, keys_of, see
from workers.render.errors import Unreadable
from workers.runtime.context import Context
from workers.runtime.handlers import Outcome, handles


@handles(LOOK_AT_MEDIA)
async def look_at_media(context: Context, parameters: LookAtMedia) -> Outcome:
    """Look and note what was seen. A file that is no media is no failure: it is quarantined."""
    media = await Media.one_in(True, parameters.media_id)
    if media is None or media.look_version >= LOOK_VERSION:
        return Outcome()
    path = await fetched(context, media)
    made = context.folder / "made"
    made.mkdir()
    try:
        seen = await see(path, made, Place(context.storage, media.workspace_id, media.id))
    except Unreadable as exc:
        return _quarantined(media, str(exc).removeprefix(f"{path.name} "))
    return _noted(media, seen)


def _noted(media: Media, seen: Seen) -> Outcome:
    values = _stored(seen.values(media.id))
    # Whoever brought the file in left it in this state until it was seen.
    if media.status == "processing":
        values["status"] = "active"

    async def write(session: AsyncClientSession) -> None:
        after = await note(media, values, seen.derivatives, session)
        if after is not None and seen.facts.lasts:
            await add_missing(PLAY_MEDIA, [play_task(after)], session)

    result = {"kind": seen.facts.kind, "mime_type": seen.facts.mime_type}
    return Outcome(TaskOutput(media_id=media.id, result=result), write)


def _quarantined(media: Media, problem: str) -> Outcome:
    reason = f"The file {problem}"[:2_000]
    values = {
        "quarantine": Quarantine(reason=reason, since=now()).model_dump(),
        "status": "failed",
        "look_version": LOOK_VERSION,
        "looked_at": now(),
        "derivatives": [],
        "thumbnail_key": None,
        "thumbnail_url": None,
        "picture_prints": [],
        "sound_print": None,
        "likeness": [],
    }

    async def write(session: AsyncClientSession) -> None:
        await note(media, values, [], session)

    return Outcome(TaskOutput(media_id=media.id, result={"quarantined": reason}), write)


async def note(
    media: Media, values: dict[str, Any], kept: list[Derivative], session: AsyncClientSession
) -> Media | None:
    """Write what was found; objects that no record needs any more are removed afterwards.

    None where the record went meanwhile.
    """
    after = await Media.advance_one({"_id": media.id}, {"$set": values}, session)
    before, now_kept = keys_of(media.derivatives), keys_of(kept)
    unneeded = before - now_kept if after is not None else now_kept
    if unneeded:
        await removal_of(unneeded).insert(session=session)
    return after


def _stored(values: dict[str, Any]) -> dict[str, Any]:
    """As the store keeps them."""
    return {
        **values,
        "derivatives": [each.model_dump() for each in values["derivatives"]],
        "technical_data": values["technical_data"].model_dump(),
    }
