"""What the README tells people to type, tried out; and what README and CONTRIBUTING point at."""

import asyncio
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer
import yaml

from app.core.storage import Storage
from app.settings import Settings
from documents.films import Episode, Project
from documents.identity import User, Workspace
from documents.library import Media
from documents.scenes import Scene
from documents.store import Store
from scripts.bench.commands import BENCHES
from scripts.cli import app
from scripts.processes import Child, children
from scripts.stack import environment
from scripts.stack.ports import choose
from scripts.up import await_ready
from tests.factories.records import valid
from tests.support.backlot import beside_the_loop, outside

ROOT: Final = Path(__file__).parents[1]
README: Final = (ROOT / "README.md").read_text("utf-8")
BLOCKS: Final = re.findall(r"^```sh\n(.*?)^```", README, re.M | re.S)
TOUR: Final = next(block for block in BLOCKS if "curl" in block)
COMMANDS: Final = [line for block in BLOCKS if block is not TOUR for line in block.splitlines()]
MADE: Final = {
    "make demo": ".venv/bin/backlot demo",
    "make demo STORY=my-story.txt": ".venv/bin/backlot demo ${STORY:+--story",
    "make test": ".venv/bin/backlot stack run --temp -- .venv/bin/pytest",
    "make check": ".venv/bin/mypy",
    "make env": ".env",
}
"""What each of them runs; that itself is tested by tests/scripts and tests/test_makefile.py."""
SEED: Final = """
import asyncio
from app.settings import Settings
from scripts.seed import ensure_demo_account
asyncio.run(ensure_demo_account(Settings()))
"""
CURL: Final = f"""#!{sys.executable}
import sys, httpx
given, headers, content, into = sys.argv[1:], {{}}, None, None
while given:
    word = given.pop(0)
    if word == "-H":
        name, _, value = given.pop(0).partition(": ")
        headers[name] = value
    elif word == "-d":
        content = given.pop(0)
    elif word == "-o":
        into = given.pop(0)
    elif not word.startswith("-"):
        url = word
answer = httpx.request(
    "POST" if content else "GET", url, headers=headers, content=content, follow_redirects=True
)
with open(into, "wb") if into else sys.stdout.buffer as file:
    file.write(answer.content)
"""
"""Stands in where there is no curl."""


def root_command() -> Any:
    """The command line as typer builds it."""
    return typer.main.get_command(app)


def make_is_what_is_tested(command: str) -> None:
    program = shutil.which("make")
    assert program
    words = [program, "-n", *shlex.split(command)[1:]]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    dry = subprocess.run(words, cwd=ROOT, env=kept, capture_output=True, text=True, check=True)
    assert MADE[command] in dry.stdout


def backlot_takes_it(command: str) -> None:
    """Every word is a command, an option or a value that the command line knows."""
    words = shlex.split(command)[1:]
    if "--" in words:
        inner = words[words.index("--") + 1 :]
        prove(shlex.join(inner))
    group = root_command()
    context = typer.Context(group)
    while isinstance(getattr(group, "commands", None), dict):
        if group.invoke_without_command and (not words or words[0].startswith("-")):
            break
        group = group.commands[words.pop(0)]
        context = typer.Context(group)
    group.parse_args(context, words)


def compose_knows_it(command: str) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    profiles = {name for each in compose["services"].values() for name in each.get("profiles", [])}
    words = shlex.split(command)[2:]
    while words[0] == "--profile":
        assert words[1] in profiles
        words = words[2:]
    assert words in (["up", "--wait"], ["down"])


PROOFS: Final[dict[str, Callable[[str], None]]] = {
    "make ": make_is_what_is_tested,
    ".venv/bin/backlot ": backlot_takes_it,
    "docker compose ": compose_knows_it,
}


def prove(command: str) -> None:
    [proof] = [proof for start, proof in PROOFS.items() if command.startswith(start)]
    proof(command)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_one_that_works(command: str) -> None:
    prove(command)


def test_a_command_that_is_none_is_noticed() -> None:
    known = (".venv/bin/backlot demo --seed 7", ".venv/bin/backlot demo channel --seed 7")
    for right in known:
        prove(right)
    misspelt = ("make dmeo", ".venv/bin/backlot task list", ".venv/bin/backlot demo chanel")
    for wrong in (*misspelt, "docker compose --profile x up"):
        with pytest.raises((AssertionError, KeyError, subprocess.CalledProcessError)):
            prove(wrong)
    with pytest.raises(Exception, match="No such option"):
        prove(".venv/bin/backlot migrate --chekc")


