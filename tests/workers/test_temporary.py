"""Temporary folders go with their process, at the latest when a worker starts after it."""

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.workers.conftest import Working
from workers import temporary


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made; what others have in /tmp is left alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(temporary, "_SHORT", tmp_path)
    return tmp_path


def left_by_a_killed_process(place: Path) -> Path:
    code = "from workers.temporary import new_folder; import os; print(new_folder('render'))"
    code += "; os.kill(os.getpid(), 9)"
    environment = {**os.environ, "TMPDIR": str(place), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == -9
    path = Path(done.stdout.strip())
    (path / "segment.mp4").write_bytes(b"half of a film")
    return path


def test_what_a_killed_process_has_left_is_removed(place: Path) -> None:
    left, own = left_by_a_killed_process(place), temporary.new_folder("worker")
    elsewhere = place / "backlot-worker-another.machine-1-abcdefgh"
    others = place / "backlot-notes"
    for each in (elsewhere, others):
        each.mkdir()
    assert temporary.remove_orphans() == 1
    assert not left.exists()
    assert own.is_dir()
    assert elsewhere.is_dir()
    assert others.is_dir()


def test_a_number_that_another_process_has_by_now_is_known(place: Path) -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        named = f"backlot-worker-{socket.gethostname()[:32]}-{sleeper.pid}-abcdefgh"
        (place / named).mkdir()
        assert temporary.remove_orphans() == 0, "it is younger than the process"
    finally:
        sleeper.communicate(b"\n")
    assert temporary.remove_orphans() == 1


def test_a_folder_is_gone_after_its_block() -> None:
    with temporary.folder("render") as path:
        (path / "frame.png").write_bytes(b"a frame")
    assert not path.exists()


def test_a_socket_fits_below_a_short_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporary, "_SHORT", Path("/tmp"))  # noqa: S108
    path = temporary.new_folder("servant", short=True)
    try:
        assert len(os.fsencode(path / "door")) <= 107
    finally:
        path.rmdir()


async def test_a_worker_begins_by_removing_what_is_left(working: Working, place: Path) -> None:
    left = left_by_a_killed_process(place)
    async with working():
        pass
    assert not left.exists()
