"""The store's own vector index: field by field as its documentation has it."""

from datetime import UTC, datetime
from typing import Any, get_args

import numpy as np
import pytest
from bson import ObjectId
from pymongo.errors import OperationFailure

from app.core.access import either
from app.library.embedding import Space
from app.library.search.filters import condition_of
from app.library.search.schemas import SearchFilters
from app.library.search.vector_search import (
    NAMES,
    NotReady,
    Quantization,
    VectorSearch,
    cosine,
    definition,
    described,
    drop,
    ensure,
    is_queryable,
    model,
    pipeline,
)
from app.library.search.wanted import Candidate, Searched, Wanted, unit
from documents.library import Media
from documents.store import Store
from documents.values import Id

SEARCHED = Searched(Space("model", "3", 384), "embedding")
NEXT = Searched(Space("other", "1", 1024), "embedding_next")
VECTOR = unit(np.ones(384))

FILTER_OPERATORS = {
    *("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$not"),
    *("$and", "$or", "$nor"),
}
FILTER_TYPES = (bool, int, float, datetime, str, ObjectId, type(None))
EVERYTHING = SearchFilters(
    workspace_id=Id(),
    project_id=Id(),
    episode_id=Id(),
    scene_id=Id(),
    character_id=Id(),
    kind=["image", "video"],
    media_type=["concept_art"],
    status=["active"],
    tags=["red", "tall"],
    created_from=datetime(2026, 1, 1, tzinfo=UTC),
    created_before=datetime(2026, 2, 1, tzinfo=UTC),
)
SCOPE = either({"workspace_id": {"$in": [Id()]}}, {"project_id": {"$in": [Id(), Id()]}})


@pytest.mark.parametrize("quantization", get_args(Quantization))
def test_the_definition_has_the_documented_fields(quantization: Quantization) -> None:
    [vector, *filters] = definition(SEARCHED, quantization)["fields"]
    assert vector == {
        "type": "vector",
        "path": "embedding",
        "numDimensions": 384,
        "similarity": "cosine",
        "quantization": quantization,
    }
    assert all(each.keys() == {"type", "path"} and each["type"] == "filter" for each in filters)
    assert len({each["path"] for each in filters}) == len(filters)


def test_the_index_is_asked_for_by_name_and_type() -> None:
    document = model(NEXT, "scalar").document
    assert document["name"] == "media_embedding_next_index"
    assert document["type"] == "vectorSearch"
    assert document["definition"] == definition(NEXT, "scalar")
    assert document["definition"]["fields"][0]["path"] == "embedding_next"
    assert NAMES["embedding"] == "media_embedding_index"


def test_the_pipeline_has_the_documented_fields() -> None:
    condition = condition_of(SCOPE, EVERYTHING)
    assert condition is not None
    search, shown = pipeline(SEARCHED, Wanted(VECTOR, condition, 21))
    assert search.keys() == {"$vectorSearch"}
    stage = search["$vectorSearch"]
    required = {"index", "path", "queryVector", "numCandidates", "limit", "filter"}
    assert stage.keys() == required
    assert (stage["index"], stage["path"]) == ("media_embedding_index", "embedding")
    assert stage["queryVector"] == pytest.approx(VECTOR.tolist())
    assert all(type(each) is float for each in stage["queryVector"])
    assert 21 <= stage["limit"] <= stage["numCandidates"] <= 10_000
    assert shown == {"$project": {"_id": 1, "score": {"$meta": "vectorSearchScore"}}}


@pytest.mark.parametrize("scope", [True, SCOPE])
@pytest.mark.parametrize("filters", [SearchFilters(), EVERYTHING])
def test_every_filtered_path_is_declared_and_every_value_can_be_tested(
    scope: Any, filters: SearchFilters
) -> None:
    condition = condition_of(scope, filters)
    assert condition is not None
    [search, _] = pipeline(SEARCHED, Wanted(VECTOR, condition, 10))
    declared = {
        each["path"] for each in definition(SEARCHED, "none")["fields"] if each["type"] == "filter"
    }
    tested = [*_tests(search["$vectorSearch"]["filter"])]
    assert {path for path, _, _ in tested} <= declared
    assert {operator for _, operator, _ in tested} <= FILTER_OPERATORS
    for _, _, value in tested:
        assert all(
            isinstance(each, FILTER_TYPES)
            for each in (value if isinstance(value, list) else [value])
        )
    assert ("deleted_at", "$eq", None) in tested
    assert ("embedding_model", "$eq", "model") in tested
    assert ("embedding_version", "$eq", "3") in tested


