"""`backlot demo`: a film from a text, on the embedded servers."""

import asyncio
import json
import re
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.core.deletion import PURGE_TREE, REMOVE_OBJECTS, delete
from app.core.storage import Storage
from app.core.wakeups import Wakeups
from app.films.service import Plan, plan_episode
from app.films.story import MOST_BYTES, UnusableStory, read_story
from app.library.search import Hit, nearest
from app.production import tasks
from app.production.tasks import PipelineState, pipeline_state
from app.settings import Settings
from documents.base import StoredDocument
from documents.films import Episode, Project, ProjectSettings, QualityTier
from documents.ledger import GenerationCost
from documents.library import Media
from documents.production import Task
from documents.scenes import Scene
from documents.store import Store
from scripts.migrate import migrated
from scripts.processes import Child, ProcessEnded, children, stopped_by_signals
from scripts.progress import ProgressReport
from scripts.seed import ensure_demo_account
from scripts.servers import servers
from scripts.stack import ServerDied, Stack, environment

STORY: Final = Path(__file__).parent / "stories" / "fox-and-goat.txt"
POLL_SECONDS: Final = 0.3
PATIENCE_SECONDS: Final = 10.0
HITS: Final = 3
ORIGIN: Final = "Made by `backlot demo`."
"""Tells the demo's projects from those of people."""


class Unfinished(Exception):
    """The film was not finished; the message says why and how to go on."""


@dataclass(frozen=True, slots=True)
class Order:
    """What film is asked for."""

    title: str
    story: bytes
    quality: QualityTier
    seed: int


@dataclass(frozen=True, slots=True)
class Film:
    """What was made."""

    project: Project
    episode: Episode
    scenes: int
    media: int
    cost: Decimal
    path: Path
    query: str
    hits: list[Hit]


def demo(
    story: Annotated[Path | None, typer.Option(help="A text file to make the film from.")] = None,
    quality: Annotated[QualityTier, typer.Option(help="Decides size and encoder.")] = "standard",
    seed: Annotated[int, typer.Option(help="Another seed, another film.", min=0)] = 0,
) -> None:
    """Make a film from a text: story, screenplay, characters, scenes, media, one episode."""
    started = time.monotonic()
    source = story or STORY
    content = _read(source)
    read_story(content)  # what cannot be filmed is said before anything starts
    with stopped_by_signals(), servers(Settings()) as (settings, stack):
        asyncio.run(migrated(settings))
        worker = Child(["worker"], environment(settings), settings.data / "logs" / "worker.log")
        order = Order(_title(source), content, quality, seed)
        with children(worker):
            film = asyncio.run(_watched(_make(settings, stack, order), stack, worker))
    _tell(film, time.monotonic() - started)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as exc:
        raise UnusableStory(f"{path} cannot be read: {exc.strerror}.") from exc


def _title(path: Path) -> str:
    return re.sub(r"[-_\s]+", " ", path.stem).strip()[:255] or "Untitled"


async def _watched(work: Coroutine[Any, Any, Film], stack: Stack | None, worker: Child) -> Film:
    """What the work answers. Raises ServerDied or ProcessEnded as soon as one of these ends."""
    making = asyncio.create_task(work)
    try:
        while not making.done():
            _check(stack, worker)
            await asyncio.wait([making], timeout=POLL_SECONDS)
    except (ServerDied, ProcessEnded):
        making.cancel()
        await asyncio.wait([making], timeout=POLL_SECONDS)
        making.cancel()  # it may wait for the server that has died
        await asyncio.gather(making, return_exceptions=True)
        raise
    except BaseException:
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)
        raise
    if making.exception() is not None:
        _check(stack, worker)  # then the work failed because of that
    return making.result()


def _check(stack: Stack | None, worker: Child) -> None:
    if stack is not None:
        stack.check()
    worker.check()


async def _make(settings: Settings, stack: Stack | None, order: Order) -> Film:
    account = await ensure_demo_account(settings)
    async with (
        await Store.open(settings.address("mongo_uri"), settings.mongo_database) as store,
        Storage(settings) as storage,
        Wakeups(settings.address("redis_url")) as wakeups,
    ):
        if stack is not None:
            await _clear_up(store, wakeups)
        project = Project(
            workspace_id=account.workspace.id,
            created_by=account.user.id,
            title=order.title,
            description=ORIGIN,
            project_settings=ProjectSettings(quality_tier=order.quality),
        )
        try:
            await project.insert()
            plan = await plan_episode(
                store,
                storage,
                wakeups,
                project,
                order.story,
                created_by=account.user.id,
                seed=order.seed,
                auto_approve=True,
            )
            await _await_film(plan)
            return await _finished(storage, settings, project, plan)
        except (asyncio.CancelledError, KeyboardInterrupt):
            if stack is not None:
                stack.check()  # without its servers the next run has to clear up
            await _undo(store, wakeups, project)
            raise


async def _await_film(plan: Plan) -> None:
    """Wait until the pipeline is done, telling how far it is. Raises Unfinished when it fails."""
    with ProgressReport("Making the film") as report:
        while True:
            state = await pipeline_state(plan.pipeline.id)
            report.tell(state.completed, state.total, await _running(plan))
            if state.is_done:
                return
            if state.is_stuck and not state.by_status.get("processing"):
                raise Unfinished(_why(plan, state))
            await asyncio.sleep(POLL_SECONDS)


async def _running(plan: Plan) -> str:
    query = {"pipeline_id": plan.pipeline.id, "status": "processing"}
    kinds = await Task.collection().distinct("kind", query)
    return ", ".join(sorted(kind.split(".")[1].replace("_", " ") for kind in kinds))


