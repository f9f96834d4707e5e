"""A SeaweedFS of the tests' own."""

import os
import random
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from pydantic import SecretStr

from app.settings import Settings


@contextmanager
def seaweedfs(folder: Path) -> Iterator[Settings]:
    """`weed mini` on free ports, stopped in the end."""
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    weed = shutil.which("weed", path=search)
    assert weed is not None, "install the extra `embedded`"
    master, volume, filer, s3, admin = free_ports(5)
    keys = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": uuid.uuid4().hex}
    command = [
        *(weed, "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-webdav=false"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false", "-admin.ui=false"),
        *(f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}"),
        *(f"-s3.port={s3}", f"-admin.port={admin}"),
    ]
    with (folder / "weed.log").open("wb") as log:
        environment = {**os.environ, **keys, "GOMEMLIMIT": "384MiB"}
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
    try:
        wait_until_healthy(process, f"http://127.0.0.1:{s3}/readyz", folder / "weed.log")
        yield Settings(
            _env_file=None,
            s3_endpoint=f"http://127.0.0.1:{s3}",
            s3_access_key=keys["AWS_ACCESS_KEY_ID"],
            s3_secret_key=SecretStr(keys["AWS_SECRET_ACCESS_KEY"]),
        )
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_ports(count: int) -> list[int]:
    """Ports that are free together with the one 10,000 above, where gRPC listens."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(11_000, 22_000)
        with socket.socket() as plain, socket.socket() as grpc:
            try:
                plain.bind(("127.0.0.1", port))
                grpc.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


def wait_until_healthy(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(address).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"SeaweedFS did not start: {log.read_text(errors='replace')[-2000:]}")
