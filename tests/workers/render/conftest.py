"""Small pictures, sounds and timelines for the renderer's tests."""

import os
import secrets
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.core.storage import Storage
from app.settings import Settings
from tests.workers.render import material


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Temporary folders of a render land here, so that a test can see whether any is left."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", os.fspath(folder))
    return folder


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A colourful PNG of 320 by 180."""
    return material.picture(tmp_path / "picture.png")


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    """One second of a loud 600 Hz tone."""
    return material.tone(tmp_path / "voice.wav", hertz=600, seconds=1.0, level=0.5)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Three seconds of a 220 Hz tone."""
    return material.tone(tmp_path / "music.wav", hertz=220, seconds=3.0, level=0.4)


@pytest.fixture
async def storage(settings: Settings) -> AsyncIterator[Storage]:
    """The object store, in a bucket of the test's own."""
    bucket = f"render-{secrets.token_hex(6)}"
    async with Storage(settings.model_copy(update={"s3_bucket": bucket})) as opened:
        yield opened
