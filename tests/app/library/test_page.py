"""What docs/library.md tells people to type, tried out from the first command to the last."""

import zipfile
from pathlib import Path
from typing import Final

import pytest

from app.settings import Settings
from documents.store import Store
from documents.uploads import Upload
from tests.app.library.support import png
from tests.support.pages import installation, typed

FOX: Final = png(40_000, seed=30)
FILM: Final = png(17 * 2**20, seed=31)


@pytest.mark.slow
async def test_the_page_works_as_it_stands(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "fox.png").write_bytes(FOX)
    (home / "film.mp4").write_bytes(FILM)
    async with installation(settings, tmp_path) as url:
        lines = await typed("library.md", url, home)
    assert lines[:4] == ["processing", "[1, 2]", "checking", "open"], lines
    assert lines[4:9] == ["[]", "0", "0", "fox.png", "fox.png"]
    for name in ("fox-again.png", "shared.png"):
        assert (home / name).read_bytes() == FOX
    assert (home / "head").read_bytes() == FOX[:8]
    with zipfile.ZipFile(home / "files.zip") as archive:
        assert archive.read("fox.png") == FOX
    states = {each.way: each.state for each in await Upload.all_in(True, {})}
    assert states == {
        "stream": "completed",
        "put": "completed",
        "multipart": "checking",
        "import": "open",
    }
