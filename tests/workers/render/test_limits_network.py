"""A confined process reaches no network, nor does what it starts."""

import subprocess
import sys

import pytest

from workers.render.limits import MEBIBYTE
from workers.render.probe_confined import confined
from workers.render.processes import bare_environment

OPEN = "import socket\nsocket.socket(socket.{family})"
CONFINE = "from workers.render.limits import confine\nconfine(memory=1 << 30, cpu_seconds=9)\n"


def run(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command, env=bare_environment(), capture_output=True, check=False, timeout=60
    )


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_UNIX"])
def test_no_socket_opens(family: str) -> None:
    child = run([sys.executable, "-P", "-c", CONFINE + OPEN.format(family=family)])
    assert b"PermissionError" in child.stderr


def test_nor_in_what_it_starts() -> None:
    code = OPEN.format(family="AF_INET")
    child = run(confined([sys.executable, "-P", "-c", code], seconds=30))
    assert b"PermissionError" in child.stderr


@pytest.mark.parametrize(
    ("deed", "end"),
    [
        (f"bytes({2048 * MEBIBYTE})", 1),
        ("import time; time.sleep(60)", -14),
        ("print('fine')", 0),
    ],
)
def test_a_confined_program_is_bounded(deed: str, end: int) -> None:
    assert run(confined([sys.executable, "-P", "-c", deed], seconds=2)).returncode == end
