"""A worker process: what it brings, and what it keeps out of itself."""

import subprocess
import sys

from app.core.kinds import KINDS
from workers import jobs
from workers.runtime.handlers import HANDLERS

LOADED = """
import sys, workers.main
print(*sorted({"av", "wordllama", "espeakng_loader"} & sys.modules.keys()))
"""


def test_every_kind_has_its_handler() -> None:
    assert jobs
    assert KINDS.keys() == HANDLERS.keys()


def test_decoders_and_gpl_parts_stay_in_processes_of_their_own() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == []
