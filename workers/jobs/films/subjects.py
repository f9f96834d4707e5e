"""What the steps of a film work on: fetched, or the step gives up because it was deleted."""

import hashlib
from typing import TypeVar

from documents.films import Character, Episode, Project
from documents.library import Media
from documents.scenes import Scene
from documents.values import Id
from workers.render.formats import FrameFormat, frame_format
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp

T = TypeVar("T")


async def project_of(key: Id) -> Project:
    return _there(await Project.one_in(True, key), "project")


async def episode_of(key: Id) -> Episode:
    return _there(await Episode.one_in(True, key), "episode")


async def scene_of(key: Id) -> Scene:
    return _there(await Scene.one_in(True, key), "scene")


async def character_of(key: Id) -> Character:
    return _there(await Character.one_in(True, key), "character")


async def media_of(key: Id | None, what: str) -> Media:
    """The media record of a part that an earlier step made."""
    return _there(None if key is None else await Media.one_in(True, key), what)


async def text_of(context: Context, media: Media) -> str:
    """What a text file of ours says."""
    chunks = [chunk async for chunk in context.storage.stream(media.storage_key)]
    return b"".join(chunks).decode()


def frame_of(project: Project) -> FrameFormat:
    """The frame that the project's settings ask for."""
    settings = project.project_settings
    return frame_format(settings.aspect_ratio, settings.quality_tier)


def seed_for(seed: int, name: str) -> int:
    """A seed of its own for each thing, the same every time."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:4])


def _there(found: T | None, what: str) -> T:
    if found is None:
        raise GiveUp(f"The {what} is not there any more.", code="subject_gone")
    return found
