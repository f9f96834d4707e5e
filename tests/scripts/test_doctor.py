"""What `backlot doctor` says of parts that work and of parts that don't."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from pydantic import SecretStr
from typer.testing import CliRunner

from app.settings import Settings
from scripts.doctor import Finding, doctor, examine
from scripts.stack import Stack

PARTS = {
    "python",
    "data folder",
    "document store",
    "wake-ups",
    "object store",
    "ffmpeg",
    "voice",
    "embeddings",
    "fonts",
}
SERVERS = {"document store", "wake-ups", "object store"}


@pytest.fixture(autouse=True, scope="module")
def _plain_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The settings of whoever runs the tests don't matter here."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("BACKLOT_"):
                patch.delenv(name)
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        yield


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with Stack(Settings(data=tmp_path_factory.mktemp("doctor") / "data")) as settings:
        yield settings


@pytest.fixture
def nobody() -> Iterator[str]:
    """A host and port where nothing listens, nor will while the test runs."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


async def findings(settings: Settings) -> dict[str, Finding]:
    return {finding.part: finding for finding in await examine(settings)}


async def test_all_is_well_though_nothing_runs(tmp_path: Path) -> None:
    found = await findings(Settings(data=tmp_path / "data"))
    assert set(found) == PARTS
    assert {part for part in found if not found[part].ok} == set()
    assert {found[part].answers for part in SERVERS} == {None}
    assert all(found[part].version for part in PARTS - {"data folder"})
    assert not (tmp_path / "data").exists()


async def test_servers_of_a_run_on_the_folder_are_asked(running: Settings) -> None:
    found = await findings(Settings(data=running.data))
    assert {found[part].answers for part in SERVERS} == {True}
    store = found["document store"]
    assert store.where == f"{running.mongo_uri} (embedded, running)"
    assert store.version == "6.0.5"
    assert store.abilities == "transactions, no vector search (the local index is used)"
    assert found["object store"].abilities == "bucket backlot"


async def test_named_servers_are_asked(running: Settings) -> None:
    found = await findings(running)
    assert found["wake-ups"].ok
    assert found["wake-ups"].where == f"{running.redis_url} (BACKLOT_REDIS_URL)"


async def test_silent_servers_are_told(nobody: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.doctor.ANSWER_SECONDS", 1)
    settings = Settings(
        mongo_uri=f"mongodb://someone:secret@{nobody}/",
        redis_url=f"redis://:secret@{nobody}/0",
        s3_endpoint=f"http://{nobody}",
        s3_access_key="key",
        s3_secret_key=SecretStr("secret"),
    )
    found = await findings(settings)
    assert {part for part in found if not found[part].ok} == SERVERS
    assert {found[part].answers for part in SERVERS} == {False}
    assert "correct BACKLOT_MONGO_URI" in found["document store"].mend
    assert "secret" not in str(found)


async def test_wrong_addresses_are_told() -> None:
    settings = Settings(mongo_uri="not://right", redis_url="not://right", s3_endpoint="not right")
    found = await findings(settings)
    assert {part for part in found if not found[part].ok} == SERVERS
    assert "BACKLOT_MONGO_URI is not right" in found["document store"].mend
    assert "BACKLOT_REDIS_URL is not right" in found["wake-ups"].mend
    assert "BACKLOT_S3_ENDPOINT is not right" in found["object store"].mend


@pytest.mark.parametrize(
    ("change", "mend"),
    [
        pytest.param({"s3_bucket": "absent"}, "It has no bucket absent", id="bucket"),
        pytest.param(
            {"s3_secret_key": SecretStr("guessed")}, "correct BACKLOT_S3_ACCESS_KEY", id="keys"
        ),
    ],
)
async def test_a_store_that_refuses_is_told(
    change: dict[str, object], mend: str, running: Settings
) -> None:
    found = await findings(running.model_copy(update=change))
    assert found["object store"].answers
    assert mend in found["object store"].mend


async def test_a_folder_that_cannot_be_written_is_told() -> None:
    found = await findings(Settings(data=Path("/proc/backlot")))
    assert not found["data folder"].ok
    assert "set BACKLOT_DATA" in found["data folder"].mend


async def test_a_program_that_is_missing_is_told(tmp_path: Path) -> None:
    found = await findings(Settings(data=tmp_path / "data", mongod=Path("/nowhere/mongod")))
    assert "BACKLOT_MONGOD names /nowhere/mongod" in found["document store"].mend


class TestCommand:
    @staticmethod
    def invoke(*arguments: str) -> tuple[int, str]:
        application = typer.Typer()
        application.command()(doctor)
        result = CliRunner().invoke(application, arguments)
        return result.exit_code, result.output

    def test_lines_of_json(self) -> None:
        code, output = self.invoke("--json")
        assert code == 0
        assert {json.loads(line)["part"] for line in output.splitlines()} == PARTS

    def test_one_wrong_part_sets_the_exit_code(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BACKLOT_WEED", "/nowhere/weed")
        code, output = self.invoke()
        assert code == 1
        assert "BACKLOT_WEED names /nowhere/weed" in output
