"""Which provider serves which kind of work."""

from __future__ import annotations

from dataclasses import dataclass

from workers.providers.embedding import EmbeddingProvider
from workers.providers.image import ImageProvider
from workers.providers.local.embedding import LocalEmbeddingProvider
from workers.providers.local.image import LocalImageProvider
from workers.providers.local.music import LocalMusicProvider
from workers.providers.local.text import LocalTextProvider
from workers.providers.local.video import LocalVideoProvider
from workers.providers.local.voice import LocalVoiceProvider
from workers.providers.music import MusicProvider
from workers.providers.text import TextProvider
from workers.providers.video import VideoProvider
from workers.providers.voice import VoiceProvider


@dataclass(frozen=True, slots=True)
class Providers:
    """One provider a kind."""

    text: TextProvider
    image: ImageProvider
    voice: VoiceProvider
    music: MusicProvider
    embedding: EmbeddingProvider
    video: VideoProvider


def local_providers() -> Providers:
    """The providers that run on this machine, for nothing and without a network."""
    return Providers(
        text=LocalTextProvider(),
        image=LocalImageProvider(),
        voice=LocalVoiceProvider(),
        music=LocalMusicProvider(),
        embedding=LocalEmbeddingProvider(),
        video=LocalVideoProvider(),
    )
