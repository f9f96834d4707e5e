"""Our stable addresses of stored files."""

from documents.values import Id


def content_url(media_id: Id) -> str:
    """Where the file is; redirects to a presigned link."""
    return f"/api/v1/media/{media_id}/content"


def thumbnail_url(media_id: Id) -> str:
    """Where its thumbnail is; redirects likewise."""
    return f"/api/v1/media/{media_id}/thumbnail"