def _why(plan: Plan, state: PipelineState) -> str:
    failures = [task for task in state.failures if not task.optional]
    errors = {task.error.message for task in failures if task.error}
    return (
        f"the film could not be finished: {'; '.join(sorted(errors)) or 'it was cancelled'} — "
        "when that is mended, start `backlot up` and run "
        f"`backlot tasks retry --pipeline {plan.pipeline.id}`; what is made already is kept"
    )


async def _clear_up(store: Store, wakeups: Wakeups) -> None:
    """Delete what a killed run was making; a film that failed stays, it can be tried again."""
    begun = {"description": ORIGIN, "status": {"$in": ["concept", "production"]}}
    for project in await Project.all_in(True, begun):
        tasks_of = {"project_id": project.id}
        statuses = set(await Task.collection().distinct("status", tasks_of))
        if "failed" not in statuses and statuses != {"completed"}:
            await delete(store, Project, project.id)
    await wakeups.wake()
    await _removed()


async def _undo(store: Store, wakeups: Wakeups, project: Project) -> None:
    """Stop the work and delete what there is of it, files included."""
    await tasks.cancel(True, {"project_id": project.id})
    await _ended({"project_id": project.id, "status": "processing"})
    await delete(store, Project, project.id)
    await wakeups.wake()
    await _removed()


async def _removed() -> None:
    """Wait until the files of what was deleted are gone.

    The next film may be made of the same story: its file must not go while that film begins.
    """
    kinds = [PURGE_TREE.name, REMOVE_OBJECTS.name]
    await _ended({"kind": {"$in": kinds}, "status": {"$in": ["queued", "processing"]}})


async def _ended(query: StoredDocument) -> None:
    """Wait until no task is found any more, for a while."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and await Task.collection().count_documents(query, limit=1):
        await asyncio.sleep(POLL_SECONDS)


async def _finished(storage: Storage, settings: Settings, project: Project, plan: Plan) -> Film:
    episode = await Episode.one_in(True, plan.episode.id)
    if episode is None or episode.metadata.final_video_id is None:
        raise Unfinished("the film was deleted while it was made")
    video = await Media.one_in(True, episode.metadata.final_video_id)
    if video is None:
        raise Unfinished("the film's file was deleted while it was made")
    name = re.sub(r"[^\w]+", "-", episode.title.lower()).strip("-")[:60] or "film"
    folder = settings.data / "films" / f"{name}-{episode.id}"
    folder.mkdir(parents=True)
    path = folder / "film.mp4"
    await storage.get_file(video.storage_key, path)
    query, hits = await _search(project, episode)
    return Film(
        project=await Project.one_in(True, project.id) or project,
        episode=episode,
        scenes=await Scene.collection().count_documents({"episode_id": episode.id}),
        media=await Media.collection().count_documents({"project_id": project.id}),
        cost=await _cost(project),
        path=path.resolve(),
        query=query,
        hits=hits,
    )


async def _search(project: Project, episode: Episode) -> tuple[str, list[Hit]]:
    """Look for a picture of what the film's last scene is about."""
    from workers.providers.embedding import EmbeddingRequest
    from workers.providers.registry import local_providers

    scenes = await Scene.all_in(
        True, {"episode_id": episode.id}, sort=[("scene_number", -1)], limit=1
    )
    query = f"{scenes[0].mood} picture: {scenes[0].location}, {scenes[0].script.action}"[:120]
    embedder = local_providers().embedding
    result = await embedder.embed(EmbeddingRequest(texts=(query,)))
    return query, await nearest(True, project.id, result.vectors[0], result.model, limit=HITS)


async def _cost(project: Project) -> Decimal:
    cursor = await GenerationCost.collection().aggregate(
        [
            {"$match": {"project_id": project.id}},
            {"$group": {"_id": None, "sum": {"$sum": "$amount"}}},
        ]
    )
    rows = await cursor.to_list()
    return Decimal(str(rows[0]["sum"])) if rows else Decimal(0)


def _facts(film: Film, wall_seconds: float) -> dict[str, Any]:
    return {
        "mp4": str(film.path),
        "project_id": str(film.project.id),
        "episode_id": str(film.episode.id),
        "scenes": film.scenes,
        "media": film.media,
        "film_seconds": film.episode.metadata.duration,
        "wall_seconds": round(wall_seconds, 1),
        "cost": str(film.cost),
        "search": {
            "query": film.query,
            "hits": [
                {
                    "score": round(hit.score, 4),
                    "media_id": str(hit.media["_id"]),
                    "media_type": hit.media["media_type"],
                    "description": hit.media["description"],
                }
                for hit in film.hits
            ],
        },
    }


def _tell(film: Film, wall_seconds: float) -> None:
    facts = _facts(film, wall_seconds)
    text = json.dumps(facts, indent=2, ensure_ascii=False)
    film.path.with_name("demo.json").write_text(text + "\n", encoding="utf-8")
    console = Console(highlight=False)
    title = escape(film.episode.title)
    made = Table("what", "made", title=title, title_justify="left")
    made.add_row("project", escape(f"{film.project.title} ({film.project.status})"))
    made.add_row("episode", f"{title} ({film.episode.status})")
    made.add_row("scenes", str(film.scenes))
    made.add_row("media", str(film.media))
    made.add_row("film", f"{film.episode.metadata.duration or 0:.1f} s")
    made.add_row("made in", f"{wall_seconds:.1f} s")
    made.add_row("cost", f"{film.cost} USD")
    console.print(made)
    asked = f"Search: {escape(film.query)}"
    found = Table("score", "type", "what", title=asked, title_justify="left")
    for hit in film.hits:
        what = escape(hit.media["description"][:100])
        found.add_row(f"{hit.score:.2f}", hit.media["media_type"], what)
    console.print(found)
    print(f"MP4 {film.path}", flush=True)
