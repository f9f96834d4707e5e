"""The rules, without a server."""

from typing import Any

import pytest

from app.core import access
from app.core.access import EDITORS, EVERY_MEMBER, either, in_project, in_workspace_of, reaches
from app.core.actor import Actor
from documents.values import Id

A, B, C, ME, P = Id(), Id(), Id(), Id(), Id()
ACTOR = Actor(ME, workspaces={A: "owner", B: "editor", C: "viewer"})
PRODUCER = Actor(ME, "producer", {A: "owner", C: "viewer"})
ADMIN = Actor(ME, "admin")
OUTSIDER = Actor(ME)


def test_workspaces_by_role() -> None:
    assert in_workspace_of(*EVERY_MEMBER)(ACTOR) == {"workspace_id": {"$in": [A, B, C]}}
    assert in_workspace_of(*EDITORS)(ACTOR) == {"workspace_id": {"$in": [A, B]}}


@pytest.mark.parametrize(
    "rule",
    [
        in_workspace_of(*EVERY_MEMBER),
        in_project("project_id", *EVERY_MEMBER),
        access.accounts,
        access.costs,
        access.own_project,
        access.own_drafts,
        access.admins,
        access.nobody,
    ],
)
def test_who_is_nowhere_reaches_nothing(rule: access.Rule) -> None:
    assert rule(OUTSIDER) is False


def test_a_shared_project_counts_without_any_workspace() -> None:
    rule = in_project("project_id", *EDITORS)
    assert rule(Actor(ME, projects=(P,))) == {"project_id": {"$in": [P]}}
    both = rule(Actor(ME, workspaces={A: "owner"}, projects=(P,)))
    assert both == {"$or": [{"workspace_id": {"$in": [A]}}, {"project_id": {"$in": [P]}}]}


def test_admins_reach_all_but_conversations() -> None:
    assert access.costs(ADMIN) is True
    assert access.oneself(ADMIN) is True
    assert access.own(ADMIN) == {"user_id": ME}


def test_a_key_reaches_the_conversations_in_its_workspace() -> None:
    key = Actor(ME, workspaces={A: "owner"}, key=Id(), key_scopes=frozenset({"read:*"}))
    rule = access.own(key)
    assert reaches(rule, {"user_id": ME, "workspace_id": A})
    assert not reaches(rule, {"user_id": ME, "workspace_id": B})
    assert not reaches(rule, {"user_id": P, "workspace_id": A})


def test_producers_keep_the_books_where_they_are_members() -> None:
    assert access.accounts(PRODUCER) == {"workspace_id": {"$in": [A, C]}}
    assert access.accounts(ACTOR) == {"workspace_id": {"$in": [A]}}


def test_either_drops_what_reaches_nothing() -> None:
    assert either(None, None) is False
    assert either(None, {"a": 1}) == {"a": 1}
    assert either({"a": 1}, {"b": 2}) == {"$or": [{"a": 1}, {"b": 2}]}


@pytest.mark.parametrize(
    ("scope", "document", "within"),
    [
        (True, {}, True),
        (False, {}, False),
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {}, False),
        ({"a": None}, {}, True),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ({"a": {"$in": [1, 2]}}, {"a": 2}, True),
        ({"a": {"$in": [1, 2]}}, {"a": [7, 2]}, True),
        ({"a": {"$in": []}}, {"a": 2}, False),
        ({"a": {"$ne": 1}}, {"a": 2}, True),
        ({"a": {"$ne": 1}}, {"a": 1}, False),
        ({"a.b": 1}, {"a": {"b": 1}}, True),
        ({"a.b": 1}, {"a": None}, False),
        ({"$or": [{"a": 1}, {"b": 1}]}, {"b": 1}, True),
        ({"$or": [{"a": 1}, {"b": 1}]}, {"c": 1}, False),
    ],
)
def test_reaches_as_the_store_would(scope: Any, document: dict[str, Any], within: bool) -> None:
    assert reaches(scope, document) is within
