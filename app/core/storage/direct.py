"""Uploads that go straight from a client to the store, by links that allow one thing each.

What a link allows is in its signature: the key, the size, the type and the SHA-256 of what is sent.
The store refuses anything else. Nothing here passes the bytes through this process.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from app.core.storage.bucket import Bucket
from app.core.storage.errors import LibraryError, ObjectMissing, translated
from app.core.storage.hashing import MIB, MOST_PARTS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, PartTypeDef

LARGEST_PUT: Final = 100 * MIB
LARGEST_UPLOAD: Final = 50 * 1024 * MIB
LEAST_PART: Final = 16 * MIB
Operation: TypeAlias = Literal["put_object", "upload_part"]


@dataclass(frozen=True, slots=True)
class Link:
    """A request that the store takes from anybody, for a time, if it is sent exactly like this."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SentPart:
    """A part that has arrived."""

    number: int
    size: int
    etag: str


def part_size(size: int) -> int:
    """How large the parts of an upload of so many bytes are: whole MiB, at most 10,000 of them."""
    least = -(-size // MOST_PARTS)
    return max(LEAST_PART, -(-least // MIB) * MIB)


def sha256_in_base64(sha256: str) -> str:
    """A SHA-256 in hex as S3 writes it."""
    return b64encode(bytes.fromhex(sha256)).decode()


class DirectUploads:
    """The requests about what clients send by themselves."""

    def __init__(self, bucket: Bucket, signer: "S3Client") -> None:
        self._bucket, self._client, self._signer = bucket, bucket.client, signer

    def put_link(
        self, key: str, *, size: int, content_type: str, sha256: str, expires: timedelta
    ) -> Link:
        """A link to put these very bytes under the key, in one request."""
        signed = {"ContentType": content_type, "ContentLength": size}
        url = self._signed("put_object", key, sha256, expires, **signed)
        return Link(url, {"Content-Type": content_type, **_promise(sha256)})

    def part_link(
        self, key: str, upload_id: str, number: int, *, size: int, sha256: str, expires: timedelta
    ) -> Link:
        """A link to send this part of an upload; sent again it replaces the one before."""
        signed = {"UploadId": upload_id, "PartNumber": number, "ContentLength": size}
        url = self._signed("upload_part", key, sha256, expires, **signed)
        return Link(url, _promise(sha256))

    async def begin(self, key: str, content_type: str) -> str:
        """Open an upload in parts; answers its id."""
        answer = await self._bucket.call(
            key,
            self._client.create_multipart_upload,
            Bucket=self._bucket.name,
            Key=key,
            ContentType=content_type,
            ChecksumAlgorithm="SHA256",
        )
        return answer["UploadId"]

    async def parts(self, key: str, upload_id: str) -> list[SentPart]:
        """The parts that have arrived, in order; `ObjectMissing` once the upload is over."""
        return [_sent(each) for each in await self._bucket.call(key, self._list, key, upload_id)]

    async def complete(
        self, key: str, upload_id: str, parts: Sequence[SentPart], checksums: Mapping[int, str]
    ) -> None:
        """Make the object of its parts, whose checksums are those of their links.

        Harmless where that is done already; `StorageError` where a part has another checksum.
        """
        try:
            await self._bucket.call(
                key,
                self._client.complete_multipart_upload,
                Bucket=self._bucket.name,
                Key=key,
                UploadId=upload_id,
                MultipartUpload={"Parts": [_named(each, checksums) for each in parts]},
            )
        except ObjectMissing:
            await self._bucket.head(key)

    async def abort(self, key: str, upload_id: str) -> None:
        """Give the upload up and remove its parts; harmless where it is over."""
        try:
            await self._bucket.call(
                key,
                self._client.abort_multipart_upload,
                Bucket=self._bucket.name,
                Key=key,
                UploadId=upload_id,
            )
        except ObjectMissing:
            return

    async def checksum(self, key: str) -> str | None:
        """The SHA-256 in base64 that the store checked when the object was put in one request."""
        head = await self._bucket.call(
            key,
            self._client.head_object,
            Bucket=self._bucket.name,
            Key=key,
            ChecksumMode="ENABLED",
        )
        return head.get("ChecksumSHA256")

    def _list(self, key: str, upload_id: str) -> "list[PartTypeDef]":
        pages = self._client.get_paginator("list_parts").paginate(
            Bucket=self._bucket.name, Key=key, UploadId=upload_id
        )
        return [part for page in pages for part in page.get("Parts", [])]

    def _signed(
        self, operation: Operation, key: str, sha256: str, expires: timedelta, **more: Any
    ) -> str:
        try:
            return self._signer.generate_presigned_url(
                operation,
                Params={
                    "Bucket": self._bucket.name,
                    "Key": key,
                    "ChecksumSHA256": sha256_in_base64(sha256),
                    **more,
                },
                ExpiresIn=int(expires.total_seconds()),
            )
        except LibraryError as error:
            raise translated(error, key) from error


def _promise(sha256: str) -> dict[str, str]:
    return {"x-amz-checksum-sha256": sha256_in_base64(sha256)}


def _sent(part: "PartTypeDef") -> SentPart:
    return SentPart(part["PartNumber"], part["Size"], part["ETag"])


def _named(part: SentPart, checksums: Mapping[int, str]) -> "CompletedPartTypeDef":
    named: CompletedPartTypeDef = {"PartNumber": part.number, "ETag": part.etag}
    if checksum := checksums.get(part.number):
        named["ChecksumSHA256"] = checksum
    return named
