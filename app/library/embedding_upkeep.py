"""Asking for embeddings: what is new, what was edited, what the next model still lacks.

A record notes in the write that changes its words that its embedding is due; this looks for such
records every few seconds, so that nothing depends on whoever wrote them.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from pymongo.errors import PyMongoError

from app.core.kinds import P, TaskKind
from app.core.wakeups import Wakeups
from app.library import dialogue, embedding_spaces
from app.library.embedding import Space
from app.library.kinds import (
    CHECK_DIALOGUE,
    EMBED_MEDIA,
    REEMBED_MEDIA,
    CheckDialogue,
    EmbedMedia,
    ReembedMedia,
)
from app.library.search.vector_search import NotReady, Quantization, drop, ensure
from app.library.search.wanted import Searched
from app.production import tasks
from app.production.tasks import Ownership, new_task
from app.settings import Settings
from documents.base import NotUnique
from documents.library import Media
from documents.production import Task
from documents.store import Store
from documents.values import Id, now

LOOK_SECONDS: Final = 2.0
SPACES_SECONDS: Final = 30.0
"""How often a switch of models is looked after."""
DIALOGUE: Final = timedelta(days=1)
OVERLAP: Final = timedelta(seconds=10)
"""A scene may be seen so long after the moment that it was written in: a transaction takes time."""
AFTER_FAILURE: Final = timedelta(minutes=5)
"""A workspace whose embedding failed is left alone for so long."""
INDEX_PATIENCE: Final = 1.0

logger = logging.getLogger(__name__)


class EmbeddingUpkeep:
    """Runs beside a worker; several may."""

    def __init__(self, store: Store, wakeups: Wakeups, settings: Settings, space: Space) -> None:
        self._store, self._wakeups, self._settings = store, wakeups, settings
        self._space = space
        self._spaces_at, self._dialogue_at = 0.0, datetime.min.replace(tzinfo=now().tzinfo)
        self._scenes_at = now()

    async def run(self) -> None:
        """Look until it is cancelled."""
        while True:
            try:
                await self.look()
            except PyMongoError as exc:
                logger.warning("embeddings are not looked after: %s", exc)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> int:
        """Ask for what is due; answers how many tasks were asked for."""
        await self._look_at_scenes()
        asked = await self._ask(EMBED_MEDIA, EmbedMedia(), await due())
        if now() - self._dialogue_at > DIALOGUE:
            self._dialogue_at = now()
            asked += await self._ask(CHECK_DIALOGUE, CheckDialogue(), [None])
        moment = asyncio.get_running_loop().time()
        if moment - self._spaces_at > SPACES_SECONDS:
            self._spaces_at = moment
            asked += await self.look_after_spaces()
        if asked:
            await self._wakeups.wake()
        return asked

    async def _look_at_scenes(self) -> None:
        """Media are due whose scenes say something else by now; once a day all are looked at."""
        since, self._scenes_at = self._scenes_at - OVERLAP, now()
        if scenes := await dialogue.written_since(since):
            await dialogue.mark_changed(scenes)

    async def look_after_spaces(self) -> int:
        """Take the switch to the worker's model one step further; answers how many tasks it takes.

        First its vectors are made, then it becomes the current one, then the old ones go.
        """
        current = await embedding_spaces.current_or(self._space)
        if current.space == self._space:
            await self._bring_home()
            return 0
        following = await embedding_spaces.begin_next(self._space)
        lacking = embedding_spaces.missing(following)
        if workspaces := await Media.collection().distinct("workspace_id", lacking):
            return await self._ask(REEMBED_MEDIA, ReembedMedia(), workspaces)
        if await self._is_indexed(embedding_spaces.searched_of(following)) and (
            await embedding_spaces.switch(self._store)
        ):
            logger.info("media are searched by %s now", self._space.model)
        return 0

    async def _bring_home(self) -> None:
        home = await embedding_spaces.copy_home()
        if home is not None and await self._is_indexed(home):
            await embedding_spaces.come_home()
            await drop(Media.collection(), "embedding_next")

    async def _is_indexed(self, searched: Searched) -> bool:
        """Whether searches may use this; a server without vector indexes needs none."""
        try:
            await ensure(
                Media.collection(),
                searched,
                self._settings.vector_quantization,
                patience_seconds=INDEX_PATIENCE,
            )
        except NotReady:
            return False
        return True

    async def _ask(self, kind: TaskKind[P], parameters: P, workspaces: Sequence[Id | None]) -> int:
        asked = 0
        for workspace_id in workspaces:
            if await _failed_lately(kind.name, workspace_id):
                continue
            owner = Ownership(workspace_id=workspace_id)
            with suppress(NotUnique):  # it is asked for already
                await tasks.add([new_task(kind, parameters, owner, priority=4, key=kind.name)])
                asked += 1
        return asked


async def vector_indexes(quantization: Quantization) -> None:
    """Have the indexes of the known spaces made, where the server has such; they take their time.

    Until the server says that they can be queried, the local index serves.
    """
    records = [*(await embedding_spaces.known()).values()]
    spaces = [embedding_spaces.searched_of(each) for each in records] or [embedding_spaces.USUAL]
    for each in spaces:
        with suppress(NotReady):
            await ensure(Media.collection(), each, quantization, patience_seconds=INDEX_PATIENCE)


async def due() -> list[Id | None]:
    """The workspaces with media to embed."""
    query = {"embedding_due": True, "deleted_at": None}
    return await Media.collection().distinct("workspace_id", query)


async def _failed_lately(kind: str, workspace_id: Id | None) -> bool:
    failed = {
        "workspace_id": workspace_id,
        "kind": kind,
        "status": "failed",
        "updated_at": {"$gt": now() - AFTER_FAILURE},
    }
    return await Task.collection().find_one(failed, {"_id": 1}) is not None
