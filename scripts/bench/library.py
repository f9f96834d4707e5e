"""The library's figures: a large file through the API, beside boto3's own transfer of it."""

import asyncio
import hashlib
import http.client
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config

from app.settings import Settings
from documents.store import Store
from scripts.bench.pictures import COUNT as PICTURES
from scripts.bench.pictures import pictures_per_s
from scripts.bench.report import Bar, Report, Unmeasured
from scripts.migrate import migrated
from scripts.processes import Child, children
from scripts.stack import Stack, environment
from scripts.stack.ports import choose
from scripts.up import await_ready

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BARS: Final = (
    Bar("upload_extra_mib", "<=", 100),
    Bar("upload_ratio", ">=", 0.6),
    Bar("pictures_per_s", ">=", 15),
)
MIB: Final = 2**20
SIZE: Final = 1024 * MIB
ROUNDS: Final = 3
BLOCK: Final = MIB
HEAD: Final = b"\x89PNG\r\n\x1a\n"
"""What makes the library take the file; nobody looks at it, since no worker is there."""
PASSWORD: Final = "a password of the bench"  # noqa: S105  # of a database that is dropped
PROMISED, COPIED = "upload", "upload_copied"
"""With the SHA-256 given beforehand; without it the store has to copy the file to its place."""


@dataclass(frozen=True, slots=True)
class Api:
    """The API under measurement, and who asks it."""

    port: int
    pid: int
    headers: dict[str, str]
    workspace: str

    def ask(self, method: str, path: str, body: Any, **headers: str) -> Any:
        """Send this, a file as it is and all else as JSON, and take the answer's JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, blocksize=BLOCK)
        if not hasattr(body, "read"):
            body, headers = json.dumps(body), {"Content-Type": "application/json", **headers}
        try:
            connection.request(method, f"/api/v1{path}", body, self.headers | headers)
            answer = connection.getresponse()
            content = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status >= 300:
            raise Unmeasured(f"{method} {path} was answered {answer.status}: {content}")
        return content


def measure(settings: Settings) -> Report:
    """Measure on servers of our own, or on those of BACKLOT_*; needs 3 GiB on the disk."""
    return _measured(settings, SIZE, ROUNDS, PICTURES)


def measure_small(settings: Settings) -> Report:
    """The same with little, once: to see that the bench works."""
    return _measured(settings, 24 * MIB, 1, 4)


def _measured(settings: Settings, size: int, rounds: int, pictures: int) -> Report:
    with Stack(settings, temporary=settings.mongo_uri is None) as running:
        own = running.model_copy(update={"mongo_database": f"bench_{os.getpid()}"})
        asyncio.run(migrated(own))
        try:
            figures = upload_figures(own, size, rounds)
            rate = asyncio.run(_pictures(own, pictures))
        finally:
            asyncio.run(_dropped(own))
    return Report("library", {**figures, "pictures_per_s": rate}, BARS)


def upload_figures(settings: Settings, size: int = SIZE, rounds: int = ROUNDS) -> dict[str, float]:
    """Bytes a second of one file through the API and by boto3, in turn; and the memory it takes."""
    rates: dict[str, list[float]] = {PROMISED: [], COPIED: [], "boto3": []}
    extra = 0.0
    with (
        tempfile.TemporaryDirectory() as folder,
        _served(settings) as api,
        _client(settings) as client,
    ):
        path = Path(folder) / "film"
        _make(path, size)
        _upload(api, path, promised=True)  # all is warm afterwards
        for _ in range(rounds):
            for name in (PROMISED, COPIED):
                _renew(path)
                with _peak(api.pid) as peak:
                    seconds, key = _upload(api, path, promised=name == PROMISED)
                rates[name].append(size / seconds)
                extra = max(extra, *peak)
                client.delete_object(Bucket=settings.s3_bucket, Key=key)
            rates["boto3"].append(size / _transferred(client, settings.s3_bucket, path))
    figures = {f"{name}_mib_s": statistics.median(each) / MIB for name, each in rates.items()}
    for name in (PROMISED, COPIED):
        pairs = zip(rates[name], rates["boto3"], strict=True)
        figures[f"{name}_ratio"] = statistics.median(ours / theirs for ours, theirs in pairs)
    return {**figures, "upload_extra_mib": extra}


def _upload(api: Api, path: Path, *, promised: bool) -> tuple[float, str]:
    """Seconds from the first byte to the media record, and the object's key."""
    announced: dict[str, Any] = {
        "workspace_id": api.workspace,
        "filename": "film.png",
        "filesize": path.stat().st_size,
        "by": "api",
    }
    if promised:
        with path.open("rb") as file:
            announced["sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
    upload = api.ask("POST", "/uploads", announced)
    with path.open("rb") as file:
        length = {"Content-Length": str(path.stat().st_size)}
        started = time.perf_counter()
        media = api.ask("PUT", f"/uploads/{upload['id']}/content", file, **length)
        return time.perf_counter() - started, media["storage_key"]


def _transferred(client: "S3Client", bucket: str, path: Path) -> float:
    """Seconds that boto3's own managed transfer takes, with its own defaults."""
    started = time.perf_counter()
    client.upload_file(str(path), bucket, "bench/boto3")
    seconds = time.perf_counter() - started
    client.delete_object(Bucket=bucket, Key="bench/boto3")
    return seconds


def _make(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.write(HEAD)
        while (left := size - file.tell()) > 0:
            file.write(os.urandom(min(left, 8 * MIB)))


def _renew(path: Path) -> None:
    """Make another content of it: one that is stored already would not be sent on."""
    with path.open("r+b") as file:
        file.seek(len(HEAD))
        file.write(os.urandom(16))


@contextmanager
def _peak(pid: int) -> Iterator[list[float]]:
    """How far the process's memory grew meanwhile, in MiB: one figure once this has ended."""
    grown: list[float] = []
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak starts again at what is in use now
    before = _memory(pid, "VmRSS")
    yield grown
    grown.append(_memory(pid, "VmHWM") - before)


def _memory(pid: int, name: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [each for each in status.splitlines() if each.startswith(name)]
    return int(line.split()[1]) / 1024


@contextmanager
def _served(settings: Settings) -> Iterator[Api]:
    port = choose(["api"], {}, ())["api"]
    log = settings.data / "logs" / "bench-library.log"
    process = Child(["api", "--port", str(port)], environment(settings), log)
    with children(process):
        await_ready(f"http://127.0.0.1:{port}/readyz", process)
        nobody = Api(port, process.process.pid, {}, "")
        person = {"email": "bench@example.com", "password": PASSWORD}
        nobody.ask("POST", "/auth/register", {**person, "name": "Bench"})
        token = nobody.ask("POST", "/auth/login", person)["access_token"]
        signed_in = Api(port, nobody.pid, {"Authorization": f"Bearer {token}"}, "")
        workspace = signed_in.ask("POST", "/workspaces", {"name": "Bench"})["id"]
        yield Api(port, nobody.pid, signed_in.headers, workspace)


@contextmanager
def _client(settings: Settings) -> Iterator["S3Client"]:
    """boto3 as anybody has it, but for the address and the signature that the store wants."""
    secret = settings.s3_secret_key
    client = boto3.client(
        "s3",
        endpoint_url=settings.address("s3_endpoint"),
        region_name=settings.s3_region,
        aws_access_key_id=settings.s3_access_key,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    try:
        yield client
    finally:
        client.close()


async def _pictures(settings: Settings, count: int) -> float:
    async with await Store.open(settings.address("mongo_uri"), settings.mongo_database):
        return await pictures_per_s(settings, count)


async def _dropped(settings: Settings) -> None:
    async with await Store.open(settings.address("mongo_uri"), settings.mongo_database) as store:
        await store.client.drop_database(settings.mongo_database)
