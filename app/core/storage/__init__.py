"""Files in an S3-compatible store: kept by content, checked on the way in, streamed both ways."""

from app.core.storage.disposition import content_disposition
from app.core.storage.errors import (
    ChecksumMismatch,
    DeletionFailed,
    ObjectMissing,
    StorageError,
    StorageUnreachable,
    TooLarge,
)
from app.core.storage.keys import content_key, sha256_of
from app.core.storage.objects import ObjectHead, StoredObject
from app.core.storage.storage import Storage

__all__ = [
    "ChecksumMismatch",
    "DeletionFailed",
    "ObjectHead",
    "ObjectMissing",
    "Storage",
    "StorageError",
    "StorageUnreachable",
    "StoredObject",
    "TooLarge",
    "content_disposition",
    "content_key",
    "sha256_of",
]
