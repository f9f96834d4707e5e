"""What is seen of files of every format, what is made of them, and what is kept of that."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from app.core.deletion import delete
from app.library.looking import LOOK_VERSION, PLAY_VERSION, look_task
from app.production import tasks
from documents.library import Media
from documents.production import Task
from tests.workers.conftest import Working, ended, until
from tests.workers.jobs.media import material
from tests.workers.jobs.media.material import brought_in, looked_at
from workers.runtime.context import Resources

SIZES = {"thumbnail_large": 1024, "thumbnail_medium": 480, "thumbnail_small": 160}
GPS, LATITUDE, ORIENTATION = 0x8825, 2, 0x0112


async def shown(resources: Resources, media: Media, name: str) -> bytes:
    """The bytes of one of the things that were made of a file."""
    [key] = [each.key for each in media.derivatives if each.name == name]
    assert key is not None
    return b"".join([chunk async for chunk in resources.storage.stream(key)])


async def test_pictures_of_every_format(
    working: Working, resources: Resources, formats: Path
) -> None:
    files = [formats / name for name in material.PICTURES.values()]
    seen = await looked_at(working, *[await brought_in(resources, path) for path in files])
    for media, mime_type in zip(seen, material.PICTURES, strict=True):
        assert (media.kind, media.mime_type, media.status) == ("image", mime_type, "active")
        assert (media.width, media.height) == material.SIZE
        assert (media.look_version, media.play_version) == (LOOK_VERSION, PLAY_VERSION)
        assert {each.name for each in media.derivatives} == SIZES.keys()
        assert media.thumbnail_key in [each.key for each in media.derivatives]
        assert len(media.picture_prints) == 1
        assert len(media.likeness) == 4
    for name, size in SIZES.items():
        with Image.open(io.BytesIO(await shown(resources, seen[0], name))) as small:
            assert (small.format, max(small.size)) == ("WEBP", min(size, 320))


async def test_films_of_every_format(working: Working, resources: Resources, formats: Path) -> None:
    files = [formats / name for name in material.FILMS.values()]
    seen = await looked_at(working, *[await brought_in(resources, path) for path in files])
    for media, mime_type in zip(seen, material.FILMS, strict=True):
        facts = media.technical_data
        assert (media.kind, media.mime_type, facts.fps) == ("video", mime_type, 25)
        assert facts.duration == pytest.approx(material.SECONDS, abs=0.1)
        assert {each.name for each in media.derivatives if each.key} == {
            *SIZES,
            "poster",
            "preview",
            "waveform",
            "peaks",
        }
        assert media.play_version == PLAY_VERSION
        assert facts.loudness is not None
        assert len(media.picture_prints) == 5
        assert media.sound_print is not None
    preview = await shown(resources, seen[0], "preview")
    assert preview[4:8] == b"ftyp"


async def test_sounds_of_every_format(
    working: Working, resources: Resources, formats: Path
) -> None:
    files = [formats / name for name in material.SOUNDS.values()]
    seen = await looked_at(working, *[await brought_in(resources, path) for path in files])
    for media, mime_type in zip(seen, material.SOUNDS, strict=True):
        facts = media.technical_data
        assert (media.kind, media.mime_type, media.status) == ("audio", mime_type, "active")
        assert facts.sample_rate == 48_000
        assert facts.duration == pytest.approx(material.SECONDS, abs=0.1)
        assert facts.loudness == pytest.approx(seen[0].technical_data.loudness, abs=1)
        assert {each.name for each in media.derivatives} == {"waveform", "peaks"}
        assert media.likeness
    peaks = json.loads(await shown(resources, seen[0], "peaks"))
    assert (peaks["version"], peaks["bits"], peaks["channels"]) == (2, 8, 1)
    assert len(peaks["data"]) == 2 * peaks["length"] > 0
    seconds = peaks["length"] * peaks["samples_per_pixel"] / peaks["sample_rate"]
    assert seconds == pytest.approx(material.SECONDS, abs=0.1)
    with Image.open(io.BytesIO(await shown(resources, seen[0], "waveform"))) as drawn:
        assert drawn.size == (1_000, 200)


async def test_captions_are_media(working: Working, resources: Resources, formats: Path) -> None:
    files = [formats / name for name in material.CAPTIONS.values()]
    seen = await looked_at(working, *[await brought_in(resources, path) for path in files])
    assert [media.mime_type for media in seen] == [*material.CAPTIONS]
    assert {media.kind for media in seen} == {"document"}
    assert [media.technical_data.language for media in seen] == ["de-AT", "en"]
    for media in seen:
        assert media.technical_data.cues == 3
        assert media.technical_data.duration == pytest.approx(2.9)


async def test_a_turned_picture_is_shown_upright_and_without_its_place(
    working: Working, resources: Resources, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif.get_ifd(GPS)[LATITUDE] = (48.0, 12.0, 30.0)
    exif[GPS] = exif.get_ifd(GPS)
    material.picture().save(tmp_path / "phone.jpg", exif=exif, comment=b"at home")
    [media] = await looked_at(working, await brought_in(resources, tmp_path / "phone.jpg"))
    assert (media.width, media.height) == (180, 320)
    for name in SIZES:
        with Image.open(io.BytesIO(await shown(resources, media, name))) as small:
            assert small.height > small.width
            assert not small.getexif()
            assert "comment" not in small.info


async def test_the_name_of_a_file_leads_nowhere(
    working: Working, resources: Resources, formats: Path
) -> None:
    names = ["../../../../etc/passwd", "/etc/shadow", "con.png\x00.exe", "~/.ssh/id_rsa", "-i"]
    media = [await brought_in(resources, formats / "fox.png", filename=name) for name in names]
    seen = await looked_at(working, *media)
    assert {each.mime_type for each in seen} == {"image/png"}
    assert [each.filename for each in seen] == names


async def test_looking_twice_changes_nothing(
    working: Working, resources: Resources, formats: Path
) -> None:
    [first] = await looked_at(working, await brought_in(resources, formats / "fox.png"))
    [second] = await looked_at(working, first)
    assert second == first


async def test_a_record_that_went_meanwhile_is_no_trouble(
    working: Working, resources: Resources, formats: Path
) -> None:
    media = await brought_in(resources, formats / "fox.png")
    await Media.collection().delete_one({"_id": media.id})
    task = look_task(media)
    await tasks.add([task])
    async with working():
        [done] = await ended(task)
    assert done.status == "completed"


async def test_what_was_made_goes_with_the_record(
    working: Working, resources: Resources, formats: Path
) -> None:
    [media] = await looked_at(working, await brought_in(resources, formats / "song.wav"))
    keys = [each.key for each in media.derivatives if each.key is not None]
    assert len(keys) == 2
    await delete(resources.store, Media, media.id)

    async def gone() -> bool:
        return not any([await resources.storage.exists(key) for key in keys])

    async with working():
        await until(gone)


async def test_a_status_that_a_person_chose_stays(
    working: Working, resources: Resources, formats: Path
) -> None:
    media = await brought_in(resources, formats / "fox.png", status="archived")
    [seen] = await looked_at(working, media)
    assert seen.status == "archived"
    assert await Task.collection().count_documents({"status": "failed"}) == 0
