"""Pages of the docs, typed as they stand into a shell beside a running installation."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from app.settings import Settings
from scripts.processes import Child, children
from scripts.stack import environment
from scripts.stack.ports import choose
from scripts.up import await_ready
from tests.support.backlot import outside

ROOT: Final = Path(__file__).parents[2]
SEED: Final = """
import asyncio
from app.production.templates.shared import ensure_shared_templates
from app.settings import Settings
from documents.store import Store
from scripts.seed import ensure_demo_account

async def seed():
    settings = Settings()
    await ensure_demo_account(settings)
    async with await Store.open(settings.mongo_uri, settings.mongo_database) as store:
        await ensure_shared_templates(store)

asyncio.run(seed())
"""
CURL: Final = f"""#!{sys.executable}
import sys, httpx
given, headers, content, into, method, follow = sys.argv[1:], {{}}, None, None, None, False
while given:
    word = given.pop(0)
    if word == "-H":
        name, _, value = given.pop(0).partition(": ")
        headers[name] = value
    elif word == "-d":
        content, method = given.pop(0), method or "POST"
    elif word == "-T":
        content, method = open(given.pop(0), "rb").read(), method or "PUT"
    elif word == "-X":
        method = given.pop(0)
    elif word == "-o":
        into = given.pop(0)
    elif word == "-L":
        follow = True
    elif word != "-s":
        url = word
answer = httpx.request(
    method or "GET", url, headers=headers, content=content, follow_redirects=follow, timeout=60
)
with open(into, "wb") if into else sys.stdout.buffer as file:
    file.write(answer.content)
"""
"""Stands in where there is no curl; knows the options of the page."""


@asynccontextmanager
async def installation(
    settings: Settings, folder: Path, *, worker: bool = False
) -> AsyncIterator[str]:
    """An API on the servers of the tests, with a worker if asked for, and the account of the
    pages; answers its address."""
    # Opening a store binds the document classes of a process: that is left to another one.
    command, variables = [sys.executable, "-c", SEED], outside(**environment(settings))
    await asyncio.to_thread(subprocess.run, command, cwd=folder, env=variables, check=True)
    port = choose(["api"], {}, ())["api"]
    address = f"http://127.0.0.1:{port}"
    variables = environment(settings.model_copy(update={"port": port, "public_url": address}))
    processes = [Child(["api"], variables, folder / "api.log")]
    if worker:
        processes.append(Child(["worker"], variables, folder / "worker.log"))
    with children(*processes) as [api, *_]:
        await asyncio.to_thread(await_ready, f"{address}/readyz", api)
        yield address


async def typed(page: str, url: str, home: Path) -> list[str]:
    """What the commands of the page print, line by line, in a folder with our Python."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    commands = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S))
    (home / ".venv" / "bin").mkdir(parents=True)
    (home / ".venv" / "bin" / "python").symlink_to(sys.executable)
    variables = dict(os.environ)
    if shutil.which("curl") is None:
        (home / "curl").write_text(CURL)
        (home / "curl").chmod(0o700)
        variables["PATH"] = f"{home}{os.pathsep}{variables['PATH']}"
    bash = shutil.which("bash")
    assert bash
    command = [bash, "-euo", "pipefail", "-c", commands.replace("http://127.0.0.1:8000", url)]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=home, env=variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")
