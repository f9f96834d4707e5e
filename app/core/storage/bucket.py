"""The plain requests on one bucket, in threads, with our errors instead of boto3's."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from app.core.storage.errors import (
    DeletionFailed,
    LibraryError,
    ObjectMissing,
    error_code,
    translated,
)
from app.core.storage.objects import ObjectHead
from app.core.storage.threads import Threads

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        GetObjectRequestTypeDef,
        ListObjectsV2RequestTypeDef,
        ObjectTypeDef,
    )

DELETED_AT_ONCE = 1000
"""S3's limit for one request."""

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, the client that reaches it and the threads that do the waiting."""

    client: "S3Client"
    name: str
    threads: Threads

    async def call(
        self,
        subject: str,
        function: Callable[Parameters, Result],
        *arguments: Parameters.args,
        **named: Parameters.kwargs,
    ) -> Result:
        """Call the function in a thread; what boto3 raises comes out as a `StorageError`."""
        try:
            return await self.threads.run(function, *arguments, **named)
        except LibraryError as error:
            raise translated(error, subject) from error

    async def ensure(self, region: str) -> None:
        """Make the bucket if it is not there."""
        try:
            await self.call(f"bucket {self.name}", self._look)
        except ObjectMissing:
            await self.call(f"bucket {self.name}", self._make, region)
            await self.call(f"bucket {self.name}", self._look)

    async def head(self, key: str) -> ObjectHead:
        """What the store has under the key; `ObjectMissing` where it has nothing."""
        found = await self.call(key, self.client.head_object, Bucket=self.name, Key=key)
        return ObjectHead(key, found["ContentLength"], found["LastModified"], found["ContentType"])

    async def size(self, key: str) -> int | None:
        """The object's size in bytes; None where there is none."""
        try:
            return (await self.head(key)).size
        except ObjectMissing:
            return None

    async def put(self, key: str, body: bytes, *, content_type: str, checksum: str) -> None:
        """Store an object in one request; the store refuses bytes without the checksum."""
        await self.call(
            key,
            self.client.put_object,
            Bucket=self.name,
            Key=key,
            Body=body,
            ContentType=content_type,
            ChecksumSHA256=checksum,
        )

    @asynccontextmanager
    async def opened(self, key: str, byte_range: str) -> AsyncIterator["StreamingBody"]:
        """The body of an object or of a range of it ("bytes=5-"); read it through `call`."""
        # With "" as range the store sends all, and boto3 checks the whole's SHA-256 as it reads.
        request: GetObjectRequestTypeDef = {"Bucket": self.name, "Key": key}
        if byte_range:
            request["Range"] = byte_range
        with ExitStack() as stack:
            yield await self.call(key, self._get, request, stack)

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; those that are gone already count as deleted."""
        remaining = iter(dict.fromkeys(keys))
        reasons: dict[str, str] = {}
        while batch := [*islice(remaining, DELETED_AT_ONCE)]:
            answer = await self.call(
                f"{len(batch)} objects",
                self.client.delete_objects,
                Bucket=self.name,
                Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True},
            )
            for error in answer.get("Errors", []):
                if error.get("Code") != "NoSuchKey":
                    reasons[error.get("Key", "?")] = error.get("Message") or error.get("Code", "?")
        if reasons:
            raise DeletionFailed(reasons)

    async def list(self, prefix: str) -> AsyncIterator[ObjectHead]:
        """All objects whose keys begin with the prefix, in the order of their keys."""
        page, token = await self._page(prefix, None)
        while True:
            for found in page:
                yield ObjectHead(found["Key"], found["Size"], found["LastModified"])
            if token is None:
                return
            page, token = await self._page(prefix, token)

    async def abort_uploads(self, before: datetime, *, beside: str | None = None) -> int:
        """Give up the multipart uploads begun before that time; says how many they were.

        Those to keys that begin with `beside`, where it is given, are left alone.
        """
        return await self.call(f"bucket {self.name}", self._abort_uploads, before, beside)

    async def _page(
        self, prefix: str, token: str | None
    ) -> "tuple[Sequence[ObjectTypeDef], str | None]":
        request: ListObjectsV2RequestTypeDef = {"Bucket": self.name, "Prefix": prefix}
        if token is not None:
            request["ContinuationToken"] = token
        answer = await self.call(prefix, self.client.list_objects_v2, **request)
        return answer.get("Contents", []), answer.get("NextContinuationToken")

    def _get(self, request: "GetObjectRequestTypeDef", stack: ExitStack) -> "StreamingBody":
        # Put on the stack here, not after the await: a cancel in between must not lose it.
        return stack.enter_context(closing(self.client.get_object(**request)["Body"]))

    def _abort_uploads(self, before: datetime, beside: str | None) -> int:
        aborted = 0
        for page in self.client.get_paginator("list_multipart_uploads").paginate(Bucket=self.name):
            for upload in page.get("Uploads", []):
                spared = beside is not None and upload["Key"].startswith(beside)
                if upload["Initiated"] < before and not spared:
                    self.client.abort_multipart_upload(
                        Bucket=self.name, Key=upload["Key"], UploadId=upload["UploadId"]
                    )
                    aborted += 1
        return aborted

    def _look(self) -> None:
        self.client.head_bucket(Bucket=self.name)

    def _make(self, region: str) -> None:
        try:
            if region in ("us-east-1", "auto"):
                self.client.create_bucket(Bucket=self.name)
            else:
                self.client.create_bucket(
                    Bucket=self.name,
                    CreateBucketConfiguration={"LocationConstraint": region},  # type: ignore[typeddict-item]
                )
        except self.client.exceptions.ClientError as error:
            # Another process made it meanwhile; whether it is ours shows when it is looked at.
            if error_code(error) not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                raise
