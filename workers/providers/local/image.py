"""The local picture maker: a storybook painter made of Blend2D and NumPy, for stand-ins."""

from __future__ import annotations

import asyncio
from itertools import zip_longest
from pathlib import Path
from typing import Final

from workers.crew import aside
from workers.providers.base import Local, free_usage
from workers.providers.errors import ProviderRefused
from workers.providers.image import ImageRequest, ImageResult, PlacedFigure
from workers.render.errors import Unreadable
from workers.render.facts import Look
from workers.render.own import looked_at
from workers.render.probe import colours

QUALITY: Final = 95


class LocalImageProvider(Local):
    """Paints the scene's words with sets and figures of its own; no model, no network.

    It takes after the colours of style references. How somebody looks it knows by their figure,
    which says more than a reference to their design could.
    """

    model = "backlot-painter-4"

    async def draw(self, request: ImageRequest, into: Path) -> ImageResult:
        """Write a JPEG, byte for byte the same for the same request."""
        style = await _style_of(request)
        figures, look = await aside(draw, request, style, into)
        return ImageResult(
            provider=self.provider,
            model=self.model,
            usage=free_usage(),
            path=into,
            media_type="image/jpeg",
            width=request.width,
            height=request.height,
            figures=figures,
            look=look,
        )


async def _style_of(request: ImageRequest) -> list[str]:
    """The colours of the style references, the first of each before the second of each.

    The pictures are somebody's files, so they are opened in the limited process.
    """
    paths = [each.path for each in request.references if each.role == "style"]
    try:
        found = await asyncio.gather(*(colours(path) for path in paths))
    except Unreadable as exc:
        raise ProviderRefused(
            f"A style reference can't be read: {exc}", code="unreadable_reference"
        ) from exc
    ranks = zip_longest(*found)
    return [each for rank in ranks for each in rank if each is not None]


def draw(
    request: ImageRequest, style: list[str], into: Path
) -> tuple[tuple[PlacedFigure, ...], Look]:
    """Write the picture, and look at it; answers who is where in it, too."""
    # The painter is loaded in the processes of the crew, and not in the worker.
    from workers.providers.local.painting.composition import paint

    picture, figures = paint(request, style)
    # A tenth of the time and a third of the bytes that a PNG takes, with nothing to be seen of it.
    note = "Backlot local painter (a stand-in picture)"
    picture.save(into, format="JPEG", quality=QUALITY, subsampling="4:2:0", comment=note)
    return figures, looked_at(into, is_whole=True)
