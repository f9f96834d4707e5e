"""One process serves a whole worker, is started again when it died, and ends with its parent."""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.workers.render import material
from workers.render.servants import Servant

MODULE = "workers.render.probe_child"


@pytest.fixture
def servant() -> Iterator[Servant]:
    servant = Servant(MODULE)
    yield servant
    servant.close()


async def ask(servant: Servant, path: Path) -> str:
    async with servant.connected() as (reader, writer):
        writer.write(json.dumps({"path": str(path), "seconds": 10}).encode() + b"\n")
        facts = json.loads(await reader.readline())["facts"]
    return str(facts["mime_type"])


def serving() -> set[int]:
    return {
        child.pid
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE and MODULE in child.cmdline()
    }


async def test_one_process_answers_all(servant: Servant, tmp_path: Path) -> None:
    image = material.plain(tmp_path / "picture.png", (1, 2, 3))
    before = serving()
    answers = await asyncio.gather(*(ask(servant, image) for _ in range(6)))
    assert answers == ["image/png"] * 6
    assert len(serving() - before) == 1


async def test_one_that_died_is_started_again(servant: Servant, tmp_path: Path) -> None:
    image = material.plain(tmp_path / "picture.png", (1, 2, 3))
    before = serving()
    await ask(servant, image)
    [first] = serving() - before
    process = psutil.Process(first)
    process.kill()
    while process.status() != psutil.STATUS_ZOMBIE:
        await asyncio.sleep(0.001)
    assert await ask(servant, image) == "image/png"
    [second] = serving() - before
    assert second != first


async def test_closing_ends_it(servant: Servant, tmp_path: Path) -> None:
    before = serving()
    await ask(servant, material.plain(tmp_path / "picture.png", (1, 2, 3)))
    servant.close()
    assert serving() == before


@pytest.mark.parametrize("module", [MODULE, "workers.crew_child", "workers.providers.local.espeak"])
def test_it_ends_with_its_parent_however_that_ends(module: str) -> None:
    code = (
        "import asyncio, os, signal, sys; from workers.render.servants import Servant\n"
        "async def main():\n"
        "    servant = Servant(sys.argv[1])\n"
        "    async with servant.connected():\n"
        "        print(servant._process.pid, flush=True)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, module], capture_output=True, check=False, timeout=60
    )
    process = int(done.stdout)
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(process).wait(20)
    assert not psutil.pid_exists(process)
