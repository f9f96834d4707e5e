"""Where the renders of all tasks keep their encoded segments."""

from workers.render.cache import FolderCache, SegmentCache
from workers.render.storage_cache import LayeredCache, StorageCache
from workers.runtime.context import Context


def segment_cache(context: Context) -> SegmentCache:
    """Near, for the next render on this machine; and in the store, for all workers."""
    near = FolderCache(context.resources.settings.data / "segments")
    return LayeredCache(near, StorageCache(context.storage, str(context.workspace_id)))
