"""The demo film: made from a text, on the embedded servers."""

import re
import time
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

from rich.markup import escape
from rich.table import Table

from app.core.deletion import delete
from app.films.service import Plan, plan_episode
from app.films.story import MOST_BYTES, UnusableStory, read_story
from app.library.search import Hit, nearest
from documents.films import Episode, Project, ProjectSettings, QualityTier
from documents.library import Media
from documents.production import Task
from documents.scenes import Scene
from scripts.demo.studio import Studio, Unfinished, cost_of, made_by
from scripts.demo.telling import tell

STORY: Final = Path(__file__).parents[1] / "stories" / "fox-and-goat.txt"
HITS: Final = 3
ORIGIN: Final = "Made by `backlot demo`."
"""Tells the demo's projects from those of people."""


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


def make_film(story: Path | None, quality: QualityTier, seed: int) -> None:
    """Make a film and print what it is. Raises UnusableStory, and what `made_by` raises."""
    started = time.monotonic()
    source = story or STORY
    content = _read(source)
    read_story(content)  # what cannot be filmed is said before anything starts
    order = Order(_title(source), content, quality, seed)
    film = made_by(lambda studio: _make(studio, order))
    seconds = time.monotonic() - started
    tell(film.path, _facts(film, seconds), _tables(film, seconds))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as exc:
        raise UnusableStory(f"{path} cannot be read: {exc.strerror}.") from exc


def _title(path: Path) -> str:
    return re.sub(r"[-_\s]+", " ", path.stem).strip()[:255] or "Untitled"


async def _make(studio: Studio, order: Order) -> Film:
    if studio.stack is not None:
        await _clear_up(studio)
    project = Project(
        workspace_id=studio.account.workspace.id,
        created_by=studio.account.user.id,
        title=order.title,
        description=ORIGIN,
        project_settings=ProjectSettings(quality_tier=order.quality),
    )
    undo = partial(delete, studio.store, Project, project.id)
    async with studio.undone_when_stopped({"project_id": project.id}, undo):
        await project.insert()
        plan = await plan_episode(
            studio.store,
            studio.storage,
            studio.wakeups,
            project,
            order.story,
            created_by=studio.account.user.id,
            seed=order.seed,
            auto_approve=True,
        )
        await studio.finished(plan.pipeline.id, "Making the film", "film")
        return await _finished(studio, project, plan)


async def _clear_up(studio: Studio) -> None:
    """Delete what a killed run was making; a film that failed stays, it can be tried again."""
    begun = {"description": ORIGIN, "status": {"$in": ["concept", "production"]}}
    for project in await Project.all_in(True, begun):
        tasks_of = {"project_id": project.id}
        statuses = set(await Task.collection().distinct("status", tasks_of))
        if "failed" not in statuses and statuses != {"completed"}:
            await delete(studio.store, Project, project.id)
    await studio.removed()


async def _finished(studio: Studio, project: Project, plan: Plan) -> Film:
    episode = await Episode.one_in(True, plan.episode.id)
    if episode is None or episode.metadata.final_video_id is None:
        raise Unfinished("the film was deleted while it was made")
    video = await Media.one_in(True, episode.metadata.final_video_id)
    if video is None:
        raise Unfinished("the film's file was deleted while it was made")
    name = re.sub(r"[^\w]+", "-", episode.title.lower()).strip("-")[:60] or "film"
    folder = studio.settings.data / "films" / f"{name}-{episode.id}"
    folder.mkdir(parents=True)
    path = folder / "film.mp4"
    await studio.storage.get_file(video.storage_key, path)
    query, hits = await _search(project, episode)
    return Film(
        project=await Project.one_in(True, project.id) or project,
        episode=episode,
        scenes=await Scene.collection().count_documents({"episode_id": episode.id}),
        media=await Media.collection().count_documents({"project_id": project.id}),
        cost=await cost_of({"project_id": project.id}),
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


def _facts(film: Film, wall_seconds: float) -> dict[str, Any]:
    return {
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


def _tables(film: Film, wall_seconds: float) -> list[Table]:
    title = escape(film.episode.title)
    made = Table("what", "made", title=title, title_justify="left")
    made.add_row("project", escape(f"{film.project.title} ({film.project.status})"))
    made.add_row("episode", f"{title} ({film.episode.status})")
    made.add_row("scenes", str(film.scenes))
    made.add_row("media", str(film.media))
    made.add_row("film", f"{film.episode.metadata.duration or 0:.1f} s")
    made.add_row("made in", f"{wall_seconds:.1f} s")
    made.add_row("cost", f"{film.cost} USD")
    asked = f"Search: {escape(film.query)}"
    found = Table("score", "type", "what", title=asked, title_justify="left")
    for hit in film.hits:
        what = escape(hit.media["description"][:100])
        found.add_row(f"{hit.score:.2f}", hit.media["media_type"], what)
    return [made, found]
