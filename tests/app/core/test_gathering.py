"""Reads by id that go together: one query, and each caller still gets what is his."""

import asyncio
from typing import Any

import pytest
from bson import ObjectId

from app.core import gathering
from app.core.gathering import Gathering
from documents.values import Id


class Cursor:
    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    async def to_list(self) -> list[dict[str, Any]]:
        await asyncio.sleep(0)
        return self._rows


class Source:
    """Holds records by id, and remembers what it was asked."""

    def __init__(self, *records: dict[str, Any]) -> None:
        self.records = {each["_id"]: each for each in records}
        self.queries: list[dict[str, Any]] = []
        self.singles: list[dict[str, Any]] = []
        self.error: Exception | None = None

    def find(self, query: dict[str, Any], projection: Any, hint: Any) -> Cursor:
        self.queries.append(query)
        if self.error is not None:
            raise self.error
        wanted = query["_id"]["$in"] if isinstance(query["_id"], dict) else [query["_id"]]
        shown = None if projection is None else {"_id", *projection}
        return Cursor(
            [
                {
                    name: each
                    for name, each in self.records[key].items()
                    if not shown or name in shown
                }
                for key in wanted
                if key in self.records
            ]
        )

    async def find_one(self, query: dict[str, Any], projection: Any, hint: Any) -> None:
        self.singles.append(query)


MINE, OTHERS = Id(), Id()
FIRST: dict[str, Any] = {"_id": Id(), "workspace_id": MINE, "name": "First", "notes": {"kept": [1]}}
SECOND: dict[str, Any] = {"_id": Id(), "workspace_id": OTHERS, "name": "Second", "notes": {}}
REACHED = {"workspace_id": {"$in": [MINE]}}


@pytest.fixture
def source() -> Source:
    return Source(FIRST, SECOND)


@pytest.fixture
def reads(source: Source) -> Gathering:
    return Gathering(source)  # type: ignore[arg-type]


async def test_reads_at_once_are_one_query(source: Source, reads: Gathering) -> None:
    found = await asyncio.gather(
        reads.one(FIRST["_id"], True, {"name": 1}),
        reads.one(SECOND["_id"], True, {"name": 1}),
        reads.one(Id(), True, {"name": 1}),
    )
    assert [each and each["name"] for each in found] == ["First", "Second", None]
    assert len(source.queries) == 1
    assert source.queries[0]["deleted_at"] is None


async def test_what_is_asked_later_is_read_later(source: Source, reads: Gathering) -> None:
    await reads.one(FIRST["_id"], True, {"name": 1})
    source.records[FIRST["_id"]] = {**FIRST, "name": "Renamed"}
    found = await reads.one(FIRST["_id"], True, {"name": 1})
    assert found is not None
    assert found["name"] == "Renamed"
    assert len(source.queries) == 2


async def test_each_caller_sees_what_he_reaches(source: Source, reads: Gathering) -> None:
    seen = await asyncio.gather(
        reads.one(FIRST["_id"], REACHED, {"name": 1}),
        reads.one(SECOND["_id"], REACHED, {"name": 1}),
        reads.one(SECOND["_id"], {"$or": [REACHED, {"workspace_id": OTHERS}]}, {"name": 1}),
        reads.one(FIRST["_id"], False, {"name": 1}),
    )
    # What the filter tests was not asked for, so it is not answered.
    assert [each and each.keys() - {"_id"} for each in seen] == [{"name"}, None, {"name"}, None]


async def test_no_caller_sees_what_another_does_to_his(reads: Gathering) -> None:
    one, other = await asyncio.gather(*(reads.one(FIRST["_id"], True, None) for _ in range(2)))
    assert one is not None
    one["notes"]["kept"].append(2)
    one.pop("name")
    assert other == {**FIRST, "notes": {"kept": [1]}}


@pytest.mark.parametrize(
    "scope", [{"workspace_id": {"$type": "null"}}, {"subject.collection": {"$ne": "x"}}]
)
async def test_filters_that_are_not_known_here_go_to_the_store(
    source: Source, reads: Gathering, scope: dict[str, Any]
) -> None:
    assert await reads.one(FIRST["_id"], scope, {"name": 1}) is None
    assert source.queries == []
    assert source.singles[0]["$and"][1] == scope


async def test_a_query_holds_no_more_than_so_many(
    source: Source, reads: Gathering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "MOST", 2)
    await asyncio.gather(*(reads.one(Id(), True, {"name": 1}) for _ in range(5)))
    sizes = [
        len(each["_id"]["$in"]) if not isinstance(each["_id"], ObjectId) else 1
        for each in source.queries
    ]
    assert sizes == [2, 2, 1]


async def test_all_hear_of_a_failure_and_the_next_is_read_anew(
    source: Source, reads: Gathering
) -> None:
    source.error = ConnectionError("away")
    answers = await asyncio.gather(
        *(reads.one(each["_id"], True, None) for each in (FIRST, SECOND)), return_exceptions=True
    )
    assert [type(each) for each in answers] == [ConnectionError, ConnectionError]
    source.error = None
    assert await reads.one(FIRST["_id"], True, None) == FIRST


async def test_one_who_leaves_takes_nothing_from_the_others(reads: Gathering) -> None:
    leaves = asyncio.ensure_future(reads.one(FIRST["_id"], True, None))
    stays = asyncio.ensure_future(reads.one(FIRST["_id"], True, None))
    await asyncio.sleep(0)
    leaves.cancel()
    assert await stays == FIRST
