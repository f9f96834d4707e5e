"""The `backlot` command as a user runs it: a process of its own, with a data folder of its own."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeAlias

import psutil
import pytest

from scripts.stack.folder import State

BACKLOT: Final = Path(sys.executable).with_name("backlot")
PATIENCE_SECONDS: Final = 60
Done: TypeAlias = subprocess.CompletedProcess[str]
P = ParamSpec("P")


def beside_the_loop(test: Callable[P, None]) -> Callable[P, Awaitable[None]]:
    """Run a long test in a thread: a client of the store that cannot beat meanwhile is cut off."""

    @wraps(test)
    async def run(*args: P.args, **kwargs: P.kwargs) -> None:
        await asyncio.to_thread(test, *args, **kwargs)

    return run


def outside(**variables: object) -> dict[str, str]:
    """The environment of somebody who has set these variables of ours and no others."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("BACKLOT_")}
    return plain | {name: str(value) for name, value in variables.items()}


def backlot(*arguments: object, cwd: Path, env: Mapping[str, str]) -> Done:
    """Run the command to its end; `cwd` keeps a developer's .env out."""
    return subprocess.run(
        [BACKLOT, *map(str, arguments)],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def running(
    *arguments: object, cwd: Path, env: Mapping[str, str]
) -> Iterator["subprocess.Popen[str]"]:
    """The command while it runs, its words in pipes; killed if the test leaves it running."""
    process = subprocess.Popen(
        [BACKLOT, *map(str, arguments)],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def is_refusal(done: Done, *words: str) -> bool:
    """Whether it ended with one sentence of ours that holds these words, and no traceback."""
    return (
        done.returncode == 1
        and done.stderr.startswith("backlot: ")
        and "Traceback" not in done.stderr
        and all(word in done.stderr for word in words)
    )


def state_of(data: Path) -> State:
    """Who holds the folder, and which servers run on it."""
    return State.model_validate_json((data / "stack.json").read_bytes())


def processes_of(data: Path) -> list[str]:
    """The processes that work on this data folder."""
    return [" ".join(each.cmdline()) for each in psutil.process_iter() if _works_on(each, data)]


def _works_on(process: psutil.Process, data: Path) -> bool:
    try:
        named = any(str(data) in word for word in process.cmdline())
        told = process.environ().get("BACKLOT_DATA") == str(data)
        return (named or told) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether it comes true before patience runs out."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def stored(data: Path, cwd: Path, *collections: str) -> dict[str, int]:
    """How many documents lie in these collections of a folder that nothing runs on."""
    code = (
        "import json, os, sys, pymongo\n"
        "client = pymongo.MongoClient(os.environ['BACKLOT_MONGO_URI'])\n"
        "database = client[os.environ['BACKLOT_MONGO_DATABASE']]\n"
        "print(json.dumps({n: database[n].count_documents({}) for n in sys.argv[1:]}))"
    )
    words = ("stack", "run", "--", sys.executable, "-c", code, *collections)
    done = backlot(*words, cwd=cwd, env=outside(BACKLOT_DATA=data))
    assert done.returncode == 0, done.stderr
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


def facts_of(done: Done) -> dict[str, Any]:
    """What the demo left beside its film."""
    film = Path(done.stdout.splitlines()[-1].removeprefix("MP4 "))
    facts: dict[str, Any] = json.loads(film.with_name("demo.json").read_text("utf-8"))
    return facts


def wait_for_steps(process: "subprocess.Popen[str]", steps: int) -> None:
    """Until a demo has done so many steps: its standard error tells them as JSON lines."""
    assert process.stderr is not None
    for line in process.stderr:
        if not line.startswith("{"):
            pytest.fail(line)
        if json.loads(line)["completed"] >= steps:
            return
    pytest.fail("the demo ended before")
