"""The captions of a finished film."""

from typing import Any, Final

from documents.films import Episode
from documents.library import Media

CAPTIONS: Final[dict[str, Any]] = {"media_type": "caption", "status": "active"}


async def captions_of(episode: Episode) -> list[Media]:
    """The newest captions of each format, where the episode has a film."""
    if episode.metadata.final_video_id is None:
        return []
    found = await Media.all_in(True, {"episode_id": episode.id, **CAPTIONS}, sort=[("_id", -1)])
    newest: dict[str, Media] = {}
    for each in found:
        newest.setdefault(each.mime_type, each)
    return [newest[name] for name in sorted(newest)]
