"""Finding media by meaning and by words."""

from app.library.search.nearest import Hit, nearest

__all__ = ["Hit", "nearest"]
