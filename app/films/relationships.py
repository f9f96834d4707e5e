"""Relationships between characters, kept on both sides.

What stands at somebody says what they are to the other: `parent` at the mother, `child` at her
son. Who is above whom must not go in a circle.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.core.actor import Actor
from app.core.errors import Invalid, NotFound
from app.core.parts import Parts
from app.core.recording import Transaction
from app.core.revising import deed, revise, within_reach
from app.films import access
from app.films.errors import CircularRelationship
from documents.base import Session
from documents.films import Character, Project, Relationship
from documents.values import Id

MOST: Final = 200
_PAIRS: Final = {
    "ancestry": (
        ("parent", "child"),
        ("mother", "child"),
        ("father", "child"),
        ("grandparent", "grandchild"),
        ("ancestor", "descendant"),
    ),
    "teaching": (("mentor", "student"), ("teacher", "pupil"), ("master", "apprentice")),
    "work": (("employer", "employee"), ("boss", "subordinate")),
    "age": (
        ("older sibling", "younger sibling"),
        ("older brother", "younger sibling"),
        ("older sister", "younger sibling"),
    ),
    "care": (("guardian", "ward"), ("owner", "pet")),
    "lead": (("leader", "follower"), ("ruler", "subject")),
}
"""By hierarchy: who is above, and what the other one is to them."""
_MORE: Final = {
    **dict.fromkeys(("son", "daughter"), "parent"),
    **dict.fromkeys(("younger brother", "younger sister"), "older sibling"),
}
_ABOVE: Final = {above: name for name, pairs in _PAIRS.items() for above, _ in pairs}
_BELOW: Final = {
    **{below: name for name, pairs in _PAIRS.items() for _, below in pairs},
    **{below: _ABOVE[above] for below, above in _MORE.items()},
}
_INVERSES: Final = {
    # Of several words for who is above, the first one is the general one.
    **{below: above for pairs in _PAIRS.values() for above, below in reversed(pairs)},
    **{above: below for pairs in _PAIRS.values() for above, below in pairs},
    **_MORE,
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What one character shall be to another."""

    relationship_type: str
    reverse_type: str | None = None
    description: str = ""

    @property
    def reverse(self) -> str:
        """What the other is to them: as it is said, or by the inverse of a known word, or the
        same, as between friends."""
        return self.reverse_type or _INVERSES.get(
            _plain(self.relationship_type), self.relationship_type
        )


async def relate(parts: Parts, actor: Actor, key: Id, other: Id, wish: Wish) -> Character:
    """Say what a character is to another, in place of what was said before; on both sides.

    Raises NotFound, Invalid, and CircularRelationship.
    """
    _check_two(key, other)

    async def work(character: Character, transaction: Transaction) -> Character:
        session = transaction.session
        second = await _second(character, other, actor, transaction)
        if rising := {*_ranks(key, other, wish)}:
            # Those who tie a circle at the same time write to the same record, and go in turn.
            await Project.advance_one({"_id": character.project_id}, {"$set": {}}, session)
            await _check_order(character.project_id, key, other, rising, session)
        await _write(second, key, wish.reverse, wish.description, transaction)
        return await _set(character, other, wish.relationship_type, wish.description, session)

    return await deed(parts, actor, Character, access.PARTS, key, work)


async def part(parts: Parts, actor: Actor, key: Id, other: Id) -> Character:
    """Forget what two characters are to each other, on both sides. Raises NotFound and Invalid."""
    _check_two(key, other)

    async def work(character: Character, transaction: Transaction) -> Character:
        second = await _second(character, other, actor, transaction)
        sides = ((character, other), (second, key))
        if not any(_named(who, at) for who, at in sides):
            raise NotFound("The two characters have no relationship.")
        await _write(second, key, None, "", transaction)
        return await _set(character, other, None, "", transaction.session)

    return await deed(parts, actor, Character, access.PARTS, key, work)


def _check_two(key: Id, other: Id) -> None:
    if key == other:
        detail = "A character has no relationship with themselves."
        about = {"location": "path", "field": "other_id", "code": "itself", "detail": detail}
        raise Invalid(detail, errors=[about])


async def _second(
    character: Character, other: Id, actor: Actor, transaction: Transaction
) -> Character:
    second = await within_reach(Character, access.PARTS, actor, other, transaction.session)
    if second.project_id != character.project_id:
        raise NotFound("There is no such character in the project.")
    return second


async def _write(
    second: Character, key: Id, kind: str | None, description: str, transaction: Transaction
) -> None:
    changed = await _set(second, key, kind, description, transaction.session)
    await transaction.tell(Character, second.stored(), changed.stored())


async def _set(
    character: Character, other: Id, kind: str | None, description: str, session: Session
) -> Character:
    if kind and not _named(character, other) and len(character.profile.relationships) >= MOST:
        detail = f"{character.name} has {MOST} relationships, and no more are kept."
        about = {"location": "path", "field": "id", "code": "too_many", "detail": detail}
        raise Invalid(detail, errors=[about])
    assert session is not None  # it is the transaction's

    def change(changed: Character) -> None:
        kept = [each for each in changed.profile.relationships if each.character_id != other]
        if kind:
            kept.append(
                Relationship(character_id=other, relationship_type=kind, description=description)
            )
        changed.profile.relationships = kept

    return await revise(character, change, session, by_person=True)


def _named(character: Character, other: Id) -> bool:
    return any(each.character_id == other for each in character.profile.relationships)


def _ranks(key: Id, other: Id, wish: Wish) -> Iterator[tuple[str, Id, Id]]:
    """The hierarchies in which one of the two is above the other: which, who, and whom."""
    for who, whom, word in ((key, other, wish.relationship_type), (other, key, wish.reverse)):
        plain = _plain(word)
        if plain in _ABOVE:
            yield _ABOVE[plain], who, whom
        if plain in _BELOW:
            yield _BELOW[plain], whom, who


async def _check_order(
    project_id: Id, key: Id, other: Id, rising: set[tuple[str, Id, Id]], session: Session
) -> None:
    """Raise CircularRelationship where somebody would be above themselves."""
    below: dict[tuple[str, Id], set[Id]] = defaultdict(set)
    query = {"project_id": project_id, "deleted_at": None}
    fields = {"profile.relationships": 1}
    async for each in Character.collection().find(query, fields, session=session):
        for known in each["profile"]["relationships"]:
            whom, word = known["character_id"], _plain(known["relationship_type"])
            if {each["_id"], whom} == {key, other}:
                continue  # what is going to be replaced
            if word in _ABOVE:
                below[_ABOVE[word], each["_id"]].add(whom)
            if word in _BELOW:
                below[_BELOW[word], whom].add(each["_id"])
    for name, who, whom in rising:
        below[name, who].add(whom)
    for name, who, whom in rising:
        if who in _reached(below, name, whom):
            raise CircularRelationship(
                "The one would be above the other by way of others, and below them by this."
            )


def _reached(below: dict[tuple[str, Id], set[Id]], name: str, start: Id) -> set[Id]:
    """Everybody below somebody, and they themselves."""
    reached: set[Id] = set()
    left = [start]
    while left:
        who = left.pop()
        if who not in reached:
            reached.add(who)
            left += below.get((name, who), ())
    return reached


def _plain(word: str) -> str:
    return " ".join(word.lower().replace("_", " ").replace("-", " ").split())
