"""Checks over several fields, declared once: pydantic asks `problem`, the store keeps `query`."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from bson import Decimal128


class Rule(Protocol):
    """A condition on a whole record."""

    def problem(self, record: Any) -> str | None:
        """What is wrong with the record, in a sentence, or None."""

    def query(self) -> dict[str, Any]:
        """The same condition as a query that the good documents match."""


@dataclass(frozen=True, slots=True)
class RequiredUnless:
    """These fields must be filled unless `field` has one of these values."""

    fields: tuple[str, ...]
    field: str
    among: tuple[str, ...]

    def problem(self, record: Any) -> str | None:
        if getattr(record, self.field) in self.among:
            return None
        missing = [each for each in self.fields if getattr(record, each) is None]
        if not missing:
            return None
        return f"{', '.join(missing)} must be given unless {self.field} is one of {self.among}"

    def query(self) -> dict[str, Any]:
        filled = {each: {"$ne": None} for each in self.fields}
        return {"$or": [{self.field: {"$in": list(self.among)}}, filled]}


@dataclass(frozen=True, slots=True)
class InOrder:
    """The first field is not greater than the second, where both are given."""

    first: str
    second: str

    def problem(self, record: Any) -> str | None:
        first, second = getattr(record, self.first), getattr(record, self.second)
        if first is None or second is None or first <= second:
            return None
        return f"{self.first} must not be after {self.second}"

    def query(self) -> dict[str, Any]:
        return {
            "$or": [
                {self.first: None},
                {self.second: None},
                {"$expr": {"$lte": [f"${self.first}", f"${self.second}"]}},
            ]
        }


@dataclass(frozen=True, slots=True)
class SumsTo:
    """The numbers of a free map or sub-document sum to `total`, to within `tolerance`."""

    field: str
    total: Decimal
    tolerance: Decimal = Decimal("0.000001")

    def problem(self, record: Any) -> str | None:
        value = getattr(record, self.field)
        numbers: Sequence[Any] = list((value if isinstance(value, dict) else dict(value)).values())
        total = sum((Decimal(str(each)) for each in numbers), Decimal(0))
        if abs(total - self.total) <= self.tolerance:
            return None
        return f"{self.field} must sum to {self.total}, not {total}"

    def query(self) -> dict[str, Any]:
        numbers = {
            "$map": {
                "input": {"$objectToArray": f"${self.field}"},
                "in": {"$toDecimal": "$$this.v"},
            }
        }
        off = {"$abs": {"$subtract": [{"$sum": numbers}, Decimal128(self.total)]}}
        return {"$expr": {"$lte": [off, Decimal128(self.tolerance)]}}
