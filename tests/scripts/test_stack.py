"""The embedded servers, tried out with the real programs."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
import psutil
import pytest
import redis
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from pymongo import MongoClient

from app.settings import Settings
from scripts.stack import ServerDied, Stack, StackError, attach, environment
from scripts.stack.binaries import REDIS_SERVER, find

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SERVERS = {"mongod", "redis-server", "weed"}
HOLD = """
import sys, time
from pathlib import Path
from app.settings import Settings
from scripts.stack import Stack
stack = Stack(Settings(data=Path(sys.argv[1])), temporary=len(sys.argv) > 2)
print(stack.start().data, flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True, scope="module")
def _plain_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The settings of whoever runs the tests don't matter here."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("BACKLOT_"):
                patch.delenv(name)
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        yield


@pytest.fixture(autouse=True)
def _own_temporary_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Runs beside this one keep theirs."""
    home = tmp_path / "temporary"
    home.mkdir()
    monkeypatch.setenv("TMPDIR", str(home))
    monkeypatch.setattr(tempfile, "tempdir", str(home))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


@pytest.fixture
def redis_only(settings: Settings) -> Settings:
    """The quickest stack there is: the other two parts are somewhere else."""
    return settings.model_copy(
        update={"mongo_uri": "mongodb://elsewhere", "s3_endpoint": "http://elsewhere"}
    )


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str, str], Path]:
    """Make a program of a name that does what its few lines of shell say."""

    def make(name: str, lines: str) -> Path:
        path = tmp_path / "programs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(0o755)
        return path

    return make


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """One stack for the tests that only look."""
    settings = Settings(data=tmp_path_factory.mktemp("running") / "data")
    with Stack(settings) as reached:
        yield reached


def state(settings: Settings) -> dict[str, Any]:
    return dict(json.loads((settings.data / "stack.json").read_text()))


def server_ids(settings: Settings) -> dict[str, int]:
    return {name: entry["pid"] for name, entry in state(settings)["servers"].items()}


def ended(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
    except psutil.NoSuchProcess:
        return True


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def s3(settings: Settings) -> "S3Client":
    assert settings.s3_secret_key is not None
    return boto3.session.Session().client(
        "s3",
        endpoint_url=settings.s3_endpoint,
        aws_access_key_id=settings.s3_access_key,
        aws_secret_access_key=settings.s3_secret_key.get_secret_value(),
        region_name=settings.s3_region,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
        ),
    )


def write(settings: Settings) -> None:
    with (
        MongoClient[dict[str, Any]](settings.mongo_uri) as client,
        client.start_session() as session,
        session.start_transaction(),
    ):
        client["backlot"]["notes"].insert_one({"_id": "kept"}, session=session)
    with closing(s3(settings)) as store:
        store.put_object(Bucket=settings.s3_bucket, Key="kept", Body=b"bytes")
    with redis.Redis.from_url(str(settings.redis_url)) as client_of_redis:
        client_of_redis.set("key", "value")


def assert_kept(settings: Settings) -> None:
    with MongoClient[dict[str, Any]](settings.mongo_uri) as client:
        assert client["backlot"]["notes"].find_one() == {"_id": "kept"}
    with closing(s3(settings)) as store:
        answer = store.get_object(Bucket=settings.s3_bucket, Key="kept")
        assert answer["Body"].read() == b"bytes"


def hold(data: Path, *temporary: str) -> tuple[subprocess.Popen[str], Settings]:
    """A run in a process of its own; answers once its servers are ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data), *temporary], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Settings(data=Path(process.stdout.readline().strip()))


def kill(process: subprocess.Popen[str], *, guard: bool) -> None:
    """End it as `kill -9` does, if asked together with the process that would clear up."""
    guards = [
        child
        for child in psutil.Process(process.pid).children()
        if any(part.endswith("guard.py") for part in child.cmdline())
    ]
    assert len(guards) == 1
    if guard:
        guards[0].kill()
    process.kill()
    process.communicate()


