"""`backlot demo channel`: what it prints at its end, and that a stopped one leaves nothing.

The whole takes minutes, for no video is shorter than an hour: how it is made is tested with
shorter ones, in tests/workers/jobs/channels.
"""

import json
import signal
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from app.core.storage import Storage
from app.core.wakeups import Wakeups
from app.identity.service import Account
from app.settings import Settings
from documents.channels import AudioTrack, BackgroundImage, Channel, RenderTask, VideoJob
from documents.ledger import GenerationCost
from documents.publishing import Publication
from documents.store import Store
from scripts.demo.channel import Album, album_of, facts_of, tables_of
from scripts.demo.studio import Studio, Unfinished
from scripts.demo.telling import tell
from tests.factories.channels import make_channel, make_job
from tests.factories.films import make_user, make_workspace
from tests.factories.records import valid
from tests.support.backlot import (
    beside_the_loop,
    eventually,
    outside,
    processes_of,
    running,
    stored,
    wait_for_steps,
)

PARTS = ("channels", "video_jobs", "audio_tracks", "images", "media", "publications", "pipelines")


@pytest.fixture
async def studio(store: Store, settings: Settings, tmp_path: Path) -> AsyncIterator[Studio]:
    user = await make_user()
    account = Account(user, await make_workspace(user))
    own = settings.model_copy(update={"exports": tmp_path / "exports"})
    async with Storage(own) as storage, Wakeups(settings.address("redis_url")) as wakeups:
        yield Studio(own, None, account, store, storage, wakeups)


@pytest.fixture
async def job(store: Store) -> VideoJob:
    """A job that has been exported."""
    channel = await make_channel(name="Royal [b]Court (demo)")
    job = await make_job(channel, status="completed", local_video_path="w/v")
    place = {"video_job_id": job.id, "workspace_id": job.workspace_id, "status": "completed"}
    for number in range(1, 21):
        kept = {"order_index": number, "local_file_path": "w/x"}
        await valid(
            AudioTrack,
            **place,
            **kept,
            title=f"Piece {number}",
            planned_seconds=180,
            duration_seconds=Decimal(182),
            check={"loudness_lufs": -17.5} if number > 1 else None,
        ).insert()
        await valid(BackgroundImage, **place, **kept).insert()
    report = {"seconds": 99.5, "encoded": 81, "size_bytes": 200 * 1024**2, "ok": True}
    rendered = {"ffmpeg_command": "ffmpeg", "local_video_path": "w/v", "report": report}
    await valid(RenderTask, **place, **rendered, duration_seconds=Decimal(3600)).insert()
    return job


async def made(studio: Studio, job: VideoJob) -> Album:
    publication = valid(
        Publication, video_job_id=job.id, workspace_id=job.workspace_id, title="An album"
    )
    album = await album_of(studio, job, publication)
    album.path.parent.mkdir(parents=True)
    return album


async def test_what_was_made_is_printed_and_kept_beside_it(
    studio: Studio, job: VideoJob, capsys: pytest.CaptureFixture[str]
) -> None:
    subject = {"collection": "video_jobs", "id": job.id}
    cost = {"workspace_id": job.workspace_id, "subject": subject, "amount": Decimal("0.25")}
    await valid(GenerationCost, **cost).insert()
    album = await made(studio, job)
    tell(album.path, facts_of(album, 312.34), tables_of(album, 312.34))
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == f"MP4 {album.path}"
    for words in ("Royal [b]Court (demo): 1 of 1 jobs completed", "200 MiB", "1:00:00", "312.3 s"):
        assert words in said
    assert "57:00" in said
    assert "-17.5 LUFS" in said
    facts = json.loads(album.path.with_name("demo.json").read_text("utf-8"))
    assert facts["mp4"] == str(album.path)
    assert facts["mp4"].startswith(str(studio.settings.exports))
    assert (facts["tracks"], facts["images"], facts["film_seconds"]) == (20, 20, 3600)
    assert Decimal(facts["cost"]) == Decimal("0.25")
    assert facts["wall_seconds"] == 312.3
    assert facts["chapters"][19] == {"start": 3420, "title": "Piece 20"}


async def test_a_video_that_was_deleted_meanwhile_is_said(studio: Studio, job: VideoJob) -> None:
    await Channel.collection().delete_many({})
    with pytest.raises(Unfinished, match="deleted"):
        await made(studio, job)


@pytest.mark.slow
@beside_the_loop
def test_what_was_killed_is_cleared_up_and_what_was_stopped_leaves_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    environment = outside(BACKLOT_DATA=data)
    with running("demo", "channel", cwd=tmp_path, env=environment) as process:
        wait_for_steps(process, 1)
        process.kill()
    assert eventually(lambda: processes_of(data) == [])
    with running("demo", "channel", "--seed", 5, cwd=tmp_path, env=environment) as process:
        wait_for_steps(process, 1)
        process.send_signal(signal.SIGINT)
        said, complaint = process.communicate()
    assert (process.returncode, said) == (130, "")
    assert complaint.splitlines()[-1] == "backlot: stopped"
    assert processes_of(data) == []
    assert stored(data, tmp_path, *PARTS) == dict.fromkeys(PARTS, 0)
    assert not (data / "exports").exists()
