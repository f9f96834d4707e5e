"""What docs/library.md tells people to type, tried out from the first command to the last."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from app.settings import Settings
from documents.store import Store
from documents.uploads import Upload
from scripts.processes import Child, children
from scripts.stack import environment
from scripts.stack.ports import choose
from scripts.up import await_ready
from tests.app.library.support import png
from tests.support.backlot import outside

ROOT: Final = Path(__file__).parents[3]
PAGE: Final = (ROOT / "docs" / "library.md").read_text("utf-8")
COMMANDS: Final = "\n".join(re.findall(r"^```sh\n(.*?)^```", PAGE, re.M | re.S))
FOX: Final = png(40_000, seed=30)
FILM: Final = png(17 * 2**20, seed=31)
SEED: Final = """
import asyncio
from app.settings import Settings
from scripts.seed import ensure_demo_account
asyncio.run(ensure_demo_account(Settings()))
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


@pytest.fixture
async def url(store: Store, settings: Settings, tmp_path: Path) -> AsyncIterator[str]:
    """An API on the servers of the tests, and the account of the page."""
    # Opening a store binds the document classes of a process: that is left to another one.
    command, variables = [sys.executable, "-c", SEED], outside(**environment(settings))
    await asyncio.to_thread(subprocess.run, command, cwd=tmp_path, env=variables, check=True)
    port = choose(["api"], {}, ())["api"]
    address = f"http://127.0.0.1:{port}"
    variables = environment(settings.model_copy(update={"port": port, "public_url": address}))
    with children(Child(["api"], variables, tmp_path / "api.log")) as [api]:
        await asyncio.to_thread(await_ready, f"{address}/readyz", api)
        yield address


@pytest.mark.slow
async def test_the_page_works_as_it_stands(url: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".venv" / "bin").mkdir(parents=True)
    (home / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (home / "fox.png").write_bytes(FOX)
    (home / "film.mp4").write_bytes(FILM)
    variables = dict(os.environ)
    if shutil.which("curl") is None:
        (home / "curl").write_text(CURL)
        (home / "curl").chmod(0o700)
        variables["PATH"] = f"{home}{os.pathsep}{variables['PATH']}"
    script = COMMANDS.replace("http://127.0.0.1:8000", url)
    bash = shutil.which("bash")
    assert bash
    command = [bash, "-euo", "pipefail", "-c", script]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=home, env=variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.split("\n")
    assert lines[:4] == ["processing", "[1, 2]", "checking", "open"], done.stdout
    assert lines[4:9] == ["[]", "0", "0", "fox.png", "fox.png"]
    for name in ("fox-again.png", "shared.png"):
        assert (home / name).read_bytes() == FOX
    assert (home / "head").read_bytes() == FOX[:8]
    with zipfile.ZipFile(home / "files.zip") as archive:
        assert archive.read("fox.png") == FOX
    states = {each.way: each.state for each in await Upload.all_in(True, {})}
    assert states == {
        "stream": "completed",
        "put": "completed",
        "multipart": "checking",
        "import": "open",
    }
