"""The embedded wake-ups: redis-server, without files of its own."""

from collections.abc import Mapping
from typing import Any, cast

import redis

from app.settings import Settings

from . import binaries
from .folder import Keys
from .ports import LOOPBACK, answers
from .server import Pause, Server

MOST_MEMORY = "128mb"


class WakeUps(Server):
    """`redis-server`; nothing is saved, since whatever it held is made again from the documents."""

    program = binaries.REDIS_SERVER
    address_field = "redis_url"
    binary_field = "redis_server"
    port_names = ("redis",)

    def command(self, ports: Mapping[str, int]) -> list[str]:
        return [
            str(self.binary.path),
            *("--port", str(ports["redis"])),
            *("--bind", LOOPBACK),
            *("--dir", str(self.folder)),
            *("--save", ""),
            *("--appendonly", "no"),
            *("--maxmemory", MOST_MEMORY),
            # Only what may expire anyway makes room; queued wake-ups are refused, not dropped.
            *("--maxmemory-policy", "volatile-lru"),
        ]

    def await_ready(self, pid: int, ports: Mapping[str, int], pause: Pause) -> None:
        port = ports["redis"]
        while not answers(port):
            pause()
        with redis.Redis(host=LOOPBACK, port=port, socket_timeout=2) as client:
            while not _is(client, pid):
                pause()

    @classmethod
    def addresses(cls, settings: Settings, ports: Mapping[str, int], keys: Keys) -> dict[str, Any]:
        return {"redis_url": f"redis://{LOOPBACK}:{ports['redis']}"}


def _is(client: redis.Redis, pid: int) -> bool:
    try:
        information = cast(dict[str, Any], client.info("server"))
        return bool(information["process_id"] == pid)
    except redis.RedisError:
        return False
