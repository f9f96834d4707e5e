"""How far a render has come, weighed by what its parts cost."""

from collections.abc import Callable
from time import monotonic

from workers.render.picture_plan import PicturePlan
from workers.render.report import RenderProgress
from workers.render.timeline import Timeline

Tell = Callable[[RenderProgress], None]

# Measured at 1080p, in the time of one moving frame.
STILL_FRAME = 0.1
BARS_FRAME = 0.3
SOUND_SECOND = 0.3
MEASURED_SECOND = 0.15
JOIN = 20.0
_FIRST_ESTIMATE = 0.03


def frame_cost(plan: PicturePlan) -> float:
    """What a frame of a segment costs."""
    if plan.repeats:
        return STILL_FRAME
    return BARS_FRAME if plan.slow else 1.0


def sound_cost(timeline: Timeline) -> float:
    """What the sound of a timeline costs: known from the beginning, unlike its pieces."""
    if not timeline.audible:
        return 0.0
    measured = 0.0 if timeline.loudness is None else MEASURED_SECOND
    return timeline.duration * (SOUND_SECOND + measured)


class Progress:
    """Adds up the work of all parts; never goes back."""

    def __init__(self, tell: Tell | None) -> None:
        self._tell = tell
        self._started = monotonic()
        self._planned = JOIN
        self._done: dict[str, float] = {}
        self._told = 0.0

    def plan(self, work: float) -> None:
        """There is so much more to do than was known."""
        self._planned += work

    def reach(self, part: str, work: float, step: str) -> None:
        """So much of a part is done."""
        if work <= self._done.get(part, 0.0):
            return
        self._done[part] = work
        self._say(min(0.999, sum(self._done.values()) / self._planned), step)

    def finish(self) -> None:
        """All is done."""
        self._say(1.0, "done")

    def _say(self, fraction: float, step: str) -> None:
        self._told = max(self._told, fraction)
        if self._tell is None:
            return
        spent = monotonic() - self._started
        known = self._told >= _FIRST_ESTIMATE
        left = spent * (1 - self._told) / self._told if known else None
        self._tell(RenderProgress(self._told, left, step))
