"""`backlot stack run`, as a command of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = "from scripts.stack.commands import stack_commands; stack_commands()"


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis alone: what is tested here is the command around the servers."""
    for name in os.environ:
        if name.startswith("BACKLOT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BACKLOT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("BACKLOT_MONGO_URI", "mongodb://elsewhere")
    monkeypatch.setenv("BACKLOT_S3_ENDPOINT", "http://elsewhere")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", RUN, "run", *arguments]


def python(code: str, *options: str) -> list[str]:
    return command(*options, "--", sys.executable, "-c", code)


def test_the_command_reaches_the_servers_and_its_code_counts(tmp_path: Path) -> None:
    code = (
        "import os, redis, sys\n"
        "redis.Redis.from_url(os.environ['BACKLOT_REDIS_URL']).ping()\n"
        "print(os.environ['BACKLOT_DATA'])\n"
        "sys.exit(7)"
    )
    done = subprocess.run(python(code, "--temp"), capture_output=True, text=True, check=False)
    assert done.returncode == 7
    assert done.stderr == ""
    assert not Path(done.stdout.strip()).exists()
    assert not (tmp_path / "data").exists()


def test_a_server_that_dies_ends_the_command() -> None:
    code = (
        "import os, redis, time\n"
        "redis.Redis.from_url(os.environ['BACKLOT_REDIS_URL']).shutdown(nosave=True)\n"
        "time.sleep(600)"
    )
    done = subprocess.run(python(code), capture_output=True, text=True, check=False)
    assert done.returncode == 125
    assert "redis-server has ended (exit code 0)" in done.stderr


def test_signals_reach_the_command(tmp_path: Path) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)"
    )
    with subprocess.Popen(python(code), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
    assert process.returncode == 5
    assert json.loads((tmp_path / "data" / "stack.json").read_text())["servers"] == {}


def test_an_unknown_command_starts_nothing(tmp_path: Path) -> None:
    done = subprocess.run(command("no-such-command"), capture_output=True, text=True, check=False)
    assert done.returncode == 127
    assert "There is no command no-such-command" in done.stderr
    assert not (tmp_path / "data").exists()
