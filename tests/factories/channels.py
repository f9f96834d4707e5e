"""Channels, jobs and whole albums that last seconds."""

from pymongo.asynchronous.client_session import AsyncClientSession

from app.channels import graph, service
from documents.channels import Channel, JobPrompts, MusicPrompt, VideoJob, VisualPrompt
from documents.store import Store
from documents.values import Id
from tests.factories.films import make_user, make_workspace
from tests.factories.records import valid

SCENES = ("a forest", "the sea", "a city street", "a castle", "a mountain", "a garden", "a river")
SHORT_SECONDS = 3.0
"""The rule of sixty minutes is held at the door; behind it an album may be as short as this."""


def short_prompts(seconds: float = SHORT_SECONDS) -> JobPrompts:
    """Twenty of each, for an album of a minute."""
    return JobPrompts(
        music_prompts=[
            MusicPrompt(
                order_index=place,
                title=f"Piece {place}",
                prompt=f"Calm piece number {place} with harp and strings. Tempo: {70 + place} BPM.",
                duration_minutes=seconds / 60,
                tempo=70 + place,
            )
            for place in range(1, 21)
        ],
        visual_prompts=[
            VisualPrompt(
                order_index=place,
                prompt=f"{SCENES[place % len(SCENES)]} at dawn, picture {place}",
            )
            for place in range(1, 21)
        ],
    )


async def make_channel(**given: object) -> Channel:
    """A channel in a workspace of its own."""
    user = await make_user()
    workspace = await make_workspace(user)
    values = {"workspace_id": workspace.id, "created_by": user.id, "name": "Royal Court", **given}
    return await valid(Channel, brand_niche="Medieval ambience", **values).insert()


async def make_job(channel: Channel, **given: object) -> VideoJob:
    """A planned job of an hour."""
    values = {
        "channel_id": channel.id,
        "workspace_id": channel.workspace_id,
        "niche_label": "Royal Court Ambience",
        "mood_keywords": "elegant, serene",
        "target_duration_minutes": 60,
        **given,
    }
    return await valid(VideoJob, **values).insert()


async def begin_short(
    store: Store, job: VideoJob, prompts: JobPrompts | None = None, by: Id | None = None
) -> VideoJob:
    """Begin to make the job's video with prompts that the door would not let in."""
    given = prompts or short_prompts()

    async def together(session: AsyncClientSession) -> VideoJob:
        pipeline = graph.new_pipeline(job, by)
        await graph.start(pipeline, [], session)
        return await service.begin(job, given, pipeline, session)

    return await store.in_transaction(together)
