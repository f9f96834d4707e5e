"""`media.play`: a film or sound from beginning to end: preview, loudness, waveform, and prints."""

import asyncio
from pathlib import Path
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession

from app.library.duplicates_keys import likeness
from app.library.kinds import PLAY_MEDIA, PlayMedia
from app.library.looking import LASTING, LOOK_VERSION, PLAY_VERSION
from documents.library import Derivative, DerivativeName, Media
from documents.production import TaskOutput
from documents.values import now
from workers.jobs.media.fetching import fetched
from workers.jobs.media.look import note
from workers.jobs.media.seeing import Place
from workers.render.errors import Unreadable
from workers.render.facts import MadeFile
from workers.render.probe import probe
from workers.render.probe_preview import make_preview
from workers.render.probe_sound import Heard, listen
from workers.render.probe_waveform import HEIGHT, WIDTH, draw_waveform, write_peaks
from workers.runtime.context import Context
from workers.runtime.handlers import Outcome, handles

WEBP = "image/webp"
MP4 = "video/mp4"
JSON = "application/json"


@handles(PLAY_MEDIA)
async def play_media(context: Context, parameters: PlayMedia) -> Outcome:
    """Play it; what can't be made of it is noted with the reason, and not tried again."""
    media = await Media.one_in(True, parameters.media_id)
    if media is None or not _is_due(media):
        return Outcome()
    path = await fetched(context, media)
    place = Place(context.storage, media.workspace_id, media.id)
    made: list[Derivative] = []
    heard: Heard | None = None
    if media.kind == "video":
        made.append(await _preview(context, path, media, place))
    if media.kind == "audio" or (await probe(path)).audio_codec is not None:
        heard, waveform = await _heard(context, path, place)
        made += waveform
    return _noted(media, made, heard)


def _is_due(media: Media) -> bool:
    seen = media.look_version >= LOOK_VERSION and media.quarantine is None
    return seen and media.kind in LASTING and media.play_version < PLAY_VERSION


async def _preview(context: Context, path: Path, media: Media, place: Place) -> Derivative:
    into = context.folder / "preview.mp4"
    try:
        await make_preview(path, media.technical_data.duration or 0.0, into)
        facts = await probe(into)
    except Unreadable as exc:
        return _missing("preview", MP4, exc)
    made = MadeFile(
        name="preview", file=into.name, mime_type=MP4, width=facts.width, height=facts.height
    )
    return await place.keep("preview", into, made)


async def _heard(
    context: Context, path: Path, place: Place
) -> tuple[Heard | None, list[Derivative]]:
    try:
        heard = await listen(path)
    except Unreadable as exc:
        return None, [_missing("waveform", WEBP, exc), _missing("peaks", JSON, exc)]
    picture, numbers = context.folder / "waveform.webp", context.folder / "peaks.json"
    await asyncio.to_thread(draw_waveform, heard, picture)
    await asyncio.to_thread(write_peaks, heard, numbers)
    drawn = MadeFile(name="waveform", file=picture.name, mime_type=WEBP, width=WIDTH, height=HEIGHT)
    written = MadeFile(name="peaks", file=numbers.name, mime_type=JSON)
    return heard, [
        await place.keep("waveform", picture, drawn),
        await place.keep("peaks", numbers, written),
    ]


def _missing(name: DerivativeName, mime_type: str, exc: Unreadable) -> Derivative:
    return Derivative(name=name, mime_type=mime_type, problem=str(exc)[:2_000])


def _noted(media: Media, made: list[Derivative], heard: Heard | None) -> Outcome:
    names = {each.name for each in made}
    kept = [each for each in media.derivatives if each.name not in names] + made
    sound_print = heard.sound_print if heard else None
    values: dict[str, Any] = {
        "derivatives": [each.model_dump() for each in kept],
        "sound_print": sound_print,
        "likeness": likeness(media.kind, media.picture_prints, sound_print),
        "play_version": PLAY_VERSION,
        "played_at": now(),
    }
    if heard is not None:
        values |= {
            "technical_data.loudness": heard.loudness,
            "technical_data.loudness_range": heard.loudness_range,
            "technical_data.true_peak": heard.true_peak,
        }

    async def write(session: AsyncClientSession) -> None:
        await note(media, values, kept, session)

    result = {"made": sorted(each.name for each in made if each.key is not None)}
    return Outcome(TaskOutput(media_id=media.id, result=result), write)
