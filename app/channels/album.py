"""What makes an album of twenty tracks whole: at the door, at the master desk, and in words."""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from documents.channels import (
    TRACKS_PER_VIDEO,
    AudioTrack,
    BackgroundImage,
    JobPrompts,
    MusicPrompt,
    VideoJob,
    VisualPrompt,
)

PLACES: Final = range(1, TRACKS_PER_VIDEO + 1)
TARGET_TOLERANCE_SECONDS: Final = 30.0
"""How far the planned durations may sum past the target."""
SHORTEST_TRACK_MINUTES: Final = 1.0
LONGEST_TRACK_MINUTES: Final = 10.0
LENGTH_TOLERANCE: Final = 0.03
LENGTH_TOLERANCE_SECONDS: Final = 1.0
"""How far a track may be from its plan: three percent of it, or a second if that is more."""
ROUNDED_SECONDS: Final = 0.02
"""A track's length is kept in hundredths."""
SHORTEST_BLEND_SECONDS: Final = 1.0
MOST_TITLE: Final = 100


def prompt_problems(prompts: JobPrompts | None, target_minutes: int) -> list[str]:
    """What is missing for a generation, each as a sentence; empty where nothing is."""
    if prompts is None:
        return ["There are no prompts yet."]
    problems: list[str] = []
    kinds: Sequence[tuple[str, Sequence[MusicPrompt | VisualPrompt]]] = (
        ("music", prompts.music_prompts),
        ("visual", prompts.visual_prompts),
    )
    for kind, given in kinds:
        problems += _place_problems(f"{kind} prompts", [each.order_index for each in given])
        problems += _twice(kind, given)
    for each in prompts.music_prompts:
        if not SHORTEST_TRACK_MINUTES <= each.duration_minutes <= LONGEST_TRACK_MINUTES:
            problems.append(
                f"Track {each.order_index} shall last {each.duration_minutes:g} minutes: give it "
                f"{SHORTEST_TRACK_MINUTES:g} to {LONGEST_TRACK_MINUTES:g}."
            )
    total = sum(each.duration_minutes for each in prompts.music_prompts)
    if abs(total - target_minutes) * 60 > TARGET_TOLERANCE_SECONDS:
        problems.append(
            f"The tracks add up to {total:.1f} minutes and not to {target_minutes}: "
            "change their durations, or the target."
        )
    return problems


def material_problems(tracks: Sequence[AudioTrack], images: Sequence[BackgroundImage]) -> list[str]:
    """What of the material is missing, or is there twice, before a render."""
    problems = _place_problems("tracks", [each.order_index for each in tracks])
    places = [each.order_index for each in images if each.order_index is not None]
    problems += _place_problems("images", places)
    for noun, materials in (("Track", tracks), ("Image", images)):
        unfinished = [m.order_index for m in materials if m.status != "completed"]
        problems += [f"{noun} {place} is not made yet." for place in unfinished]
    return problems


def length_problem(track: AudioTrack, seconds: float, wanted: float) -> str | None:
    """What is wrong with a track's length, if it is too far from the wanted one."""
    tolerance = max(LENGTH_TOLERANCE_SECONDS, wanted * LENGTH_TOLERANCE)
    if abs(seconds - wanted) <= tolerance:
        return None
    return f"It lasts {seconds:.1f} seconds and should last {wanted:.1f}."


class Placed(NamedTuple):
    """A track at its place in the video: `seconds` from its beginning to that of the next, and for
    how many it then goes on below the next."""

    start: float
    seconds: float
    blend: float


def placed(job: VideoJob, tracks: Sequence[AudioTrack]) -> list[Placed]:
    """Where each track is heard, in their order.

    Each as long as planned, and blending into the next for the job's crossfade, where its file is
    long enough; a shorter one blends for less, and then makes way earlier. Nothing is silent.
    """
    clock, found = 0.0, []
    for number, track in enumerate(tracks):
        crossfade = job.crossfade_seconds if number < len(tracks) - 1 else 0.0
        seconds, blend = _heard(track, crossfade)
        found.append(Placed(clock, seconds, blend))
        clock += seconds
    return found


def _heard(track: AudioTrack, crossfade: float) -> tuple[float, float]:
    there = float(track.duration_seconds) if track.duration_seconds is not None else None
    planned = track.planned_seconds
    if planned is None:
        planned = max(0.0, (there or 0.0) - crossfade)
    if there is None or there >= planned + crossfade - ROUNDED_SECONDS:
        return planned, crossfade
    blend = max(there - planned, min(crossfade, SHORTEST_BLEND_SECONDS))
    return there - blend, blend


def track_title(track: AudioTrack) -> str:
    """What the track is called in chapters; never empty, on one line."""
    title = track.title or track.prompt_text.partition(".")[0]
    return " ".join(title.split())[:MOST_TITLE] or f"Track {track.order_index}"


def clock(seconds: float) -> str:
    """As YouTube reads it in a description: `4:05`, `1:02:03`."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def description(job: VideoJob, channel_name: str, tracks: Sequence[AudioTrack]) -> str:
    """The text below the video: what it is, its chapters, and who made the music."""
    moods = ", ".join(keywords(job))
    lines = [f"{job.niche_label} · {moods}", "", "Tracks"]
    # YouTube makes chapters of a list whose first time is 0:00.
    pairs = zip(placed(job, tracks), tracks, strict=True)
    lines += [f"{clock(place.start)} {track_title(track)}" for place, track in pairs]
    makers = sorted({track.provider for track in tracks})
    lines += ["", f"Music: {', '.join(_maker(each) for each in makers)}", f"© {channel_name}"]
    return "\n".join(lines) + "\n"


def video_title(job: VideoJob) -> str:
    """What the video is called: its niche, its first moods, its length."""
    moods = ", ".join(keywords(job)[:2])
    return f"{job.niche_label} | {moods} | {job.target_duration_minutes} minutes"[:MOST_TITLE]


def keywords(job: VideoJob) -> list[str]:
    """The mood keywords, each once, in their order."""
    words = (each.strip() for each in job.mood_keywords.split(","))
    return [*dict.fromkeys(each for each in words if each)]


def _maker(provider: str) -> str:
    return "Backlot's local composer" if provider == "dummy" else provider.capitalize()


def _place_problems(what: str, places: Sequence[int]) -> list[str]:
    counted = Counter(places)
    missing = [each for each in PLACES if each not in counted]
    double = sorted(place for place, count in counted.items() if count > 1)
    problems = []
    if missing:
        problems.append(
            f"There are {len(counted)} {what} and not {TRACKS_PER_VIDEO}: "
            f"{_listed(missing)} {'is' if len(missing) == 1 else 'are'} missing."
        )
    if double:
        problems.append(f"Of the {what} more than one has the order_index {_listed(double)}.")
    return problems


def _twice(kind: str, prompts: Sequence[MusicPrompt | VisualPrompt]) -> list[str]:
    seen: dict[str, int] = {}
    problems = []
    for each in prompts:
        words = " ".join(each.prompt.casefold().split())
        if words in seen:
            problems.append(
                f"The {kind} prompts {seen[words]} and {each.order_index} say the same."
            )
        seen.setdefault(words, each.order_index)
    return problems


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))
