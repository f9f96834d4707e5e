"""The child process that lays sounds end to end: `python -m workers.render.sound_child REQUEST`.

The request (JSON) names the pieces. They are decoded here, within limits; what was wrong with one
of them is said on standard error in one line.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from workers.render.errors import Unreadable
from workers.render.flac import FlacWriter
from workers.render.limits import MEBIBYTE, confine
from workers.render.samples import Samples
from workers.render.seams import end_to_end
from workers.render.sound_request import SoundRequest

_MEMORY = 512 * MEBIBYTE
_CPU_SECONDS = 2 * 3600


def blocks(request: SoundRequest) -> Iterator[Samples]:
    """The sound that was asked for. Raises Unreadable."""
    return end_to_end(request.pieces, request.scratch)


def main() -> int:
    """Answer the request named on the command line."""
    confine(memory=_MEMORY, cpu_seconds=_CPU_SECONDS)
    request = SoundRequest.model_validate_json(Path(sys.argv[1]).read_bytes())
    try:
        with FlacWriter(request.output) as writer:
            for block in blocks(request):
                writer.write(block)
    except Unreadable as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except MemoryError:
        sys.stderr.write("The sounds need more memory than a render may; give shorter ones.\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
