from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.workers.render import material
from workers.render.errors import Unreadable
from workers.render.stills import Planes, Still, cover

FULL = (0.0, 0.0, 1.0, 1.0)
SIZE = (320, 180)


def whole(path: Path) -> Planes:
    return Still(path, FULL, FULL, SIZE).at(0)


def centre(luma: Image.Image) -> tuple[float, float]:
    light = np.square(np.asarray(luma, dtype=np.float64) - 16)
    rows, columns = np.indices(light.shape)
    return (columns * light).sum() / light.sum(), (rows * light).sum() / light.sum()


def test_a_pan_moves_by_equal_fractions_of_a_pixel(tmp_path: Path) -> None:
    rows, columns = np.indices((360, 640))
    blob = 255 * np.exp(-((columns - 320) ** 2 + (rows - 180) ** 2) / (2 * 15.0**2))
    Image.fromarray(blob.astype(np.uint8)).save(tmp_path / "blob.png")
    start, end = (0.0, 0.05, 0.9, 0.95), (0.1, 0.05, 1.0, 0.95)
    still = Still(tmp_path / "blob.png", start, end, SIZE)
    places = np.array([centre(still.at(n / 299).luma) for n in range(300)])
    steps = np.diff(places[:, 0])
    assert steps.mean() == pytest.approx(-0.1 / 0.9 * 320 / 299, rel=0.02)
    straight = np.linspace(places[0, 0], places[-1, 0], 300)
    assert np.abs(places[:, 0] - straight).max() < 0.03
    assert np.ptp(places[:, 1]) < 0.01


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((255, 255, 255), (235, 128, 128)),
        ((0, 0, 0), (16, 128, 128)),
        ((255, 0, 0), (63, 102, 240)),
        ((0, 0, 255), (32, 240, 118)),
    ],
)
def test_colours_are_bt709(
    tmp_path: Path, colour: tuple[int, int, int], expected: tuple[int, int, int]
) -> None:
    planes = whole(material.plain(tmp_path / "plain.png", colour))
    assert [plane.getpixel((9, 9)) for plane in planes] == pytest.approx(expected, abs=1)


@pytest.mark.parametrize("mode", ["CMYK", "L", "LA", "P", "1", "RGBA", "I;16", "F"])
@pytest.mark.parametrize("size", [(1, 1), (97, 401), (800, 450)])
def test_every_kind_of_picture_fills_the_frame(
    tmp_path: Path, mode: str, size: tuple[int, int]
) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.full(size[::-1], 65_535, dtype=np.uint16))
    else:
        image = Image.new("L", size, 255).convert("RGBA" if mode == "LA" else mode)
    path = tmp_path / "odd.tif"
    image.save(path)
    planes = whole(path)
    assert planes.luma.size == SIZE
    assert len(planes.tobytes()) == 320 * 180 * 3 // 2


def test_transparent_parts_are_black(tmp_path: Path) -> None:
    Image.new("RGBA", (64, 36), (255, 255, 255, 0)).save(tmp_path / "clear.png")
    assert whole(tmp_path / "clear.png").luma.getpixel((20, 20)) == 16


def test_a_photo_is_turned_upright(tmp_path: Path) -> None:
    image = Image.new("RGB", (100, 200), "black")
    image.paste((255, 255, 255), (0, 0, 100, 100))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held a quarter turn to the left
    image.save(tmp_path / "photo.jpg", exif=exif)
    luma = whole(tmp_path / "photo.jpg").luma
    left, right = luma.getpixel((20, 90)), luma.getpixel((300, 90))
    assert (left, right) == pytest.approx((16, 235), abs=4)


def test_boxes_take_the_shape_of_the_frame() -> None:
    assert cover(FULL, 1000, 1000, 2.0) == (0, 250, 1000, 750)
    assert cover((0, 0, 0.5, 1), 1000, 1000, 0.25) == (125, 0, 375, 1000)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("list.m3u8", b"#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n", "not a picture"),
        ("list.png", b"ffconcat version 1.0\nfile /etc/passwd\n", "not a picture"),
        ("script.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
        ("empty.png", b"", "not a picture"),
    ],
)
def test_what_is_no_picture_is_refused(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Unreadable, match=f"{name} is {reason}"):
        whole(tmp_path / name)


def test_a_truncated_picture_is_damaged(picture: Path) -> None:
    material.shorten(picture, 2000)
    with pytest.raises(Unreadable, match="damaged"):
        whole(picture)


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    Image.new("1", (20_000, 5_000)).save(tmp_path / "bomb.png")
    with pytest.raises(Unreadable, match="million pixels; scale it down"):
        whole(tmp_path / "bomb.png")
