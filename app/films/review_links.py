"""Links by which guests review an episode or a scene; deleting their record revokes them."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from app.core.parts import Parts
from app.core.references import Targets, look_again
from app.identity.tokens import older_keys, token_key
from app.library.errors import LinkOver
from app.library.signatures import Signatures
from app.settings import Settings
from documents.reviews import ReviewComment, ReviewLink
from documents.values import Id, now

PURPOSE: Final = b"backlot review links"
PATH: Final = "/api/v1/review"


class ReviewLinks:
    """Makes addresses of review links and tells whether one is genuine."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._signatures = Signatures(keys, PURPOSE)

    @classmethod
    def of(cls, settings: Settings) -> "ReviewLinks":
        """By the keys of the settings. Raises NotConfigured."""
        return cls([token_key(settings), *older_keys(settings)])

    def query(self, link: ReviewLink) -> str:
        """What the addresses below the link have in them."""
        expires = int(link.expires_at.timestamp())
        signature = self._signatures.sign(_allowed(link.id, expires))
        return urlencode({"expires": expires, "signature": signature})

    def address(self, link: ReviewLink, public_url: str) -> str:
        """Where guests see what is to be reviewed."""
        return f"{public_url.rstrip('/')}{PATH}/{link.id}?{self.query(link)}"

    async def followed(self, key: Id, expires: int, signature: str) -> ReviewLink:
        """The link that this address names.

        Raises NotFound for one that we have not made, and LinkOver for one that has expired, was
        revoked, or whose film or scene was deleted.
        """
        self._signatures.check(_allowed(key, expires), expires, signature)
        link = await ReviewLink.one_in(True, key)
        if link is None or link.expires_at <= now():
            raise LinkOver("The link was revoked, or what it shows was deleted; ask for a new one.")
        return link


async def keep_with_subject(parts: Parts, record: ReviewLink | ReviewComment) -> None:
    """Let the record go, after its commit, where what it is about was deleted meanwhile."""
    named: Targets = {
        "projects": {record.project_id: {}},
        "episodes": {record.episode_id: {}},
        "scenes": {} if record.scene_id is None else {record.scene_id: {}},
    }
    await look_again(parts.store, named)


def _allowed(key: Id, expires: int) -> str:
    return f"review {key} until {expires}"
