"""What workers do, by domain. Importing this package declares every handler."""

from workers.jobs import library, maintenance, telling
from workers.jobs.films import assembly, pictures, screenplay, sound

__all__ = ["assembly", "library", "maintenance", "pictures", "screenplay", "sound", "telling"]
