from pathlib import Path

import opentimelineio as otio  # type: ignore[import-untyped]
import pytest

from tests.workers.render.material import SMALL
from workers.render.editing import to_otio, write_otio
from workers.render.timeline import (
    Caption,
    Chapter,
    Clip,
    MusicClip,
    Still,
    Timeline,
    Transition,
    VoiceClip,
)


@pytest.fixture
def timeline() -> Timeline:
    return Timeline(
        format=SMALL,
        shots=(
            Still(image=Path("a.png"), seconds=2),
            Clip(
                video=Path("b.mp4"),
                begin=1.5,
                seconds=3,
                transition=Transition(kind="crossfade", seconds=0.5),
            ),
        ),
        voices=(VoiceClip(path=Path("v.wav"), start=0.5),),
        music=(
            MusicClip(path=Path("m.wav"), seconds=3, fade_out=1),
            MusicClip(path=Path("n.wav"), start=2, seconds=3, offset=4),
        ),
        captions=(Caption(start=0.5, end=1.5, text="Hello"),),
        chapters=(Chapter(start=2, title="Two"),),
        title="Cut",
    )


def test_editors_find_pictures_sounds_and_marks(timeline: Timeline, tmp_path: Path) -> None:
    write_otio(timeline, tmp_path / "cut.otio")
    read = otio.adapters.read_from_file(str(tmp_path / "cut.otio"))
    assert read.name == "Cut"
    pictures, *sounds = read.tracks
    assert pictures.duration().to_seconds() == pytest.approx(timeline.duration)
    kinds = [type(each).__name__ for each in pictures]
    assert kinds == ["Clip", "Transition", "Clip"]
    assert pictures[1].duration().to_seconds() == pytest.approx(0.5)
    assert pictures[2].source_range.start_time.to_seconds() == pytest.approx(1.5)
    assert pictures[2].media_reference.target_url == "b.mp4"
    assert [track.name for track in sounds] == ["Voices 1", "Music 1", "Music 2"]
    assert sounds[2][0].duration().to_seconds() == pytest.approx(2, abs=0.02)
    assert sounds[2][1].source_range.start_time.to_seconds() == 4
    assert [marker.name for marker in read.tracks.markers] == ["Two", "Hello"]


def test_nothing_is_lost(timeline: Timeline) -> None:
    editable = to_otio(timeline)
    kept = editable.metadata["backlot"]["timeline"]
    assert Timeline.model_validate_json(kept) == timeline
