"""What makes an album whole, and the words about it."""

from typing import Any

import pytest

from app.channels.album import (
    clock,
    description,
    keywords,
    length_problem,
    material_problems,
    placed,
    prompt_problems,
    video_title,
)
from documents.channels import AudioTrack, BackgroundImage, JobPrompts, VideoJob
from documents.values import Id
from tests.factories.channels import short_prompts
from tests.factories.records import valid

pytestmark = pytest.mark.usefixtures("mock_store")

HOUR = short_prompts(180)


def changed(**fields: Any) -> JobPrompts:
    return JobPrompts.model_validate({**HOUR.model_dump(), **fields})


def track(place: int, seconds: float = 180, **given: Any) -> AudioTrack:
    values = {"order_index": place, "status": "completed", "local_file_path": "w/t", **given}
    lengths = {"planned_seconds": seconds, "duration_seconds": seconds}
    return valid(AudioTrack, **{**lengths, **values})


def image(place: int) -> BackgroundImage:
    return valid(BackgroundImage, order_index=place, status="completed", local_file_path="w/i")


def job(**given: Any) -> VideoJob:
    values = {"niche_label": "Royal Court", "mood_keywords": "elegant, serene , elegant,"}
    return valid(VideoJob, target_duration_minutes=60, **values, **given)


def test_a_whole_album_has_no_problems() -> None:
    assert prompt_problems(HOUR, 60) == []
    assert (
        material_problems(
            [track(each) for each in range(1, 21)], [image(each) for each in range(1, 21)]
        )
        == []
    )


def test_nineteen_tracks_are_named() -> None:
    music = [each.model_dump() for each in HOUR.music_prompts if each.order_index != 7]
    [missing, short] = prompt_problems(changed(music_prompts=music), 60)
    assert missing == "There are 19 music prompts and not 20: 7 is missing."
    assert short.startswith("The tracks add up to 57.0 minutes and not to 60:")
    tracks = [track(each) for each in range(1, 20)]
    images = [image(each) for each in range(1, 21)]
    assert material_problems(tracks, images) == ["There are 19 tracks and not 20: 20 is missing."]


def test_two_with_the_same_place_are_named() -> None:
    tracks = [track(min(each, 19)) for each in range(1, 21)]
    images = [image(each) for each in range(1, 21)]
    assert material_problems(tracks, images) == [
        "There are 19 tracks and not 20: 20 is missing.",
        "Of the tracks more than one has the order_index 19.",
    ]


def test_material_that_is_not_made_is_named() -> None:
    tracks = [track(each) for each in range(1, 21)]
    tracks[3].status = "failed"
    assert material_problems(tracks, [image(each) for each in range(1, 21)]) == [
        "Track 4 is not made yet."
    ]


def test_prompts_that_say_the_same_are_named() -> None:
    music = [each.model_dump() for each in HOUR.music_prompts]
    music[4]["prompt"] = f"  {music[1]['prompt'].upper()} "
    assert prompt_problems(changed(music_prompts=music), 60) == [
        "The music prompts 2 and 5 say the same."
    ]


@pytest.mark.parametrize("minutes", [60.4, 59.6, 60])
def test_half_a_minute_may_be_off(minutes: float) -> None:
    assert prompt_problems(short_prompts(minutes * 60 / 20), 60) == []


@pytest.mark.parametrize("minutes", [59, 61, 75])
def test_durations_that_do_not_add_up_are_refused(minutes: float) -> None:
    [problem] = prompt_problems(short_prompts(minutes * 60 / 20), 60)
    assert "add up" in problem


def test_a_track_of_ten_seconds_is_refused_at_the_door() -> None:
    music = [each.model_dump() for each in HOUR.music_prompts]
    music[0]["duration_minutes"], music[1]["duration_minutes"] = 1 / 6, 3 + 3 - 1 / 6
    [problem] = prompt_problems(changed(music_prompts=music), 60)
    assert problem.startswith("Track 1 shall last 0.166667 minutes")


@pytest.mark.parametrize(("seconds", "good"), [(182, True), (187, True), (10, False), (190, False)])
def test_a_track_may_differ_from_its_plan_by_three_percent(seconds: float, good: bool) -> None:
    assert (length_problem(track(1), seconds, 182) is None) == good


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (65.9, "1:05"), (600, "10:00"), (3723, "1:02:03")]
)
def test_times_are_as_youtube_reads_them(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_the_description_has_a_chapter_for_every_track() -> None:
    lasting = {"duration_seconds": 202}
    tracks = [track(each, 200, title=f"Piece\n{each}", **lasting) for each in range(1, 21)]
    lines = description(job(), "Court Radio", tracks).splitlines()
    assert lines[0] == "Royal Court · elegant, serene"
    assert lines[3:6] == ["0:00 Piece 1", "3:20 Piece 2", "6:40 Piece 3"]
    assert lines[22] == "1:03:20 Piece 20"
    assert lines[-2:] == ["Music: Backlot's local composer", "© Court Radio"]


@pytest.mark.parametrize(
    ("there", "crossfade", "heard"),
    [
        (202, 2, (200, 2)),
        (201.99, 2, (200, 2)),
        (206, 2, (200, 2)),
        (202, 10, (200, 2)),  # the crossfade was changed when the tracks were there
        (201.5, 2, (200, 1.5)),
        (196, 2, (195, 1)),
        (196, 0.5, (195.5, 0.5)),
        (200, 0, (200, 0)),
    ],
)
def test_a_track_is_heard_as_planned_as_far_as_its_file_goes(
    there: float, crossfade: float, heard: tuple[float, float]
) -> None:
    whole = [track(each, 200, duration_seconds=202) for each in range(1, 4)]
    whole[1] = track(2, 200, duration_seconds=there)
    first, second, last = placed(job(crossfade_seconds=crossfade), whole)
    assert (first.start, second.start) == (0, 200)
    assert (second.seconds, second.blend) == heard
    assert last.start == 200 + heard[0]
    assert (last.seconds, last.blend) == (200, 0)
    assert all(place.seconds + place.blend <= 206 for place in (first, second, last))


def test_the_title_fits_youtube() -> None:
    assert video_title(job()) == "Royal Court | elegant, serene | 60 minutes"
    assert len(video_title(valid(VideoJob, niche_label="x" * 255, _id=Id()))) == 100
    assert keywords(job()) == ["elegant", "serene"]
