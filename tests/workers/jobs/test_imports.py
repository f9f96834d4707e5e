"""Files that tasks bring in: fetched from the web, or put together of their parts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeAlias

import httpx
import pytest

from app.core.storage import staging_key
from app.library import quotas, usage
from app.library.upkeep import PURGE_TRASH, RECOUNT_USAGE, PurgeTrash, RecountUsage
from app.library.uploads.direct import part_links
from app.library.uploads.kinds import (
    SWEEP_UPLOADS,
    SweepUploads,
    check_task,
    import_task,
)
from app.production.tasks import Ownership, add, new_task
from documents.library import Media
from documents.production import Task
from documents.uploads import Upload, Usage
from documents.values import Id, now
from tests.app.library.support import png, sha256
from tests.factories.films import Film, make_film
from tests.workers.conftest import Working, ended
from workers.runtime.context import Resources

Answer: TypeAlias = Callable[[asyncio.StreamWriter, str], Awaitable[None]]
PART = 5 * 2**20
CONTENT = png(300_000, seed=20)


class Site:
    """A small web server whose answers a test writes."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.port = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def add(self, path: str, body: bytes, status: str = "200 OK", **headers: Any) -> str:
        """An answer of this path; its address."""
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.pages[path] = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        return self.url(path)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ")[1].decode()
            self.asked.append(path)
            writer.write(self.pages[path])
            await writer.drain()
        finally:
            writer.close()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    await server.wait_closed()


@pytest.fixture
async def film(resources: Resources) -> Film:
    film = await make_film(scenes=1)
    await usage.usage_of(film.workspace.id)
    return film


async def intent(film: Film, **given: Any) -> Upload:
    values = {"way": "import", "filename": "import", "expires_at": now() + timedelta(days=1)}
    place = {"workspace_id": film.workspace.id, "project_id": film.project.id}
    known = {**place, **values, "created_by": film.user.id, **given}
    upload: Upload = Upload.model_validate(known)
    return await upload.insert()


async def imported(
    working: Working, film: Film, url: str, *, private: bool = True, **settings: Any
) -> tuple[Upload, Task]:
    """What became of an import, and of its task."""
    upload = await intent(film, source_url=url)
    task = import_task(upload)
    task.max_retries = 0
    await add([task])
    async with working(import_private=private, **settings):
        [done] = await ended(task)
    after = await Upload.one_in(True, upload.id)
    assert after is not None
    return after, done


async def reserved(film: Film) -> int:
    found = await Usage.first_in(True, {"workspace_id": film.workspace.id})
    assert found is not None
    return found.reserved_bytes


