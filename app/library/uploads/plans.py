"""How a file goes straight to the store: in which parts, and under which names there."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final, Self

from app.core.storage import SentPart
from documents.uploads import Upload

MISSING_NAMED: Final = 1_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What was agreed with who sends it."""

    key: str
    """Where it is staged."""
    size: int
    sha256: str
    part_size: int
    store_id: str
    """The store's name for an upload in parts; empty for one in a single request."""

    @classmethod
    def of(cls, upload: Upload) -> Self:
        """The plan of an upload that is under way, straight to the store."""
        key, size, sha256 = upload.staging_key, upload.filesize, upload.sha256
        if key is None or size is None or sha256 is None:
            raise RuntimeError(f"upload {upload.id} does not go straight to the store")
        return cls(key, size, sha256, upload.part_size or size, upload.store_upload_id or "")

    @property
    def part_count(self) -> int:
        """Of how many parts it consists."""
        return -(-self.size // self.part_size)

    def size_of(self, number: int) -> int:
        """How many bytes the part has; parts count from 1."""
        return min(self.part_size, self.size - (number - 1) * self.part_size)

    def whole(self, sent: Iterable[SentPart]) -> list[SentPart]:
        """Those of the parts that have arrived whole."""
        return [
            each
            for each in sent
            if each.number <= self.part_count and each.size == self.size_of(each.number)
        ]

    def missing(self, sent: Iterable[SentPart]) -> list[int]:
        """The numbers of the parts that have not arrived, the first thousand of them."""
        there = {each.number for each in sent}
        missing = (each for each in range(1, self.part_count + 1) if each not in there)
        return list(islice(missing, MISSING_NAMED))
