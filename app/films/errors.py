"""Why a film cannot be treated as somebody asks."""

from app.core.errors import Refusal


class OtherVersion(Refusal):
    """The content is not the one that was looked at; `content_hash` tells the present one."""

    status, code = 409, "changed_meanwhile"


class NoComments(Refusal):
    """The link lets its guests look, and not say anything."""

    status, code = 403, "no_comments"


class TooManyComments(Refusal):
    """So much has been said about it that nobody reads it; delete some, or make a new link."""

    status, code = 409, "too_many_comments"


class ProjectTooLarge(Refusal):
    """The project holds more than is copied or exported at once."""

    status, code = 422, "project_too_large"
