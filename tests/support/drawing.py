"""A picture by our own painter: the smallest call that brings a file."""

from pathlib import Path
from typing import Final

from documents.base import Subject
from workers.providers.image import ImageRequest, ImageResult
from workers.runtime import calls
from workers.runtime.calls import Call, Made
from workers.runtime.context import Context

FOX: Final = ImageRequest(prompt="a fox at a well", width=64, height=36)


async def drawn(context: Context, path: Path) -> Made:
    """The call, made or recalled; the picture is at the path."""
    call = Call(
        context.providers.image,
        FOX,
        category="image_generation",
        feature="testing",
        stage="sketch",
        prompt=FOX.prompt,
        subject=Subject(collection="workspaces", id=context.workspace_id),
    )

    async def draw(into: Path) -> ImageResult:
        return await context.providers.image.draw(FOX, into)

    return await calls.make_file(context, call, draw, path, ImageResult)
