"""A worker process that tests may kill.

`python -m tests.support.worker_process TILL [SECONDS [CLOCK]]`: SECONDS is how long a paid call
takes, CLOCK by how many seconds the process' own clock is off.
"""

import asyncio
import dataclasses
import sys
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from app.settings import Settings
from documents import values
from tests.support import kinds
from tests.support.charging import ChargingText, ChargingVoice, Till
from workers import jobs
from workers.providers.registry import local_providers
from workers.runtime.process import work

__all__ = ["jobs", "kinds"]


def main(till_path: str, seconds: str = "0", clock: str = "0") -> None:
    values.datetime = _off_by(timedelta(seconds=float(clock)))  # type: ignore[attr-defined]
    till = Till(Path(till_path))
    providers = dataclasses.replace(
        local_providers(), text=ChargingText(till, float(seconds)), voice=ChargingVoice(till)
    )
    asyncio.run(work(Settings(), providers))


def _off_by(offset: timedelta) -> type[datetime]:
    """A clock that is off: all our code asks `documents.values.now` for the time."""

    class Off(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Off":
            return cls.fromtimestamp((datetime.now(tz) + offset).timestamp(), tz)

    return Off


if __name__ == "__main__":
    main(*sys.argv[1:])
