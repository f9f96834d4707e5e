"""From a request to a picture: choose the set, place the figures, aim the camera."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

from PIL import Image

from workers.providers.image import ImageRequest, PlacedFigure
from workers.providers.local.painting import exteriors, interiors, nature, props
from workers.providers.local.painting.canvas import Camera, Canvas
from workers.providers.local.painting.colour import Palette, palette_for, towards
from workers.providers.local.painting.figures import Pose, draw_figure
from workers.providers.local.painting.finish import finish
from workers.providers.local.painting.look import Look, look_of
from workers.providers.local.painting.pen import Pen
from workers.providers.local.places import Place, place_for
from workers.providers.local.seeds import dice

MOST_FIGURES = 6
_BODY = (-0.95, -3.3, 0.95, 0.05)
"""Of every figure, in its own units: left, top, right and bottom. Tails and raised hands reach
beyond it."""
_WAIST = -1.1
"""Where somebody ends who stands in a well."""
_SUNK = 0.28

Set = Callable[[Canvas, Palette, Random], None]

_EXTERIORS: dict[str, Set] = {
    "meadow": exteriors.meadow, "garden": exteriors.garden, "field": exteriors.field,
    "road": exteriors.road, "well": exteriors.well, "forest": exteriors.forest,
    "sea": exteriors.sea, "river": exteriors.river, "mountain": exteriors.mountain,
    "desert": exteriors.desert, "castle": exteriors.castle, "village": exteriors.village,
    "market": exteriors.market, "city": exteriors.city, "snow": exteriors.snow,
}  # fmt: skip
_INTERIORS: dict[str, Set] = {
    "cave": interiors.cave, "room": interiors.room, "hall": interiors.hall,
    "space": interiors.space, "underwater": interiors.underwater,
}  # fmt: skip

_EXPRESSIONS = {
    "joyful": "happy", "playful": "happy", "triumphant": "happy", "tender": "calm", "sad": "sad",
    "tense": "angry", "angry": "angry", "dark": "sad",
}  # fmt: skip
_IN_THE_WELL = re.compile(r"\b(in|into|down|inside|from|out of)\b[^.]{0,24}\bwell\b", re.IGNORECASE)


def paint(
    request: ImageRequest, style: Sequence[str] = ()
) -> tuple[Image.Image, tuple[PlacedFigure, ...]]:
    """The picture of a request (RGBX or RGB) and who is where in it, the same for the same request.

    `style` are the colours of the references, the most frequent first: they seep into sky, land
    and accents where the request wishes for no others, and into the light of the whole.
    """
    palette = palette_for(request.time_of_day, request.mood, request.palette or style)
    place = place_for(request.location, request.prompt)
    looks = [look_of(figure) for figure in request.figures[:MOST_FIGURES]]
    spots = _spots(looks, place, request)
    indoors = place.set_name in _INTERIORS
    grade = towards(palette.indoor_grade if indoors else palette.grade, style)
    canvas = Canvas(request.width, request.height, _camera(request, looks, spots), grade)
    _paint_set(canvas, palette, place, request)
    _paint_figures(canvas, palette, looks, spots, place, request)
    picture = finish(canvas, request.style, request.seed)
    return picture, _placed(canvas, looks, spots, place, request)


def _placed(
    canvas: Canvas,
    looks: list[Look],
    spots: list[tuple[float, float, float, bool]],
    place: Place,
    request: ImageRequest,
) -> tuple[PlacedFigure, ...]:
    """Where the figures are that can be seen."""
    placed = []
    left, top, right, bottom = _BODY
    for index, (x, y, size, _) in enumerate(spots[: len(looks)]):
        sunk = index == 0 and _is_in_the_well(place, request)
        low = _WAIST if sunk else bottom
        foot = y + _SUNK if sunk else y
        box = canvas.share_of(
            (x + left * size, foot + top * size), (x + right * size, foot + low * size)
        )
        if box is not None:
            names = ("left", "top", "width", "height")
            shares = {name: round(value, 4) for name, value in zip(names, box, strict=True)}
            placed.append(PlacedFigure(name=request.figures[index].name, **shares))
    return tuple(placed)


def _paint_set(canvas: Canvas, palette: Palette, place: Place, request: ImageRequest) -> None:
    # The set keeps its layout from panel to panel; only the sky takes the picture's own seed.
    layout = dice("set", place.set_name, request.location.lower())
    if place.set_name in _INTERIORS:
        _INTERIORS[place.set_name](canvas, palette, layout)
        return
    sky = dice("sky", place.set_name, request.seed)
    nature.paint_sky(canvas, palette, sky)
    _EXTERIORS[place.set_name](canvas, palette, layout)


def _spots(
    looks: list[Look], place: Place, request: ImageRequest
) -> list[tuple[float, float, float, bool]]:
    """Where each figure stands: x, y, size, mirrored."""
    half = 4.5 * request.width / request.height
    die = dice("spots", request.seed, request.prompt)
    count = len(looks)
    reach = min(half * 0.52, 0.9 + 0.95 * count)
    spots = []
    for index, look in enumerate(looks):
        share = 0.5 if count == 1 else index / (count - 1)
        x = -reach + 2 * reach * share + die.uniform(-0.25, 0.25)
        if count == 1:
            x = die.choice((-1, 1)) * min(1.7, half * 0.25)
        if place.set_name == "well" and abs(x) < 2.5:
            x = 2.5 if x > 0 else -2.5
        y = 8.05 + die.uniform(-0.15, 0.25)
        spots.append((x, y, 1.12 * look.height, x > 0))
    if looks and _is_in_the_well(place, request):
        _, _, size, _ = spots[0]
        spots[0] = (0.0, 7.45, size * 0.9, False)
    return spots


def _is_in_the_well(place: Place, request: ImageRequest) -> bool:
    return place.set_name == "well" and bool(_IN_THE_WELL.search(request.prompt))


def _camera(
    request: ImageRequest, looks: list[Look], spots: list[tuple[float, float, float, bool]]
) -> Camera:
    die = dice("camera", request.seed, request.prompt)
    drift = die.uniform(-0.35, 0.35)
    middle = sum(spot[0] for spot in spots) / len(spots) if spots else die.uniform(-1.5, 1.5)
    match request.camera_angle:
        case "medium":
            return Camera(middle * 0.9 + drift, 5.9, 1.5)
        case "close-up":
            if not spots:
                return Camera(drift * 4, 6.2, 1.8)
            lead = die.randrange(len(spots))
            x, y, size, _ = spots[lead]
            return Camera(x + drift, y - 2.05 * size, 2.5)
        case "low":
            return Camera(middle * 0.6 + drift, 5.2, 1.25, drop=0.9)
        case "high":
            return Camera(middle * 0.5 + drift, 5.2, 1.08, drop=-1.5)
        case _:
            return Camera(middle * 0.25 + drift, 4.85, die.uniform(1.04, 1.2))


def _paint_figures(
    canvas: Canvas,
    palette: Palette,
    looks: list[Look],
    spots: list[tuple[float, float, float, bool]],
    place: Place,
    request: ImageRequest,
) -> None:
    standing = list(range(len(looks)))
    if place.set_name == "well":
        if looks and _is_in_the_well(place, request):
            _paint_figure(canvas, looks[0], spots[0], 0, request, sunk=True)
            standing.remove(0)
        well = Pen(canvas, 0, 7.45, 1.25)
        props.well_front(well, palette, dice("well front"))
        props.bucket(well, palette)
    for index in sorted(standing, key=lambda each: spots[each][1]):
        _paint_figure(canvas, looks[index], spots[index], index, request)


def _paint_figure(
    canvas: Canvas,
    look: Look,
    spot: tuple[float, float, float, bool],
    index: int,
    request: ImageRequest,
    *,
    sunk: bool = False,
) -> None:
    x, y, size, mirrored = spot
    die = dice("pose", request.seed, request.prompt, index)
    pose = Pose(
        left_arm=die.choice((0.1, 0.15, 0.3, 0.7)),
        right_arm=0.95 if sunk else die.choice((0.1, 0.2, 0.5, 0.95)),
        gaze=die.uniform(0.4, 1.0),
        expression=_EXPRESSIONS.get(request.mood, "calm"),
        head_tilt=die.uniform(-7, 7),
        sunk=sunk,
    )
    foot = y + _SUNK if sunk else y
    draw_figure(Pen(canvas, x, foot, size, mirrored), look, pose)
