"""Thumbnails by way of Y, Cb and Cr: of any size, and in the same colours."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workers.render.thumbnails_scaled import save_frame, scaled, to_frame, to_picture

COLOURS = Image.merge(
    "RGB",
    [
        Image.linear_gradient("L"),
        Image.linear_gradient("L").rotate(90),
        Image.radial_gradient("L"),
    ],
)


def test_colours_stay_what_they_are(tmp_path: Path) -> None:
    frame = scaled(to_frame(COLOURS), 64, 64)
    save_frame(frame, tmp_path / "small.webp")
    by_pillow = np.asarray(COLOURS.resize((64, 64), Image.Resampling.BICUBIC), dtype=int)
    with Image.open(tmp_path / "small.webp") as written:
        assert (written.format, written.mode, written.size) == ("WEBP", "RGB", (64, 64))
        assert not written.getexif()
        assert np.abs(np.asarray(written, dtype=int) - by_pillow).mean() < 6
    assert np.abs(np.asarray(to_picture(frame), dtype=int) - by_pillow).mean() < 4
    assert not [*tmp_path.glob(".*")]


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (1024, 1), (1, 1024), (255, 257)])
def test_pictures_of_any_shape(tmp_path: Path, size: tuple[int, int]) -> None:
    save_frame(scaled(to_frame(COLOURS), *size), tmp_path / "a.webp")
    with Image.open(tmp_path / "a.webp") as written:
        assert written.size == size
