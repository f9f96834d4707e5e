"""The local picture maker: a storybook painter made of Pillow and NumPy, for stand-ins."""

from __future__ import annotations

import asyncio
from pathlib import Path

from workers.providers.base import CostsNothing, FileResult, free_usage
from workers.providers.image import ImageRequest


class LocalImageProvider(CostsNothing):
    """Paints the scene's words with sets and figures of its own; no model, no network."""

    provider = "local"
    model = "backlot-painter-1"

    async def draw(self, request: ImageRequest, into: Path) -> FileResult:
        """Write a PNG, byte for byte the same for the same request."""
        await asyncio.to_thread(_draw, request, into)
        return FileResult(
            provider=self.provider,
            model=self.model,
            usage=free_usage(),
            path=into,
            media_type="image/png",
            width=request.width,
            height=request.height,
        )


def _draw(request: ImageRequest, into: Path) -> None:
    # Pillow is loaded when the first picture is asked for, not when a worker starts.
    from PIL.PngImagePlugin import PngInfo

    from workers.providers.local.painting.composition import paint

    note = PngInfo()
    note.add_text("Software", "Backlot local painter (a stand-in picture)")
    paint(request).save(into, format="PNG", compress_level=1, pnginfo=note)
