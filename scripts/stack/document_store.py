"""The embedded document store: mongod as a replica set of one, so that transactions work."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from app.settings import Settings

from . import binaries
from .folder import Keys
from .ports import LOOPBACK, answers
from .server import Pause, Server

REPLICA_SET = "rs0"
CACHE_GB = "0.25"
OPLOG_MB = "256"
NOT_YET_INITIATED = 94
INVALID_REPLICA_SET_CONFIG = 93
REMOVED = 10
"""The member state of a mongod that does not find its own address in the configuration."""


class DocumentStore(Server):
    """`mongod`; it ends at once when told to, as no other member could take over."""

    program = binaries.MONGOD
    address_field = "mongo_uri"
    binary_field = "mongod"
    port_names = ("mongod",)

    def command(self, ports: Mapping[str, int]) -> list[str]:
        return [
            str(self.binary.path),
            *("--dbpath", str(self.folder)),
            *("--port", str(ports["mongod"])),
            *("--bind_ip", LOOPBACK),
            *("--replSet", REPLICA_SET),
            *("--wiredTigerCacheSizeGB", CACHE_GB),
            *("--oplogSize", OPLOG_MB),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
            # A transaction of a killed process holds its documents until then (60 s by default);
            # ours last milliseconds.
            *("--setParameter", "transactionLifetimeLimitSeconds=5"),
            "--nounixsocket",
            "--quiet",
        ]

    def await_ready(self, pid: int, ports: Mapping[str, int], pause: Pause) -> None:
        port = ports["mongod"]
        while not answers(port):
            pause()
        with MongoClient[dict[str, Any]](
            LOOPBACK, port, directConnection=True, serverSelectionTimeoutMS=2_000
        ) as client:
            while not _is_primary(client, pid, f"{LOOPBACK}:{port}"):
                pause()

    @classmethod
    def addresses(cls, settings: Settings, ports: Mapping[str, int], keys: Keys) -> dict[str, Any]:
        host = f"{LOOPBACK}:{ports['mongod']}"
        return {"mongo_uri": f"mongodb://{host}/?directConnection=true&replicaSet={REPLICA_SET}"}

    def environment(self) -> dict[str, str]:
        return self.binary.environment(self.folder.parent / "libraries")


def _is_primary(client: MongoClient[dict[str, Any]], pid: int, address: str) -> bool:
    """Whether it takes writes; where it has no replica set, or one at another port, mend that."""
    # It drops connections and refuses commands while it changes its state.
    with suppress(PyMongoError):
        if client.admin.command("serverStatus")["pid"] != pid:
            return False
        hello = client.admin.command("hello")
        if hello.get("isWritablePrimary"):
            return bool(hello["me"] == address)
        _join(client, address)
    return False


def _join(client: MongoClient[dict[str, Any]], address: str) -> None:
    member = {"_id": 0, "host": address}
    try:
        state = client.admin.command("replSetGetStatus")["myState"]
    except OperationFailure as error:
        if error.code == NOT_YET_INITIATED:
            client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [member]})
            return
        if error.code != INVALID_REPLICA_SET_CONFIG:
            raise
        state = REMOVED
    if state == REMOVED:
        config = client.admin.command("replSetGetConfig")["config"]
        config |= {"members": [config["members"][0] | member], "version": config["version"] + 1}
        client.admin.command("replSetReconfig", config, force=True)
