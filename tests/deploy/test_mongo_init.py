"""deploy/mongo_init.py against a mongod with a key file, as docker-compose.yml starts it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from app.settings import Settings
from scripts.stack import binaries, ports

SCRIPT = Path(__file__).parents[2] / "deploy" / "mongo_init.py"
DATABASE = "studio"
PASSWORDS = {"MONGO_ROOT_PASSWORD": "root-one", "MONGO_PASSWORD": "own-one"}


def initiate(address: str, **passwords: str) -> subprocess.CompletedProcess[str]:
    arguments = ("--address", address, "--member", address)
    variables = {**os.environ, "BACKLOT_MONGO_DATABASE": DATABASE, **PASSWORDS, **passwords}
    return subprocess.run(
        [sys.executable, SCRIPT, *arguments],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )


def connect(address: str, user: str, password: str) -> MongoClient[dict[str, object]]:
    return MongoClient(address, username=user, password=password, replicaSet="rs0")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A new mongod that asks for passwords and belongs to no replica set yet."""
    binary = binaries.find(binaries.MONGOD, Settings().mongod)
    port = ports.choose(("mongod",), {}, set())["mongod"]
    key = tmp_path / "key"
    key.touch(mode=0o600)
    key.write_text("ab" * 32)
    (tmp_path / "data").mkdir()
    command = [
        *(str(binary.path), "--replSet", "rs0", "--keyFile", str(key), "--bind_ip", "127.0.0.1"),
        *("--port", str(port), "--dbpath", str(tmp_path / "data"), "--oplogSize", "16"),
        *("--wiredTigerCacheSizeGB", "0.25", "--unixSocketPrefix", str(tmp_path)),
    ]
    variables = {**os.environ, **binary.environment(tmp_path / "libraries")}
    with subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL) as process:
        yield f"127.0.0.1:{port}"
        process.kill()


def test_makes_the_replica_set_and_its_users_and_can_run_again(address: str) -> None:
    first = initiate(address)
    assert first.returncode == 0, first.stderr
    with connect(address, "backlot", "own-one") as client, client.start_session() as session:
        database = client[DATABASE]
        database.create_collection("films", validator={"title": {"$type": "string"}})
        database.films.create_index("title")
        database.command("collMod", "films", validationLevel="strict")
        session.with_transaction(lambda s: database.films.insert_one({"title": "one"}, session=s))
        with database.watch(max_await_time_ms=1) as stream:
            assert stream.try_next() is None
        with pytest.raises(OperationFailure, match="not authorized"):
            client.elsewhere.films.insert_one({"title": "two"})

    again = initiate(address, MONGO_PASSWORD="own-two")
    assert again.returncode == 0, again.stderr
    with connect(address, "backlot", "own-two") as client:
        assert client[DATABASE].films.count_documents({}) == 1

    stranger: MongoClient[dict[str, object]] = MongoClient(address, directConnection=True)
    with stranger, pytest.raises(OperationFailure, match="requires authentication"):
        stranger[DATABASE].films.find_one()

    wrong = initiate(address, MONGO_ROOT_PASSWORD="root-two")
    assert wrong.returncode == 1
    assert "put the old one into .env" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_the_search_user_is_the_one_that_mongot_signs_in_as() -> None:
    users = SCRIPT.read_text()
    configuration = SCRIPT.with_name("mongot.yml").read_text()
    assert 'wanted["mongot"]' in users
    assert "username: mongot\n" in configuration
