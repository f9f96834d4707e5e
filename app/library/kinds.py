"""Work on stored files."""

from typing import Final

from app.core.kinds import Parameters, TaskKind
from documents.values import Id


class EmbedMedia(Parameters):
    """Embed the workspace's media, or a project's, whose words are new or were changed."""

    project_id: Id | None = None


EMBED_MEDIA: Final = TaskKind("library.embed_media", "embedding_generation", EmbedMedia, queue="io")


class ReembedMedia(Parameters):
    """Embed what the workspace's media lack by the next model, beside the present vectors."""


REEMBED_MEDIA: Final = TaskKind(
    "library.reembed_media", "embedding_generation", ReembedMedia, queue="io", timeout_seconds=7_200
)


class CheckDialogue(Parameters):
    """Find media whose scenes say something else by now, and have them embedded again."""


CHECK_DIALOGUE: Final = TaskKind("library.check_dialogue", "maintenance", CheckDialogue)


class LookAtMedia(Parameters):
    """See what a stored file is and make its thumbnails; a file that is no media is quarantined."""

    media_id: Id


LOOK_AT_MEDIA: Final = TaskKind("media.look", "ingest", LookAtMedia, queue="io")


class PlayMedia(Parameters):
    """Play a film or sound to its end: preview, waveform, loudness, and how it sounds."""

    media_id: Id


PLAY_MEDIA: Final = TaskKind("media.play", "ingest", PlayMedia, queue="cpu", timeout_seconds=3_600)


class LookAgain(Parameters):
    """Ask for looks at all files that none was taken of, or an older one than is taken today."""


LOOK_AGAIN: Final = TaskKind("media.look_again", "maintenance", LookAgain)
