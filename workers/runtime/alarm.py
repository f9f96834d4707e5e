"""Something that many ask for, done once soon after the first of them."""

import asyncio
from collections.abc import Callable


class Alarm:
    """Rings once, some seconds after it was first asked to since it rang last."""

    def __init__(self, seconds: float, ring: Callable[[], None]) -> None:
        self._seconds = seconds
        self._ring = ring
        self._set: asyncio.TimerHandle | None = None

    def soon(self) -> None:
        """Ring when the time comes, for this one as well if it is set already."""
        if self._set is None:
            self._set = asyncio.get_running_loop().call_later(self._seconds, self._now)

    def cancel(self) -> None:
        """Do not ring, until it is asked again."""
        if self._set is not None:
            self._set.cancel()
            self._set = None

    def _now(self) -> None:
        self._set = None
        self._ring()
