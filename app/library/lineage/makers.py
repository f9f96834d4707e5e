"""What a production line says of the files that it made. This is all that the library asks of it.

A line keeps at each file the `recipe` (`documents.library.GenerationMetadata`): the digest of all
that decided what it shows. Made again from the records of today, another digest says that the file
is out of date (`app.library.recipes`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol

from app.core.actor import Actor
from app.core.parts import Parts
from documents.library import Media
from documents.values import Id


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a line says of a file that is in use."""

    reason: str | None = None
    """Why it is out of date, as a sentence; None: it is as the records of today have it."""
    cost: Decimal | None = Decimal(0)
    """What making it again would cost, in US dollars; None where nobody knows."""


class Maker(Protocol):
    """A production line. Files that are handed to it are within the asker's reach."""

    @property
    def name(self) -> str:
        """Such as `films`."""

    def made(self, media: Media) -> bool:
        """Whether it is this line that made the file."""

    async def users(self, media: Sequence[Media]) -> Iterable[Id]:
        """This line's files that the records of today make of these, whoever made them.

        Beyond what files say of their inputs: a new take of a picture has an old film, which is
        still made of the take before it.
        """

    async def verdicts(self, media: Sequence[Media]) -> Mapping[Id, Verdict]:
        """A verdict on each file that is in use; earlier takes, which nobody uses, have none.

        About a file's own recipe only: what is made of a file that is out of date is so, too,
        without saying.
        """

    async def refresh(self, parts: Parts, actor: Actor, media: Sequence[Media]) -> Sequence[Id]:
        """Have these files made anew, what comes first being first; the pipelines that do it.

        What is made of a file that is not among them is made of it as it is. Raises the line's own
        refusals; then nothing was begun.
        """


MAKERS: Final[dict[str, Maker]] = {}
"""By name; see `register`."""


def register(maker: Maker) -> None:
    """Ask this line from now on; once more in the place of an earlier one of the name."""
    MAKERS[maker.name] = maker


def maker_of(media: Media) -> Maker | None:
    """The line that made the file; None where nobody did that could make it again."""
    return next((each for each in MAKERS.values() if each.made(media)), None)
