"""`GET /media/{id}/stale` and `POST /media/{id}/refresh`, with a line of the tests."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import httpx
import pytest

from app.core.actor import Actor
from app.core.parts import Parts
from app.library.lineage import MAKERS, Verdict, register
from documents.identity import User
from documents.library import Media
from documents.values import Id
from tests.app.library.lineage.support import asked, ids, made_of
from tests.app.support import API, World, as_, codes


@dataclass
class Line:
    """It made every file with its tag, and says of each what a test tells it to."""

    name: str = "tests"
    told: dict[Id, Verdict] = field(default_factory=dict)
    used: dict[Id, list[Id]] = field(default_factory=dict)
    refreshed: list[Id] = field(default_factory=list)
    pipeline: Id = field(default_factory=Id)

    def made(self, media: Media) -> bool:
        return self.name in media.tags

    async def users(self, media: Sequence[Media]) -> Iterable[Id]:
        return [key for each in media for key in self.used.get(each.id, ())]

    async def verdicts(self, media: Sequence[Media]) -> Mapping[Id, Verdict]:
        return {each.id: self.told[each.id] for each in media if each.id in self.told}

    async def refresh(self, parts: Parts, actor: Actor, media: Sequence[Media]) -> Sequence[Id]:
        self.refreshed += [each.id for each in media]
        return [self.pipeline]


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    register(made)
    yield made
    del MAKERS[made.name]


async def file(world: World, *inputs: Media, tag: str = "tests") -> Media:
    return await made_of(world, *inputs, tags=[tag], description=tag)


async def refresh(
    http: httpx.AsyncClient, user: User, media: Media, *chosen: Media
) -> httpx.Response:
    body = {"media_ids": ids(*chosen)}
    return await http.post(f"{API}/media/{media.id}/refresh", json=body, headers=as_(user))


async def test_what_is_made_of_stale_files_is_stale(
    http: httpx.AsyncClient, world: World, line: Line
) -> None:
    design = await file(world)
    panel, old_panel = await file(world, design), await file(world, design)
    film = await file(world, panel, design)
    poster = await file(world, design)
    line.told = {
        design.id: Verdict(),
        panel.id: Verdict("The scene was rewritten.", Decimal("0.04")),
        film.id: Verdict(cost=None),
        poster.id: Verdict(),
    }
    answer = await asked(http, world.viewer, design, "stale")
    first, second = answer["data"]
    assert (first["media_id"], first["reason"]) == (str(panel.id), "The scene was rewritten.")
    assert (first["because_of"], Decimal(first["cost"]), first["line"]) == (
        *([], Decimal("0.04"), "tests"),
    )
    assert (second["media_id"], second["because_of"]) == (str(film.id), ids(panel))
    assert second["cost"] is None
    assert (Decimal(answer["cost"]["known"]), answer["cost"]["unknown"]) == (Decimal("0.04"), 1)
    # Nobody uses the earlier take, so nobody asks for it.
    assert str(old_panel.id) not in str(answer)
    assert (await asked(http, world.viewer, poster, "stale"))["data"] == []


async def test_users_of_today_are_found_without_having_been_made_of_it(
    http: httpx.AsyncClient, world: World, line: Line
) -> None:
    new_take, film = await file(world), await file(world)
    copy = await file(world, film)
    line.used = {new_take.id: [film.id], film.id: [new_take.id]}
    line.told = {film.id: Verdict("Its picture was exchanged."), copy.id: Verdict()}
    answer = await asked(http, world.viewer, new_take, "stale")
    assert [each["media_id"] for each in answer["data"]] == ids(film, copy)


async def test_pages_of_what_is_stale(http: httpx.AsyncClient, world: World, line: Line) -> None:
    design = await file(world)
    files = [await file(world, design) for _ in range(3)]
    line.told = {each.id: Verdict("Old.") for each in files}
    page = await asked(http, world.viewer, design, "stale", limit=2)
    rest = await asked(http, world.viewer, design, "stale", limit=2, after=page["next"])
    seen = [each["media_id"] for each in (*page["data"], *rest["data"])]
    assert seen == ids(*files)
    assert rest["next"] is None


async def test_a_chosen_part_is_made_again(
    http: httpx.AsyncClient, world: World, line: Line
) -> None:
    design = await file(world)
    panel = await file(world, design)
    film = await file(world, panel)
    line.told = {panel.id: Verdict("Old."), film.id: Verdict(), design.id: Verdict()}
    answer = await refresh(http, world.editor, design, film, panel)
    assert answer.status_code == 202, answer.text
    assert answer.json()["pipeline_ids"] == [str(line.pipeline)]
    assert line.refreshed == [panel.id, film.id]
    refused = await refresh(http, world.editor, design, design)
    assert codes(refused) == (409, "not_stale")
    assert refused.json()["media_ids"] == ids(design)
    assert codes(await refresh(http, world.viewer, design, panel)) == (404, "not_found")
    assert codes(await refresh(http, world.stranger, design, panel)) == (404, "not_found")
    assert line.refreshed == [panel.id, film.id]


async def test_the_files_of_two_lines_are_refreshed_in_turn(
    http: httpx.AsyncClient, world: World, line: Line
) -> None:
    other = Line("others")
    register(other)
    music = await file(world)
    film, clip = await file(world, music), await file(world, music, tag="others")
    line.told, other.told = {film.id: Verdict("Old.")}, {clip.id: Verdict("Old.")}
    assert len((await asked(http, world.viewer, music, "stale"))["data"]) == 2
    both = await refresh(http, world.editor, music, film, clip)
    one = await refresh(http, world.editor, music, clip)
    del MAKERS["others"]
    assert codes(both) == (422, "invalid")
    assert one.status_code == 202
    assert (line.refreshed, other.refreshed) == ([], [clip.id])
