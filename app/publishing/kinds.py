"""Work on publications."""

from typing import Final

from app.core.kinds import Parameters, TaskKind
from documents.values import Id


class Publish(Parameters):
    publication_id: Id


PUBLISH: Final = TaskKind(
    "publishing.publish", "publish", Publish, queue="io", timeout_seconds=3600
)
"""Brings one publication out, at its time."""
