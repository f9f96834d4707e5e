"""Searching media: what is asked, in reach of whoever asks, by the index that there is."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from struct import Struct
from typing import Any, Final

import numpy as np

from app.core.actor import Actor, demand
from app.core.errors import Invalid, Refusal
from app.core.parts import Parts
from app.library.embedding import Space
from app.library.resources import MEDIA
from app.library.search import words
from app.library.search.filters import condition_of
from app.library.search.fusion import fused
from app.library.search.schemas import SearchMedia
from app.library.search.wanted import (
    DECIMALS,
    Backend,
    Candidate,
    Condition,
    Facets,
    Row,
    Searched,
    Wanted,
    unit,
)
from documents.base import Scope, StoredDocument, within
from documents.library import Media
from documents.values import Id, to_floats

WINDOW: Final = 200
"""So many of each ranking are fused, and so many hits a hybrid search has at most."""
NAME: Final = Media.collection_name()
_PLACED: Final = Struct("<12sfff")
"""One hit of a hybrid search in a cursor: its id and scores, null as NaN."""
_TEXT_DECIMALS: Final = 4


class NotEmbedded(Refusal):
    """The record has no vector of the current model yet."""

    status, code = 409, "not_embedded"


@dataclass(frozen=True, slots=True)
class Hit:
    """One that was found, and by what scores."""

    id: Id
    score: float
    fused: float | None = None
    vector: float | None = None
    text: float | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A search in reach of an actor; `condition` is None where nothing is."""

    asked: SearchMedia
    scope: Scope
    condition: Condition | None
    searched: Searched | None

    def listing(self) -> str:
        """Tells this search from every other, whoever asks."""
        asked = self.asked
        by = asked.text or asked.media_id or repr(asked.vector)
        filters = asked.filters.model_dump(exclude_defaults=True)
        space: Space | None = self.searched.space if self.searched else None
        return repr(("search", asked.chosen_mode, by, filters, asked.min_score, space))


async def search(asked: SearchMedia, actor: Actor, parts: Parts) -> StoredDocument:
    """One page of what is found. Raises NotFound, NotEmbedded, Invalid, BadQuery, Unavailable."""
    demand(actor, "read", NAME)
    scope = MEDIA.access.read(actor)
    projection = MEDIA.listing.fields.named(asked.fields)
    searched = None if asked.chosen_mode == "text" else await parts.search.current()
    question = Question(asked, scope, condition_of(scope, asked.filters), searched)
    hits, following = await _page(question, parts)
    facets = {"facets": await _facets(question, parts)} if asked.facets else {}
    return {
        "data": await _shown(question, hits, projection, parts),
        "next": following,
        "mode": asked.chosen_mode,
        "model": searched.space.model if searched else None,
        **facets,
    }


async def _page(question: Question, parts: Parts) -> tuple[list[Hit], str | None]:
    """The hits of the page, and the cursor of the next one."""
    asked, listing = question.asked, question.listing()
    place = None if asked.after is None else parts.cursors.read(listing, asked.after)
    if asked.chosen_mode == "hybrid":
        # The ranking is made once, and travels in the cursor.
        hits = await _by_both(question, parts) if place is None else _unpacked(place[0])
        shown, rest = hits[: asked.limit], hits[asked.limit :]
        return shown, parts.cursors.written(listing, [_packed(rest)]) if rest else None
    by = _by_words if asked.chosen_mode == "text" else _by_meaning
    hits = await by(question, parts, place)
    if len(hits) <= asked.limit:
        return hits, None
    last, served = hits[asked.limit - 1], (place[2] if place else 0) + asked.limit
    return hits[: asked.limit], parts.cursors.written(listing, [last.score, last.id, served])


async def _by_words(question: Question, parts: Parts, place: list[Any] | None) -> list[Hit]:
    asked, condition = question.asked, question.condition
    if condition is None or asked.text is None:
        return []
    found = await words.best(
        *(parts.reading[NAME], asked.text, condition, asked.limit + 1),
        after=_candidate(place),
        min_score=asked.min_score,
    )
    return [Hit(each.id, each.score, text=each.score) for each in found]


async def _by_meaning(question: Question, parts: Parts, place: list[Any] | None) -> list[Hit]:
    asked = question.asked
    backend, vector = await _sought(question, parts)
    if question.condition is None or not vector.any():
        return []
    wanted = Wanted(
        vector=vector,
        condition=question.condition,
        count=asked.limit + 2,
        after=_candidate(place),
        served=place[2] if place else 0,
        min_score=asked.min_score,
    )
    found = await backend.nearest(wanted)
    # What is looked for is not among what is like it: one more was asked for.
    return [
        Hit(each.id, each.score, vector=each.score) for each in found if each.id != asked.media_id
    ][: asked.limit + 1]


