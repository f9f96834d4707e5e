"""`backlot up`, as a user runs it."""

import json
import re
import signal
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from scripts.seed import DEMO_EMAIL, DEMO_PASSWORD
from tests.support.backlot import (
    backlot,
    beside_the_loop,
    is_refusal,
    outside,
    processes_of,
    running,
    state_of,
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def url_of(process: "subprocess.Popen[str]") -> str:
    """The API's address, once everything is up."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("Ctrl-C"):
            text = "".join(said)
            assert f"{DEMO_EMAIL} / {DEMO_PASSWORD}" in text
            found = re.search(r"API +(http://\S+)", text)
            assert found
            return found[1]
    assert process.stderr is not None
    pytest.fail(f"it never came up: {process.stderr.read()}")


def sign_in(url: str) -> str:
    login = {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}
    answer = httpx.post(f"{url}/auth/login", json=login)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


def me(url: str, token: str) -> object:
    answer = httpx.get(f"{url}/users/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def stop(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    process.send_signal(number)
    said, complaint = process.communicate()
    assert (process.returncode, complaint) == (0, "")
    assert "everything is kept for the next start" in said


@pytest.mark.slow
@beside_the_loop
def test_it_comes_up_stops_cleanly_and_finds_everything_again(data: Path, tmp_path: Path) -> None:
    environment = outside(BACKLOT_DATA=data)
    with running("up", "--port", 0, cwd=tmp_path, env=environment) as process:
        url = url_of(process)
        token = sign_in(url)
        before = me(url, token)
        second = backlot("up", "--port", 0, cwd=tmp_path, env=environment)
        assert is_refusal(second, f"process {process.pid}", "BACKLOT_DATA")
        found = backlot("migrate", "--check", "--json", cwd=tmp_path, env=environment)
        assert (found.returncode, json.loads(found.stdout)) == (0, [])
        stop(process, signal.SIGINT)
    assert processes_of(data) == []
    assert state_of(data).servers == {}

    with running("up", "--port", 0, cwd=tmp_path, env=environment) as process:
        url = url_of(process)
        assert me(url, token) == before
        assert me(url, sign_in(url)) != {}
        stop(process, signal.SIGTERM)
    assert processes_of(data) == []


@pytest.mark.slow
@beside_the_loop
def test_a_taken_port_is_said_with_a_way_out(data: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = backlot("up", "--port", port, cwd=tmp_path, env=outside(BACKLOT_DATA=data))
    assert is_refusal(refused, f"port {port}", "--port")
    assert processes_of(data) == []


@pytest.mark.slow
@beside_the_loop
def test_a_server_that_dies_ends_it_with_its_name(data: Path, tmp_path: Path) -> None:
    with running("up", "--port", 0, cwd=tmp_path, env=outside(BACKLOT_DATA=data)) as process:
        url_of(process)
        weed = state_of(data).servers["weed"].find()
        assert weed is not None
        weed.kill()
        complaint = process.communicate()[1]
    assert process.returncode == 1
    assert complaint.startswith("backlot: weed has ended (killed by signal 9)")
    assert "Traceback" not in complaint
    assert processes_of(data) == []
