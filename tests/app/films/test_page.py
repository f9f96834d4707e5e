"""What docs/films.md tells people to type, tried out from the first command to the last."""

from pathlib import Path

import pytest

from app.settings import Settings
from documents.store import Store
from tests.support.pages import installation, typed
from workers.render.probe import probe


@pytest.mark.slow
async def test_the_page_works_as_it_stands(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    async with installation(settings, tmp_path, worker=True) as url:
        lines = await typed("films.md", url, home)
    assert lines == [
        *("storyboarding", "0", "reviewing", "approved", "The producer", "None"),
        *("films.export_project", ""),
    ]
    facts = await probe(home / "the-well.mp4")
    assert (facts.codec, facts.width, facts.height) == ("h264", 640, 360)
