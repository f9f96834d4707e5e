"""Whether two figures look alike, through the door to the probing process."""

import itertools
from pathlib import Path

import pytest
from PIL import Image

from workers.providers.image import Figure, ImageRequest, ImageResult
from workers.providers.local.image import LocalImageProvider
from workers.render.errors import Unreadable
from workers.render.facts import Box
from workers.render.probe import colours, likeness

CAST = [
    Figure(name=name, seed=number)
    for number, name in enumerate(("Fox", "Crow", "Lion", "Queen Ada", "Frog"))
]


async def draw(folder: Path, name: str, **fields: object) -> ImageResult:
    request = ImageRequest.model_validate({"prompt": name, "width": 640, "height": 360, **fields})
    return await LocalImageProvider().draw(request, folder / f"{name}.png")


async def design(folder: Path, figure: Figure) -> ImageResult:
    return await draw(
        folder, figure.name, width=480, height=480, figures=[figure], camera_angle="medium"
    )


def box(result: ImageResult, name: str) -> Box:
    [found] = [each for each in result.figures if each.name == name]
    return found.left, found.top, found.width, found.height


async def alike(seen: ImageResult, name: str, model: ImageResult) -> float:
    [who] = [each.name for each in model.figures]
    return await likeness(seen.path, box(seen, name), model.path, box(model, who))


async def test_a_figure_is_more_like_itself_than_like_anybody_else(tmp_path: Path) -> None:
    designs = {each.name: await design(tmp_path, each) for each in CAST}
    same, others = [], []
    for number, (one, other) in enumerate(itertools.combinations(CAST, 2)):
        angle, hour = ("wide", "medium", "low")[number % 3], ("day", "dusk")[number % 2]
        panel = await draw(
            tmp_path,
            f"panel {number}",
            figures=[one, other],
            camera_angle=angle,
            time_of_day=hour,
            location=("forest", "castle", "snow")[number % 3],
            seed=number,
        )
        for name in (one.name, other.name):
            same.append(await alike(panel, name, designs[name]))
            wrong = {one.name, other.name} - {name}
            others.append(await alike(panel, name, designs[wrong.pop()]))
    assert sum(same) / len(same) > 0.75
    assert sum(others) / len(others) < 0.4
    assert sum(a > b for a, b in zip(same, others, strict=True)) >= 0.9 * len(same)


async def test_size_and_light_do_not_matter_and_the_same_is_one(tmp_path: Path) -> None:
    model = await design(tmp_path, CAST[0])
    assert await alike(model, "Fox", model) == pytest.approx(1, abs=1e-6)
    small = tmp_path / "small.png"
    with Image.open(model.path) as picture:
        picture.resize((120, 120)).point(lambda level: level * 0.6).save(small)
    found = await likeness(small, box(model, "Fox"), model.path, box(model, "Fox"))
    assert found > 0.9


async def test_what_cannot_be_compared_is_told(tmp_path: Path) -> None:
    model = await design(tmp_path, CAST[0])
    with pytest.raises(Unreadable, match="too small"):
        await likeness(model.path, (0.5, 0.5, 0.001, 0.1), model.path, (0, 0, 1, 1))
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"nothing")
    with pytest.raises(Unreadable):
        await likeness(model.path, (0, 0, 1, 1), broken, (0, 0, 1, 1))
    with pytest.raises(Unreadable):
        await colours(broken)


async def test_the_colours_of_a_picture_are_those_that_fill_it(tmp_path: Path) -> None:
    path = tmp_path / "flag.png"
    flag = Image.new("RGB", (90, 60), (200, 20, 30))
    flag.paste((250, 250, 250), (0, 0, 30, 60))
    flag.putpixel((80, 50), (0, 0, 255))
    flag.save(path)
    found = await colours(path)
    assert found == ("#c8141e", "#fafafa")
