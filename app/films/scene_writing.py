"""Plain writes of scenes: what is computed from them follows, after their commit."""

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel
from starlette.background import BackgroundTask, BackgroundTasks

from app.core.actor import Actor
from app.core.parts import Parts
from app.core.writing import NOTHING, Writing
from app.films.appearances import count_soon
from documents.scenes import Scene
from documents.values import Id


class SceneWriting(Writing):
    """How people write scenes. Their own transactions stay as short as before."""

    async def create(
        self,
        body: BaseModel,
        request: Request,
        actor: Actor,
        parts: Parts,
        ours: Mapping[str, Any] = NOTHING,
    ) -> Response:
        """A new scene."""
        answer = await super().create(body, request, actor, parts, ours)
        return _followed(answer, parts, [body.project_id])  # type: ignore[attr-defined]

    async def create_all(self, body: BaseModel, actor: Actor, parts: Parts) -> Response:
        """New scenes, all or none."""
        answer = await super().create_all(body, actor, parts)
        projects = [each.project_id for each in body.items]  # type: ignore[attr-defined]
        return _followed(answer, parts, projects)

    async def change(
        self, key: Id, body: BaseModel, request: Request, actor: Actor, parts: Parts
    ) -> Response:
        """The scene after the patch."""
        answer = await super().change(key, body, request, actor, parts)
        return _followed(answer, parts, await _projects([key]))

    async def delete(self, key: Id, request: Request, actor: Actor, parts: Parts) -> Response:
        """Deletes the scene."""
        projects = await _projects([key])
        return _followed(await super().delete(key, request, actor, parts), parts, projects)

    async def delete_all(self, body: BaseModel, actor: Actor, parts: Parts) -> Response:
        """Deletes scenes, all or none."""
        projects = await _projects(body.ids)  # type: ignore[attr-defined]
        return _followed(await super().delete_all(body, actor, parts), parts, projects)


async def _projects(keys: Iterable[Id]) -> list[Id]:
    found: list[Id] = await Scene.collection().distinct("project_id", {"_id": {"$in": [*keys]}})
    return found


def _followed(answer: Response, parts: Parts, projects: Iterable[Id]) -> Response:
    """The answer, behind which the appearances are counted."""

    async def follow() -> None:
        for project in dict.fromkeys(projects):
            await count_soon(parts.store, project)
        await parts.wakeups.wake()

    before = [answer.background] if answer.background else []
    answer.background = BackgroundTasks([*before, BackgroundTask(follow)])
    return answer