def test_later_pages_look_further_but_not_too_far() -> None:
    def stage(served: int) -> Any:
        after = Candidate.of(0.5, Id())
        wanted = Wanted(VECTOR, {}, 10, after=after, served=served)
        return pipeline(SEARCHED, wanted)[0]["$vectorSearch"]

    assert stage(500)["limit"] > stage(0)["limit"] >= 10
    assert stage(50_000)["limit"] == stage(50_000)["numCandidates"] == 10_000


@pytest.mark.parametrize(("score", "expected"), [(1.0, 1.0), (0.5, 0.0), (0.0, -1.0)])
def test_scores_are_shown_as_cosines(score: float, expected: float) -> None:
    assert cosine(score) == expected


async def test_a_server_without_it_is_known_by_its_answer(store: Store) -> None:
    assert await described(Media.collection()) is None
    assert not await is_queryable(Media.collection(), SEARCHED)
    assert not await ensure(Media.collection(), SEARCHED, "scalar", patience_seconds=1)
    await drop(Media.collection(), "embedding")


class Server:
    """A collection of a server that has vector indexes, as far as we speak with it."""

    def __init__(self, ready_after: int = 0) -> None:
        self.indexes: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[Any, Any]] = []
        self.rows: list[dict[str, Any]] = []
        self._left = ready_after

    async def list_search_indexes(self) -> Any:
        self._left -= 1
        shown = [{**each, "queryable": self._left < 0} for each in self.indexes.values()]
        return _rows(shown)

    async def create_search_index(self, made: Any) -> None:
        document = made.document
        self.indexes[document["name"]] = {
            "name": document["name"],
            "latestDefinition": document["definition"],
        }

    async def update_search_index(self, name: str, changed: Any) -> None:
        self.indexes[name]["latestDefinition"] = changed

    async def drop_search_index(self, name: str) -> None:
        del self.indexes[name]

    async def aggregate(self, stages: Any, **options: Any) -> Any:
        self.asked.append((stages, options))
        return _Cursor(self.rows)


class _Cursor:
    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._found = rows

    async def to_list(self) -> list[dict[str, Any]]:
        return self._found


async def _rows(found: list[dict[str, Any]]) -> Any:
    for each in found:
        yield each


async def test_the_index_is_made_mended_and_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.library.search.vector_search.POLL_SECONDS", 0)
    server: Any = Server(ready_after=5)
    assert await ensure(server, SEARCHED, "scalar", patience_seconds=30)
    assert server.indexes["media_embedding_index"]["latestDefinition"] == definition(
        SEARCHED, "scalar"
    )
    assert await is_queryable(server, SEARCHED)
    larger = Searched(Space("model", "4", 512), "embedding")
    assert not await is_queryable(server, larger)
    assert await ensure(server, larger, "binary", patience_seconds=30)
    assert await is_queryable(server, larger)
    await drop(server, "embedding")
    assert server.indexes == {}


async def test_one_that_takes_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.library.search.vector_search.POLL_SECONDS", 0.001)
    server: Any = Server(ready_after=10**9)
    with pytest.raises(NotReady, match="local index"):
        await ensure(server, SEARCHED, "scalar", patience_seconds=0.05)


async def test_hits_are_ordered_bounded_and_always_timed() -> None:
    server: Any = Server()
    keys = sorted(Id() for _ in range(4))
    scores = (0.6, 0.9, 0.9, 0.2)
    server.rows = [{"_id": key, "score": s} for key, s in zip(keys, scores, strict=True)]
    backend = VectorSearch(server, SEARCHED)
    found = await backend.nearest(Wanted(VECTOR, {}, 3))
    assert [(each.id, each.score) for each in found] == [
        (keys[1], 0.8),
        (keys[2], 0.8),
        (keys[0], pytest.approx(0.2)),
    ]
    rest = await backend.nearest(Wanted(VECTOR, {}, 3, after=found[0], min_score=0))
    assert [each.id for each in rest] == [keys[2], keys[0]]
    assert all(options["maxTimeMS"] > 0 for _, options in server.asked)


async def test_other_failures_are_not_mistaken_for_a_server_without() -> None:
    class Broken(Server):
        async def list_search_indexes(self) -> Any:
            raise OperationFailure("not authorised", 13)

    broken: Any = Broken()
    with pytest.raises(OperationFailure):
        await described(broken)


def _tests(condition: Any) -> Any:
    for name, test in condition.items():
        if name in ("$and", "$or"):
            for each in test:
                yield from _tests(each)
        else:
            for operator, value in test.items():
                yield name, operator, value
