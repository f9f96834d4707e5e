"""What workers do, by domain. Importing this package declares every handler."""

from workers.jobs import imports, library, maintenance, media, publishing, telling, upkeep
from workers.jobs.channels import (
    exporting,
    images,
    master,
    planning,
    rendering,
    tracks,
    watching,
)
from workers.jobs.films import assembly, cast, developing, following, pictures, screenplay, sound
from workers.jobs.films import exporting as film_exporting

__all__ = [
    "assembly",
    "cast",
    "developing",
    "exporting",
    "film_exporting",
    "following",
    "images",
    "imports",
    "library",
    "maintenance",
    "master",
    "media",
    "pictures",
    "planning",
    "publishing",
    "rendering",
    "screenplay",
    "sound",
    "telling",
    "tracks",
    "upkeep",
    "watching",
]