class TestImport:
    async def test_a_file_is_fetched_through_redirections(
        self, working: Working, film: Film, site: Site, resources: Resources
    ) -> None:
        site.add("/pictures/F%C3%BCchse.png", CONTENT, Content_Type="text/html")
        site.add("/moved", b"", "302 Found", Location="/pictures/F%C3%BCchse.png")
        upload, done = await imported(working, film, site.url("/moved"))
        assert (done.status, upload.state) == ("completed", "completed")
        assert upload.media_id is not None
        media = await Media.one_in(True, upload.media_id)
        assert media is not None
        assert (media.filename, media.sha256) == ("Füchse.png", sha256(CONTENT))
        assert (media.mime_type, media.created_by) == ("image/png", film.user.id)
        assert await resources.storage.sha256(media.storage_key) == sha256(CONTENT)
        assert await reserved(film) == 0

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:{port}/fox.png",
            "http://localhost:{port}/fox.png",
            "http://[::1]:{port}/fox.png",
            "http://[::ffff:127.0.0.1]:{port}/fox.png",
            "http://2130706433:{port}/fox.png",
            "http://169.254.169.254/latest/meta-data",
            "http://10.0.0.1/fox.png",
            "http://0.0.0.0:{port}/fox.png",
            "ftp://example.com/fox.png",
            "file:///etc/passwd",
        ],
    )
    async def test_our_own_network_is_out_of_reach(
        self, working: Working, film: Film, site: Site, url: str
    ) -> None:
        site.add("/fox.png", CONTENT)
        address = url.format(port=site.port)
        upload, done = await imported(working, film, address, private=False)
        assert (done.status, upload.state) == ("failed", "failed")
        assert upload.failure is not None
        assert upload.failure.code == "fetch_failed"
        assert site.asked == []

    async def test_redirections_do_not_lead_around_the_check(
        self,
        working: Working,
        film: Film,
        site: Site,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        async def anywhere(url: Any, *, private: bool) -> list[str]:
            return ["127.0.0.1"]

        monkeypatch.setattr("app.library.fetching.resolved", anywhere)
        site.add("/moved", b"", "302 Found", Location="http://169.254.169.254/")
        url = f"http://outside.example:{site.port}/moved"
        upload, _ = await imported(working, film, url, private=False)
        assert upload.failure is not None
        assert "private network" in upload.failure.detail
        assert site.asked == ["/moved"]

    async def test_the_checked_address_is_the_one_that_is_asked(
        self, working: Working, film: Film, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names: list[str] = []

        async def once(url: Any, *, private: bool) -> list[str]:
            names.append(url.host)
            return ["127.0.0.1"]

        monkeypatch.setattr("app.library.fetching.resolved", once)
        site.add("/fox.png", CONTENT)
        url = f"http://no-such-name.invalid:{site.port}/fox.png"
        upload, _ = await imported(working, film, url, private=False)
        assert upload.state == "completed"
        assert names == ["no-such-name.invalid"]

    async def test_a_circle_of_redirections_ends(
        self, working: Working, film: Film, site: Site
    ) -> None:
        site.add("/round", b"", "302 Found", Location="/round")
        upload, _ = await imported(working, film, site.url("/round"))
        assert upload.failure is not None
        assert len(site.asked) == 6

    @pytest.mark.parametrize(
        ("path", "body", "status", "code"),
        [
            ("/missing", b"nothing", "404 Not Found", "fetch_failed"),
            ("/page", b"<!doctype html><html></html>", "200 OK", "content_refused"),
            ("/large", bytes(2**20 + 1), "200 OK", "content_differs"),
            ("/busy", b"", "503 Service Unavailable", "fetch_failed"),
        ],
    )
    async def test_what_is_not_taken(
        self, working: Working, film: Film, site: Site, path: str, body: bytes, status: str,
        code: str,
    ) -> None:  # fmt: skip
        url = site.add(path, body, status)
        upload, done = await imported(working, film, url, import_mib=1)
        assert upload.failure is not None
        assert (done.status, upload.failure.code) == ("failed", code)
        assert await Media.collection().count_documents({}) == 0
        assert await reserved(film) == 0

    async def test_more_than_was_said_is_not_read(
        self, working: Working, film: Film, site: Site
    ) -> None:
        endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + png(3 * 2**20)
        site.pages["/endless"] = endless
        upload, _ = await imported(working, film, site.url("/endless"), import_mib=1)
        assert upload.failure is not None
        assert upload.failure.code == "content_differs"

    async def test_without_room_nothing_is_fetched(
        self, working: Working, film: Film, site: Site
    ) -> None:
        url = site.add("/fox.png", CONTENT)
        upload, _ = await imported(working, film, url, quota_gib_free=0)
        assert upload.failure is not None
        assert upload.failure.code == "quota_reached"


class TestParts:
    async def sent(self, film: Film, resources: Resources, content: bytes, digest: str) -> Upload:
        """An upload all parts of which have arrived."""
        upload = await intent(
            film, way="multipart", filename="film.mp4", filesize=len(content), sha256=digest,
            part_size=PART, reserved=len(content),
        )  # fmt: skip
        key, direct = staging_key(str(upload.id)), resources.storage.direct
        store_id = await direct.begin(key, "video/mp4")
        opened = await self.known(upload, staging_key=key, store_upload_id=store_id)
        for number, start in enumerate(range(0, len(content), PART), 1):
            part = content[start : start + PART]
            [link] = await part_links(resources, opened, {number: sha256(part)})
            async with httpx.AsyncClient() as outside:
                answer = await outside.put(
                    link.link.url, content=part, headers=dict(link.link.headers)
                )
            assert answer.status_code == 200
        return await self.known(upload, state="checking")

    async def known(self, upload: Upload, **changed: Any) -> Upload:
        """The upload as it is stored, after these changes."""
        known = await Upload.advance_one({"_id": upload.id}, {"$set": changed})
        assert known is not None
        return known

    async def test_they_become_one_file(
        self, working: Working, film: Film, resources: Resources
    ) -> None:
        content = png(PART + 1_000, seed=21)
        upload = await self.sent(film, resources, content, sha256(content))
        task = check_task(upload)
        await add([task])
        async with working():
            [done] = await ended(task)
        assert done.status == "completed", done.error
        assert done.output is not None
        media = await Media.one_in(True, Id(done.output.result["media_id"]))
        assert media is not None
        assert await resources.storage.sha256(media.storage_key) == sha256(content)
        assert not await resources.storage.exists(str(upload.staging_key))

    async def test_a_killed_check_is_repeated(
        self, working: Working, film: Film, resources: Resources
    ) -> None:
        content = png(PART + 1_000, seed=22)
        upload = await self.sent(film, resources, content, sha256(content))
        key, store_id = str(upload.staging_key), str(upload.store_upload_id)
        direct = resources.storage.direct
        checksums = {int(number): each for number, each in upload.part_checksums.items()}
        await direct.complete(key, store_id, await direct.parts(key, store_id), checksums)
        task = check_task(upload)
        await add([task])
        async with working():
            [done] = await ended(task)
        assert done.status == "completed", done.error

    async def test_another_content_is_refused(
        self, working: Working, film: Film, resources: Resources
    ) -> None:
        upload = await self.sent(film, resources, png(PART + 1_000), "0" * 64)
        task = check_task(upload)
        await add([task])
        async with working():
            [done] = await ended(task)
        assert done.error is not None
        assert done.error.code == "content_differs"
        known = await Upload.one_in(True, upload.id)
        assert known is not None
        assert known.state == "failed"


async def test_daily_work(working: Working, film: Film, resources: Resources) -> None:
    late = await intent(film, way="stream", expires_at=now() - timedelta(days=3), reserved=5)
    await quotas.prepare(film.workspace.id)
    daily = [
        new_task(SWEEP_UPLOADS, SweepUploads(), Ownership()),
        new_task(PURGE_TRASH, PurgeTrash(), Ownership()),
        new_task(RECOUNT_USAGE, RecountUsage(), Ownership()),
    ]
    await add(daily)
    async with working():
        done = await ended(*daily)
    results = [task.output.result for task in done if task.output]
    assert results == [{"expired": 1, "objects": 0}, {"purged": 0}, {"counted": 1}]
    known = await Upload.one_in(True, late.id)
    assert known is not None
    assert known.state == "expired"
