"""Publications: once, whole or not at all, and what went wrong is on the record."""

from dataclasses import replace
from pathlib import Path

import pytest
from pymongo.asynchronous.client_session import AsyncClientSession

from app.publishing.service import intend
from documents.library import Media
from documents.production import Task
from documents.publishing import Publication, Publisher
from documents.values import Id
from tests.factories.channels import make_channel
from tests.factories.records import valid
from tests.workers.conftest import Working, until
from workers.publishers.export import folder_of
from workers.runtime.context import Resources


@pytest.fixture
def resources(resources: Resources, tmp_path: Path) -> Resources:
    changed = {"exports": tmp_path / "exports", "lease_seconds": 30.0}
    return replace(resources, settings=resources.settings.model_copy(update=changed))


async def intended(
    resources: Resources, tmp_path: Path, publisher: Publisher = "export", key: str = "one"
) -> Publication:
    channel = await make_channel()
    path = tmp_path / "video.mp4"
    path.write_bytes(b"a film")
    stored = await resources.storage.put_file(
        path, prefix=str(channel.workspace_id), content_type="video/mp4"
    )
    media = await valid(
        Media,
        workspace_id=channel.workspace_id,
        storage_key=stored.key,
        filesize=stored.size,
        filename="video.mp4",
    ).insert()
    publication = Publication(
        workspace_id=channel.workspace_id,
        created_by=channel.created_by,
        media_id=media.id,
        publisher=publisher,
        platform="youtube",
        idempotency_key=key,
        title="Royal Court: 60 minutes!",
        caption="0:00 Piece 1",
    )
    return await again(resources, publication)


async def again(resources: Resources, publication: Publication) -> Publication:
    async def together(session: AsyncClientSession) -> Publication:
        return await intend(publication, session)

    return await resources.store.in_transaction(together)


async def ends(publication: Publication) -> Publication:
    query = {"_id": publication.id, "status": {"$in": ["published", "failed"]}}

    async def over() -> bool:
        return await Publication.first_in(True, query) is not None

    await until(over, 60)
    found = await Publication.one_in(True, publication.id)
    assert found is not None
    return found


async def test_an_export_is_a_folder_of_its_own(
    resources: Resources, working: Working, tmp_path: Path
) -> None:
    publication = await intended(resources, tmp_path)
    async with working():
        done = await ends(publication)
    folder = folder_of(resources.settings, publication)
    assert (done.status, done.platform_post_id) == ("published", folder.name)
    assert done.published_at
    assert [each.outcome for each in done.log] == ["done"]
    assert folder.name == f"royal-court-60-minutes-{publication.id}"
    assert (folder / "video.mp4").read_bytes() == b"a film"
    assert (folder / "description.txt").read_text() == "0:00 Piece 1"
    assert [each.name for each in folder.parent.iterdir()] == [folder.name]


async def test_what_is_there_already_is_not_written_again(
    resources: Resources, working: Working, tmp_path: Path
) -> None:
    """As after a crash between the folder and its record."""
    publication = await intended(resources, tmp_path)
    folder = folder_of(resources.settings, publication)
    folder.mkdir(parents=True)
    async with working():
        assert (await ends(publication)).status == "published"
    assert [*folder.iterdir()] == []


async def test_a_folder_that_cannot_be_written_is_said_and_tried_again(
    resources: Resources, working: Working, tmp_path: Path
) -> None:
    (tmp_path / "exports").write_text("in the way")
    publication = await intended(resources, tmp_path)
    async with working():
        failed = await ends(publication)
        assert failed.error is not None
        assert "BACKLOT_EXPORTS" in failed.error.message
        assert [each.outcome for each in failed.log] == ["failed"]
        (tmp_path / "exports").unlink()
        await again(resources, failed)
        await resources.wakeups.wake()
        assert (await ends(publication)).status == "published"


async def test_a_video_that_is_gone_leaves_no_folder(
    resources: Resources, working: Working, tmp_path: Path
) -> None:
    publication = await intended(resources, tmp_path)
    await Media.collection().delete_many({})
    async with working():
        failed = await ends(publication)
    assert failed.error is not None
    assert failed.error.code == "file_gone"
    assert [*(tmp_path / "exports" / str(publication.workspace_id)).iterdir()] == []


async def test_a_publisher_that_is_not_there_yet_says_so(
    resources: Resources, working: Working, tmp_path: Path
) -> None:
    publication = await intended(resources, tmp_path, publisher="youtube")
    async with working():
        failed = await ends(publication)
    assert failed.error is not None
    assert failed.error.code == "not_supported"


async def test_the_same_intent_is_written_once(resources: Resources, tmp_path: Path) -> None:
    publication = await intended(resources, tmp_path)
    copy = publication.model_copy(update={"id": Id()})
    assert (await again(resources, copy)).id == publication.id
    assert await Task.collection().count_documents({"kind": "publishing.publish"}) == 1
