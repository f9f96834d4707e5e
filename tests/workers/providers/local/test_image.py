"""Pictures are real files, the same for the same request, different for different scenes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workers.providers.image import Figure, ImageRequest
from workers.providers.local.image import LocalImageProvider
from workers.providers.local.painting.look import look_of
from workers.providers.local.places import PLACES, place_for

FOX = Figure(name="Fox", description="a cunning fox", seed=3)


async def draw(into: Path, **fields: object) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    request = ImageRequest.model_validate(
        {"prompt": "a fox in the open", "width": 240, "height": 136, **fields}
    )
    result = await LocalImageProvider().draw(request, into)
    assert (result.width, result.height, result.media_type) == (240, 136, "image/png")
    with Image.open(result.path) as picture:
        assert picture.size == (240, 136)
        return np.asarray(picture.convert("RGB"))


def difference(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.mean(np.abs(first.astype(int) - second.astype(int))))


async def test_the_same_request_gives_the_same_bytes(tmp_path: Path) -> None:
    fields = {"figures": (FOX,), "location": "well", "seed": 5}
    await draw(tmp_path / "first.png", **fields)
    await draw(tmp_path / "second.png", **fields)
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()


async def test_a_new_seed_gives_a_new_picture(tmp_path: Path) -> None:
    first = await draw(tmp_path / "picture.png", figures=(FOX,), seed=1)
    assert difference(first, await draw(tmp_path / "picture.png", figures=(FOX,), seed=2)) > 1


async def test_places_look_different(tmp_path: Path) -> None:
    pictures = [
        await draw(tmp_path / "picture.png", location=name)
        for name in sorted({place.set_name: place.name for place in PLACES}.values())
    ]
    for index, picture in enumerate(pictures):
        for other in pictures[index + 1 :]:
            assert difference(picture, other) > 5


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("time_of_day", ("dawn", "day", "dusk", "night")),
        ("mood", ("calm", "sad", "joyful", "dark", "no such mood")),
        ("camera_angle", ("wide", "medium", "close-up", "low", "high")),
        ("style", ("", "film noir", "sepia", "watercolour")),
    ],
)
async def test_words_change_the_picture(
    tmp_path: Path, field: str, values: tuple[str, ...]
) -> None:
    pictures = [
        await draw(tmp_path / "picture.png", figures=(FOX,), **{field: value}) for value in values
    ]
    known = [
        picture for picture, value in zip(pictures, values, strict=True) if "such" not in value
    ]
    for index, picture in enumerate(known):
        assert all(difference(picture, other) > 1 for other in known[index + 1 :])


async def test_a_palette_seeps_into_the_picture(tmp_path: Path) -> None:
    plain = await draw(tmp_path / "picture.png")
    red = await draw(tmp_path / "picture.png", palette=("#ff2010", "#ff3020", "#ff4030"))
    assert red[..., 0].mean() - red[..., 2].mean() > plain[..., 0].mean() - plain[..., 2].mean() + 4


async def test_anybody_may_stand_in_a_picture_of_any_shape(tmp_path: Path) -> None:
    everybody = ("Lion", "Old Fisherman", "Queen Ada", "Crow", "Elephant", "Wizard", "Frog", "老人")
    request = ImageRequest(
        prompt="all of them",
        width=90,
        height=160,
        figures=[Figure(name=name) for name in everybody],
    )
    result = await LocalImageProvider().draw(request, tmp_path / "tall.png")
    with Image.open(result.path) as picture:
        assert picture.size == (90, 160)


def test_a_look_repeats_and_belongs_to_one() -> None:
    assert look_of(FOX) == look_of(Figure(name="Fox", description="a cunning fox", seed=3))
    assert look_of(FOX) != look_of(Figure(name="Fox", description="a cunning fox", seed=4))
    dressed = look_of(Figure(name="Fox", seed=3, palette=("#102030",)))
    assert dressed.main == (16, 32, 48)


@pytest.mark.parametrize(
    ("name", "description", "kind"),
    [
        ("Fox", "", "fox"),
        ("The Old King", "", "man"),
        ("Foxes", "", "fox"),
        ("Mara", "a brave girl with a dog", "girl"),
        ("Xyzzy", "", "person"),
    ],
)
def test_words_make_the_kind(name: str, description: str, kind: str) -> None:
    assert look_of(Figure(name=name, description=description)).kind_name == kind


@pytest.mark.parametrize(
    ("location", "prompt", "place"),
    [
        ("well", "", "well"),
        ("an old mountain path", "", "mountain"),
        ("", "A fox fell into a deep well", "well"),
        ("", "All is well that ends", "open country"),
        ("", "Они шли через лес", "forest"),
        ("", "海边的一天", "sea"),
    ],
)
def test_words_make_the_place(location: str, prompt: str, place: str) -> None:
    assert place_for(location, prompt).name == place
