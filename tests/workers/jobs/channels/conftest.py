"""Jobs at work, with makers that are quicker than the real ones."""

import asyncio
import shutil
import subprocess
import wave
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pymongo.asynchronous.client_session import AsyncClientSession

from app.channels import graph, service, states
from documents.channels import AudioTrack, BackgroundImage, VideoJob
from documents.library import Media
from tests.factories.channels import begin_short, make_channel, make_job
from tests.factories.records import valid
from tests.workers.conftest import until
from workers.jobs.channels import rendering
from workers.providers.base import CostsNothing, FileResult, free_usage
from workers.providers.errors import ProviderError
from workers.providers.image import ImageRequest, ImageResult
from workers.providers.music import MusicRequest
from workers.render.ffmpeg import executable
from workers.render.report import RenderReport
from workers.render.timeline import Timeline
from workers.runtime.context import Resources

RATE = 48_000


class Composer(CostsNothing):
    """Writes a tone, or whatever `faults` says of a piece, by a word in its prompt."""

    provider, model = "local", "tones-1"

    def __init__(self) -> None:
        self.faults: dict[str, str] = {}
        self.composed: list[str] = []

    async def compose(self, request: MusicRequest, into: Path) -> FileResult:
        self.composed.append(request.prompt)
        fault = next((what for word, what in self.faults.items() if word in request.prompt), "")
        if fault == "refused":
            raise ProviderError("The composer is on strike.", code="strike", retryable=False)
        await asyncio.to_thread(self._write, request, into, fault)
        return FileResult(
            provider=self.provider,
            model=self.model,
            usage=free_usage(),
            path=into,
            media_type="audio/wav",
        )

    def _write(self, request: MusicRequest, into: Path, fault: str) -> None:
        seconds = request.seconds * 0.7 if fault == "short" else request.seconds
        time = np.arange(round(seconds * RATE)) / RATE
        tone = 220 + request.seed % 4_409 / 10
        loud = {"silent": 0.0, "clipped": 4.0}.get(fault, 0.2)
        sound = np.clip(loud * np.sin(2 * np.pi * tone * time), -1, 1)
        samples = np.repeat((sound * 32_767).astype("<i2")[:, None], 2, axis=1)
        with wave.open(str(into), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(samples.tobytes())


class Painter(CostsNothing):
    """Paints one colour."""

    provider, model = "local", "colours-1"

    async def draw(self, request: ImageRequest, into: Path) -> ImageResult:
        colour = (request.seed % 251, request.seed % 241, request.seed % 239)
        picture = Image.new("RGB", (640, 360), colour)
        await asyncio.to_thread(picture.save, into, "PNG")
        return ImageResult(
            provider=self.provider,
            model=self.model,
            usage=free_usage(),
            path=into,
            media_type="image/png",
        )


@pytest.fixture
def composer() -> Composer:
    return Composer()


@pytest.fixture
def resources(resources: Resources, composer: Composer) -> Resources:
    """The worker's, with these makers, and leases that a busy machine does not lose."""
    providers = replace(resources.providers, music=composer, image=Painter())
    patient = resources.settings.model_copy(update={"lease_seconds": 30.0})
    return replace(resources, providers=providers, settings=patient)


@pytest.fixture
async def planned(resources: Resources) -> VideoJob:
    return await make_job(await make_channel(), crossfade_seconds=0.4)


@pytest.fixture
async def job(resources: Resources, planned: VideoJob) -> VideoJob:
    """A job whose generation has begun."""
    return await begin_short(resources.store, planned)


class Renders:
    """Stands in for the renderer where a test is not about pictures."""

    def __init__(self, film: Path) -> None:
        self.film = film
        self.failures: list[BaseException] = []
        """What the next renders raise, one after the other."""
        self.waiting: asyncio.Event | None = None
        """Set: a render waits for this."""
        self.begun = asyncio.Event()
        self.timelines: list[Timeline] = []

    async def __call__(self, timeline: Timeline, out: Path, **_: Any) -> RenderReport:
        self.timelines.append(timeline)
        self.begun.set()
        if self.waiting is not None:
            await self.waiting.wait()
        if self.failures:
            raise self.failures.pop(0)
        await asyncio.to_thread(shutil.copyfile, self.film, out)
        return RenderReport(
            duration=1.0,
            frames=25,
            resolution="1920x1080",
            fps=25,
            size_bytes=1,
            encoder="libx264",
            encoded=20,
            reused=0,
            commands=("ffmpeg -i one", "ffmpeg -i two"),
            seconds=0.1,
        )


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of something."""
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    command = [executable(), "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180"]
    command += ["-f", "lavfi", "-i", "sine", "-t", "1", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(command, check=True)
    return path


@pytest.fixture
def renders(film: Path, monkeypatch: pytest.MonkeyPatch) -> Renders:
    """The renderer of the jobs."""
    made = Renders(film)
    monkeypatch.setattr(rendering, "render", made)
    return made


async def stored(resources: Resources, job: VideoJob, path: Path, **given: Any) -> Media:
    """A file of the job's workspace."""
    kept = await resources.storage.put_file(
        path, prefix=str(job.workspace_id), content_type="application/octet-stream"
    )
    media = valid(
        Media,
        workspace_id=job.workspace_id,
        storage_key=kept.key,
        sha256=kept.sha256,
        filesize=kept.size,
        filename=path.name,
        **given,
    )
    return await media.insert()


@pytest.fixture
async def made(resources: Resources, planned: VideoJob, tmp_path: Path) -> VideoJob:
    """A job whose tracks and images are there, before the master desk."""
    sound, picture = tmp_path / "sound.wav", tmp_path / "picture.png"
    await Composer().compose(MusicRequest(seconds=1, prompt="", seed=7), sound)
    await Painter().draw(ImageRequest(prompt="", seed=7), picture)
    track = await stored(resources, planned, sound, kind="audio", video_job_id=planned.id)
    image = await stored(resources, planned, picture, kind="image", video_job_id=planned.id)
    job = await begin_short(resources.store, planned)
    for model, media in ((AudioTrack, track), (BackgroundImage, image)):
        values = {
            "status": "completed",
            "media_id": media.id,
            "license_media_id": media.id,
            "local_file_path": media.storage_key,
            "duration_seconds": Decimal("3.4"),
        }
        names = model.model_fields.keys() & values.keys()
        update = {"$set": {name: values[name] for name in names}}
        await model.collection().update_many({"video_job_id": job.id}, update)
    await states.move(job.id, "generating_image")
    return await resume(resources, job)


async def resume(resources: Resources, job: VideoJob) -> VideoJob:
    """Give the job a pipeline with what is left to do."""

    async def together(session: AsyncClientSession) -> VideoJob:
        pipeline = graph.new_pipeline(job, None)
        update = {"$set": {"pipeline_id": pipeline.id}}
        current = await VideoJob.advance_one({"_id": job.id}, update, session)
        assert current is not None
        tracks, images = await service.materials_of(job.id, session)
        owner = graph.owner_of(current, pipeline)
        onward = current.upload_strategy != "manual"
        work = graph.making(current, owner, tracks, images, onward=onward)
        await graph.start(pipeline, work, session)
        return current

    resumed = await resources.store.in_transaction(together)
    await service.abandon(job, resumed)
    return resumed


async def now_(job: VideoJob) -> VideoJob:
    """The job as it is now."""
    found = await VideoJob.one_in(True, job.id)
    assert found is not None
    return found


async def comes_to(job: VideoJob, *statuses: str, patience: float = 150) -> VideoJob:
    """The job, once it is in one of these states."""

    async def there() -> bool:
        return (await now_(job)).status in statuses

    await until(there, patience)
    return await now_(job)
