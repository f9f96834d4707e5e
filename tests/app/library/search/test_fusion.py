"""Reciprocal rank fusion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.library.search.fusion import CONSTANT, fused

RANKINGS = st.lists(st.lists(st.integers(0, 30), unique=True, max_size=20), max_size=4)


@given(RANKINGS)
def test_each_key_gets_a_score_in_bounds(rankings: list[list[int]]) -> None:
    scores = fused(rankings)
    assert scores.keys() == {key for ranking in rankings for key in ranking}
    most = len(rankings) / (CONSTANT + 1)
    assert all(0 < score <= most + 1e-12 for score in scores.values())


@given(RANKINGS)
def test_the_order_of_the_rankings_does_not_matter(rankings: list[list[int]]) -> None:
    assert fused(rankings) == pytest.approx(fused(rankings[::-1]))


@given(st.lists(st.integers(), unique=True, max_size=30))
def test_one_ranking_keeps_its_order(ranking: list[int]) -> None:
    scores = fused([ranking])
    assert sorted(ranking, key=lambda key: -scores[key]) == ranking


@given(RANKINGS, st.data())
def test_who_is_ahead_in_every_ranking_stays_ahead(
    rankings: list[list[int]], data: st.DataObject
) -> None:
    both = set.intersection(*map(set, rankings)) if rankings else set()
    if len(both) < 2:
        return
    one, other = data.draw(st.permutations(sorted(both)))[:2]
    if all(each.index(one) < each.index(other) for each in rankings):
        assert fused(rankings)[one] > fused(rankings)[other]


def test_the_formula_is_that_of_the_paper() -> None:
    assert fused([["a", "b"], ["b"]]) == pytest.approx({"a": 1 / 61, "b": 1 / 62 + 1 / 61})
