from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.workers.render.material import SMALL
from workers.render.timeline import (
    Box,
    Caption,
    Motion,
    MusicClip,
    Still,
    Timeline,
    VoiceClip,
    Word,
)


@given(st.lists(st.floats(0.001, 30), min_size=1, max_size=40))
def test_rounding_never_adds_up(lengths: list[float]) -> None:
    shots = tuple(Still(image=Path("a.png"), seconds=seconds) for seconds in lengths)
    timeline = Timeline(format=SMALL, shots=shots)
    exact = sum(lengths) * SMALL.fps
    assert abs(timeline.frames - exact) <= 0.5 + sum(s * SMALL.fps < 1 for s in lengths)
    assert timeline.samples == timeline.frames * 1600
    assert all(
        after > before for before, after in zip(timeline.cuts, timeline.cuts[1:], strict=False)
    )


def test_it_travels_as_json() -> None:
    word = Word(text="Hello", start=0.1, end=0.4)
    timeline = Timeline(
        format=SMALL,
        shots=(Still(image=Path("a.png"), seconds=2, motion=Motion.named("pan_left")),),
        voices=(VoiceClip(path=Path("v.wav"), start=0.5),),
        music=(MusicClip(path=Path("m.mp3"), offset=12.5),),
        captions=(Caption(start=0.1, end=0.9, text="Hello", words=(word,)),),
        fade_in=0.5,
    )
    assert Timeline.model_validate_json(timeline.model_dump_json()) == timeline


def test_impossible_values_are_refused() -> None:
    with pytest.raises(ValidationError, match="2 % of the picture"):
        Box(left=0.5, right=0.5)
    with pytest.raises(ValidationError, match="ends after it starts"):
        Caption(start=1, end=1, text="x")
    with pytest.raises(ValidationError):
        Timeline(format=SMALL, shots=())
