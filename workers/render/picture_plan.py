"""What is seen when, in frames: a timeline cut into segments that are encoded by themselves.

A segment knows only what is seen in it, at times counted from its own start; so its key stays the
same wherever it is moved to. A still without motion is a segment however long it lasts: a short
group of pictures, repeated by stream copy. A transition is a segment, and what moves is cut into
pieces of a few seconds, rather where a caption begins.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Literal

from workers.render.formats import SAMPLE_RATE, FrameFormat
from workers.render.shots import Clip, Corner, Direction, Shot, Still, TransitionKind
from workers.render.sound_plan import MixPlan, seen_from
from workers.render.texts import Caption, CaptionStyle, TextOverlay
from workers.render.timeline import Timeline
from workers.render.values import Value

GROUP_SECONDS = 10
"""How long the group of pictures of a still is at most: what H.264 is usually given."""
_LONGEST_MOVING = 4.0
_Text = Caption | TextOverlay
_SHORTEST_MOVING = 1.5


class PlannedShot(Value):
    """What of a shot is seen: `first` is the number of the shot's frame the segment begins with,
    `length` the frames its move takes, `begin` where in a clip (seconds) frame 0 lies."""

    kind: Literal["still", "clip"]
    source: str
    start: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    end: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    smooth: bool = True
    begin: float = 0.0
    first: int = 0
    length: int = 0


class PlannedTransition(Value):
    """A change from the first shot of a segment to its second."""

    kind: TransitionKind
    direction: Direction
    frames: int
    first: int = 0


class PlannedFade(Value):
    """A fade from or to black: its length, and the fade's frame the segment begins with."""

    kind: Literal["in", "out"]
    frames: int
    first: int


class PlannedLogo(Value):
    """A picture over a corner."""

    source: str
    corner: Corner
    width: float
    opacity: float


class PlannedBars(Value):
    """Bars that move with the sound, which counts from the segment's start; each look of them is
    shown for `step` frames."""

    mix: MixPlan
    step: int
    count: int
    height: float
    opacity: float


class PlannedTexts(Value):
    """Texts of a segment, at seconds counted from `before` frames ahead of its start."""

    before: int
    captions: tuple[Caption, ...] = ()
    style: CaptionStyle = CaptionStyle()
    overlays: tuple[TextOverlay, ...] = ()


class PicturePlan(Value):
    """The pictures of a segment. `repeats` says that all its frames are the same, `slow` that
    nothing moves in it but bars."""

    format: FrameFormat
    frames: int
    shots: tuple[PlannedShot, ...]
    transition: PlannedTransition | None = None
    fades: tuple[PlannedFade, ...] = ()
    logo: PlannedLogo | None = None
    texts: PlannedTexts | None = None
    bars: PlannedBars | None = None
    repeats: bool = False
    slow: bool = False

    @property
    def step(self) -> int:
        """Of how many frames only the first is drawn, and shown for all of them."""
        return self.bars.step if self.slow and self.bars is not None else 1

    @property
    def blends(self) -> bool:
        """Whether pictures fade into each other, or one that stands still fades in or out."""
        if self.transition is not None:
            return self.transition.kind in ("crossfade", "fade")
        standing = all(shot.kind == "still" and shot.start == shot.end for shot in self.shots)
        return standing and bool(self.fades)

    @property
    def stands(self) -> bool:
        """Whether little of it is drawn, and shown for long."""
        return self.repeats or self.slow

    @property
    def moves(self) -> bool:
        """Whether somebody who looks expects the picture to change."""
        return not self.stands and (
            self.transition is not None
            or any(shot.kind == "clip" or shot.start != shot.end for shot in self.shots)
        )


class PictureSegment(Value):
    """A segment at its place: `frames` of it are shown, which may repeat what the plan encodes."""

    start: int
    frames: int
    plan: PicturePlan


