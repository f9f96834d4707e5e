"""Pictures a second through real tasks: fetched, looked at, hashed, embedded, on one worker."""

import asyncio
import io
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from app.core.storage import Storage
from app.core.wakeups import Wakeups
from app.library.kinds import EMBED_MEDIA, EmbedMedia
from app.library.looking import LOOK_VERSION, look_task
from app.library.urls import content_url
from app.production import tasks
from app.production.tasks import Ownership, new_task
from app.settings import Settings
from documents.films import Project
from documents.identity import Member, User, Workspace
from documents.library import Media
from documents.values import Id
from scripts.bench.report import Unmeasured
from scripts.processes import Child, children
from scripts.stack import environment

COUNT: Final = 1_000
SIZE: Final = (1_632, 1_224)
"""2 million pixels."""
DIFFERENT: Final = 20
"""So many files are drawn; the others are these with four bytes of their own behind them."""
WARM: Final = 4
AT_ONCE: Final = 16
QUALITY: Final = 90
PATIENCE_SECONDS: Final = 900
POLL_SECONDS: Final = 0.1


async def pictures_per_s(settings: Settings, count: int = COUNT) -> float:
    """How many pictures of 2 MP one worker process takes in, in a second.

    The files and their records are there already, as after an upload; measured is from asking for
    the looks until every record has its thumbnails, its hash and its embedding. The store is open
    and migrated, no worker is at work, and what was made is left there.
    """
    async with Storage(settings) as storage, Wakeups(settings.address("redis_url")) as wakeups:
        first, rest = [await _brought_in(storage, each) for each in (WARM, count)]
        log = settings.data / "logs" / "bench-pictures.log"
        with children(Child(["worker"], environment(settings), log)):
            await _taken_in(first, wakeups)  # the worker is up and its model loaded afterwards
            started = time.perf_counter()
            await _taken_in(rest, wakeups)
            seconds = time.perf_counter() - started
    return count / seconds


async def _brought_in(storage: Storage, count: int) -> list[Media]:
    """Records of pictures that nobody has looked at, in a project of their own."""
    address = f"bench-{Id()}@example.com"
    owner = await User(name="Bench", email=address, password_hash="-").insert()  # noqa: S106  # none fits
    members = [Member(user_id=owner.id, role="owner")]
    workspace = await Workspace(name="Bench", created_by=owner.id, members=members).insert()
    project = await Project(
        title="Pictures", workspace_id=workspace.id, created_by=owner.id
    ).insert()
    gate = asyncio.Semaphore(AT_ONCE)
    with tempfile.TemporaryDirectory(prefix="backlot-bench-") as name:
        drawn = await asyncio.to_thread(_drawn)

        async def one(number: int) -> Media:
            async with gate:
                path = Path(name) / f"{number}.jpg"
                content = drawn[number % len(drawn)] + number.to_bytes(4, "big")
                await asyncio.to_thread(path.write_bytes, content)
                stored = await storage.put_file(
                    path, prefix=str(workspace.id), content_type="image/jpeg"
                )
                identity = Id()
                return Media(
                    id=identity,
                    workspace_id=workspace.id,
                    project_id=project.id,
                    created_by=owner.id,
                    filename=path.name,
                    mime_type="image/jpeg",
                    filesize=stored.size,
                    url=content_url(identity),
                    storage_key=stored.key,
                    sha256=stored.sha256,
                    kind="image",
                    media_type="upload",
                    description=f"Picture {number} of a harbour at night",
                    status="processing",
                )

        media = await asyncio.gather(*map(one, range(count)))
    await Media.insert_all(media)
    return media


def _drawn() -> list[bytes]:
    """Some JPEGs with large shapes and fine grain, as cameras make them."""
    files = []
    for seed in range(DIFFERENT):
        random = np.random.default_rng(seed)
        coarse = random.integers(0, 255, (24, 32, 3), dtype=np.uint8)
        shapes = np.asarray(Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC))
        grain = random.integers(-6, 7, shapes.shape, dtype=np.int16)
        picture = Image.fromarray(np.clip(shapes + grain, 0, 255).astype(np.uint8))
        into = io.BytesIO()
        picture.save(into, "JPEG", quality=QUALITY)
        files.append(into.getvalue())
    return files


async def _taken_in(media: list[Media], wakeups: Wakeups) -> None:
    """Ask for everything and wait until it is done. Raises Unmeasured where that takes for ever."""
    project_id = media[0].project_id
    assert project_id is not None
    owner = Ownership(workspace_id=media[0].workspace_id, project_id=project_id)
    embedding = new_task(EMBED_MEDIA, EmbedMedia(project_id=project_id), owner)
    await tasks.add([*map(look_task, media), embedding])
    await wakeups.wake()
    done = {
        "project_id": project_id,
        "look_version": LOOK_VERSION,
        "quarantine": None,
        "embedding_model": {"$ne": None},
    }
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await Media.collection().count_documents(done) < len(media):
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise Unmeasured("the worker did not take the pictures in; its log says why") from None
