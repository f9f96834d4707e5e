"""One multipart upload: parts side by side, each checked by the store, all or nothing."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, cast

from app.core.storage.errors import StorageError, error_code
from app.core.storage.threads import settled, surely

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, CreateMultipartUploadRequestTypeDef

    from app.core.storage.bucket import Bucket

AT_ONCE = 4
"""Parts of one upload on their way at the same time, which bounds the memory of streams."""

Body = AbstractContextManager[bytes | bytearray | BinaryIO]
"""The bytes of a part, or a file that brings them."""

logger = logging.getLogger(__name__)


class MultipartUpload:
    """Parts are numbered in the order they are added, whatever order they arrive in."""

    def __init__(self, bucket: "Bucket", key: str) -> None:
        self._bucket = bucket
        self._client = bucket.client
        self._key = key
        self._upload_id: str | None = None
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._failure: StorageError | None = None
        self._tasks: list[asyncio.Task[CompletedPartTypeDef]] = []

    async def add(self, opened: Callable[[], Body], checksum: str) -> None:
        """Send a part; waits while `AT_ONCE` are on their way, and raises what failed before it.

        `opened` is called in a thread when the part's turn has come. The store refuses bytes that
        do not have the checksum.
        """
        await self._start(partial(self._send, opened, checksum))

    async def add_copy(self, source: str, start: int, end: int) -> None:
        """Let the store copy the bytes [start, end) of another object as the next part."""
        await self._start(partial(self._copy, source, start, end))

    async def complete(self, size: int) -> None:
        """Make the object of all parts added; its size in the store must come out as given."""
        parts = [await task for task in self._tasks]
        await self._bucket.call(self._key, self._finish, parts)
        stored = (await self._bucket.head(self._key)).size
        if stored != size:
            await self._bucket.delete([self._key])
            raise StorageError(
                f"The object store kept {stored} of the {size} bytes of {self._key}: send it again."
            )

    async def _start(self, operation: Callable[[int], "CompletedPartTypeDef"]) -> None:
        await self._slots.acquire()
        if self._failure:
            raise self._failure
        number = len(self._tasks) + 1
        self._tasks.append(asyncio.create_task(self._operate(operation, number)))

    async def _operate(
        self, operation: Callable[[int], "CompletedPartTypeDef"], number: int
    ) -> "CompletedPartTypeDef":
        try:
            return await self._bucket.call(self._key, operation, number)
        except StorageError as error:
            self._failure = error
            raise
        finally:
            self._slots.release()

    async def begin(self, content_type: str, *, hashed: bool) -> None:
        """Open the upload in the store, whose parts have their SHA-256 if they are `hashed`."""
        await self._bucket.call(self._key, self._create, content_type, hashed)

    async def abandon(self) -> None:
        """Wait for the parts on their way and remove all of them; nothing after `complete`."""
        await settled(self._tasks)
        if self._upload_id is None:
            return
        try:
            await self._bucket.call(self._key, self._abort)
        except StorageError as error:
            logger.warning("An upload was left for the sweep of the store: %s", error)

    # The rest runs in threads. The upload's id is written there, not after the await: a cancel
    # that arrives in between must not lose it.

    def _create(self, content_type: str, hashed: bool) -> None:
        request: CreateMultipartUploadRequestTypeDef = {
            "Bucket": self._bucket.name,
            "Key": self._key,
            "ContentType": content_type,
        }
        if hashed:
            request["ChecksumAlgorithm"] = "SHA256"
        self._upload_id = self._client.create_multipart_upload(**request)["UploadId"]

    def _send(
        self, opened: Callable[[], Body], checksum: str, number: int
    ) -> "CompletedPartTypeDef":
        with opened() as body:
            answer = self._client.upload_part(
                Bucket=self._bucket.name,
                Key=self._key,
                UploadId=self._identity,
                PartNumber=number,
                Body=cast(bytes, body),  # a bytearray it takes as well; its types don't say so
                ChecksumSHA256=checksum,
            )
        return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}

    def _copy(self, source: str, start: int, end: int, number: int) -> "CompletedPartTypeDef":
        answer = self._client.upload_part_copy(
            Bucket=self._bucket.name,
            Key=self._key,
            UploadId=self._identity,
            PartNumber=number,
            CopySource={"Bucket": self._bucket.name, "Key": source},
            CopySourceRange=f"bytes={start}-{end - 1}",
        )["CopyPartResult"]
        return {"PartNumber": number, "ETag": answer["ETag"]}

    def _finish(self, parts: "list[CompletedPartTypeDef]") -> None:
        self._client.complete_multipart_upload(
            Bucket=self._bucket.name,
            Key=self._key,
            UploadId=self._identity,
            MultipartUpload={"Parts": parts},
        )
        self._upload_id = None

    def _abort(self) -> None:
        try:
            self._client.abort_multipart_upload(
                Bucket=self._bucket.name, Key=self._key, UploadId=self._identity
            )
        except self._client.exceptions.ClientError as error:
            if error_code(error) != "NoSuchUpload":
                raise

    @property
    def _identity(self) -> str:
        if self._upload_id is None:
            raise RuntimeError("the upload is not open")
        return self._upload_id


@asynccontextmanager
async def multipart(
    bucket: "Bucket", key: str, content_type: str, *, hashed: bool = True
) -> AsyncIterator[MultipartUpload]:
    """An upload that leaves nothing in the store unless it is completed inside.

    The store hashes what it is told a SHA-256 of; parts that it copies by itself bring none.
    """
    upload = MultipartUpload(bucket, key)
    try:
        await upload.begin(content_type, hashed=hashed)
        yield upload
    finally:
        await surely(upload.abandon())
