"""What the tests put into the store, and what they see there."""

import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from app.core.storage import Storage
from app.core.storage.hashing import MIB
from app.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

VIDEO = "video/mp4"


class Store:
    """The same bucket seen through boto3 itself."""

    def __init__(self, settings: Settings) -> None:
        assert settings.s3_secret_key is not None
        self.bucket = settings.s3_bucket
        self.client: S3Client = boto3.session.Session().client(
            "s3",
            endpoint_url=settings.s3_endpoint,
            region_name=settings.s3_region,
            aws_access_key_id=settings.s3_access_key,
            aws_secret_access_key=settings.s3_secret_key.get_secret_value(),
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )

    def put(self, key: str, body: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body)

    def begin_upload(self, key: str) -> None:
        self.client.create_multipart_upload(Bucket=self.bucket, Key=key)

    def objects(self) -> set[str]:
        found = self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {entry["Key"] for entry in found}

    def uploads(self) -> int:
        """How many multipart uploads are neither completed nor aborted."""
        return len(self.client.list_multipart_uploads(Bucket=self.bucket).get("Uploads", []))

    def clear(self) -> None:
        for key in self.objects():
            self.client.delete_object(Bucket=self.bucket, Key=key)


@cache
def content(size: int) -> bytes:
    """Random bytes, always the same for a size."""
    return random.Random(size).randbytes(size)


def written(path: Path, size: int) -> Path:
    """A file with `content`."""
    path.write_bytes(content(size))
    return path


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


async def in_chunks(body: bytes, size: int = 100_000) -> AsyncGenerator[bytes, None]:
    """As a web server hands over a request: in pieces, with an empty one in the end."""
    for start in range(0, len(body), size):
        yield body[start : start + size]
    yield b""


async def endless() -> AsyncGenerator[bytes, None]:
    """A client that never stops sending."""
    while True:
        yield bytes(MIB)


async def read(storage: Storage, key: str, start: int = 0, end: int | None = None) -> bytes:
    """All that a stream brings."""
    async with aclosing(storage.stream(key, start, end)) as chunks:
        return b"".join([chunk async for chunk in chunks])