class TestStart:
    def test_documents_and_objects_are_there_in_the_next_run(self, settings: Settings) -> None:
        with Stack(settings) as first:
            write(first)
        assert server_ids(settings) == {}
        with Stack(settings) as second:
            assert_kept(second)
        assert environment(second) == environment(first)

    def test_data_stay_when_the_ports_change(self, settings: Settings) -> None:
        with Stack(settings) as first:
            write(first)
        (settings.data / "stack.json").unlink()
        with Stack(settings) as second:
            assert second.mongo_uri != first.mongo_uri
            assert_kept(second)

    def test_a_port_that_is_taken_is_not_used(self, redis_only: Settings) -> None:
        with Stack(redis_only) as first:
            pass
        with (
            socket.create_server(("127.0.0.1", state(redis_only)["ports"]["redis"])),
            Stack(redis_only) as second,
            redis.Redis.from_url(str(second.redis_url)) as client,
        ):
            assert second.redis_url != first.redis_url
            assert client.ping()

    def test_named_parts_are_left_alone(self, redis_only: Settings) -> None:
        with Stack(redis_only) as running:
            assert set(server_ids(redis_only)) == {"redis-server"}
            assert running.mongo_uri == "mongodb://elsewhere"
            assert running.s3_access_key is None

    def test_nothing_is_made_when_everything_is_named(self, redis_only: Settings) -> None:
        named = redis_only.model_copy(
            update={
                "redis_url": "redis://elsewhere",
                "token_key": SecretStr("k" * 32),
                "encryption_key": SecretStr("e" * 32),
            }
        )
        with Stack(named) as running:
            assert running == named
        assert not named.data.exists()

    def test_twice_is_refused(self, redis_only: Settings) -> None:
        stack = Stack(redis_only)
        with stack, pytest.raises(StackError, match="already"):
            stack.start()

    def test_a_folder_that_is_a_file_is_told(self, redis_only: Settings) -> None:
        redis_only.data.touch()
        with pytest.raises(StackError, match="BACKLOT_DATA"):
            Stack(redis_only).start()

    def test_a_full_disk_is_told_before_anything_is_begun(
        self, redis_only: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=5 * 1024**2))
        with pytest.raises(StackError, match=r"has 5 MB left.*free some"):
            Stack(redis_only).start()
        assert not (redis_only.data / "stack.json").exists()

    def test_damaged_keys_are_told(self, redis_only: Settings) -> None:
        redis_only.data.mkdir()
        (redis_only.data / "keys.json").write_text("{")
        with pytest.raises(StackError, match=r"keys\.json is damaged; remove it"):
            Stack(redis_only).start()


class TestFailure:
    def test_one_that_fails_takes_the_others_with_it_and_says_why(
        self, settings: Settings, program: Callable[[str, str], Path]
    ) -> None:
        weed = program("weed", "sleep 0.3; echo 'write: No space left on device'; exit 1")
        with pytest.raises(ServerDied, match="the disk is full; free some") as caught:
            Stack(settings.model_copy(update={"weed": weed})).start()
        assert caught.value.server == "weed"
        assert "No space left" in caught.value.log_tail
        assert server_ids(settings) == {}
        with Stack(settings) as running:  # Whatever mongod was doing, a second run works.
            write(running)

    def test_ctrl_c_in_the_middle_leaves_nothing_running(
        self, settings: Settings, program: Callable[[str, str], Path]
    ) -> None:
        silent = program("redis-server", f"echo $$ > {settings.data}/silent; exec sleep 600")
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        before = signal.signal(signal.SIGALRM, signal.default_int_handler)
        try:
            with pytest.raises(KeyboardInterrupt):
                Stack(settings.model_copy(update={"redis_server": silent})).start()
        finally:
            signal.signal(signal.SIGALRM, before)
        assert ended(int((settings.data / "silent").read_text()))
        assert server_ids(settings) == {}

    def test_a_port_lost_to_another_process_is_chosen_anew(
        self, redis_only: Settings, program: Callable[[str, str], Path]
    ) -> None:
        real = find(REDIS_SERVER, None).path
        once = program(
            "redis-server",
            f"if mkdir {redis_only.data}/lost; then echo 'bind: Address already in use'; exit 1; fi"
            f'\nexec {real} "$@"',
        )
        with (
            Stack(redis_only.model_copy(update={"redis_server": once})) as running,
            redis.Redis.from_url(str(running.redis_url)) as client,
        ):
            assert client.ping()

    def test_a_server_that_dies_is_named_with_its_log(self, redis_only: Settings) -> None:
        stack = Stack(redis_only)
        with stack:
            stack.check()
            pid = server_ids(redis_only)["redis-server"]
            os.kill(pid, signal.SIGKILL)
            assert eventually(lambda: ended(pid))
            with pytest.raises(ServerDied, match=r"redis-server has ended \(killed by signal 9"):
                stack.check()


