"""The memory promise: a big file takes no more than a few parts' worth, whatever its size."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from app.settings import Settings
from tests.app.core.storage.support import Store

ROOT = Path(__file__).parents[4]
LIMIT = 100
"""In MiB."""


@pytest.mark.slow
async def test_big_file_takes_little_memory(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    environment = {**os.environ, **in_environment(settings)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.app.core.storage.memory", "256", str(tmp_path)),
        env=environment,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    growth = {name: taken["mib"] for name, taken in json.loads(output).items()}
    assert growth.keys() == {"put_file", "get_file", "stream and put_stream"}
    assert max(growth.values()) <= LIMIT, growth
    assert store.objects() == set()


def in_environment(settings: Settings) -> dict[str, str]:
    """The variables from which another process gets the same store."""
    assert settings.s3_endpoint is not None
    assert settings.s3_access_key is not None
    assert settings.s3_secret_key is not None
    return {
        "BACKLOT_S3_ENDPOINT": settings.s3_endpoint,
        "BACKLOT_S3_BUCKET": settings.s3_bucket,
        "BACKLOT_S3_REGION": settings.s3_region,
        "BACKLOT_S3_ACCESS_KEY": settings.s3_access_key,
        "BACKLOT_S3_SECRET_KEY": settings.s3_secret_key.get_secret_value(),
    }
