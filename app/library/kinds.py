"""Work on stored files."""

from typing import Final

from app.core.kinds import Parameters, TaskKind
from documents.values import Id


class EmbedMedia(Parameters):
    """Give every media record of the project that has none yet its embedding."""

    project_id: Id


EMBED_MEDIA: Final = TaskKind("library.embed_media", "embedding_generation", EmbedMedia, queue="io")
