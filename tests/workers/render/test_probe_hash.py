"""The perceptual hash is ImageHash's, and small changes change little of it."""

import imagehash
import pytest
from PIL import Image, ImageEnhance

from tests.workers.jobs.media.material import picture
from workers.render.probe_hash import picture_hash


def distance(one: Image.Image, other: Image.Image) -> int:
    first, second = picture_hash(one), picture_hash(other)
    assert first is not None
    assert second is not None
    return (int(first, 16) ^ int(second, 16)).bit_count()


@pytest.mark.parametrize("seed", range(10))
def test_the_same_bits_as_imagehash(seed: int) -> None:
    image = picture(seed, (300 + seed, 200))
    assert picture_hash(image) == str(imagehash.phash(image))


@pytest.mark.parametrize("seed", range(10))
def test_a_changed_picture_is_near_and_another_is_far(seed: int) -> None:
    image = picture(seed, (640, 480))
    assert distance(image, image.resize((200, 150))) <= 4
    assert distance(image, ImageEnhance.Brightness(image).enhance(0.8)) <= 4
    assert distance(image, image.crop((4, 4, 636, 476))) <= 7
    assert distance(image, picture(seed + 100, (640, 480))) > 12


def test_a_plain_picture_has_no_hash() -> None:
    assert picture_hash(Image.new("RGB", (50, 50), "red")) is None
