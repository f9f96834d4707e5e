"""The local animator makes real clips that move."""

import hashlib
from pathlib import Path

import pytest
from PIL import Image

from workers.providers.errors import ProviderError
from workers.providers.local.video import LocalVideoProvider
from workers.providers.registry import local_providers
from workers.providers.video import VideoRequest
from workers.render.probe import probe


def request_for(image: Path, **given: object) -> VideoRequest:
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    size = {"width": 160, "height": 90, "fps": 30, "seconds": 0.5}
    return VideoRequest.model_validate({"image": image, "image_digest": digest, **size, **given})


@pytest.fixture
def still(tmp_path: Path) -> Path:
    path = tmp_path / "still.png"
    Image.effect_noise((320, 180), 80).convert("RGB").save(path)
    return path


async def test_clip_has_the_size_and_length_asked_for(still: Path, tmp_path: Path) -> None:
    made = await LocalVideoProvider().animate(request_for(still), tmp_path / "clip.mp4")
    facts = await probe(made.path)
    assert (facts.kind, facts.codec, facts.width, facts.height) == ("video", "h264", 160, 90)
    assert facts.duration == pytest.approx(0.5, abs=0.04)
    assert made.usage.cost == 0


async def test_same_request_makes_the_same_clip_and_another_move_another(
    still: Path, tmp_path: Path
) -> None:
    provider = LocalVideoProvider()
    clips = [
        (await provider.animate(request_for(still, motion=motion), tmp_path / name)).path
        for motion, name in (("zoom_in", "a.mp4"), ("zoom_in", "b.mp4"), ("pan_left", "c.mp4"))
    ]
    first, again, other = (path.read_bytes() for path in clips)
    assert first == again != other


async def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not a picture")
    with pytest.raises(ProviderError) as refused:
        await LocalVideoProvider().animate(request_for(broken), tmp_path / "clip.mp4")
    assert not refused.value.retryable
    assert not (tmp_path / "clip.mp4").exists()


def test_it_is_among_the_local_providers() -> None:
    assert isinstance(local_providers().video, LocalVideoProvider)
