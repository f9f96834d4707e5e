"""What can go wrong with the object store, each as one sentence an operator can act on."""

from collections.abc import Mapping
from textwrap import shorten

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError


class StorageError(Exception):
    """The object store could not do what was asked; the text says why and how to mend it."""


class ObjectMissing(StorageError):
    """There is no object under the key."""


class ChecksumMismatch(StorageError):
    """The bytes are not those their SHA-256 promised; nothing of them was kept."""


class TooLarge(StorageError):
    """The file is longer than allowed; nothing of it was kept."""


class StorageUnreachable(StorageError):
    """The store does not answer, or answers that it cannot serve just now: worth trying again."""


class PastTheEnd(StorageError):
    """A range begins behind the object's last byte. Streams end there; it does not leave here."""


class DeletionFailed(StorageError):
    """Some objects could not be deleted; `reasons` has the store's reason for each key."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        self.reasons = dict(reasons)
        key, reason = next(iter(self.reasons.items()))
        super().__init__(
            f"{len(self.reasons)} objects could not be deleted, first {key} ({reason}): "
            "check that the store's key may delete, then delete them again."
        )


LibraryError = (BotoCoreError, ClientError, HTTPError)
"""What boto3 and the HTTP library under it raise; `translated` turns it into a `StorageError`."""

_MISSING = {"404", "NoSuchKey", "NotFound", "NoSuchUpload"}
_CORRUPT = {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch"}
_REFUSED = {"401", "403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
_BUSY = {"RequestTimeout", "SlowDown", "ServiceUnavailable", "InternalError", "Throttling"}

_UNREACHABLE = (
    boto.ConnectionError,
    boto.HTTPClientError,
    boto.IncompleteReadError,
    boto.CredentialRetrievalError,
    HTTPError,
)
_NO_CREDENTIALS = (boto.NoCredentialsError, boto.PartialCredentialsError)


def error_code(error: BaseException) -> str:
    """The S3 code of a refusal ("NoSuchKey", or the HTTP status where there was no body), or ""."""
    return str(error.response["Error"].get("Code", "")) if isinstance(error, ClientError) else ""


def translated(error: BaseException, subject: str) -> StorageError:
    """Our error for one of `LibraryError`; `subject` names the object or bucket it was about."""
    if isinstance(error, ClientError):
        return _refusal(error, subject)
    if isinstance(error, boto.FlexibleChecksumError):
        return ChecksumMismatch(f"{subject} came damaged from the object store: fetch it again.")
    if isinstance(error, _NO_CREDENTIALS):
        return StorageError(
            "There is no key for the object store: "
            "set BACKLOT_S3_ACCESS_KEY and BACKLOT_S3_SECRET_KEY."
        )
    if isinstance(error, boto.HTTPClientError):
        # What a body raises while it is sent comes wrapped in this.
        cause = error.kwargs.get("error")
        if isinstance(cause, StorageError):
            return cause
    if isinstance(error, _UNREACHABLE):
        return StorageUnreachable(
            f"The object store does not answer ({type(error).__name__} on {subject}): "
            "check that it runs and that BACKLOT_S3_ENDPOINT is its address."
        )
    return StorageError(
        f"The request for {subject} could not be made ({_brief(error)}): check the names in it."
    )


def _refusal(error: ClientError, subject: str) -> StorageError:
    code = error_code(error)
    status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
    if code in _MISSING:
        return ObjectMissing(f"The object store has no {subject}.")
    if code in ("InvalidRange", "416"):
        return PastTheEnd(f"{subject} is shorter than that.")
    if code == "NoSuchBucket":
        return StorageError(
            f"The bucket of {subject} is gone: start again to have it made, or set "
            "BACKLOT_S3_BUCKET to one that exists."
        )
    if code in _CORRUPT:
        return ChecksumMismatch(f"{subject} changed on its way to the object store: send it again.")
    if code in _REFUSED:
        return StorageError(
            f"The object store refused access to {subject} ({code}): check BACKLOT_S3_ACCESS_KEY, "
            "BACKLOT_S3_SECRET_KEY and what that key may do."
        )
    if code in _BUSY or status >= 500:
        return StorageUnreachable(
            f"The object store cannot serve {subject} just now ({code}): try again, and look at "
            "its log and free space if this lasts."
        )
    return StorageError(
        f"The object store refused the request for {subject} ({_brief(error)}): "
        "look at its log for the reason."
    )


def _brief(error: BaseException) -> str:
    return shorten(str(error), width=160, placeholder=" …")