class _Cutter:
    """The frames of one timeline."""

    def __init__(self, timeline: Timeline, hashes: Mapping[str, str], mix: MixPlan | None) -> None:
        self._timeline = timeline
        self._mix = mix
        self._hashes = hashes
        self._fps = timeline.format.fps
        self._cuts = timeline.cuts
        lengths = [b - a for a, b in itertools.pairwise(self._cuts)]
        self._overlaps = [0] + [
            min(round(shot.transition.seconds * self._fps), length)
            for shot, length in zip(timeline.shots[1:], lengths[1:], strict=True)
        ]
        texts: list[_Text] = [*timeline.captions, *timeline.texts]
        times = [time for text in texts for time in (text.start, text.end)]
        self._events = sorted({self.frame_at(time) for time in times})

    def frame_at(self, seconds: float) -> int:
        """The first frame that is shown at or after a time."""
        return math.ceil(round(seconds * self._fps, 4))

    def segments(self) -> list[PictureSegment]:
        """All segments in order."""
        edges = self._edges()
        return [self._segment(start, stop) for start, stop in itertools.pairwise(edges)]

    def _edges(self) -> list[int]:
        total = self._timeline.frames
        fixed = {0, total}
        for number, overlap in enumerate(self._overlaps):
            fixed |= {self._cuts[number], self._cuts[number] + overlap}
        fixed |= {min(each.frames, total) for each in self._fades("in")}
        fixed |= {max(0, total - each.frames) for each in self._fades("out")}
        edges: list[int] = [0]
        for start, stop in itertools.pairwise(sorted(fixed)):
            edges += self._split(start, stop)
        return edges

    def _fades(self, kind: Literal["in", "out"]) -> list[PlannedFade]:
        seconds = self._timeline.fade_in if kind == "in" else self._timeline.fade_out
        frames = min(round(seconds * self._fps), self._timeline.frames)
        return [PlannedFade(kind=kind, frames=frames, first=0)] if frames else []

    def _split(self, start: int, stop: int) -> list[int]:
        """The ends of the pieces of a stretch."""
        events = [event for event in self._events if start < event < stop]
        if self._stands_still(start, stop):
            edges = [start, *events, stop]
            return [end for a, b in itertools.pairwise(edges) for end in self._still_pieces(a, b)]
        return self._pieces(start, stop, events)

    def _still_pieces(self, start: int, stop: int) -> list[int]:
        if self._animated(start, stop):
            return self._pieces(start, stop, [])
        if not self._has_bars:
            return [stop]
        group = GROUP_SECONDS * self._fps
        return [*range(start + group, stop, group), stop]

    @property
    def _has_bars(self) -> bool:
        return self._timeline.bars is not None and self._mix is not None

    def _pieces(self, start: int, stop: int, events: Sequence[int]) -> list[int]:
        longest, shortest = (round(s * self._fps) for s in (_LONGEST_MOVING, _SHORTEST_MOVING))
        ends: list[int] = []
        while stop - start > longest + shortest:
            near = [event for event in events if shortest <= event - start <= longest]
            start = near[-1] if near else start + longest
            ends.append(start)
        return [*ends, stop]

    def _stands_still(self, start: int, stop: int) -> bool:
        """Whether nothing but texts changes in a stretch between fixed edges."""
        number = self._shot_at(start)
        shot = self._timeline.shots[number]
        if start < self._cuts[number] + self._overlaps[number]:
            return False
        total = self._timeline.frames
        if any(start < each.frames for each in self._fades("in")) or any(
            stop > total - each.frames for each in self._fades("out")
        ):
            return False
        return isinstance(shot, Still) and not shot.motion.moves

    def _animated(self, start: int, stop: int) -> bool:
        captions, overlays = self._texts_in(start, stop)
        karaoke = self._timeline.caption_style.karaoke
        return any(karaoke and each.words for each in captions) or any(
            each.fade and self._is_fading(each, start, stop) for each in overlays
        )

    def _is_fading(self, text: TextOverlay, start: int, stop: int) -> bool:
        first = self.frame_at(text.start + text.fade)
        last = self.frame_at(text.end - text.fade) - 1
        return start < first or stop > last

    def _texts_in(self, start: int, stop: int) -> tuple[list[Caption], list[TextOverlay]]:
        def seen(each: _Text) -> bool:
            return self.frame_at(each.start) < stop and self.frame_at(each.end) > start

        timeline = self._timeline
        return [c for c in timeline.captions if seen(c)], [t for t in timeline.texts if seen(t)]

    def _shot_at(self, frame: int) -> int:
        return next(n for n in range(len(self._cuts) - 1, -1, -1) if self._cuts[n] <= frame)

    def _segment(self, start: int, stop: int) -> PictureSegment:
        number = self._shot_at(start)
        shots, transition = [self._planned(number, start)], None
        if start < self._cuts[number] + self._overlaps[number]:
            how = self._timeline.shots[number].transition
            shots.insert(0, self._planned(number - 1, start))
            transition = PlannedTransition(
                kind=how.kind,
                direction=how.direction,
                frames=self._overlaps[number],
                first=start - self._cuts[number],
            )
        fades = self._fades_in(start, stop)
        still = self._stands_still(start, stop) and not self._animated(start, stop)
        repeats, slow = still and not self._has_bars, still and self._has_bars
        frames = stop - start
        logo = self._timeline.logo
        plan = PicturePlan(
            format=self._timeline.format,
            frames=min(frames, GROUP_SECONDS * self._fps) if repeats else frames,
            shots=tuple(shots),
            transition=transition,
            fades=tuple(fades),
            logo=PlannedLogo(
                source=self._hashes[str(logo.image)],
                corner=logo.corner,
                width=logo.width,
                opacity=logo.opacity,
            )
            if logo
            else None,
            texts=self._planned_texts(start, stop, still),
            bars=self._planned_bars(start, stop),
            repeats=repeats,
            slow=slow,
        )
        return PictureSegment(start=start, frames=frames, plan=plan)

    def _planned_bars(self, start: int, stop: int) -> PlannedBars | None:
        bars = self._timeline.bars
        if bars is None or self._mix is None:
            return None
        per_frame = SAMPLE_RATE // self._fps
        return PlannedBars(
            mix=seen_from(self._mix, start * per_frame, stop * per_frame),
            step=max(1, round(self._fps / bars.a_second)),
            count=bars.count,
            height=bars.height,
            opacity=bars.opacity,
        )

    def _fades_in(self, start: int, stop: int) -> list[PlannedFade]:
        begin = self._timeline.frames
        coming = [
            each.model_copy(update={"first": start})
            for each in self._fades("in")
            if start < each.frames
        ]
        going = [
            each.model_copy(update={"first": start - (begin - each.frames)})
            for each in self._fades("out")
            if stop > begin - each.frames
        ]
        return coming + going

    def _planned(self, number: int, start: int) -> PlannedShot:
        shot: Shot = self._timeline.shots[number]
        first = start - self._cuts[number]
        if isinstance(shot, Clip):
            source = self._hashes[str(shot.video)]
            return PlannedShot(kind="clip", source=source, begin=shot.begin, first=first)
        source = self._hashes[str(shot.image)]
        if not shot.motion.moves:
            edges = shot.motion.start.edges
            return PlannedShot(kind="still", source=source, start=edges, end=edges)
        tail = self._overlaps[number + 1] if number + 1 < len(self._overlaps) else 0
        return PlannedShot(
            kind="still",
            source=source,
            start=shot.motion.start.edges,
            end=shot.motion.end.edges,
            smooth=shot.motion.easing == "smooth",
            first=first,
            length=self._cuts[number + 1] - self._cuts[number] + tail,
        )

    def _planned_texts(self, start: int, stop: int, still: bool) -> PlannedTexts | None:
        captions, overlays = self._texts_in(start, stop)
        if not captions and not overlays:
            return None
        if still:
            return self._standing_texts(captions, overlays)
        texts: list[_Text] = [*captions, *overlays]
        begins = [self.frame_at(each.start) for each in texts]
        base = min(start, *begins) / self._fps

        def moved(time: float) -> float:
            return round(time - base, 3)

        return PlannedTexts(
            before=start - min(start, *begins),
            captions=tuple(
                each.model_copy(
                    update={
                        "start": max(0.0, moved(each.start)),
                        "end": moved(each.end),
                        "words": tuple(
                            word.model_copy(
                                update={"start": moved(word.start), "end": moved(word.end)}
                            )
                            for word in (each.words if self._timeline.caption_style.karaoke else ())
                        ),
                    }
                )
                for each in captions
            ),
            style=self._timeline.caption_style,
            overlays=tuple(
                each.model_copy(
                    update={"start": max(0.0, moved(each.start)), "end": moved(each.end)}
                )
                for each in overlays
            ),
        )

    def _standing_texts(
        self, captions: Sequence[Caption], overlays: Sequence[TextOverlay]
    ) -> PlannedTexts:
        """Texts that are there from the first frame to the last, whenever that is."""
        whole = {"start": 0.0, "end": float(GROUP_SECONDS + 1)}
        return PlannedTexts(
            before=0,
            captions=tuple(each.model_copy(update={**whole, "words": ()}) for each in captions),
            style=self._timeline.caption_style,
            overlays=tuple(each.model_copy(update={**whole, "fade": 0.0}) for each in overlays),
        )


def plan_pictures(
    timeline: Timeline, hashes: Mapping[str, str], mix: MixPlan | None = None
) -> list[PictureSegment]:
    """Cut a timeline into segments; `hashes` has the content hash of each file by its path, `mix`
    is what its bars move with."""
    return _Cutter(timeline, hashes, mix).segments()
