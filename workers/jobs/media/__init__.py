"""Looking at stored files. Importing this package declares its handlers."""

from workers.jobs.media import again, look, play

__all__ = ["again", "look", "play"]
