"""Photographs and a film from cameras, where they lie beside the repository."""

from itertools import combinations
from pathlib import Path
from typing import Final

from app.library.duplicates_keys import Traits, alike
from documents.library import Media
from tests.workers.conftest import Working
from tests.workers.jobs.media.material import brought_in, looked_at
from workers.runtime.context import Resources

REAL: Final = Path(__file__).parents[5] / "shared" / "data"
KINDS: Final = {".png": "image", ".jpg": "image", ".mp4": "video"}


def real_or_made(formats: Path) -> list[Path]:
    """The real files that are there; made ones where there are none."""
    found = [each for folder in ("images", "video") for each in (REAL / folder).glob("*.*")]
    known = sorted(each for each in found if each.suffix in KINDS)
    return known or [formats / name for name in ("fox.png", "fox.jpg", "film.mp4")]


async def test_what_cameras_make_is_taken_in(
    working: Working, resources: Resources, formats: Path
) -> None:
    files = real_or_made(formats)
    seen = await looked_at(working, *[await brought_in(resources, path) for path in files])
    for path, media in zip(files, seen, strict=True):
        assert (media.kind, media.status) == (KINDS[path.suffix], "active"), media.quarantine
        assert (media.width or 0) * (media.height or 0) > 0
        made = {each.name for each in media.derivatives if each.key}
        assert {"thumbnail_small", "thumbnail_medium", "thumbnail_large"} <= made
        assert ("preview" in made) == (media.kind == "video")
        assert media.picture_prints
    other_names = [
        pair
        for pair in combinations(seen, 2)
        if len({Path(each.filename).stem for each in pair}) > 1
    ]
    assert not [pair for pair in other_names if looks_alike(*pair)]


def looks_alike(one: Media, other: Media) -> bool:
    return alike(*(Traits.of(each.stored()) for each in (one, other))) is not None