async def _by_both(question: Question, parts: Parts) -> list[Hit]:
    """All that both rankings know, as far as their windows go."""
    asked, condition = question.asked, question.condition
    backend, vector = await _sought(question, parts)
    if condition is None or asked.text is None:
        return []
    by_words, by_meaning = await asyncio.gather(
        words.best(parts.reading[NAME], asked.text, condition, WINDOW),
        _window(backend, vector, condition),
    )
    cosines = {each.id: each.score for each in by_meaning}
    others = [each.id for each in by_words if each.id not in cosines]
    if others and vector.any():
        cosines |= await backend.scores(vector, others)
    least = asked.min_score
    if least is not None:
        by_words = [each for each in by_words if cosines.get(each.id, -2) >= least]
        by_meaning = [each for each in by_meaning if each.score >= least]
    return _fused(by_meaning, by_words, cosines)


async def _window(backend: Backend, vector: Row, condition: Condition) -> list[Candidate]:
    if not vector.any():
        return []
    return await backend.nearest(Wanted(vector, condition, WINDOW))


def _fused(
    by_meaning: Sequence[Candidate], by_words: Sequence[Candidate], cosines: Mapping[Id, float]
) -> list[Hit]:
    scores = fused([[each.id for each in by_meaning], [each.id for each in by_words]])
    texts = {each.id: round(each.score, _TEXT_DECIMALS) for each in by_words}
    rounded = {key: round(score, DECIMALS) for key, score in scores.items()}
    hits = [
        Hit(key, score, score, cosines.get(key), texts.get(key)) for key, score in rounded.items()
    ]
    return sorted(hits, key=lambda hit: (-hit.score, hit.id))[:WINDOW]


async def _sought(question: Question, parts: Parts) -> tuple[Backend, Row]:
    """The index to look in, and what to look for."""
    assert question.searched is not None
    vector = await _vector(question, question.searched, parts)
    return await parts.search.backend(question.searched), vector


async def _vector(question: Question, searched: Searched, parts: Parts) -> Row:
    """What is looked for, as a vector of the space."""
    asked, space = question.asked, searched.space
    if asked.text is not None:
        return await parts.search.embedded(space, asked.text)
    if asked.media_id is not None:
        return await _vector_of(question, asked.media_id, searched, parts)
    given = np.array(asked.vector, np.float64)
    if asked.model not in (None, space.model) or len(given) != space.dimensions:
        raise Invalid(
            f"The current model is {space.model}, whose vectors have {space.dimensions} numbers."
        )
    length = float(np.linalg.norm(given))
    return unit(given / length if length > 0 and np.isfinite(length) else given * 0)


async def _vector_of(question: Question, key: Id, searched: Searched, parts: Parts) -> Row:
    space = searched.space
    fields = {
        name: 1
        for place in ("embedding", "embedding_next")
        for name in (place, f"{place}_model", f"{place}_version")
    }
    found = await MEDIA.reading.fetched(parts, question.scope, key, fields)
    for place in ("embedding", "embedding_next"):
        is_of = (found.get(f"{place}_model"), found.get(f"{place}_version"))
        if is_of == (space.model, space.version) and found.get(place) is not None:
            return unit(to_floats(found[place]))
    raise NotEmbedded("This file has no vector of the current model yet; try again soon.")


async def _facets(question: Question, parts: Parts) -> Facets:
    asked, condition = question.asked, question.condition
    if condition is None:
        return {name: {} for name in asked.facets}
    if question.searched is None:
        return await words.facets(parts.reading[NAME], asked.text or "", condition, asked.facets)
    backend = await parts.search.backend(question.searched)
    return await backend.facets(condition, asked.facets)


async def _shown(
    question: Question, hits: Sequence[Hit], projection: Mapping[str, Any], parts: Parts
) -> list[StoredDocument]:
    """The records of the hits, as they are now: what left the actor's reach meanwhile is gone."""
    if not hits:
        return []
    query = within(question.scope, {"_id": {"$in": [hit.id for hit in hits]}})
    rows = await parts.reading[NAME].find(query, projection, hint=[("_id", 1)]).to_list()
    found = {row["_id"]: row for row in rows}
    return [
        {
            "score": hit.score,
            "scores": {"fused": hit.fused, "vector": hit.vector, "text": hit.text},
            "media": MEDIA.reading.shown(found[hit.id]),
        }
        for hit in hits
        if hit.id in found
    ]


def _candidate(place: list[Any] | None) -> Candidate | None:
    return None if place is None else Candidate(-place[0], Id(place[1]))


def _packed(hits: Sequence[Hit]) -> bytes:
    """Hits as they travel in a cursor."""
    return b"".join(
        _PLACED.pack(hit.id.binary, hit.score, _or_nan(hit.vector), _or_nan(hit.text))
        for hit in hits
    )


def _unpacked(content: bytes) -> list[Hit]:
    return [
        Hit(
            id=Id(key),
            score=round(score, DECIMALS),
            fused=round(score, DECIMALS),
            vector=None if isnan(vector) else round(vector, DECIMALS),
            text=None if isnan(text) else round(text, _TEXT_DECIMALS),
        )
        for key, score, vector, text in _PLACED.iter_unpack(content)
    ]


def _or_nan(score: float | None) -> float:
    return nan if score is None else score
