"""The child process that draws a segment's frames: `python -m workers.render.frames PLAN`.

It reads a plan (JSON), writes raw yuv420p frames to its standard output, and says on standard
error, in one line, what was wrong with a picture. Pillow gives the interpreter lock away while it
resizes, so two threads fill two cores.
"""

import json
import os
import sys
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypedDict

from workers.render.errors import Unreadable
from workers.render.limits import MEBIBYTE, confine
from workers.render.stills import Planes, Still

THREADS = 2
_AHEAD = 6
_MEMORY = 700 * MEBIBYTE
_CPU_SECONDS = 4 * 3600
REFUSED = 2
_OUTPUT = 1


class PlannedShot(TypedDict):
    """A shot in frames; `tail` is how long it goes on beneath the next shot's cross-fade."""

    image: str
    start: tuple[float, float, float, float]
    end: tuple[float, float, float, float]
    smooth: bool
    frames: int
    crossfade: int
    tail: int


class FramePlan(TypedDict):
    """All that the child needs to know."""

    width: int
    height: int
    shots: list[PlannedShot]


class _Shots:
    """The stills of a plan, each prepared on the pool one shot ahead and dropped when passed."""

    def __init__(self, plan: FramePlan, pool: ThreadPoolExecutor) -> None:
        self._size = (plan["width"], plan["height"])
        self._shots = plan["shots"]
        self._pool = pool
        self._stills: dict[int, Future[Still]] = {}
        self._held: dict[int, bytes] = {}
        self._one_at_a_time = threading.Lock()

    def enter(self, index: int) -> None:
        """Keep this shot and its neighbours only."""
        self._stills = {k: still for k, still in self._stills.items() if abs(k - index) <= 1}
        self._held = {k: frame for k, frame in self._held.items() if k == index}
        for k in (index, index + 1):
            if k < len(self._shots) and k not in self._stills:
                self._stills[k] = self._pool.submit(self._prepare, self._shots[k])

    def _prepare(self, shot: PlannedShot) -> Still:
        with self._one_at_a_time:  # a large picture takes half of the memory there is
            return Still(Path(shot["image"]), shot["start"], shot["end"], self._size)

    def frame(self, index: int, number: int) -> Future[bytes]:
        """Ask for one frame of a shot, its number counted from the shot's start."""
        shot, still = self._shots[index], self._stills[index]
        before = self._stills.get(index - 1) if number < shot["crossfade"] else None
        return self._pool.submit(self._draw, index, number, still, before)

    def _draw(
        self, index: int, number: int, still: Future[Still], before: Future[Still] | None
    ) -> bytes:
        shot = self._shots[index]
        if before is not None:
            earlier = self._shots[index - 1]
            old = before.result().at(_position(earlier, earlier["frames"] + number))
            share = (number + 1) / (shot["crossfade"] + 1)
            return old.mixed(self._at(shot, still, number), share).tobytes()
        if shot["start"] != shot["end"]:
            return self._at(shot, still, number).tobytes()
        if index not in self._held:
            self._held[index] = self._at(shot, still, number).tobytes()
        return self._held[index]

    def _at(self, shot: PlannedShot, still: Future[Still], number: int) -> Planes:
        return still.result().at(_position(shot, number))


def _position(shot: PlannedShot, number: int) -> float:
    """How far a move has come at a frame, 0 to 1."""
    last = max(1, shot["frames"] + shot["tail"] - 1)
    linear = min(1.0, number / last)
    return linear * linear * (3 - 2 * linear) if shot["smooth"] else linear


def draw(plan: FramePlan, pool: ThreadPoolExecutor) -> Iterator[bytes]:
    """The frames of a plan in order, a few of them in the making at any time."""
    shots = _Shots(plan, pool)
    pending: deque[Future[bytes]] = deque()
    for index, shot in enumerate(plan["shots"]):
        shots.enter(index)
        for number in range(shot["frames"]):
            pending.append(shots.frame(index, number))
            if len(pending) > _AHEAD:
                yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def main() -> int:
    """Draw the plan named on the command line."""
    confine(memory=_MEMORY, cpu_seconds=_CPU_SECONDS)
    plan: FramePlan = json.loads(Path(sys.argv[1]).read_bytes())
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            for frame in draw(plan, pool):
                rest = memoryview(frame)
                while rest:
                    rest = rest[os.write(_OUTPUT, rest) :]
    except Unreadable as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    except MemoryError:
        sys.stderr.write("The pictures need more memory than a render may; scale them down.\n")
        return REFUSED
    except BrokenPipeError:
        os._exit(0)  # the encoder has gone; it says itself why
    return 0


if __name__ == "__main__":
    sys.exit(main())
