"""Files in an S3-compatible store: kept by content, checked on the way in, streamed both ways."""

from app.core.storage.direct import (
    LARGEST_PUT,
    LARGEST_UPLOAD,
    Link,
    SentPart,
    part_size,
    sha256_in_base64,
)
from app.core.storage.disposition import content_disposition, safe_filename
from app.core.storage.errors import (
    ChecksumMismatch,
    DeletionFailed,
    ObjectMissing,
    StorageError,
    StorageUnreachable,
    TooLarge,
)
from app.core.storage.keys import content_key, sha256_of, staging_key
from app.core.storage.objects import ObjectHead, StoredObject
from app.core.storage.storage import Storage

__all__ = [
    "LARGEST_PUT",
    "LARGEST_UPLOAD",
    "ChecksumMismatch",
    "DeletionFailed",
    "Link",
    "ObjectHead",
    "ObjectMissing",
    "SentPart",
    "Storage",
    "StorageError",
    "StorageUnreachable",
    "StoredObject",
    "TooLarge",
    "content_disposition",
    "content_key",
    "part_size",
    "safe_filename",
    "sha256_in_base64",
    "sha256_of",
    "staging_key",
]
