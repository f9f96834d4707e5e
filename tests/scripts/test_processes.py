"""Processes that are started beside this one, and stopped."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from scripts.processes import Child, ProcessEnded, children, stopped_by_signals
from tests.support.backlot import backlot, beside_the_loop, eventually, is_refusal, outside

PARENT = """
import sys, time
from pathlib import Path
from scripts.processes import Child
child = Child(["worker"], {}, Path(sys.argv[1]))
print(child.process.pid, flush=True)
time.sleep(600)
"""


def test_one_that_ends_is_noticed_with_its_last_words(
    tmp_path: Path,
) -> None:
    log = tmp_path / "logs" / "api.log"
    with children(Child(["api"], {"BACKLOT_PORT": "nonsense"}, log)) as [child]:
        child.process.wait()
        with pytest.raises(ProcessEnded) as ended:
            child.check()
    assert str(ended.value).startswith(f"api ended with code 1; {log} says: ")
    assert "BACKLOT_PORT" in str(ended.value)


def test_one_that_runs_is_stopped(tmp_path: Path) -> None:
    with children(Child(["no-such-command"], {}, tmp_path / "log")) as [child]:
        child.check()
    assert child.process.returncode is not None
    child.stop()


@pytest.mark.slow
@beside_the_loop
def test_one_ends_with_its_parent_however_that_ends(tmp_path: Path) -> None:
    """A worker without Redis waits for it, so it would be there for ever."""
    variables = outside(
        BACKLOT_DATA=tmp_path,
        BACKLOT_MONGO_URI="mongodb://127.0.0.1:1",
        BACKLOT_REDIS_URL="redis://127.0.0.1:1",
        BACKLOT_S3_ENDPOINT="http://127.0.0.1:1",
    )
    command = [sys.executable, "-c", PARENT, str(tmp_path / "log")]
    with subprocess.Popen(
        command, env=variables, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.is_running()
        parent.kill()
    assert eventually(lambda: not child.is_running())


def test_sigterm_stops_as_ctrl_c_does_and_what_is_ignored_stays_so() -> None:
    before = signal.getsignal(signal.SIGHUP)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopped_by_signals():
            signal.raise_signal(signal.SIGHUP)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("command", ["api", "worker", "migrate", "tasks list"])
def test_without_an_address_it_says_which_setting_is_missing(command: str, tmp_path: Path) -> None:
    told = backlot(*command.split(), cwd=tmp_path, env=outside(BACKLOT_DATA=tmp_path / "data"))
    assert is_refusal(told, "is not set", "backlot up")


def test_a_setting_that_is_wrong_is_named(tmp_path: Path) -> None:
    told = backlot("tasks", "list", cwd=tmp_path, env=outside(BACKLOT_PORT="a lot"))
    assert is_refusal(told, "BACKLOT_PORT")
    assert len(told.stderr.splitlines()) == 1


@pytest.mark.slow
@beside_the_loop
def test_a_store_that_does_not_answer_is_said_in_one_line(tmp_path: Path) -> None:
    address = "mongodb://127.0.0.1:1"
    told = backlot("tasks", "list", cwd=tmp_path, env=outside(BACKLOT_MONGO_URI=address))
    assert is_refusal(told, "the document store does not answer", "backlot doctor")
    assert len(told.stderr.splitlines()) == 1
