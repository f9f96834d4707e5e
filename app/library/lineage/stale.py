"""What is out of date after an edit upstream, and having it made again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from graphlib import TopologicalSorter
from typing import Final

from app.core.actor import Actor, demand
from app.core.errors import Invalid, NotFound, Refusal
from app.core.parts import Parts
from app.library.access import MEDIA
from app.library.lineage.makers import MAKERS, Maker, Verdict, maker_of
from app.library.lineage.walking import MOST_FILES, step_down
from documents.base import Scope, within
from documents.library import Media
from documents.values import Id

BELOW: Final = "What it is made of is out of date."
NOT_NEEDED: Final = dict.fromkeys(("embedding", "embedding_next", "picture_prints", "likeness"), 0)


class NotStale(Refusal):
    """Some of the files are not out of date, or not because of this one; `media_ids` says which."""

    status, code = 409, "not_stale"


@dataclass(frozen=True, slots=True)
class Stale:
    """A file that is out of date."""

    media: Media
    maker: Maker
    reason: str
    because_of: list[Id]
    cost: Decimal | None


@dataclass(slots=True)
class Found:
    """What a look downstream found."""

    stale: list[Stale] = field(default_factory=list)
    """What is made first comes first."""
    hidden: int = 0
    truncated: bool = False


@dataclass(slots=True)
class _Downstream:
    """A file and all that is made of it, as far as it is in reach."""

    media: dict[Id, Media]
    hidden: set[Id] = field(default_factory=set)
    truncated: bool = False

    def inputs_of(self, key: Id) -> set[Id]:
        """Which of these files it was made of."""
        made = self.media[key].generation_metadata
        return set(made.input_ids if made else ()) & self.media.keys() - {key}

    def in_order(self) -> list[Media]:
        """What a file was made of comes before it."""
        graph = {key: sorted(self.inputs_of(key)) for key in sorted(self.media)}
        return [self.media[key] for key in TopologicalSorter(graph).static_order()]


async def stale_from(actor: Actor, key: Id) -> Found:
    """What of this file and of all that is made of it is out of date.

    Raises ScopeMissing, NotFound.
    """
    demand(actor, "read", Media.collection_name())
    scope = MEDIA.read(actor)
    start = await Media.one_in(scope, key)
    if start is None:
        raise NotFound("There is no such file, or none that you may see.")
    below = await _downstream(scope, start)
    verdicts: dict[Id, Verdict] = {}
    for line, media in _by_maker(below.media.values()):
        verdicts |= await line.verdicts(media)
    found: dict[Id, Stale] = {}
    for each in below.in_order():
        verdict, maker = verdicts.get(each.id), maker_of(each)
        because = sorted(below.inputs_of(each.id) & found.keys())
        if verdict is None or maker is None or not (verdict.reason or because):
            continue
        reason = verdict.reason or BELOW
        found[each.id] = Stale(each, maker, reason, because, verdict.cost)
    return Found([*found.values()], len(below.hidden), below.truncated)


async def refresh(parts: Parts, actor: Actor, key: Id, chosen: Sequence[Id]) -> Sequence[Id]:
    """Have the chosen ones of what is out of date made again; answers the pipelines that do.

    Raises ScopeMissing, NotFound, NotStale, Invalid where several lines made them, and what the
    line itself refuses.
    """
    demand(actor, "write", Media.collection_name())
    query = within(MEDIA.change(actor), {"_id": {"$in": [*chosen]}})
    if await Media.collection().count_documents(query) < len({*chosen}):
        raise NotFound("There is no such file, or none that you may change.")
    found = {each.media.id: each for each in (await stale_from(actor, key)).stale}
    if missing := [str(each) for each in chosen if each not in found]:
        raise NotStale(
            f"{missing[0]} is not out of date, or not because of this file.", media_ids=missing
        )
    wanted = [each for name, each in found.items() if name in set(chosen)]
    makers = {each.maker.name for each in wanted}
    if len(makers) > 1:
        raise Invalid(f"These files are made by {' and '.join(sorted(makers))}: refresh in turn.")
    return await wanted[0].maker.refresh(parts, actor, [each.media for each in wanted])


async def _downstream(scope: Scope, start: Media) -> _Downstream:
    """As the files say of what they were made, and as the records of today have it."""
    below = _Downstream({start.id: start})
    level = [start]
    while level:
        wanted = {key for maker in MAKERS.values() for key in await maker.users(level)}
        step = await step_down(scope, [each.id for each in level])
        below.hidden |= step.hidden
        fresh = sorted((wanted | step.found) - below.media.keys())
        room = MOST_FILES - len(below.media)
        below.truncated = below.truncated or len(fresh) > room
        level = await _fetched(scope, fresh[:room])
        below.media |= {each.id: each for each in level}
        below.hidden |= {*fresh[:room]} - below.media.keys()
    return below


async def _fetched(scope: Scope, keys: Sequence[Id]) -> list[Media]:
    if not keys:
        return []
    query = within(scope, {"_id": {"$in": [*keys]}})
    rows = Media.collection().find(query, NOT_NEEDED)
    return [Media.model_validate(row) async for row in rows]


def _by_maker(media: Iterable[Media]) -> list[tuple[Maker, list[Media]]]:
    made: dict[str, list[Media]] = {}
    for each in media:
        if (maker := maker_of(each)) is not None:
            made.setdefault(maker.name, []).append(each)
    return [(MAKERS[name], files) for name, files in made.items()]
