"""Requests have a stable content, errors say what they are."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from workers.providers.base import Usage, free_usage
from workers.providers.errors import ProviderError, ProviderRefused
from workers.providers.image import Figure, ImageRequest
from workers.providers.text import TextRequest
from workers.providers.video import VideoRequest
from workers.providers.voice import VoiceRequest


def test_content_does_not_depend_on_the_order_of_inputs() -> None:
    first = TextRequest(purpose="screenplay", inputs={"text": "a", "title": "b"})
    second = TextRequest(purpose="screenplay", inputs={"title": "b", "text": "a"})
    assert first.content() == second.content()


@pytest.mark.parametrize(
    "other",
    [
        ImageRequest(prompt="a fox", seed=2),
        ImageRequest(prompt="a goat", seed=1),
        ImageRequest(prompt="a fox", seed=1, figures=(Figure(name="Fox"),)),
        ImageRequest(prompt="a fox", seed=1, width=640),
    ],
)
def test_content_differs_with_every_field(other: ImageRequest) -> None:
    assert ImageRequest(prompt="a fox", seed=1).content() != other.content()


def test_a_video_request_knows_its_still_by_digest_not_by_path() -> None:
    here = VideoRequest(image=Path("here.png"), image_digest="0" * 64, seconds=4)
    there = VideoRequest(image=Path("there.png"), image_digest="0" * 64, seconds=4)
    other = VideoRequest(image=Path("here.png"), image_digest="1" * 64, seconds=4)
    assert here.content() == there.content()
    assert here.content() != other.content()


def test_a_request_survives_json() -> None:
    request = ImageRequest(prompt="a fox", figures=(Figure(name="Fox", palette=("#aa5500",)),))
    assert ImageRequest.model_validate_json(request.model_dump_json()) == request


@pytest.mark.parametrize("fields", [{"speed": 9.0}, {"colour": "red"}, {"seed": -1}])
def test_a_request_refuses_what_it_does_not_know(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        VoiceRequest.model_validate({"text": "a", "voice_id": "en", **fields})


def test_free_is_zero_and_unknown_is_null() -> None:
    assert free_usage(seconds=2.0).cost == Decimal(0)
    assert Usage().cost is None


def test_a_refusal_is_an_error_that_no_retry_helps() -> None:
    refusal = ProviderRefused("No.", code="text_empty")
    assert isinstance(refusal, ProviderError)
    assert (refusal.retryable, refusal.code, str(refusal)) == (False, "text_empty", "No.")
