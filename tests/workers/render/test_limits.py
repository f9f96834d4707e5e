import subprocess
import sys

import pytest

from workers.render.processes import bare_environment


@pytest.mark.parametrize(
    ("limits", "deed", "end"),
    [
        ("memory=200 << 20, cpu_seconds=9", "bytes(400 << 20)", 1),
        ("memory=1 << 30, cpu_seconds=1", "all(iter(int, 1)) or [0 for _ in iter(int, 1)]", -24),
        ("memory=1 << 30, cpu_seconds=9, wall_seconds=1", "time.sleep(9)", -14),
    ],
)
def test_a_confined_process_is_stopped(limits: str, deed: str, end: int) -> None:
    code = f"import time\nfrom workers.render.limits import confine\nconfine({limits})\n{deed}"
    child = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=bare_environment(),
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert child.returncode == end


def test_children_do_not_see_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKLOT_SECRET", "x")
    assert "BACKLOT_SECRET" not in bare_environment()
