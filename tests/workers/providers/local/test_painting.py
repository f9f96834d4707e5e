"""What the painter's sheet and lights promise, pixel by pixel."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest

from workers.providers.image import Figure, ImageRequest
from workers.providers.local.painting.canvas import Camera, Canvas
from workers.providers.local.painting.composition import paint
from workers.providers.local.painting.geometry import smooth
from workers.providers.local.painting.lights import Glow, lit
from workers.providers.local.painting.pen import Pen
from workers.providers.local.painting.sheet import Sheet

WHITE = (255, 255, 255)
IN_WHITE_LIGHT = (1.0, 1.0, 1.0)
SQUARE = [(10.5, 10.5), (30.5, 10.5), (30.5, 30.5), (10.5, 30.5)]


def sheet(width: int = 60, height: int = 40) -> Sheet:
    return Sheet(width, height, IN_WHITE_LIGHT)


def pixels(sheet: Sheet) -> npt.NDArray[np.int64]:
    return sheet.levels.reshape(sheet.height, sheet.width, 4).astype(np.int64)


def test_a_shape_has_its_colour_and_soft_edges() -> None:
    drawn = sheet()
    drawn.fill(SQUARE, (200, 100, 40))
    assert pixels(drawn)[20, 20].tolist() == [200, 100, 40, 255]
    assert pixels(drawn)[20, 10].tolist() == pytest.approx([100, 50, 20, 255], abs=1)
    assert pixels(drawn)[20, 9].tolist() == [0, 0, 0, 255]


def test_the_light_of_the_grade_is_on_every_colour() -> None:
    drawn = Sheet(60, 40, (0.5, 2.0, 1.0))
    drawn.fill_rows(np.full((40, 3), 100, dtype=np.uint8))
    assert pixels(drawn)[0, 0].tolist() == [50, 200, 100, 255]
    drawn.fill(SQUARE, (200, 200, 40))
    assert pixels(drawn)[20, 20].tolist() == [100, 255, 40, 255]
    drawn.shade(SQUARE, (40, 40, 40), (40, 40, 40))
    assert pixels(drawn)[20, 20].tolist() == [20, 80, 40, 255]


@pytest.mark.parametrize("right", [30.5, 500.0])
def test_a_shaded_shape_runs_from_its_top_to_its_bottom(right: float) -> None:
    drawn = sheet()
    drawn.fill_rows(np.full((40, 3), 90, dtype=np.uint8))
    left = 10.5 if right < 60 else -100.0
    drawn.shade([(left, 10.5), (right, 10.5), (right, 30.5), (left, 30.5)], (0, 0, 0), WHITE)
    column = pixels(drawn)[:, 20, 0]
    assert column[:10].tolist() == [90] * 10
    assert column[31:].tolist() == [90] * 9
    assert np.diff(column[11:30]).tolist() == pytest.approx([255 / 20] * 18, abs=1)
    assert column[10] == pytest.approx(45, abs=2)
    assert (pixels(drawn)[..., 3] == 255).all()
    if right < 60:
        assert pixels(drawn)[20, 10, 0] == pytest.approx((90 + column[20]) / 2, abs=1)


def test_a_shape_out_of_sight_changes_nothing() -> None:
    drawn = sheet()
    away = [(x + 1000, y - 1000) for x, y in SQUARE]
    drawn.fill(away, WHITE)
    drawn.shade(away, WHITE, WHITE)
    drawn.ellipse((-50, 20), ((9, 0), (0, 9)), WHITE)
    drawn.line(away, 3, WHITE)
    drawn.shine([Glow(5000, 20, 30, WHITE, 1.0)])
    assert not pixels(drawn)[..., :3].any()


def test_a_line_is_one_shape_with_round_bends() -> None:
    drawn = sheet()
    drawn.line([(10, 30), (30, 10), (50, 30)], 6, WHITE, 128)
    inside = pixels(drawn)[..., 0]
    # Nowhere is it drawn twice, and the outer side of the bend is no gap.
    assert inside.max() == pytest.approx(128, abs=1)
    assert inside[8, 29] == pytest.approx(128, abs=1)
    assert inside[4, 29] == 0


@pytest.mark.parametrize("round_ends", [False, True])
def test_a_line_ends_round_where_it_is_to(round_ends: bool) -> None:
    drawn = sheet()
    drawn.line([(20, 20), (40, 20)], 10, WHITE, round_ends=round_ends)
    level = pixels(drawn)[..., 0]
    assert (level[20, 17], level[20, 42]) == ((255, 255) if round_ends else (0, 0))
    assert level[15, 15] == 0
    assert level[20, 30] == 255


def test_an_ellipse_reaches_as_far_as_its_half_axes() -> None:
    drawn = sheet()
    drawn.ellipse((30, 20), ((0, 15), (-25, 0)), WHITE)
    level = pixels(drawn)[..., 0]
    assert level[20].nonzero()[0].tolist() == list(range(5, 55))
    assert level[:, 30].nonzero()[0].tolist() == list(range(5, 35))
    assert level.sum() / 255 == pytest.approx(np.pi * 15 * 25, rel=0.01)


def test_a_smooth_outline_goes_through_its_points() -> None:
    corners = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)]
    curve = smooth(corners, 5)
    assert len(curve) == 20
    assert sorted(curve[::5]) == sorted(corners)
    assert max(x for x, _ in curve) > 4


def test_lights_add_up_and_never_burn_out() -> None:
    levels = np.full((80, 400), 200, dtype=np.uint8)
    glows = [Glow(50, 40, 20, (255, 100, 0), 0.5)] * 2
    seen = np.concatenate([part.copy() for _, part in lit(levels, glows)]).reshape(80, 100, 4)
    red, green, blue, _ = seen[40, 50].tolist()
    assert red == pytest.approx(255 - 55 * (255 - 235) / 255, abs=2)
    assert green == pytest.approx(255 - 55 * (255 - 100) / 255, abs=2)
    assert blue == seen[0, 0, 0] == 200
    beside = 2 * 0.5 * 100 * np.exp(-3.2 * (10 / 20) ** 2)
    assert seen[40, 60, 1] == pytest.approx(255 - 55 * (255 - beside) / 255, abs=3)
    assert seen.min() == 200


def test_a_pen_may_be_mirrored_and_tilted() -> None:
    canvas = Canvas(90, 90, Camera(), IN_WHITE_LIGHT)
    pen = Pen(canvas, 0.0, 4.5, 1.0, mirrored=True)
    pen.oval(3, 0, 0.5, 0.5, (255, 0, 0))
    pen.tilted(90, (1.0, 0.0)).oval(3, 0, 0.5, 0.5, (0, 255, 0))
    drawn = pixels(canvas.sheet)
    assert drawn[45, 15, :3].tolist() == [255, 0, 0]
    assert drawn[65, 35, :3].tolist() == [0, 255, 0]


def test_many_at_once_paint_as_one_alone() -> None:
    requests = [
        ImageRequest(
            prompt="a fox", location=place, width=320, height=180, figures=[Figure(name="Fox")]
        )
        for place in ("forest", "village", "sea", "cave") * 3
    ]

    def painted(request: ImageRequest) -> bytes:
        return paint(request)[0].tobytes()

    alone = [painted(each) for each in requests]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(painted, requests)) == alone
