"""A worker process that tests may kill: `python -m tests.support.worker_process TILL [SECONDS]`."""

import asyncio
import dataclasses
import sys
from pathlib import Path

from app.settings import Settings
from tests.support import kinds
from tests.support.charging import ChargingText, ChargingVoice, Till
from workers import jobs
from workers.providers.registry import local_providers
from workers.runtime.process import work

__all__ = ["jobs", "kinds"]


def main(till_path: str, seconds: str = "0") -> None:
    till = Till(Path(till_path))
    providers = dataclasses.replace(
        local_providers(), text=ChargingText(till, float(seconds)), voice=ChargingVoice(till)
    )
    asyncio.run(work(Settings(), providers))


if __name__ == "__main__":
    main(*sys.argv[1:])
