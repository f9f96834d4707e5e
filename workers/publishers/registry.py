"""Which publisher posts for which name."""

from collections.abc import Mapping
from typing import Final

from documents.publishing import Publisher as Name
from workers.publishers.base import Publisher, PublishError
from workers.publishers.export import ExportPublisher

PUBLISHERS: Final[Mapping[Name, Publisher]] = {"export": ExportPublisher()}


def publisher_of(name: Name) -> Publisher:
    """The publisher of this name. Raises PublishError for one that is not there yet."""
    if name not in PUBLISHERS:
        raise PublishError(
            f"This version cannot post by {name} yet: take the publisher export.",
            code="not_supported",
            permanent=True,
        )
    return PUBLISHERS[name]
