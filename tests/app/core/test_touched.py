"""Which records a write touches."""

from typing import Any

import pytest
from bson import ObjectId

from app.core.touched import by_change, by_command

A, B, C = (ObjectId() for _ in range(3))
UNPINNED = {"members.user_id": A}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ({"insert": "w", "documents": [{"_id": A, "members": [{"user_id": B}]}]}, {A, B}),
        ({"update": "w", "updates": [{"q": {"_id": A}, "u": {"$set": {"by": B}}}]}, {A, B}),
        (
            {
                "update": "w",
                "updates": [
                    {"q": {"$and": [{"_id": A}, {"x": 1}]}, "u": {"$set": {"x": 2}}},
                    {"q": {"_id": {"$in": [B, C]}}, "u": {"$push": {"x": 2}}},
                ],
            },
            {A, B, C},
        ),
        ({"update": "w", "updates": [{"q": UNPINNED, "u": {"$set": {"x": 1}}}]}, None),
        ({"update": "w", "updates": [{"q": {"_id": A}, "u": [{"$set": {"x": 1}}]}]}, None),
        ({"update": "w", "updates": [{"q": {"_id": A}, "u": {"x": 1}}]}, None),
        (
            {
                "update": "w",
                "updates": [{"q": {"_id": A}, "u": {"$set": {"deleted_at": None}}}],
            },
            None,
        ),
        (
            {"update": "w", "updates": [{"q": {"_id": A}, "u": {"$unset": {"deleted_at": 1}}}]},
            None,
        ),
        (
            {"update": "w", "updates": [{"q": {"_id": A}, "u": {"$set": {"deleted_at": 1}}}]},
            {A},
        ),
        ({"update": "w", "updates": [{"q": {"_id": {"$ne": A}}, "u": {"$set": {}}}]}, None),
        ({"delete": "w", "deletes": [{"q": {"_id": A}}]}, {A}),
        ({"delete": "w", "deletes": [{"q": {}}]}, None),
        ({"findAndModify": "w", "query": {"_id": A}, "update": {"$set": {"x": B}}}, {A, B}),
        ({"findAndModify": "w", "query": {"_id": A}, "remove": True}, {A}),
        ({"findAndModify": "w", "query": {"x": 1}, "update": {"$set": {"x": 2}}}, None),
    ],
)
def test_by_command(command: dict[str, Any], expected: set[ObjectId] | None) -> None:
    assert by_command(command) == expected


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("insert", {"fullDocument": {"_id": A, "created_by": B}}, {A, B}),
        ("update", {"updateDescription": {"updatedFields": {"ids.0": B}}}, {A, B}),
        ("update", {"updateDescription": {"updatedFields": {"deleted_at": None}}}, None),
        ("update", {"updateDescription": {"updatedFields": {"deleted_at": 1}}}, {A}),
        ("update", {"updateDescription": {"removedFields": ["deleted_at"]}}, None),
        ("delete", {}, {A}),
        ("replace", {"fullDocument": {"_id": A}}, None),
        ("drop", {}, None),
        ("rename", {}, None),
    ],
)
def test_by_change(kind: str, more: dict[str, Any], expected: set[ObjectId] | None) -> None:
    change = {"operationType": kind, "documentKey": {"_id": A}, **more}
    assert by_change(change) == expected
