"""Why a film cannot be treated as somebody asks."""

from app.core.errors import Refusal


class OtherVersion(Refusal):
    """The content is not the one that was looked at; `content_hash` tells the present one."""

    status, code = 409, "changed_meanwhile"
