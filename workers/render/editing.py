"""A timeline for editors: OpenTimelineIO, which editing programs and their converters read."""

from collections.abc import Iterable
from pathlib import Path

import opentimelineio as otio  # type: ignore[import-untyped]
from opentimelineio.opentime import RationalTime, TimeRange  # type: ignore[import-untyped]

from workers.render.formats import SAMPLE_RATE
from workers.render.shots import Clip
from workers.render.sound_plan import music_starts
from workers.render.timeline import Timeline

_KINDS = {"crossfade": otio.schema.TransitionTypes.SMPTE_Dissolve}


def to_otio(timeline: Timeline) -> otio.schema.Timeline:
    """The timeline with a track of pictures, tracks of sound, and markers for texts and chapters.

    Files are named by their paths. What OpenTimelineIO has no word for (moves, styles, loudness)
    lies in the metadata under `backlot`, so that nothing is lost.
    """
    result = otio.schema.Timeline(
        timeline.title or "Backlot", metadata={"backlot": {"timeline": timeline.model_dump_json()}}
    )
    result.tracks.append(_pictures(timeline))
    for name, sounds in (
        ("Voices", [(each.path, each.start, 0.0, None) for each in timeline.voices]),
        ("Effects", [(each.path, each.start, 0.0, None) for each in timeline.effects]),
        (
            "Music",
            [
                (each.path, start / SAMPLE_RATE, each.offset, each.seconds)
                for each, start in zip(timeline.music, music_starts(timeline), strict=True)
            ],
        ),
    ):
        for number, track in enumerate(_sound_tracks(name, sounds, timeline.duration), start=1):
            track.name = f"{name} {number}"
            result.tracks.append(track)
    result.tracks.markers.extend(_markers(timeline))
    return result


def write_otio(timeline: Timeline, path: Path) -> None:
    """Write the timeline as an `.otio` file."""
    otio.adapters.write_to_file(to_otio(timeline), str(path))


def _pictures(timeline: Timeline) -> otio.schema.Track:
    fps, cuts = timeline.format.fps, timeline.cuts
    track = otio.schema.Track("Pictures", kind=otio.schema.TrackKind.Video)
    for number, shot in enumerate(timeline.shots):
        frames = cuts[number + 1] - cuts[number]
        overlap = min(round(shot.transition.seconds * fps), frames) if number else 0
        if overlap:
            track.append(
                otio.schema.Transition(
                    shot.transition.kind,
                    _KINDS.get(shot.transition.kind, otio.schema.TransitionTypes.Custom),
                    in_offset=RationalTime(0, fps),
                    out_offset=RationalTime(overlap, fps),
                )
            )
        path, begin = (shot.video, shot.begin) if isinstance(shot, Clip) else (shot.image, 0.0)
        track.append(_clip(path, RationalTime(round(begin * fps), fps), RationalTime(frames, fps)))
    return track


def _sound_tracks(
    name: str, sounds: Iterable[tuple[Path, float, float, float | None]], whole: float
) -> list[otio.schema.Track]:
    """Sounds on as many tracks as it takes that none overlaps another."""
    tracks: list[otio.schema.Track] = []
    ends: list[float] = []
    ordered = sorted(sounds, key=lambda each: each[1])
    for number, (path, start, offset, seconds) in enumerate(ordered):
        following = ordered[number + 1][1] if number + 1 < len(ordered) else whole
        end = start + seconds if seconds is not None else max(following, start + 0.1)
        free = next((n for n, taken in enumerate(ends) if taken <= start), None)
        if free is None:
            free = len(tracks)
            tracks.append(otio.schema.Track(name, kind=otio.schema.TrackKind.Audio))
            ends.append(0.0)
        if start > ends[free]:
            tracks[free].append(otio.schema.Gap(duration=_seconds(start - ends[free])))
        tracks[free].append(_clip(path, _seconds(offset), _seconds(end - start)))
        ends[free] = end
    return tracks


def _clip(path: Path, begin: RationalTime, length: RationalTime) -> otio.schema.Clip:
    return otio.schema.Clip(
        path.stem,
        media_reference=otio.schema.ExternalReference(target_url=path.as_posix()),
        source_range=TimeRange(begin, length),
    )


def _markers(timeline: Timeline) -> Iterable[otio.schema.Marker]:
    for chapter in timeline.chapters:
        yield _marker(chapter.title, chapter.start, chapter.start, "GREEN")
    for caption in timeline.captions:
        yield _marker(caption.text, caption.start, caption.end, "YELLOW")
    for text in timeline.texts:
        yield _marker(text.text, text.start, text.end, "CYAN")


def _marker(name: str, start: float, end: float, colour: str) -> otio.schema.Marker:
    marked = TimeRange(_seconds(start), _seconds(end - start))
    return otio.schema.Marker(name=name, marked_range=marked, color=colour)


def _seconds(value: float) -> RationalTime:
    return RationalTime(round(value * SAMPLE_RATE), SAMPLE_RATE)
