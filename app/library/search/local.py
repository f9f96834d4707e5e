"""The local index: one copy on disk for all processes of a machine, kept fresh by each of them.

A process maps the snapshot and follows the store's changes from where it ends. Whichever process
holds the lock of the folder makes the snapshots; the others take over the new one when it is there.
"""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

from pymongo.errors import PyMongoError

from app.core.background import end
from app.core.change_streams import Batch, ChangeStream, HistoryLost
from app.core.errors import Unavailable
from app.core.parts import Collection
from app.library.search.changes import (
    changes_after,
    now_written,
    position_now,
    source_of,
    written_in,
)
from app.library.search.graph import NotBuilt
from app.library.search.keeping import Keeper, Lock
from app.library.search.snapshot import Damaged, discard, generation_of, open_snapshot
from app.library.search.view import EXACT_FLOATS, View
from app.library.search.wanted import Candidate, Condition, Facets, Row, Searched, Wanted
from documents.store import Store
from documents.values import Id

RESTART_SECONDS: Final = 1.0
POLL_SECONDS: Final = 0.2
SAVE_SECONDS: Final = 600.0
"""A snapshot is made so often if anything changed: the store forgets old changes."""

logger = logging.getLogger(__name__)


class LocalIndex:
    """Searches once `ready` is set; open it with `async with`."""

    def __init__(
        self,
        store: Store,
        reading: Collection,
        folder: Path,
        searched: Searched,
        exact_floats: int = EXACT_FLOATS,
    ) -> None:
        self._store, self._reading = store, reading
        self.searched, self._exact_floats = searched, exact_floats
        self._folder = folder
        self._lock = Lock(folder)
        self.view: View | None = None
        self.ready = asyncio.Event()
        self._running: list[asyncio.Task[None]] = []
        self._saving: asyncio.Task[None] | None = None
        self._saved_at = 0.0

    async def __aenter__(self) -> Self:
        self._running = [asyncio.create_task(self._run(), name="search index")]
        return self

    async def __aexit__(self, *_: Any) -> None:
        await end([*self._running, *([self._saving] if self._saving else [])])
        self._running.clear()
        self.ready.clear()
        self.view = None
        self._lock.release()

    @property
    def writes(self) -> bool:
        """Whether this process makes the snapshots."""
        return self._lock.taken()

    async def nearest(self, wanted: Wanted) -> list[Candidate]:
        """In a thread: the products leave the interpreter to other requests."""
        return await asyncio.to_thread(self._view().nearest, wanted)

    async def scores(self, vector: Row, keys: Sequence[Id]) -> dict[Id, float]:
        """The cosines of these media."""
        return await asyncio.to_thread(self._view().scores, vector, keys)

    async def facets(self, condition: Condition, names: Sequence[str]) -> Facets:
        """Counts by value."""
        return await asyncio.to_thread(self._view().facets, condition, names)

    def _view(self) -> View:
        if self.view is None:
            raise Unavailable("The search index is being opened; try again soon.")
        return self.view

    async def _run(self) -> None:
        """Open the index and keep it fresh, whatever happens to the store and the files."""
        while True:
            try:
                source = await source_of(self._store)
                keeper = Keeper(
                    *(self._store, self._reading, self._folder, self.searched, source),
                    exact_floats=self._exact_floats,
                )
                await self._follow(keeper, source, await self._opened(keeper, source))
            except (HistoryLost, Damaged) as exc:
                logger.warning("the search index starts again: %s", exc)
                if self.writes:
                    await asyncio.to_thread(discard, self._folder)
                    self._lock.release()
            except (PyMongoError, NotBuilt, OSError) as exc:
                logger.warning("the search index waits: %s", exc)
            except Exception:
                # Nobody would open the index again; it can always be made from the store.
                logger.exception("the search index starts again")
            await asyncio.sleep(RESTART_SECONDS)

    async def _opened(self, keeper: Keeper, source: str) -> View:
        """The snapshot on disk; made first where there is no good one and it is ours to make."""
        while True:
            try:
                return await asyncio.to_thread(self._open, source)
            except Damaged as exc:
                if self.writes:
                    logger.info("the search index is built: %s", exc)
                    await keeper.build()
                else:
                    await asyncio.sleep(POLL_SECONDS)

    def _open(self, source: str) -> View:
        return View(open_snapshot(self._folder, source, self.searched.space), self._exact_floats)

    async def _follow(self, keeper: Keeper, source: str, view: View) -> None:
        self._saved_at = asyncio.get_running_loop().time()
        async with changes_after(self._store, view.position) as stream:
            await self._catch_up(view, stream)
            self.view = view
            self.ready.set()
            while True:
                await self._take(view, await stream.next())
                view = self.view = await self._newer(view, source)
                self._save_if_due(keeper, view)

    async def _catch_up(self, view: View, stream: ChangeStream) -> None:
        """What happened while this process did not look."""
        until = await position_now(self._store)
        while view.position < until:
            await self._take(view, await stream.next())

    async def _take(self, view: View, batch: Batch) -> None:
        if keys := written_in(batch):
            found = await now_written(self._reading, self.searched, keys)
            view.apply(found, batch.position)
        view.position = max(view.position, batch.position)

    async def _newer(self, view: View, source: str) -> View:
        """The view of a newer snapshot, if there is one, with all that this one has seen."""
        if generation_of(self._folder) in (None, view.snapshot.manifest.generation):
            return view
        try:
            newer = await asyncio.to_thread(self._open, source)
        except Damaged as exc:
            logger.warning("a newer search index cannot be opened: %s", exc)
            return view
        newer.take_over(view)
        return newer

    def _save_if_due(self, keeper: Keeper, view: View) -> None:
        now = asyncio.get_running_loop().time()
        old = view.changed > 0 and now - self._saved_at > SAVE_SECONDS
        if not (old or keeper.is_due(view)) or (self._saving and not self._saving.done()):
            return
        if self.writes:
            self._saved_at = now
            self._saving = asyncio.create_task(self._save(keeper, view), name="search snapshot")

    async def _save(self, keeper: Keeper, view: View) -> None:
        try:
            await keeper.follow_up(view)
        except (NotBuilt, OSError) as exc:
            logger.warning("the search index could not be saved: %s", exc)