def test_the_table_names_every_command() -> None:
    rows = re.findall(r"^\| (`[\w-]+`(?:, `[\w-]+`)*) \|", README, re.M)
    named = {name for row in rows for name in re.findall(r"[\w-]+", row)}
    assert named == set(root_command().commands)


def test_the_figures_name_the_benches_they_come_from() -> None:
    text = README.partition("## Figures")[2].partition("## Licence")[0]
    named = re.findall(r"`backlot bench (\w+)`|`(\w+)(?: --quick)?`(?=,| and `)", text)
    assert {first or second for first, second in named} <= set(BENCHES)
    rows = re.findall(r"^\| .+ \| [\d.,]+ .*\| [≤≥] ", text, re.M)
    assert len(rows) == len(re.findall(r"^\| (?!figure|-)", text, re.M))
    assert len(rows) >= 6


def test_it_is_short_and_its_picture_small() -> None:
    assert len(README.splitlines()) <= 200
    pictures = [*(ROOT / "docs" / "images").iterdir()]
    assert pictures
    assert all(picture.stat().st_size < 300_000 for picture in pictures)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_contributing_names_files_that_are_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = set(re.findall(r"`((?:\w+/)+(?:\w+\.py)?)`", text))
    assert len(named) > 20
    inside = {"jobs/", "runtime/", "providers/", "render/"}
    assert {name for name in named - inside if not (ROOT / name).exists()} == set()


@pytest.fixture
async def film(store: Store, settings: Settings, tmp_path: Path) -> bytes:
    """The demo account with a film, as `make demo` leaves them; answers the film's bytes."""
    command, variables = [sys.executable, "-c", SEED], outside(**environment(settings))
    await asyncio.to_thread(subprocess.run, command, cwd=tmp_path, env=variables, check=True)
    [user], [studio] = await User.all_in(True, {}), await Workspace.all_in(True, {})
    project = await valid(Project, created_by=user.id, workspace_id=studio.id).insert()
    owned = {"project_id": project.id, "workspace_id": studio.id}
    episode = await valid(Episode, **owned, episode_number=1).insert()
    script = {"action": "A fox falls into a well."}
    await valid(Scene, **owned, episode_id=episode.id, scene_number=1, script=script).insert()
    content = os.urandom(4096)
    path = tmp_path / "stored.mp4"
    path.write_bytes(content)
    async with Storage(settings) as storage:
        stored = await storage.put_file(path, prefix=str(studio.id), content_type="video/mp4")
    names = {"filename": "film.mp4", "mime_type": "video/mp4", "media_type": "final_video"}
    kept = {"storage_key": stored.key, "sha256": stored.sha256, "filesize": stored.size}
    await valid(Media, **owned, **names, **kept, kind="video").insert()
    return content


@pytest.fixture
def url(store: Store, settings: Settings, tmp_path: Path) -> Iterator[str]:
    """An API on the servers of the tests."""
    port = choose(["api"], {}, ())["api"]
    variables = environment(settings.model_copy(update={"port": port}))
    with children(Child(["api"], variables, tmp_path / "api.log")) as [api]:
        await_ready(f"http://127.0.0.1:{port}/readyz", api)
        yield f"http://127.0.0.1:{port}"


@pytest.mark.slow
@beside_the_loop
def test_the_tour_shows_the_film_and_fetches_it(film: bytes, url: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".venv" / "bin").mkdir(parents=True)
    (home / ".venv" / "bin" / "python").symlink_to(sys.executable)
    variables = dict(os.environ)
    if shutil.which("curl") is None:
        (home / "curl").write_text(CURL)
        (home / "curl").chmod(0o700)
        variables["PATH"] = f"{home}{os.pathsep}{variables['PATH']}"
    script = "set -eu\n" + TOUR.replace("http://127.0.0.1:8000", url)
    shell = shutil.which("sh")
    assert shell
    done = subprocess.run(
        [shell, "-c", script],
        cwd=home,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "A fox falls into a well.\n"
    assert (home / "film.mp4").read_bytes() == film
