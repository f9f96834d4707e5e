"""What the steps of a film work on: fetched, or the step gives up because it was deleted."""

import hashlib
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Protocol, TypeVar

from documents.films import Character, Episode, Project
from documents.library import Media
from documents.scenes import Scene
from documents.values import Id
from workers.jobs.endings import is_final, reason
from workers.render.formats import FrameFormat, frame_format
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp, Outcome

T = TypeVar("T")


class OfScene(Protocol):
    """The parameters of a step that makes a part of a scene."""

    @property
    def scene_id(self) -> Id: ...


S = TypeVar("S", bound=OfScene)
Making = Callable[[Context, S], Awaitable[Outcome]]


def fails_the_scene(make: Making[S]) -> Making[S]:
    """The handler; where no retry will help, its scene has failed as well, and says why."""

    @wraps(make)
    async def made(context: Context, parameters: S) -> Outcome:
        try:
            return await make(context, parameters)
        except Exception as exc:
            if is_final(context.task, exc):
                failed = {
                    "production.status": "failed",
                    "production.review_note": reason(exc)[:2000],
                }
                query = {"_id": parameters.scene_id, "production.status": "generating"}
                await Scene.advance_one(query, {"$set": failed})
            raise

    return made


async def project_of(key: Id) -> Project:
    return _there(await Project.one_in(True, key), "project")


async def episode_of(key: Id) -> Episode:
    return _there(await Episode.one_in(True, key), "episode")


async def cast_of(project_id: Id) -> dict[Id, Character]:
    """Everybody of the project."""
    found = await Character.all_in(True, {"project_id": project_id})
    return {each.id: each for each in found}


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
