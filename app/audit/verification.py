"""Checking the chain of a workspace from its first entry to its last."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from app.audit.hashing import SEALED, Place, entry_hash
from documents.base import StoredDocument
from documents.identity import AuditChain, AuditEntry
from documents.values import Id, now

BATCH: Final = 200
"""Entries held at a time; other requests are served between two batches."""
MOST_PROBLEMS: Final = 100
LOWEST: Final = -(2**53)
Kind: TypeAlias = Literal["missing", "wrong_hash", "broken_link", "hidden", "not_a_place"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a chain, from one number to another."""

    kind: Kind
    sequence: int
    until: int
    entry: Id | None = None


@dataclass(frozen=True, slots=True)
class Tail:
    """The entries that wait for their place in the chain."""

    count: int = 0
    oldest: datetime | None = None

    @property
    def age_seconds(self) -> float | None:
        """How long the oldest of them has been waiting."""
        return None if self.oldest is None else max(0.0, (now() - self.oldest).total_seconds())


@dataclass(slots=True)
class Verification:
    """What was found on the way along a chain."""

    entries: int = 0
    end: Place = field(default_factory=Place)
    problems: list[Problem] = field(default_factory=list)
    """The first hundred."""
    problem_count: int = 0
    tail: Tail = field(default_factory=Tail)

    @property
    def is_whole(self) -> bool:
        """Whether nothing that was sealed has been changed or taken away."""
        return self.problem_count == 0

    def add(self, entry: StoredDocument) -> None:
        """The next entry, by its number."""
        number, key, due = int(entry["sequence"]), entry["_id"], self.end.sequence + 1
        self.entries += 1
        if number < due:
            self._note("not_a_place", number, number, key)
            return
        if number > due:
            self._note("missing", due, number - 1)
        elif entry["previous_hash"] != self.end.hash:
            self._note("broken_link", number, number, key)
        if entry["entry_hash"] != entry_hash(entry):
            self._note("wrong_hash", number, number, key)
        if entry.get("deleted_at") is not None:
            self._note("hidden", number, number, key)
        self.end = Place(number, entry["entry_hash"])

    def close(self, noted: Place) -> None:
        """The end that the sealers noted down before the walk began."""
        if noted.sequence > self.end.sequence:
            self._note("missing", self.end.sequence + 1, noted.sequence)

    def _note(self, kind: Kind, sequence: int, until: int, entry: Id | None = None) -> None:
        self.problem_count += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(kind, sequence, until, entry))


async def verify(workspace: Id | None) -> Verification:
    """Walk the whole chain of a workspace, in constant memory; None: what lies in none."""
    found = Verification()
    noted = await _noted_end(workspace)
    entries = AuditEntry.collection().find(
        {"workspace_id": workspace, "sequence": {"$gte": LOWEST}},
        dict.fromkeys((*SEALED, "entry_hash", "deleted_at"), 1),
        sort=[("sequence", 1)],
        batch_size=BATCH,
    )
    async with entries:
        while batch := await entries.to_list(BATCH):
            for entry in batch:
                found.add(entry)
            await asyncio.sleep(0)
    found.close(noted)
    found.tail = await _tail(workspace)
    return found


async def _noted_end(workspace: Id | None) -> Place:
    chain = await AuditChain.collection().find_one({"workspace_id": workspace})
    return Place() if chain is None else Place(chain["sequence"], chain["entry_hash"])


async def _tail(workspace: Id | None) -> Tail:
    query: dict[str, Any] = {"workspace_id": workspace, "sequence": None}
    count = await AuditEntry.collection().count_documents(query)
    oldest = await AuditEntry.collection().find_one(
        query, {"created_at": 1}, sort=[("created_at", 1)]
    )
    return Tail(count, None if oldest is None else oldest["created_at"])
