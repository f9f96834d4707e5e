"""Which files of a job are out of date, and making them again."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.channels import deeds, recipes, service
from app.channels.service import Swap, materials_of
from app.core.actor import Actor
from app.core.parts import Parts
from app.library.lineage import Verdict
from documents.channels import AudioTrack, BackgroundImage, Channel, VideoJob
from documents.library import Media
from documents.values import Id

OTHER_MATERIAL: Final = "Its prompt or an option of its job was changed since it was made."
OTHER_FILM: Final = "A track, a picture or an option of its job was changed since it was rendered."
OTHER_PICTURE: Final = "The first picture of its job was changed since it was made."
OTHER_WORDS: Final = "The words of its job, or the titles of its tracks, were changed since."
FREE: Final = "dummy"
"""The providers that run here and cost nothing."""


class ChannelMaker:
    """The files of channel jobs."""

    name = "channels"

    def made(self, media: Media) -> bool:
        """What belongs to a job."""
        return media.video_job_id is not None

    async def users(self, media: Sequence[Media]) -> Iterable[Id]:
        """The film, thumbnail and description of the jobs whose material these are today."""
        keys = [each.id for each in media]
        used = {"media_id": {"$in": keys}, "deleted_at": None}
        tracks = await AudioTrack.collection().distinct("video_job_id", used)
        images = await BackgroundImage.collection().distinct("video_job_id", used)
        jobs = await VideoJob.all_in(True, {"_id": {"$in": [*{*tracks, *images} - {None}]}})
        made = [
            (each.media_id, each.description_media_id, each.thumbnail_media_id) for each in jobs
        ]
        return {key for each in made for key in each if key is not None} - {*keys}

    async def verdicts(self, media: Sequence[Media]) -> Mapping[Id, Verdict]:
        """On the files that the jobs show today."""
        jobs = {each.video_job_id for each in media if each.video_job_id is not None}
        found: dict[Id, Verdict] = {}
        for job in await VideoJob.all_in(True, {"_id": {"$in": [*jobs]}}):
            found |= await _verdicts(job, {each.id: each for each in media})
        return found

    async def refresh(self, parts: Parts, actor: Actor, media: Sequence[Media]) -> Sequence[Id]:
        """Swap the tracks and pictures among them by the same words, and render the rest."""
        keys = {each.id for each in media}
        pipelines: list[Id] = []
        for job_id in dict.fromkeys(each.video_job_id for each in media):
            assert job_id is not None  # they were made here
            job = await deeds.do(parts, actor, job_id, _Again(keys))
            pipelines += [job.pipeline_id] if job.pipeline_id else []
        return pipelines


class _Again:
    """The deed: whatever of the job is among these files is made again."""

    def __init__(self, keys: set[Id]) -> None:
        self._keys = keys

    async def __call__(self, job: VideoJob, by: Id, session: AsyncClientSession) -> VideoJob:
        tracks, images = await materials_of(job.id, session)
        swaps = [
            *(Swap("track", each.order_index) for each in tracks if each.media_id in self._keys),
            *(
                Swap("image", each.order_index)
                for each in images
                if each.media_id in self._keys and each.order_index is not None
            ),
        ]
        if swaps:
            return await service.swap(job, swaps, by, session)
        return await service.render(job, by, session)


async def _verdicts(job: VideoJob, media: Mapping[Id, Media]) -> dict[Id, Verdict]:
    tracks, images = await materials_of(job.id)
    channel = await Channel.one_in(True, job.channel_id)
    words = recipes.of_description(job, channel.name if channel else "", tracks)
    today: list[tuple[Id | None, str, str, Decimal | None]] = [
        (job.media_id, recipes.of_video(job, tracks, images), OTHER_FILM, Decimal(0)),
        (job.thumbnail_media_id, recipes.of_thumbnail(images), OTHER_PICTURE, Decimal(0)),
        (job.description_media_id, words, OTHER_WORDS, Decimal(0)),
    ]
    today += [
        (each.media_id, recipes.of_track(job, each), OTHER_MATERIAL, _price(each))
        for each in tracks
    ]
    today += [
        (each.media_id, recipes.of_image(job, each), OTHER_MATERIAL, _price(each))
        for each in images
    ]
    # What says nothing of its recipe, as a file taken from the library, is what it is.
    return {
        key: Verdict(None if known == recipe else why, cost)
        for key, recipe, why, cost in today
        if key is not None and (known := _recipe(media.get(key))) is not None
    }


def _price(material: AudioTrack | BackgroundImage) -> Decimal | None:
    return Decimal(0) if material.provider == FREE else None


def _recipe(media: Media | None) -> str | None:
    made = media.generation_metadata if media else None
    return made.recipe if made else None
