"""What the check of a chain answers."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel

from app.audit.verification import Kind, Verification
from documents.values import Id


class ChainProblem(BaseModel):
    """One thing that is wrong with the chain.

    `missing`: entries of these numbers are gone; `wrong_hash`: the entry is not what was sealed;
    `broken_link`: the entry before it is not the one it was sealed after; `hidden`: the entry is
    marked as deleted; `not_a_place`: the entry has a number that no sealer gives.
    """

    kind: Kind
    sequence: int
    until: int
    """The last number of a gap; else the same number."""
    entry_id: Id | None


class ChainEnd(BaseModel):
    """The last entry. Whoever notes it down elsewhere will see later if the chain was rewritten."""

    sequence: int
    entry_hash: str


class UnsealedTail(BaseModel):
    """The entries that are too young to have been sealed, or that no sealer is there to seal."""

    count: int
    oldest_at: datetime | None
    oldest_age_seconds: float | None


class ChainReport(BaseModel):
    """What the walk along a chain has found."""

    workspace_id: Id | None
    is_whole: bool
    entries: int
    """How many sealed entries were checked."""
    end: ChainEnd | None
    first_bad_sequence: int | None
    problem_count: int
    problems: list[ChainProblem]
    """The first hundred."""
    unsealed: UnsealedTail

    @classmethod
    def of(cls, workspace: Id | None, found: Verification) -> Self:
        """The report about the chain of this workspace."""
        problems = [
            ChainProblem(
                kind=each.kind, sequence=each.sequence, until=each.until, entry_id=each.entry
            )
            for each in found.problems
        ]
        end = found.end
        tail = found.tail
        return cls(
            workspace_id=workspace,
            is_whole=found.is_whole,
            entries=found.entries,
            end=ChainEnd(sequence=end.sequence, entry_hash=end.hash) if end.hash else None,
            first_bad_sequence=min((each.sequence for each in problems), default=None),
            problem_count=found.problem_count,
            problems=problems,
            unsealed=UnsealedTail(
                count=tail.count, oldest_at=tail.oldest, oldest_age_seconds=tail.age_seconds
            ),
        )
