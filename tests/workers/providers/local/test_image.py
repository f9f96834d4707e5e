"""Pictures are real files, the same for the same request, different for different scenes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workers.providers.errors import ProviderRefused
from workers.providers.image import Figure, ImageRequest, Reference
from workers.providers.local.image import LocalImageProvider
from workers.providers.local.painting.look import look_of
from workers.providers.local.places import PLACES, place_for

FOX = Figure(name="Fox", description="a cunning fox", seed=3)


async def draw(into: Path, **fields: object) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    request = ImageRequest.model_validate(
        {"prompt": "a fox in the open", "width": 240, "height": 136, **fields}
    )
    result = await LocalImageProvider().draw(request, into)
    assert (result.width, result.height, result.media_type) == (240, 136, "image/jpeg")
    with Image.open(result.path) as picture:
        assert picture.size == (240, 136)
        return np.asarray(picture.convert("RGB"))


def difference(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.mean(np.abs(first.astype(int) - second.astype(int))))


async def test_the_same_request_gives_the_same_bytes(tmp_path: Path) -> None:
    fields = {"figures": (FOX,), "location": "well", "seed": 5}
    await draw(tmp_path / "first.jpg", **fields)
    await draw(tmp_path / "second.jpg", **fields)
    assert (tmp_path / "first.jpg").read_bytes() == (tmp_path / "second.jpg").read_bytes()


async def test_a_new_seed_gives_a_new_picture(tmp_path: Path) -> None:
    first = await draw(tmp_path / "picture.jpg", figures=(FOX,), seed=1)
    assert difference(first, await draw(tmp_path / "picture.jpg", figures=(FOX,), seed=2)) > 1


async def test_places_look_different(tmp_path: Path) -> None:
    pictures = [
        await draw(tmp_path / "picture.jpg", location=name)
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
        await draw(tmp_path / "picture.jpg", figures=(FOX,), **{field: value}) for value in values
    ]
    known = [
        picture for picture, value in zip(pictures, values, strict=True) if "such" not in value
    ]
    for index, picture in enumerate(known):
        assert all(difference(picture, other) > 1 for other in known[index + 1 :])


async def test_a_palette_seeps_into_the_picture(tmp_path: Path) -> None:
    plain = await draw(tmp_path / "picture.jpg")
    red = await draw(tmp_path / "picture.jpg", palette=("#ff2010", "#ff3020", "#ff4030"))
    assert red[..., 0].mean() - red[..., 2].mean() > plain[..., 0].mean() - plain[..., 2].mean() + 4


async def test_anybody_may_stand_in_a_picture_of_any_shape(tmp_path: Path) -> None:
    everybody = ("Lion", "Old Fisherman", "Queen Ada", "Crow", "Elephant", "Wizard", "Frog", "老人")
    request = ImageRequest(
        prompt="all of them",
        width=90,
        height=160,
        figures=[Figure(name=name) for name in everybody],
    )
    result = await LocalImageProvider().draw(request, tmp_path / "tall.jpg")
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


def plain(path: Path, colour: tuple[int, int, int]) -> Reference:
    """A style reference of one colour."""
    Image.new("RGB", (64, 64), colour).save(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Reference(role="style", path=path, sha256=digest)


async def test_a_picture_takes_after_its_style_references(tmp_path: Path) -> None:
    red, blue = plain(tmp_path / "r.png", (210, 30, 20)), plain(tmp_path / "b.png", (20, 40, 210))

    async def warmth(*references: Reference) -> float:
        drawn = await draw(tmp_path / "picture.jpg", figures=(FOX,), references=references)
        return float(drawn[..., 0].mean() - drawn[..., 2].mean())

    neutral = await warmth()
    assert await warmth(blue) + 20 < neutral < await warmth(red) - 20
    assert await warmth(blue) < await warmth(red, blue) < await warmth(red)


async def test_the_same_references_give_the_same_bytes(tmp_path: Path) -> None:
    reference = plain(tmp_path / "style.png", (20, 160, 90))
    for name in ("first.jpg", "second.jpg"):
        await draw(tmp_path / name, figures=(FOX,), references=(reference,))
    assert (tmp_path / "first.jpg").read_bytes() == (tmp_path / "second.jpg").read_bytes()


def test_a_reference_is_known_by_its_digest_not_its_path(tmp_path: Path) -> None:
    reference = plain(tmp_path / "style.png", (1, 2, 3))
    moved = reference.model_copy(update={"path": tmp_path / "elsewhere.png"})
    other = reference.model_copy(update={"sha256": "0" * 64})
    contents = [
        ImageRequest(prompt="fox", references=(each,)).content()
        for each in (reference, moved, other)
    ]
    assert contents[0] == contents[1] != contents[2]
    assert str(tmp_path).encode() not in contents[0]


async def test_a_reference_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "style.png"
    path.write_bytes(b"no picture")
    reference = Reference(role="style", path=path, sha256="0" * 64)
    with pytest.raises(ProviderRefused) as refused:
        await draw(tmp_path / "picture.jpg", references=(reference,))
    assert refused.value.code == "unreadable_reference"


async def test_the_painter_says_where_everybody_is(tmp_path: Path) -> None:
    crow = Figure(name="Crow", seed=4)
    request = ImageRequest(prompt="two", width=480, height=270, figures=(FOX, crow), seed=3)
    result = await LocalImageProvider().draw(request, tmp_path / "picture.jpg")
    assert [each.name for each in result.figures] == ["Fox", "Crow"]
    fox, other = result.figures
    assert fox.left < other.left
    assert all(each.top + each.height <= 1 and each.height > 0.2 for each in result.figures)
    # Where the fox is, the colour of its coat is; elsewhere it is not.
    orange = np.asarray(look_of(FOX).main)

    def share_of_orange(left: float, width: float) -> float:
        with Image.open(result.path) as picture:
            pixels = np.asarray(picture.convert("RGB"), dtype=int)
        part = pixels[:, round(left * 480) : round((left + width) * 480)]
        return float((np.abs(part - orange).sum(axis=2) < 60).mean())

    assert share_of_orange(fox.left, fox.width) > 4 * share_of_orange(other.left, other.width)


async def test_who_is_out_of_the_picture_is_nowhere(tmp_path: Path) -> None:
    cast = [Figure(name=name) for name in ("Lion", "Fox", "Crow", "Wolf")]
    request = ImageRequest(prompt="four", width=200, height=200, figures=cast)
    near = request.model_copy(update={"camera_angle": "close-up"})
    drawn = [await LocalImageProvider().draw(each, tmp_path / "p.png") for each in (request, near)]
    assert len(drawn[1].figures) < len(drawn[0].figures)