class TestSecrecy:
    def test_only_the_loopback_is_listened_on(self, running: Settings) -> None:
        listening = {
            connection.laddr.ip
            for pid in server_ids(running).values()
            for connection in psutil.Process(pid).net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        }
        assert set(server_ids(running)) == SERVERS
        assert listening == {"127.0.0.1"}

    def test_objects_need_the_keys(self, running: Settings) -> None:
        stranger = running.model_copy(update={"s3_secret_key": SecretStr("guessed")})
        with closing(s3(stranger)) as store, pytest.raises(ClientError, match="Signature"):
            store.list_objects_v2(Bucket=running.s3_bucket)

    def test_only_the_owner_reads_the_keys(self, running: Settings) -> None:
        assert stat.S_IMODE((running.data / "keys.json").stat().st_mode) == 0o600
        assert stat.S_IMODE(running.data.stat().st_mode) == 0o700
        assert running.token_key is not None
        assert len(running.token_key.get_secret_value()) >= 32

    def test_another_run_is_told_who_holds_the_folder(self, running: Settings) -> None:
        with pytest.raises(StackError, match=rf"process {os.getpid()}.*BACKLOT_DATA or `--temp`"):
            Stack(Settings(data=running.data)).start()
        assert all(not ended(pid) for pid in server_ids(running).values())

    def test_a_command_beside_it_finds_the_addresses(self, running: Settings) -> None:
        assert attach(Settings(data=running.data)) == running


class TestKilledRun:
    @pytest.mark.slow
    def test_its_servers_are_ended_and_its_data_go_on(self, settings: Settings) -> None:
        process, _ = hold(settings.data)
        running = attach(settings)
        assert running is not None
        write(running)
        orphans = server_ids(settings)
        kill(process, guard=True)
        assert set(orphans) == SERVERS
        assert all(not ended(pid) for pid in orphans.values())
        assert attach(settings) is None
        with Stack(settings) as again:
            assert all(ended(pid) for pid in orphans.values())
            assert_kept(again)

    def test_its_servers_end_without_another_run(self, settings: Settings) -> None:
        process, held = hold(settings.data, "temporary")
        orphans = server_ids(held)
        kill(process, guard=False)
        assert eventually(lambda: all(ended(pid) for pid in orphans.values()))
        assert eventually(lambda: not held.data.exists())

    def test_a_temporary_one_is_removed_by_any_other_run(self, redis_only: Settings) -> None:
        process, held = hold(redis_only.data, "temporary")
        orphans = server_ids(held)
        kill(process, guard=True)
        with Stack(redis_only):
            assert all(ended(pid) for pid in orphans.values())
            assert not held.data.exists()

    def test_a_process_that_got_the_same_id_is_spared(self, redis_only: Settings) -> None:
        bystander = subprocess.Popen(["sleep", "600"])  # noqa: S607
        record = {"pid": bystander.pid, "created": time.time() - 3600}
        redis_only.data.mkdir()
        (redis_only.data / "stack.json").write_text(
            json.dumps({"holder": record, "servers": {"redis-server": record}})
        )
        try:
            with Stack(redis_only):
                assert bystander.poll() is None
        finally:
            bystander.kill()
            bystander.wait()


words = st.text(st.characters(codec="ascii", exclude_categories=("C", "Z")), min_size=1)


@given(
    mongo_uri=st.none() | words,
    s3_secret_key=st.none() | words.map(SecretStr),
    sweep_seconds=st.floats(0.1, 1e6),
    log_level=st.sampled_from(["debug", "error"]),
)
def test_a_child_reads_the_same_settings(**values: Any) -> None:
    settings = Settings(data=Path("/somewhere"), **values)
    with mock.patch.dict(os.environ, environment(settings)):
        assert Settings() == settings
