"""The local animator: a slow move over the still, which is all the motion it can make up."""

from __future__ import annotations

from pathlib import Path
from typing import Final, cast, get_args

from workers.providers.base import CostsNothing, FileResult, free_usage
from workers.providers.errors import ProviderError
from workers.providers.video import VideoRequest
from workers.render.errors import RenderError
from workers.render.formats import FrameFormat
from workers.render.timeline import Motion, MotionName

MOVES: Final = cast(tuple[MotionName, ...], get_args(MotionName))
CHOICE: Final[tuple[MotionName, ...]] = ("zoom_in", "pan_right", "zoom_out", "pan_left")
"""What the seed chooses from where the request asks for no move by name."""


class LocalVideoProvider(CostsNothing):
    """Pans and zooms over a picture: plainly a stand-in for a model that animates."""

    provider = "local"
    model = "slow-pan-1"

    async def animate(self, request: VideoRequest, into: Path) -> FileResult:
        """Write the clip to `into`; raises `ProviderError` where the picture can't be used."""
        from workers.render.render import pan  # Pillow, only when there is something to animate

        name = next((each for each in MOVES if each == request.motion), None)
        motion = Motion.named(name or CHOICE[request.seed % len(CHOICE)])
        try:
            size = FrameFormat(width=request.width, height=request.height, fps=request.fps)
            await pan(request.image, request.seconds, size, into, motion)
        except (RenderError, ValueError) as error:
            raise ProviderError(str(error), code="render_failed", retryable=False) from error
        return FileResult(
            provider=self.provider,
            model=self.model,
            usage=free_usage(seconds=request.seconds),
            path=into,
            media_type="video/mp4",
            width=request.width,
            height=request.height,
            seconds=request.seconds,
        )
