"""What two timelines share has the same keys, wherever it lies in them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.render.material import SMALL
from workers.render.picture_plan import GROUP_SECONDS, PictureSegment, plan_pictures
from workers.render.sound_plan import PACKET, pieces_of, plan_sound
from workers.render.timeline import (
    Caption,
    Clip,
    Loudness,
    Motion,
    MusicClip,
    Still,
    Timeline,
    Transition,
    VoiceClip,
)

NAMES = {f"{letter}.{ending}": letter for letter in "abcdefgh" for ending in ("png", "mp4", "wav")}
LENGTHS = dict.fromkeys("abcdefgh", 48_000)

transitions = st.one_of(
    st.just(Transition()),
    st.builds(
        Transition,
        kind=st.sampled_from(["crossfade", "slide", "fade"]),
        seconds=st.floats(0.1, 3),
    ),
)
shots = st.one_of(
    st.builds(
        Still,
        image=st.sampled_from([Path("a.png"), Path("b.png")]),
        seconds=st.floats(0.05, 40),
        motion=st.sampled_from([Motion(), Motion.named("pan_left")]),
        transition=transitions,
    ),
    st.builds(
        Clip, video=st.just(Path("c.mp4")), seconds=st.floats(0.05, 9), transition=transitions
    ),
)
captions = st.floats(0, 30).flatmap(
    lambda start: st.builds(
        Caption,
        start=st.just(start),
        end=st.floats(0.1, 4).map(lambda n: start + n),
        text=st.just("x"),
    )
)


@given(
    st.lists(shots, min_size=1, max_size=8),
    st.lists(captions, max_size=6),
    st.floats(0, 2),
    st.floats(0, 2),
)
def test_segments_fill_the_timeline(
    seen: list[Still | Clip], texts: list[Caption], fade_in: float, fade_out: float
) -> None:
    timeline = Timeline(
        format=SMALL, shots=tuple(seen), captions=tuple(texts), fade_in=fade_in, fade_out=fade_out
    )
    segments = plan_pictures(timeline, NAMES)
    assert segments[0].start == 0
    ends = [segment.start + segment.frames for segment in segments]
    assert [segment.start for segment in segments[1:]] == ends[:-1]
    assert ends[-1] == timeline.frames
    for segment in segments:
        longest = GROUP_SECONDS * 30 if segment.plan.repeats else 6 * 30
        assert 0 < segment.plan.frames <= longest
        assert segment.plan.repeats or segment.plan.frames == segment.frames


def plans(segments: list[PictureSegment]) -> list[str]:
    return [segment.plan.model_dump_json() for segment in segments]


@given(st.lists(shots, min_size=2, max_size=6), st.integers(1, 100), st.lists(captions, max_size=4))
def test_what_is_moved_stays_as_it_is(
    seen: list[Still | Clip], frames: int, texts: list[Caption]
) -> None:
    """Only the segments at the new seam differ: the first shot has something before it now."""
    seen[0] = seen[0].model_copy(update={"transition": Transition()})
    before = Timeline(format=SMALL, shots=tuple(seen))
    seconds = frames / SMALL.fps
    intro = Still(image=Path("d.png"), seconds=seconds)
    after = Timeline(format=SMALL, shots=(intro, *seen))
    if after.frames != before.frames + frames:
        return  # the running total was rounded otherwise
    if [cut + frames for cut in before.cuts] != list(after.cuts[1:]):
        return
    assert plans(plan_pictures(after, NAMES))[-1] == plans(plan_pictures(before, NAMES))[-1]


@pytest.mark.parametrize("count", [2, 6, 20])
def test_a_swap_leaves_the_pieces_of_other_tracks(count: int) -> None:
    def pieces(lengths: list[float]) -> list[str]:
        starts = [sum(lengths[:n]) - 2 * n for n in range(count)]
        timeline = Timeline(
            format=SMALL,
            shots=(Still(image=Path("a.png"), seconds=sum(lengths) - 2 * (count - 1)),),
            music=tuple(
                MusicClip(
                    path=Path(f"{'abcdefgh'[n % 8]}.wav"),
                    start=start,
                    seconds=length,
                    fade_in=2,
                    fade_out=2,
                    loop=False,
                )
                for n, (start, length) in enumerate(zip(starts, lengths, strict=True))
            ),
            loudness=Loudness(level="clip"),
        )
        cut = pieces_of(plan_sound(timeline, NAMES, LENGTHS), timeline.samples)
        assert sum(piece.samples for piece in cut) == -(-timeline.samples // PACKET) * PACKET
        return [piece.model_dump_json() for piece in cut]

    lengths = [60.0 + n * 1.37 for n in range(count)]
    before = pieces(lengths)
    lengths[count // 2] -= 7.3
    new = set(pieces(lengths)) - set(before)
    assert len(new) <= 7  # the shorter track's end, its cross-fades, the album's end, roundings


@given(st.lists(st.floats(0, 100), max_size=12), st.floats(1, 200))
def test_pieces_are_whole_packets_and_know_what_is_near(
    starts: list[float], seconds: float
) -> None:
    timeline = Timeline(
        format=SMALL,
        shots=(Still(image=Path("a.png"), seconds=seconds),),
        voices=tuple(VoiceClip(path=Path("v.wav"), start=start) for start in starts),
        music=(MusicClip(path=Path("a.wav")),),
        fade_out=1,
    )
    plan = plan_sound(timeline, {**NAMES, "v.wav": "v"}, {**LENGTHS, "v": 48_000})
    pieces = pieces_of(plan, timeline.samples)
    assert [piece.first for piece in pieces] == [True] + [False] * (len(pieces) - 1)
    assert all(piece.packets > 0 for piece in pieces)
    heard = {s.source for piece in pieces for s in piece.mix.sounds}
    assert heard == {s.source for s in plan.sounds}
    assert pieces[-1].mix.fade_out is not None
