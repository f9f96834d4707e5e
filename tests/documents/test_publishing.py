"""What a publication promises by its declaration, and the words that posts share."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from documents.base import Fixed, Secret, ServerOwned, mark
from documents.publishing import Hashtag, Publication, Slug, WebAddress, slug_of
from documents.references import references
from documents.schema import indexes
from documents.validation import validator
from documents.values import Id
from tests.documents.referred import referred

pytestmark = pytest.mark.usefixtures("mock_store")

VALID: dict[str, Any] = {
    "workspace_id": Id(),
    "created_by": Id(),
    "story_id": Id(),
    "media_id": Id(),
    "publisher": "showroom",
    "platform": "tiktok",
    "idempotency_key": "story-1-tiktok",
    "hashtags": ["#tidy", "desk"],
}
SUBJECTS = {
    "episode_id": "episodes",
    "video_id": "videos",
    "story_id": "stories",
    "video_job_id": "video_jobs",
    "asset_id": "assets",
    "assembled_content_id": "cf_assembled_content",
}


def made(**changes: Any) -> Any:
    return Publication.model_validate({**VALID, **changes})


def test_declares_its_references() -> None:
    assert referred(Publication) == {
        ("workspace_id", "workspaces", "restrict"),
        ("created_by", "users", "restrict"),
        ("media_id", "media", "clear"),
        ("video_campaign_id", "video_campaigns", "clear"),
        ("story_campaign_id", "story_campaigns", "clear"),
        ("channel_id", "channels", "clear"),
        *((field, collection, "clear") for field, collection in SUBJECTS.items()),
    }


def test_what_is_to_be_posted_stays_while_the_intent_is_open() -> None:
    kept = {
        each.field.dotted
        for each in references(Publication)
        if each.reference.restrict_while == {"status": "intended"}
    }
    assert kept == {*SUBJECTS, "media_id"}


def test_the_store_checks_what_must_be_filled_and_every_rule() -> None:
    schema, *rules = validator(Publication)["$and"]
    required = {name for name, info in Publication.model_fields.items() if info.is_required()}
    assert required - {"media_id"} <= set(schema["$jsonSchema"]["required"])
    assert len(rules) == len(Publication.rules)


@pytest.mark.parametrize(
    "keys",
    [
        ("workspace_id", "status", "_id"),
        ("workspace_id", "platform", "platform_post_id"),
        ("scheduled_at",),
        ("lease.until",),
    ],
)
def test_has_the_indexes_of_its_readers(keys: tuple[str, ...]) -> None:
    declared = [tuple(each.document["key"]) for each in indexes(Publication)]
    assert any(each[: len(keys)] == keys for each in declared)


def test_an_idempotency_key_counts_once_in_a_workspace() -> None:
    unique = [
        tuple(each.document["key"]) for each in indexes(Publication) if each.document.get("unique")
    ]
    assert ("workspace_id", "idempotency_key") in unique


def test_an_intent_has_not_been_tried() -> None:
    publication = made()
    assert (publication.status, publication.attempts, publication.log) == ("intended", 0, [])
    assert (publication.lease, publication.platform_post_id) == (None, None)
    assert publication.hashtags == ["tidy", "desk"]


@pytest.mark.parametrize(
    "changes",
    [
        {"publisher": "myspace"},
        {"platform": "showroom"},
        {"status": "sent"},
        {"status": "published"},
        {"media_id": None},
        {"idempotency_key": ""},
        {"idempotency_key": None},
        {"title": "x" * 256},
        {"hashtags": ["two words"]},
        {"hashtags": ["x"] * 101},
        {"attempts": -1},
        {"platform_url": "javascript:alert(1)"},
        {"video_id": Id()},
        {"video_campaign_id": Id(), "story_campaign_id": Id()},
        {"lease": {"worker_id": "w"}},
        {"log": [{"at": "2024-01-01T00:00:00Z", "attempt": 1, "step": "x", "outcome": "done"}]},
        {
            "log": [
                {"at": "2024-01-01T00:00:00Z", "attempt": 1, "step": "post", "outcome": "unknown"}
            ]
            * 51
        },
    ],
)
def test_refuses(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(**changes)


@pytest.mark.parametrize("status", ["posting", "processing", "failed", "unknown"])
def test_a_record_of_the_past_outlives_its_file(status: str) -> None:
    assert made(status=status, media_id=None, story_id=None).media_id is None


def test_a_post_has_its_time() -> None:
    assert made(status="published", published_at="2024-01-20T09:05:00Z").status == "published"


def test_whoever_knows_the_upload_session_may_upload() -> None:
    assert mark(Publication.model_fields["upload_session_url"], Secret)


@pytest.mark.parametrize("field", ["title", "caption", "hashtags", "scheduled_at"])
def test_the_text_and_the_time_can_be_changed(field: str) -> None:
    info = Publication.model_fields[field]
    assert not mark(info, ServerOwned)
    assert not mark(info, Fixed)


@given(st.text(max_size=300))
def test_every_name_has_a_slug(name: str) -> None:
    slug = slug_of(name.encode("utf-8", "ignore").decode())
    assert TypeAdapter(Slug).validate_python(slug) == slug
    assert re.fullmatch(r"[a-z0-9-]+", slug)


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Acne Patch", "acne-patch"), ("  Crème brûlée! ", "creme-brulee"), ("A--B", "a-b")],
)
def test_a_slug_is_made_of_the_names_words(name: str, slug: str) -> None:
    assert slug_of(name) == slug


def test_names_without_latin_words_have_different_slugs() -> None:
    assert slug_of("日本語") == slug_of("日本語") != slug_of("中文")


@pytest.mark.parametrize("address", ["https://a.example/1", "http://a.example", "/api/v1/media/1"])
def test_a_page_may_link_to(address: str) -> None:
    assert TypeAdapter(WebAddress).validate_python(address) == address


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "", "a b", "ftp:/"])
def test_a_page_may_not_link_to(address: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(WebAddress).validate_python(address)


@pytest.mark.parametrize("tag", ["", "#", "##", "a#b", "two words", 7])
def test_is_no_hashtag(tag: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Hashtag).validate_python(tag)
