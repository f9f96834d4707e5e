"""Small files come from the store once, and then from memory."""

from pathlib import Path

import pytest

from app.core.storage import ObjectMissing
from workers.runtime import small_files
from workers.runtime.context import Resources


async def test_a_small_file_is_fetched_once(resources: Resources, tmp_path: Path) -> None:
    key = await stored(resources, tmp_path, b"a picture")
    for name in ("first", "second"):
        await resources.pictures.fetch(key, tmp_path / name)
        assert (tmp_path / name).read_bytes() == b"a picture"
        await resources.storage.delete([key])


async def test_a_large_one_is_not_kept(
    resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_files, "LARGEST", 5)
    key = await stored(resources, tmp_path, b"a film")
    await resources.pictures.fetch(key, tmp_path / "first")
    await resources.storage.delete([key])
    with pytest.raises(ObjectMissing):
        await resources.pictures.fetch(key, tmp_path / "second")


async def stored(resources: Resources, folder: Path, content: bytes) -> str:
    path = folder / "source"
    path.write_bytes(content)
    kept = await resources.storage.put_file(path, prefix="small", content_type="image/webp")
    return kept.key
