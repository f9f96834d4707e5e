"""The captions of a finished film."""

from documents.films import Episode
from documents.library import Media


async def captions_of(episode: Episode) -> list[Media]:
    """The newest captions of each format, where the episode has a film."""
    if episode.metadata.final_video_id is None:
        return []
    query = {"episode_id": episode.id, "media_type": "caption", "status": "active"}
    found = await Media.all_in(True, query, sort=[("_id", -1)])
    newest: dict[str, Media] = {}
    for each in found:
        newest.setdefault(each.mime_type, each)
    return [newest[name] for name in sorted(newest)]
