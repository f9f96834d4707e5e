"""Having new films and sounds played: asked for together, every few seconds."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Final

from app.library.kinds import PLAY_MEDIA
from app.library.looking import PLAY_VERSION, add_missing, play_task
from documents.base import NotUnique
from documents.library import Media
from documents.production import Task
from documents.values import Id

PLAYED_AFTER: Final = timedelta(seconds=30)
"""What is made next of a new file goes before its waveform and preview."""


class Plays:
    """The new files that somebody shall be asked to play.

    They are remembered here alone, for writing a task beside each record would cost as much as the
    record. Where the worker dies before it has asked, the records still say that they were not
    played, and `looking.ask_again` asks for it. A file whose record was not written after all is
    asked for in vain.
    """

    def __init__(self) -> None:
        self._wanted: dict[Id, Task] = {}

    def want(self, media: Iterable[Media]) -> None:
        """Have those of them played that last and were not played yet."""
        for each in media:
            if each.play_version < PLAY_VERSION:
                self._wanted[each.id] = play_task(each, after=PLAYED_AFTER)

    async def ask(self) -> None:
        """Write the tasks of all that is wanted by now; what somebody else asks for in the same
        moment waits for the next time."""
        if asked := dict(self._wanted):
            with suppress(NotUnique):
                await add_missing(PLAY_MEDIA, [*asked.values()])
                for key in asked:
                    del self._wanted[key]
