"""How long characters are to be seen."""

from typing import Any

import pytest

from app.films.appearances import screen_times
from documents.scenes import Scene
from documents.values import Id
from tests.factories.records import valid

pytestmark = pytest.mark.usefixtures("mock_store")
FOX, CROW = Id(), Id()


def scene(**given: Any) -> dict[str, Any]:
    script = {"duration": given.pop("duration", 10), "dialogue": given.pop("dialogue", [])}
    panels = [
        {"panel_number": number, **each} for number, each in enumerate(given.pop("panels", []), 1)
    ]
    return valid(Scene, script=script, storyboard={"panels": panels}, **given).stored()


def line(who: Id | None, **given: Any) -> dict[str, Any]:
    return {"character_id": who, "lines": "Look!", **given}


def test_a_panel_counts_until_the_next_comes_in() -> None:
    found = screen_times(
        scene(
            dialogue=[line(FOX, timing=1), line(CROW, timing=4), line(None, timing=7)],
            panels=[
                {"character_ids": [FOX]},
                {"character_ids": [FOX, CROW], "starts_at_line": 1},
                {"starts_at_line": 2},
            ],
        )
    )
    assert found == {FOX: 7, CROW: 3}


def test_without_timing_lines_share_the_scene() -> None:
    panels = [{"character_ids": [FOX]}, {"character_ids": [CROW], "starts_at_line": 1}]
    found = screen_times(scene(dialogue=[line(FOX), line(CROW)], panels=panels))
    assert found == {FOX: 5, CROW: 5}


def test_without_lines_panels_share_the_scene() -> None:
    panels = [{"character_ids": [FOX]}, {}, {"character_ids": [FOX]}, {}]
    assert screen_times(scene(panels=panels)) == {FOX: 5}


def test_where_panels_name_nobody_speakers_count() -> None:
    lines = [line(FOX, timing=0, audio_duration=2), line(CROW, timing=3), line(None, timing=6)]
    found = screen_times(scene(dialogue=lines, panels=[{}]))
    assert found == {FOX: 2, CROW: 3}


def test_who_is_named_only_is_there_for_no_time() -> None:
    assert screen_times(scene(character_ids=[CROW])) == {CROW: 0}
    assert screen_times(scene()) == {}


@pytest.mark.parametrize("duration", [0, 3])
def test_lines_beyond_the_end_of_the_scene_take_nothing_away(duration: float) -> None:
    lines = [line(FOX, timing=5), line(CROW, timing=2)]
    panels = [{"character_ids": [FOX]}, {"character_ids": [CROW], "starts_at_line": 1}]
    assert screen_times(scene(duration=duration, dialogue=lines, panels=panels)) == {
        FOX: 5,
        CROW: 0,
    }
