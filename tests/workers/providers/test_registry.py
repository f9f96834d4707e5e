"""The local providers stand for every kind, are free, and load nothing heavy by being named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import workers
from workers.providers.registry import local_providers


def test_every_kind_is_served_locally_and_free() -> None:
    local = local_providers()
    served = [local.text, local.image, local.voice, local.music, local.embedding]
    assert {each.provider for each in served} == {"local"}
    assert all(each.free for each in served)
    assert len({each.model for each in served}) == len(served)


def test_naming_the_providers_loads_no_heavy_library() -> None:
    code = (
        "import sys; from workers.providers.registry import local_providers; local_providers();"
        "sys.exit(any(name in sys.modules for name in ('wordllama', 'PIL', 'espeakng_loader')))"
    )
    root = Path(workers.__file__).resolve().parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
