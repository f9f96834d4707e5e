"""What the assistant's sessions and their older messages promise by their declaration."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from documents.assistant import (
    MAX_HISTORY_BYTES,
    TURNS_IN_BUCKET,
    TURNS_IN_SESSION,
    MessageBucket,
    Session,
    Turn,
    stored_size,
)
from documents.base import Record, ServerOwned, mark
from documents.schema import indexes
from documents.values import Id
from tests.documents.referred import referred

pytestmark = pytest.mark.usefixtures("mock_store")

MODELS = (Session, MessageBucket)
TURN = {"role": "user", "content": "A story about a lighthouse", "metadata": {"step": "idea"}}
VALID: dict[type[Record], dict[str, Any]] = {
    Session: {
        "workspace_id": Id(),
        "user_id": Id(),
        "project_id": Id(),
        "current_step": "character_creation",
        "conversation_history": [TURN],
        "context_data": {"focus_character_id": Id(), "workflow_state": {"a": 1}, "mood": "calm"},
        "last_choices": [{"choice_id": "1", "label": "Go on", "action": "continue"}],
    },
    MessageBucket: {
        "workspace_id": Id(),
        "user_id": Id(),
        "session_id": Id(),
        "bucket_number": 1,
        "messages": [TURN],
    },
}
COLUMNS = {
    Session: """project_id user_id current_step conversation_history context_data
        awaiting_user_input last_choices session_state created_at updated_at""",
    MessageBucket: "session_id user_id bucket_number messages",
}
OWNER = {("workspace_id", "workspaces", "restrict"), ("user_id", "users", "cascade")}
REFERENCES = {
    Session: {
        *OWNER,
        ("project_id", "projects", "cascade"),
        ("context_data.current_episode_id", "episodes", "clear"),
        ("context_data.current_scene_id", "scenes", "clear"),
        ("context_data.focus_character_id", "characters", "clear"),
    },
    MessageBucket: {*OWNER, ("session_id", "sessions", "cascade")},
}


def made(model: type[Record], **changes: Any) -> Any:
    return model.model_validate({**VALID[model], **changes})


@pytest.mark.parametrize("model", MODELS)
def test_holds_every_field_of_the_specification(model: type[Record]) -> None:
    assert set(COLUMNS[model].split()) <= made(model).stored().keys()


@pytest.mark.parametrize("model", MODELS)
def test_declares_its_references(model: type[Record]) -> None:
    assert referred(model) == REFERENCES[model]


@pytest.mark.parametrize(
    "keys", [("project_id",), ("user_id",), ("session_state",), ("user_id", "session_state")]
)
def test_has_the_indexes_of_the_specification(keys: tuple[str, ...]) -> None:
    declared = [tuple(each.document["key"]) for each in indexes(Session)]
    wanted = (keys, ("workspace_id", *keys))
    assert any(each[: len(start)] == start for each in declared for start in wanted)


def test_a_bucket_exists_once() -> None:
    unique = [
        tuple(each.document["key"])
        for each in indexes(MessageBucket)
        if each.document.get("unique")
    ]
    assert ("workspace_id", "session_id", "bucket_number") in unique


def test_a_new_session_has_the_defaults_of_the_specification() -> None:
    session = Session(workspace_id=Id(), user_id=Id())
    assert (session.session_state, session.awaiting_user_input) == ("active", False)
    assert (session.bucket_count, session.message_count) == (0, 0)


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (Session, {"session_state": "asleep"}),
        (Session, {"user_id": None}),
        (Session, {"conversation_history": [TURN] * (TURNS_IN_SESSION + 1)}),
        (Session, {"conversation_history": [{**TURN, "role": "robot"}]}),
        (Session, {"conversation_history": [{**TURN, "content": "x" * 100_001}]}),
        (Session, {"conversation_history": [{**TURN, "content": None}]}),
        (Session, {"conversation_history": [{**TURN, "metadata": {"a.b": 1}}]}),
        (Session, {"conversation_history": [{**TURN, "metadata": {"large": 2**64}}]}),
        (Session, {"last_choices": [{"choice_id": "1"}]}),
        (Session, {"context_data": {"$where": "1"}}),
        (Session, {"bucket_count": -1}),
        (MessageBucket, {"messages": [TURN] * (TURNS_IN_BUCKET + 1)}),
        (MessageBucket, {"bucket_number": 0}),
        (MessageBucket, {"session_id": None}),
    ],
)
def test_refuses(model: type[Record], changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(model, **changes)


def test_the_longest_turns_stay_far_below_what_a_document_may_hold() -> None:
    longest = {**TURN, "content": "日" * 100_000}
    fitting = MAX_HISTORY_BYTES // 300_200
    bucket = made(MessageBucket, messages=[longest] * fitting)
    assert stored_size(bucket.messages) <= MAX_HISTORY_BYTES
    with pytest.raises(ValidationError, match="bytes of conversation"):
        made(MessageBucket, messages=[longest] * (fitting + 1))


@given(st.lists(st.text(max_size=50), max_size=5))
def test_the_size_grows_with_what_is_said(contents: list[str]) -> None:
    turns = [Turn(role="assistant", content=each) for each in contents]
    said = sum(len(each.encode("utf-8", "surrogatepass")) for each in contents)
    assert said <= stored_size(turns) <= said + 120 * len(turns)


def test_what_the_specification_does_not_know_is_kept_in_the_context() -> None:
    assert made(Session).stored()["context_data"]["mood"] == "calm"


@pytest.mark.parametrize(
    "field", ["conversation_history", "bucket_count", "message_count", "session_state", "user_id"]
)
def test_the_conversation_is_the_servers(field: str) -> None:
    assert mark(Session.model_fields[field], ServerOwned)
