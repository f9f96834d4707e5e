"""The sound of a render as lossless files, made in a limited child process."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from workers.render.errors import RenderError
from workers.render.ffmpeg import partial_file
from workers.render.processes import last_words, python_module, running
from workers.render.sound_request import Piece, SoundRequest


async def lay_end_to_end(pieces: Sequence[Piece], output: Path) -> None:
    """Write the sounds of segments one after the other to a FLAC file, without clicks.

    Each is cut or filled to the length of its picture.

    Raises:
        RenderError: a segment can't be read, or its picture can't follow the one before.
    """
    with tempfile.TemporaryDirectory(prefix="backlot-sound-") as name:
        folder = Path(name)
        async with partial_file(output) as partial:
            request = SoundRequest(output=partial.absolute(), scratch=folder, pieces=list(pieces))
            file = folder / "request.json"
            file.write_text(request.model_dump_json(), encoding="utf-8")
            command = python_module("workers.render.sound_child", str(file))
            async with running(command) as process:
                words = await last_words(process)
                if await process.wait():
                    raise RenderError(words or "The process that joins the sound was ended.")
