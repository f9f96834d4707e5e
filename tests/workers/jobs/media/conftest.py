"""Files of every format, made once."""

from pathlib import Path

import pytest

from tests.workers.jobs.media import material


@pytest.fixture(scope="session")
def formats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one good file of every format that is taken."""
    return material.every_format(tmp_path_factory.mktemp("formats"))
