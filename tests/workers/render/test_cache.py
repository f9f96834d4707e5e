import os
from pathlib import Path

import pytest

from app.core.storage import Storage
from workers.render.cache import FolderCache, SegmentCache
from workers.render.storage_cache import LayeredCache, StorageCache


def key(number: int, ending: str = "mp4") -> str:
    return f"{number:064x}.{ending}"


def segment(folder: Path, size: int, name: str = "new.mp4") -> Path:
    path = folder / name
    path.write_bytes(os.urandom(size))
    return path


async def found(cache: SegmentCache, number: int, folder: Path) -> bytes | None:
    into = folder / f"found{number}"
    into.unlink(missing_ok=True)
    return into.read_bytes() if await cache.get(key(number), into) else None


async def test_a_folder_gives_back_what_it_was_given(tmp_path: Path) -> None:
    cache = FolderCache(tmp_path / "cache")
    path = segment(tmp_path, 100)
    assert await found(cache, 1, tmp_path) is None
    await cache.put(key(1), path)
    await cache.put(key(1), path)
    assert await found(cache, 1, tmp_path) == path.read_bytes()
    assert await found(FolderCache(tmp_path / "cache"), 1, tmp_path) == path.read_bytes()


async def test_a_folder_drops_what_was_not_used_for_longest(tmp_path: Path) -> None:
    cache = FolderCache(tmp_path / "cache", limit=250)
    for number in (1, 2):
        await cache.put(key(number), segment(tmp_path, 100, f"{number}.mp4"))
        os.utime(tmp_path / "cache" / "00" / key(number), (number, number))
    assert await found(cache, 1, tmp_path) is not None
    await cache.put(key(3), segment(tmp_path, 100, "3.mp4"))
    assert await found(cache, 2, tmp_path) is None
    assert await found(cache, 1, tmp_path) is not None
    assert await found(cache, 3, tmp_path) is not None


@pytest.mark.parametrize("bad", ["../../etc/passwd", "abc.mp4", f"{'0' * 64}.mp4/x"])
async def test_only_keys_are_taken(tmp_path: Path, bad: str) -> None:
    with pytest.raises(ValueError, match="not the key of a segment"):
        await FolderCache(tmp_path).get(bad, tmp_path / "into")


async def test_the_store_gives_back_what_it_was_given(tmp_path: Path, storage: Storage) -> None:
    cache = StorageCache(storage, "tenant")
    path = segment(tmp_path, 5000)
    assert await found(cache, 1, tmp_path) is None
    await cache.put(key(1), path)
    assert await found(cache, 1, tmp_path) == path.read_bytes()
    assert await found(StorageCache(storage, "another"), 1, tmp_path) is None


async def test_the_store_drops_the_oldest(tmp_path: Path, storage: Storage) -> None:
    cache = StorageCache(storage, "small", limit=2500)
    for number in range(4):
        await cache.put(key(number), segment(tmp_path, 1000, f"{number}.mp4"))
    assert await cache.evict() <= 2500
    kept = [number for number in range(4) if await found(cache, number, tmp_path)]
    assert len(kept) == 2


async def test_what_comes_from_afar_is_kept_near(tmp_path: Path, storage: Storage) -> None:
    near, far = FolderCache(tmp_path / "near"), StorageCache(storage, "layers")
    path = segment(tmp_path, 700)
    await far.put(key(7), path)
    cache = LayeredCache(near, far)
    assert await found(cache, 7, tmp_path) == path.read_bytes()
    assert await found(near, 7, tmp_path) == path.read_bytes()
    await cache.put(key(8), path)
    assert await found(far, 8, tmp_path) == path.read_bytes()
