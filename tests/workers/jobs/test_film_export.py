"""A project as one ZIP, made by a worker."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.core.storage import Storage
from app.films.kinds import EXPORT_PROJECT, ExportProject
from app.production import tasks
from app.production.tasks import Ownership, new_task
from documents.films import Episode
from documents.library import Media
from documents.production import Task
from documents.scenes import Scene
from tests.factories.films import Film, make_film, make_media
from tests.workers.conftest import Working, ended
from workers.runtime.context import Resources

TITLE = '../../#panic("x")'
FILM = b"the film" * 100_000


async def keep(storage: Storage, film: Film, content: bytes, **given: Any) -> Media:
    async def chunks() -> AsyncIterator[bytes]:
        yield content

    kept = await storage.put_stream(
        chunks(), prefix=str(film.workspace.id), content_type="x/y", maximum=2**30
    )
    facts = {"storage_key": kept.key, "sha256": kept.sha256, "filesize": kept.size}
    return await make_media(film, **{**facts, **given})


@pytest.fixture
async def film(resources: Resources) -> Film:
    """A finished film, with pictures, a script and captions, under a title that is no good name."""
    film, storage = await make_film(scenes=2), resources.storage
    picture = io.BytesIO()
    Image.new("RGB", (640, 360), "red").save(picture, format="webp")
    panel = await keep(storage, film, picture.getvalue(), media_type="storyboard")
    await Media.advance_one(
        {"_id": panel.id}, {"$set": {"thumbnail_key": panel.storage_key, "mime_type": "image/webp"}}
    )
    for scene in film.scenes:
        panels = [{"panel_number": n, "image_id": key} for n, key in ((1, panel.id), (2, None))]
        changed = Scene.model_validate({**scene.stored(), "storyboard": {"panels": panels}})
        await Scene.collection().replace_one({"_id": scene.id}, changed.stored())
    about = {"episode_id": film.episode.id}
    video = await keep(
        storage, film, FILM, **about, media_type="final_video", mime_type="video/mp4"
    )
    for suffix, mime_type in (("vtt", "text/vtt"), ("srt", "application/x-subrip")):
        content = f"captions as {suffix}".encode()
        await keep(storage, film, content, **about, media_type="caption", mime_type=mime_type)
    values = {
        "title": TITLE,
        "metadata.final_video_id": video.id,
        "script.content": "INT. WELL - DAY\n\nFox falls.",
    }
    await Episode.advance_one({"_id": film.episode.id}, {"$set": values})
    return film


def asked(film: Film) -> Task:
    owner = Ownership(
        workspace_id=film.workspace.id, project_id=film.project.id, created_by=film.user.id
    )
    return new_task(EXPORT_PROJECT, ExportProject(project_id=film.project.id), owner)


async def exported(working: Working, film: Film) -> Media:
    task = asked(film)
    await tasks.add([task])
    async with working():
        [done] = await ended(task)
    assert done.status == "completed", done.error
    assert done.output is not None
    assert done.output.media_id is not None
    found = await Media.one_in(True, done.output.media_id)
    assert found is not None
    return found


async def test_everything_lies_in_it(
    film: Film, working: Working, resources: Resources, tmp_path: Path
) -> None:
    media = await exported(working, film)
    assert (media.kind, media.media_type, media.tags) == ("document", "other", ["export"])
    assert media.project_id == film.project.id
    path = tmp_path / "export.zip"
    await resources.storage.get_file(media.storage_key, path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        inside = {name.rpartition("/")[2]: name for name in archive.namelist()}
        assert inside.keys() == {
            *("project.json", "media.ndjson", "episode.json", "script.fountain"),
            *("script.pdf", "storyboard.pdf", "film.mp4", "captions.vtt", "captions.srt"),
        }
        assert not any(".." in Path(name).parts for name in archive.namelist())
        assert archive.read(inside["film.mp4"]) == FILM
        assert archive.read(inside["script.fountain"]).startswith(b"INT. WELL")
        assert archive.read(inside["captions.srt"]) == b"captions as srt"
        for name in ("script.pdf", "storyboard.pdf"):
            assert archive.read(inside[name]).startswith(b"%PDF-")
        told = json.loads(archive.read(inside["project.json"]))
        assert told["project"]["id"] == str(film.project.id)
        assert [each["name"] for each in told["characters"]] == ["Fox"]
        episode = json.loads(archive.read(inside["episode.json"]))
        assert episode["episode"]["title"] == TITLE
        assert [each["scene_number"] for each in episode["scenes"]] == [1, 2]
        assert len(archive.read(inside["media.ndjson"]).splitlines()) == 4


async def test_the_same_project_is_exported_once(film: Film, working: Working) -> None:
    first = await exported(working, film)
    assert (await exported(working, film)).id == first.id
    await Episode.write_one({"_id": film.episode.id}, {"$set": {"title": "Another"}})
    assert (await exported(working, film)).id != first.id


async def test_a_project_without_anything_is_exported(
    working: Working, resources: Resources, tmp_path: Path
) -> None:
    media = await exported(working, await make_film(scenes=0))
    path = tmp_path / "export.zip"
    await resources.storage.get_file(media.storage_key, path)
    with zipfile.ZipFile(path) as archive:
        names = {name.rpartition("/")[2] for name in archive.namelist()}
    assert names == {"project.json", "media.ndjson", "episode.json"}
