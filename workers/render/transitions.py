"""How one picture turns into another, on Y, Cb and Cr planes."""

from PIL import Image

from workers.render.shots import Direction, TransitionKind
from workers.render.stills import Planes

_BLACK = (16, 128, 128)
_ZOOM = 0.35
_BLUR = 0.05


def black(size: tuple[int, int]) -> Planes:
    """A black picture."""
    half = (size[0] // 2, size[1] // 2)
    luma, blue, red = (
        Image.new("L", each, value) for each, value in zip((size, half, half), _BLACK, strict=True)
    )
    return Planes(luma, blue, red)


def dimmed(picture: Planes, light: float) -> Planes:
    """A picture in less light, from 0 (black) to 1 (as it is)."""
    if light >= 1:
        return picture
    dark = black(picture.luma.size)
    return dark if light <= 0 else dark.mixed(picture, light)


def changed(
    kind: TransitionKind, direction: Direction, old: Planes, new: Planes, share: float
) -> Planes:
    """The picture at a share (0 to 1) of a transition."""
    match kind:
        case "cut":
            return new
        case "crossfade":
            return old.mixed(new, share)
        case "fade":
            return dimmed(old, 1 - 2 * share) if share < 0.5 else dimmed(new, 2 * share - 1)
        case "slide":
            return _pushed(old, new, _smooth(share), direction)
        case "whip_pan":
            return _whipped(old, new, share, direction)
        case "zoom":
            return _zoomed(old, new, share)


def _smooth(share: float) -> float:
    return share * share * (3 - 2 * share)


def _pushed(old: Planes, new: Planes, share: float, direction: Direction) -> Planes:
    across = direction in ("left", "right")
    towards = -1 if direction in ("left", "up") else 1
    length = old.luma.width if across else old.luma.height
    moved = round(length * share / 2) * 2
    parts = []
    for plane, before, after in zip((1, 2, 2), old, new, strict=True):
        step, whole = towards * moved // plane, length // plane
        picture = Image.new("L", before.size)
        other = step - towards * whole
        picture.paste(before, (step, 0) if across else (0, step))
        picture.paste(after, (other, 0) if across else (0, other))
        parts.append(picture)
    return Planes(*parts)


def _whipped(old: Planes, new: Planes, share: float, direction: Direction) -> Planes:
    pushed = _pushed(old, new, _smooth(_smooth(share)), direction)
    speed = 4 * share * (1 - share)
    across = direction in ("left", "right")
    return Planes(*(_streaked(plane, speed * _BLUR, across) for plane in pushed))


def _streaked(plane: Image.Image, blur: float, across: bool) -> Image.Image:
    """Blur along one direction: shrink that side and stretch it again."""
    width, height = plane.size
    pixels = max(1, round((width if across else height) * blur))
    small = (max(1, width // pixels), height) if across else (width, max(1, height // pixels))
    return plane.resize(small, Image.Resampling.BOX).resize(plane.size, Image.Resampling.BILINEAR)


def _zoomed(old: Planes, new: Planes, share: float) -> Planes:
    eased = _smooth(share)
    nearer = _magnified(old, 1 - _ZOOM * eased)
    settling = _magnified(new, 1 - _ZOOM * (1 - eased))
    return nearer.mixed(settling, eased)


def _magnified(picture: Planes, part: float) -> Planes:
    """The middle part of a picture, as large as the whole."""
    planes = []
    for plane in picture:
        width, height = plane.size
        left, top = width * (1 - part) / 2, height * (1 - part) / 2
        box = (left, top, width - left, height - top)
        planes.append(plane.resize(plane.size, Image.Resampling.BILINEAR, box=box))
    return Planes(*planes)
