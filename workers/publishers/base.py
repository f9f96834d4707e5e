"""The protocol of publishers: where a post is brought to, and how one finds out whether it is."""

from dataclasses import dataclass
from typing import Protocol

from documents.publishing import Publication
from workers.runtime.context import Context


@dataclass(frozen=True, slots=True)
class Posted:
    """A post that is there."""

    post_id: str
    url: str | None = None


class PublishError(Exception):
    """A post could not be made, and is not there.

    `code` is stable, the message a sentence for people; `permanent` says that another try would
    end the same way.
    """

    def __init__(self, message: str, *, code: str, permanent: bool) -> None:
        super().__init__(message)
        self.code, self.permanent = code, permanent


class Publisher(Protocol):
    """Brings publications out, each once."""

    async def find(self, context: Context, publication: Publication) -> Posted | None:
        """The post, if it has been made already: asked before every try."""

    async def post(self, context: Context, publication: Publication) -> Posted:
        """Make the post. Raises PublishError."""
