"""The door to the object store: what the rest of the application uses."""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from app.core.storage import downloads, uploads
from app.core.storage.bucket import Bucket
from app.core.storage.direct import DirectUploads
from app.core.storage.disposition import content_disposition
from app.core.storage.errors import LibraryError, ObjectMissing, StorageError, translated
from app.core.storage.keys import INCOMING, STAGING
from app.core.storage.objects import ObjectHead, StoredObject
from app.core.storage.threads import Threads, surely
from app.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

THREADS = 16
LONGEST_LINK = timedelta(days=7)
"""What signature version 4 allows."""

CONFIGURATION = Config(
    # Without it links are signed the old way, which leaves their parameters unsigned.
    signature_version="s3v4",
    # What is sent has its SHA-256 beside it, signed: the signature would have it computed again.
    s3={"addressing_style": "path", "payload_signing_enabled": False},
    # We bring a SHA-256 of our own; a CRC32 on top is refused by some stores.
    request_checksum_calculation="when_required",
    retries={"mode": "standard", "total_max_attempts": 3},
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=2 * THREADS,
    tcp_keepalive=True,
)


class Storage:
    """Files by content: the key is `<prefix>/<SHA-256 in hex>`, the prefix a workspace's id.

    One object serves many media records; who refers to it is for the caller to know before he
    deletes. Use it as an asynchronous context manager, or call `open` and `close`.

    All methods raise `StorageError`s only: `StorageUnreachable` is worth another try, the others
    name what to mend. A cancelled call ends when its threads have ended.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._bucket: Bucket | None = None
        self._signer: S3Client | None = None

    async def open(self) -> None:
        """Connect, and make the bucket if it is not there."""
        endpoint = self._settings.s3_endpoint
        if endpoint is None:
            raise StorageError(
                "No object store is configured: set BACKLOT_S3_ENDPOINT, "
                "or start with `backlot up`, which brings one."
            )
        threads = Threads(THREADS)
        try:
            client = await threads.run(self._client, endpoint)
            self._bucket = Bucket(client, self._settings.s3_bucket, threads)
            public = self._settings.s3_public_endpoint
            self._signer = await threads.run(self._client, public) if public else client
            await self._bucket.ensure(self._settings.s3_region)
        except BaseException:
            await surely(threads.close())
            await self.close()
            raise

    async def close(self) -> None:
        """Wait for the calls that run and drop the connections; harmless when not open."""
        bucket, signer = self._bucket, self._signer
        self._bucket = self._signer = None
        if bucket is not None:
            await surely(bucket.threads.close())
            bucket.client.close()
        if signer is not None:
            signer.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def put_file(
        self,
        path: Path,
        *,
        prefix: str,
        content_type: str,
        sha256: str | None = None,
        is_new: bool = False,
    ) -> StoredObject:
        """Store a file, unless its content is there already.

        Up to 16 MiB go in one request, more in parts side by side, in constant memory. The store
        checks the SHA-256 of everything it receives against the one taken when the file was read
        first. A content other than the `sha256` given, or a file that changes meanwhile, is a
        `ChecksumMismatch`. Whatever fails or is cancelled leaves nothing behind. Who knows that
        nobody has stored it before (`is_new`) spares the store a question where a file is small.
        """
        target = uploads.Target(self._open_bucket, prefix, content_type, sha256, is_new=is_new)
        return await uploads.put_file(target, path)

    async def put_stream(
        self,
        chunks: AsyncIterator[bytes],
        *,
        prefix: str,
        content_type: str,
        sha256: str | None = None,
        maximum: int,
        claim: uploads.Claim | None = None,
    ) -> StoredObject:
        """Store what a stream brings, of yet unknown content and length, in constant memory.

        More than `maximum` bytes are `TooLarge`, another content than the `sha256` given is a
        `ChecksumMismatch`. Whatever fails or is cancelled leaves nothing behind, and an error of
        the stream itself comes out as it is. Giving the SHA-256 saves the store a copy. `claim` is
        told the key and the size when all has come, before the store is asked whether it has it.
        """
        target = uploads.Target(self._open_bucket, prefix, content_type, sha256, claim)
        return await uploads.put_stream(target, chunks, maximum)

    async def adopt(
        self,
        source: str,
        *,
        prefix: str,
        sha256: str,
        content_type: str,
        claim: uploads.Claim | None = None,
    ) -> StoredObject:
        """Let the store copy an object to where its content belongs, unless it is there already.

        Whoever calls has made sure that it has this SHA-256. The source stays where it is.
        """
        target = uploads.Target(self._open_bucket, prefix, content_type, sha256, claim)
        return await uploads.adopt(target, source)

    async def sha256(self, key: str) -> str:
        """The SHA-256 of an object in hex, read from its first to its last byte."""
        digest = hashlib.sha256()
        async with aclosing(self.stream(key)) as chunks:
            async for chunk in chunks:
                await self._open_bucket.threads.run(digest.update, chunk)
        return digest.hexdigest()

    async def head_bytes(self, key: str, count: int) -> bytes:
        """The first bytes of an object, fewer where it is shorter."""
        async with aclosing(self.stream(key, 0, count)) as chunks:
            return b"".join([chunk async for chunk in chunks])

    @property
    def direct(self) -> DirectUploads:
        """Uploads by which clients send their files to the store by themselves."""
        bucket, signer = self._open_bucket, self._signer
        assert signer is not None
        return DirectUploads(bucket, signer)

    def stream(
        self, key: str, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The bytes [start, end) of an object, as a slice: an `end` behind the last byte is fine.

        Raises when it is iterated, `ObjectMissing` before the first chunk. One who stops early
        closes it (`contextlib.aclosing`), which ends the request.
        """
        if start < 0 or (end is not None and end < start):
            raise ValueError(f"no bytes can lie between {start} and {end}")
        return downloads.stream(self._open_bucket, key, start, end)

    async def get_file(self, key: str, path: Path, *, size: int | None = None) -> None:
        """Fetch an object into a file, in parts side by side and constant memory.

        The file appears under its name, or replaces what had it, only when its size and SHA-256
        are right; `ChecksumMismatch` otherwise. Who knows the size spares the store a question.
        """
        await downloads.get_file(self._open_bucket, key, path, size)

    async def head(self, key: str) -> ObjectHead:
        """What the store knows of an object; `ObjectMissing` where there is none."""
        return await self._open_bucket.head(key)

    async def exists(self, key: str) -> bool:
        """Whether there is an object under the key."""
        try:
            await self.head(key)
        except ObjectMissing:
            return False
        return True

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete objects, absent ones without complaint; `DeletionFailed` names those that stay."""
        await self._open_bucket.delete(keys)

    def presigned_get(
        self,
        key: str,
        *,
        filename: str | None = None,
        content_type: str | None = None,
        expires: timedelta,
    ) -> str:
        """A link that lets anybody fetch the object for a time, at most seven days.

        `filename` makes browsers save it under that name; `content_type` is answered instead of
        the stored one. The link names the public endpoint. No request is made, so the object may
        as well be missing.
        """
        if not timedelta(seconds=1) <= expires <= LONGEST_LINK:
            raise ValueError(f"a link can be good for 1 second to 7 days, not for {expires}")
        bucket, signer = self._open_bucket, self._signer
        assert signer is not None
        parameters = {"Bucket": bucket.name, "Key": key}
        if filename is not None:
            parameters["ResponseContentDisposition"] = content_disposition(filename)
        if content_type is not None:
            parameters["ResponseContentType"] = content_type
        try:
            return signer.generate_presigned_url(
                "get_object", Params=parameters, ExpiresIn=int(expires.total_seconds())
            )
        except LibraryError as error:
            raise translated(error, key) from error

    async def sweep(self, older_than: timedelta) -> int:
        """Remove what uploads left that died with their process; says how many they were.

        `older_than` must be longer than any upload takes: a day is good. What clients send by
        themselves has records of its own, by which it is given up, and is left alone.
        """
        bucket, limit = self._open_bucket, datetime.now(UTC) - older_than
        waiting = [head.key async for head in bucket.list(INCOMING) if head.modified < limit]
        await bucket.delete(waiting)
        return len(waiting) + await bucket.abort_uploads(limit, beside=STAGING)

    async def sweep_staging(self, older_than: timedelta) -> int:
        """Remove what clients sent by themselves and nobody took in; says how much it was.

        `older_than` must be longer than any such upload may take.
        """
        bucket, limit = self._open_bucket, datetime.now(UTC) - older_than
        waiting = [head.key async for head in bucket.list(STAGING) if head.modified < limit]
        await bucket.delete(waiting)
        return len(waiting) + await bucket.abort_uploads(limit)

    def list(self, prefix: str) -> AsyncIterator[ObjectHead]:
        """All objects whose keys begin with the prefix, in the order of their keys."""
        return self._open_bucket.list(prefix)

    @property
    def _open_bucket(self) -> Bucket:
        if self._bucket is None:
            raise RuntimeError("the storage is not open")
        return self._bucket

    def _client(self, endpoint: str) -> "S3Client":
        secret = self._settings.s3_secret_key
        try:
            client = boto3.session.Session().client(
                "s3",
                endpoint_url=endpoint,
                region_name=self._settings.s3_region,
                aws_access_key_id=self._settings.s3_access_key,
                aws_secret_access_key=secret.get_secret_value() if secret else None,
                config=CONFIGURATION,
            )
            client.meta.events.register_last("before-call.s3", _without_expectation)
            return client
        except (ValueError, BotoCoreError) as error:
            raise StorageError(
                f"The object store's client cannot be made ({error}): "
                "check BACKLOT_S3_ENDPOINT and BACKLOT_S3_REGION."
            ) from error


def _without_expectation(params: dict[str, Any], **_: Any) -> None:
    """Send what is put at once, and not only when the store has said that it may come.

    boto3 would wait for that word before each body, and read it byte by byte: a third of the time
    of a small object. What one request carries here is small enough to be sent in vain.
    """
    params["headers"].pop("Expect", None)
