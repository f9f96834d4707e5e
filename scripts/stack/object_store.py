"""The embedded object store: SeaweedFS in one process, shut to everybody without the keys."""

import http.client
import json
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import SecretStr

from app.settings import Settings

from . import binaries
from .folder import Keys
from .ports import GRPC_OFFSET, LOOPBACK, answers
from .server import Pause, Server

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MEMORY_LIMIT = "384MiB"
"""A soft limit for Go's collector, which counts 250 MiB of buffers that are never touched.

Below 320 MiB it collects without end: at 256 MiB an idle store took a tenth of a core after five
minutes, and 250 MiB put and read back took 12.6 s of processor time in place of 3.6 s. Idle it
stays near 120 MB, then it reached 210 MB.
"""

VOLUMES_SECONDS = 10.0
"""How long a start waits for old volumes; one that is damaged must not keep the others away."""

THERE_ALREADY = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}


class ObjectStore(Server):
    """`weed mini`: master, volumes, filer and the S3 gateway."""

    program = binaries.WEED
    address_field = "s3_endpoint"
    binary_field = "weed"
    port_names = ("master", "volume", "filer", "s3", "admin")

    def command(self, ports: Mapping[str, int]) -> list[str]:
        listeners = [f"-{name}.port={ports[name]}" for name in self.port_names]
        listeners += [f"-{name}.port.grpc={ports[name] + GRPC_OFFSET}" for name in self.port_names]
        return [
            *(str(self.binary.path), "-logtostderr=true", "mini", f"-dir={self.folder}"),
            *(f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}", *listeners),
            *("-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0"),
            *("-master.telemetry=false", "-volume.preStopSeconds=0"),
            # A resumed master refuses its own volumes at first, and they ask again 5 s later only.
            "-master.resumeState=false",
            # A web page in the user's browser may not read the filer from another origin.
            "-filer.allowedOrigins=null",
            # Relative to its folder: a socket's path may have some hundred characters only.
            *("-s3.localSocket=s3.sock", "-filer.localSocket=filer.sock"),
        ]

    def await_ready(self, pid: int, ports: Mapping[str, int], pause: Pause) -> None:
        reached = self.addresses(self.settings, ports, self.keys)
        with closing(_client(self.settings, reached)) as client:
            while not answers(ports["s3"]):
                pause()
            # The gateway answers before the master has heard of the volumes: reads would fail.
            deadline = time.monotonic() + VOLUMES_SECONDS
            while not _knows_volumes(ports["master"], self.folder) and time.monotonic() < deadline:
                pause()
            while not _has_bucket(client, self.settings.s3_bucket):
                pause()

    @classmethod
    def addresses(cls, settings: Settings, ports: Mapping[str, int], keys: Keys) -> dict[str, Any]:
        given = settings.s3_access_key is not None and settings.s3_secret_key is not None
        return {
            "s3_endpoint": f"http://{LOOPBACK}:{ports['s3']}",
            "s3_access_key": settings.s3_access_key if given else keys.s3_access_key,
            "s3_secret_key": settings.s3_secret_key if given else SecretStr(keys.s3_secret_key),
        }

    def prepare(self) -> None:
        super().prepare()
        security = self.folder / "security.toml"
        security.touch(mode=0o600)
        security.write_text(_security(self.keys.filer_key))

    def environment(self) -> dict[str, str]:
        reached = self.addresses(self.settings, dict.fromkeys(self.port_names, 0), self.keys)
        return {
            "AWS_ACCESS_KEY_ID": reached["s3_access_key"],
            "AWS_SECRET_ACCESS_KEY": reached["s3_secret_key"].get_secret_value(),
            "GOMEMLIMIT": MEMORY_LIMIT,
        }


def _security(key: str) -> str:
    """SeaweedFS's own HTTP interfaces answer 401 to whoever has no token signed with this key."""
    sections = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
    return "\n".join(
        f'[{section}]\nkey = "{key}"\nexpires_after_seconds = 60\n' for section in sections
    )


def _knows_volumes(master: int, folder: Path) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, master, timeout=2)
    try:
        connection.request("GET", "/dir/status")
        topology = json.load(connection.getresponse())["Topology"]
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return False
    finally:
        connection.close()
    nodes = [
        node
        for center in topology.get("DataCenters") or []
        for rack in center.get("Racks") or []
        for node in rack.get("DataNodes") or []
    ]
    known = sum(node["Volumes"] for node in nodes)
    return bool(nodes) and known >= sum(1 for _ in folder.glob("*.dat"))


def _client(settings: Settings, reached: Mapping[str, Any]) -> "S3Client":
    return boto3.session.Session().client(
        "s3",
        endpoint_url=reached["s3_endpoint"],
        aws_access_key_id=reached["s3_access_key"],
        aws_secret_access_key=reached["s3_secret_key"].get_secret_value(),
        region_name=settings.s3_region,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
            connect_timeout=2,
            read_timeout=10,
            proxies={},
        ),
    )


def _has_bucket(client: "S3Client", bucket: str) -> bool:
    try:
        client.create_bucket(Bucket=bucket)
    except ClientError as error:
        return error.response["Error"]["Code"] in THERE_ALREADY
    except BotoCoreError:
        return False
    return True
