"""Drawing the frames of a segment: shots, transitions, fades and the logo."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from PIL import Image

from workers.render import stills
from workers.render.bars import BarPainter
from workers.render.clips import ClipReader
from workers.render.errors import Unreadable
from workers.render.pcm import PcmReader
from workers.render.picture_plan import PicturePlan, PlannedLogo, PlannedShot
from workers.render.stills import Planes
from workers.render.transitions import changed, dimmed

_MARGIN = 0.04
_KEPT_STILLS = 2


class StillShelf:
    """The stills used last, decoded once for the segments that follow each other."""

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], stills.Still] = {}

    def still(self, shot: PlannedShot, path: Path, size: tuple[int, int]) -> stills.Still:
        """The still of a shot. Raises Unreadable."""
        key = (shot.source, shot.start, shot.end, size)
        if (found := self._kept.pop(key, None)) is None:
            while len(self._kept) >= _KEPT_STILLS:
                del self._kept[next(iter(self._kept))]
            found = stills.Still(path, shot.start, shot.end, size)
        self._kept[key] = found
        return found


class _Source:
    """The frames of one shot."""

    def __init__(self, shot: PlannedShot, path: Path, plan: PicturePlan, shelf: StillShelf) -> None:
        self._shot = shot
        self._size = (plan.format.width, plan.format.height)
        self._still: stills.Still | None = None
        self._clip: ClipReader | None = None
        self._held: Planes | None = None
        if shot.kind == "clip":
            self._clip = ClipReader(path, shot.begin, plan.format.fps, self._size)
        else:
            self._still = shelf.still(shot, path, self._size)

    def at(self, number: int) -> Planes:
        """The frame at a number counted from the segment's start."""
        number += self._shot.first
        if self._clip is not None:
            return self._clip.at(number)
        assert self._still is not None
        if self._shot.start == self._shot.end:
            self._held = self._held or self._still.at(0.0)
            return self._held
        linear = min(1.0, number / max(1, self._shot.length - 1))
        smooth = linear * linear * (3 - 2 * linear)
        return self._still.at(smooth if self._shot.smooth else linear)

    def close(self) -> None:
        if self._clip is not None:
            self._clip.close()


class Logo:
    """A picture with its transparency, scaled and placed once."""

    def __init__(self, planned: PlannedLogo, path: Path, size: tuple[int, int]) -> None:
        """Raises Unreadable."""
        width = max(2, round(size[0] * planned.width / 2) * 2)
        picture = _with_alpha(path)
        height = max(2, round(picture.height * width / picture.width / 2) * 2)
        height = min(height, size[1])
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
        alpha = picture.getchannel("A").point(lambda value: round(value * planned.opacity))
        self._planes = stills.to_planes(picture.convert("RGB"))
        self._masks = (alpha, *[alpha.reduce(2)] * 2)
        margin = round(min(size) * _MARGIN / 2) * 2
        top, left = planned.corner.split("_")
        self._at = (
            margin if left == "left" else size[0] - width - margin,
            margin if top == "top" else size[1] - height - margin,
        )

    def over(self, picture: Planes) -> Planes:
        """A picture with the logo on it."""
        planes = []
        for plane, mark, mask, half in zip(
            picture, self._planes, self._masks, (1, 2, 2), strict=True
        ):
            marked = plane.copy()
            marked.paste(mark, (self._at[0] // half, self._at[1] // half), mask)
            planes.append(marked)
        return Planes(*planes)


def _with_alpha(path: Path) -> Image.Image:
    with stills.open_image(path) as image:
        try:
            return image.convert("RGBA")
        except (OSError, ValueError, SyntaxError, MemoryError) as error:
            raise Unreadable(f"{path.name} is damaged: {error}") from None


def frames(
    plan: PicturePlan,
    files: Mapping[str, Path],
    shelf: StillShelf,
    sounds: Mapping[str, PcmReader] | None = None,
) -> Iterator[Planes]:
    """The frames of a segment that differ from those before, in order. Raises Unreadable.

    One alone where all are the same; `sounds` are what its bars move with.
    """
    size = (plan.format.width, plan.format.height)
    logo = Logo(plan.logo, files[plan.logo.source], size) if plan.logo is not None else None
    bars = None
    if plan.bars is not None:
        bars = BarPainter(plan.bars, sounds or {}, plan.frames, plan.format)
    sources = [_Source(shot, files[shot.source], plan, shelf) for shot in plan.shots]
    try:
        for number in range(0, 1 if plan.repeats else plan.frames, plan.step):
            picture = _picture(plan, sources, number)
            picture = bars.over(picture, number) if bars is not None else picture
            yield logo.over(picture) if logo is not None else picture
    finally:
        for source in sources:
            source.close()


def _picture(plan: PicturePlan, sources: list[_Source], number: int) -> Planes:
    picture = sources[0].at(number)
    how = plan.transition
    if how is not None:
        share = (how.first + number + 1) / (how.frames + 1)
        picture = changed(how.kind, how.direction, picture, sources[1].at(number), share)
    for fade in plan.fades:
        at = fade.first + number
        if 0 <= at < fade.frames:
            light = at / fade.frames if fade.kind == "in" else 1 - (at + 1) / fade.frames
            picture = dimmed(picture, light)
    return picture
