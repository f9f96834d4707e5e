"""What can stand against bringing files in, passing them on and taking them away."""

from app.core.errors import InUse, Refusal


class QuotaReached(Refusal):
    """The tier of the workspace's owner leaves no room for it; `quota` says of what."""

    status, code = 403, "quota_reached"


class UploadOver(Refusal):
    """The upload has ended, or is not sent in this way."""

    status, code = 409, "upload_over"


class UploadIncomplete(Refusal):
    """Not everything has arrived; `missing` names the first parts that have not."""

    status, code = 409, "upload_incomplete"


class ContentDiffers(Refusal):
    """What arrived is not what was announced; send it again."""

    status, code = 422, "content_differs"


class ContentRefused(Refusal):
    """The file is of no kind that the library takes, whatever it is called."""

    status, code = 422, "content_refused"


class StillUsed(InUse):
    """The file is used elsewhere; `users` names where."""


class NotInTrash(Refusal):
    """The file is not in the trash."""

    status, code = 409, "not_in_trash"


class LinkOver(Refusal):
    """The link has expired, or was revoked."""

    status, code = 410, "link_over"


class RangeRefused(Refusal):
    """The file is shorter than the range that was asked for."""

    status, code = 416, "range_refused"
