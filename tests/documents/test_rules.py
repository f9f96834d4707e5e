"""Checks over several fields: pydantic and the store have to say the same."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from bson import Decimal128
from hypothesis import given
from hypothesis import strategies as st

from documents.rules import InOrder, RequiredUnless, Rule, SumsTo
from documents.store import Store
from documents.values import now

PUBLISHED = RequiredUnless(("url", "platform"), field="status", among=("draft", "failed"))
SCHEDULE = InOrder("start", "end")
WEIGHTS = SumsTo("weights", Decimal(1))
TODAY = now()


def problem(rule: Rule, **fields: Any) -> str | None:
    return rule.problem(SimpleNamespace(**fields))


CASES: list[tuple[Rule, Mapping[str, Any], bool]] = [
    (PUBLISHED, {"status": "draft", "url": None, "platform": None}, True),
    (PUBLISHED, {"status": "public", "url": "/a", "platform": "b"}, True),
    (PUBLISHED, {"status": "public", "url": "/a", "platform": None}, False),
    (SCHEDULE, {"start": TODAY, "end": TODAY}, True),
    (SCHEDULE, {"start": None, "end": TODAY}, True),
    (SCHEDULE, {"start": TODAY, "end": None}, True),
    (SCHEDULE, {"start": TODAY, "end": TODAY + timedelta(days=1)}, True),
    (SCHEDULE, {"start": TODAY, "end": TODAY - timedelta(milliseconds=1)}, False),
    (WEIGHTS, {"weights": {"a": 0.1, "b": 0.2, "c": 0.7}}, True),
    (WEIGHTS, {"weights": {"a": Decimal("0.5"), "b": Decimal("0.5")}}, True),
    (WEIGHTS, {"weights": {"a": 0.5, "b": 0.499}}, False),
    (WEIGHTS, {"weights": {}}, False),
]


@pytest.mark.parametrize(("rule", "fields", "holds"), CASES)
def test_a_rule_says_what_is_wrong_in_a_sentence(
    rule: Rule, fields: Mapping[str, Any], holds: bool
) -> None:
    said = problem(rule, **fields)
    assert (said is None) == holds
    assert said is None or " must " in said


async def test_the_store_finds_the_good_ones_by_the_same_rule(store: Store) -> None:
    cases = store.database["rule_cases"]
    await cases.delete_many({})
    for number, (_, fields, _) in enumerate(CASES):
        await cases.insert_one({"_id": number, **fields})
    for number, (rule, fields, holds) in enumerate(CASES):
        query = {"_id": number, **rule.query()}
        assert await cases.count_documents(query) == int(holds), (rule, fields)
    await cases.drop()


@given(st.lists(st.decimals("0.01", 1, places=4), min_size=1, max_size=6))
def test_a_sum_is_exact_whatever_its_parts(parts: list[Decimal]) -> None:
    rule = SumsTo("weights", sum(parts, Decimal(0)))
    weights = {str(number): part for number, part in enumerate(parts)}
    assert problem(rule, weights=weights) is None
    assert problem(rule, weights={**weights, "more": Decimal("0.01")}) is not None
    assert rule.query()["$expr"]["$lte"][1] == Decimal128("0.000001")
