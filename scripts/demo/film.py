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

from app.core.actor import Actor
from app.core.deletion import delete
from app.films import developing
from app.films.making import Order, about, begin
from app.films.planning import Wanted
from app.films.story import MOST_BYTES, UnusableStory, read_story
from app.library.search import Hit, nearest
from app.main import parts_with
from documents.films import Character, Episode, Project, ProjectSettings, QualityTier
from documents.library import Media
from documents.production import Task
from documents.scenes import Scene
from scripts.demo.studio import Studio, Unfinished, cost_of, made_by
from scripts.demo.telling import tell

STORY: Final = Path(__file__).parents[1] / "stories" / "fox-and-goat.txt"
SERIES: Final = Path(__file__).parents[1] / "stories" / "fox-and-crow.txt"
"""Of a series: two tales in which the same two meet."""
HITS: Final = 3
ORIGIN: Final = "Made by `backlot demo`."
"""Tells the demo's projects from those of people."""


@dataclass(frozen=True, slots=True)
class FilmOrder:
    """What film is asked for."""

    title: str
    story: str
    quality: QualityTier
    seed: int
    episodes: int


@dataclass(frozen=True, slots=True)
class Part:
    """A finished episode."""

    episode: Episode
    scenes: int
    path: Path


@dataclass(frozen=True, slots=True)
class Film:
    """What was made."""

    project: Project
    parts: list[Part]
    characters: list[str]
    """Who is in it, with the number of episodes that they are in."""
    media: int
    cost: Decimal
    query: str
    hits: list[Hit]

    @property
    def first(self) -> Part:
        return self.parts[0]


def make_film(story: Path | None, quality: QualityTier, seed: int, episodes: int = 1) -> None:
    """Make a film and print what it is. Raises UnusableStory, and what `made_by` raises."""
    started = time.monotonic()
    source = story or (STORY if episodes == 1 else SERIES)
    text = read_story(_read(source))  # what cannot be filmed is said before anything starts
    order = FilmOrder(_title(source), text, quality, seed, episodes)
    film = made_by(lambda studio: _make(studio, order))
    seconds = time.monotonic() - started
    tell(film.first.path, _facts(film, seconds), _tables(film, seconds))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as exc:
        raise UnusableStory(f"{path} cannot be read: {exc.strerror}.") from exc


def _title(path: Path) -> str:
    return re.sub(r"[-_\s]+", " ", path.stem).strip()[:255] or "Untitled"


async def _make(studio: Studio, order: FilmOrder) -> Film:
    if studio.stack is not None:
        await _clear_up(studio)
    user, workspace = studio.account.user, studio.account.workspace
    project = Project(
        workspace_id=workspace.id,
        created_by=user.id,
        title=order.title,
        description=ORIGIN,
        episode_count=order.episodes,
        project_settings=ProjectSettings(quality_tier=order.quality),
    )
    parts = parts_with(studio.settings, studio.store, studio.storage, studio.wakeups)
    actor = Actor(id=user.id, workspaces={workspace.id: "owner"})
    undo = partial(delete, studio.store, Project, project.id)
    async with studio.undone_when_stopped({"project_id": project.id}, undo):
        await project.insert()
        told = developing.Wanted(order.story, order.episodes, order.seed, as_it_is=True)
        developed = await developing.begin(parts, actor, project.id, told)
        await studio.finished(developed.pipeline.id, "Writing the scripts", "script")
        whole = Order("films.make_series", about(project), user.id)
        wanted = Wanted(auto_approve=True, seed=order.seed)
        begun = await studio.store.in_transaction(
            lambda session: begin(project.id, None, wanted, whole, session)
        )
        if begun.pipeline is None:
            raise Unfinished("nothing was written that a film could be made of")
        await studio.wakeups.wake()
        await studio.finished(begun.pipeline.id, "Making the film", "film")
        return await _finished(studio, project)


async def _clear_up(studio: Studio) -> None:
    """Delete what a killed run was making; a film that failed stays, it can be tried again."""
    begun = {"description": ORIGIN, "status": {"$ne": "completed"}}
    for project in await Project.all_in(True, begun):
        inside = {"project_id": project.id}
        episodes = await Episode.all_in(True, inside)
        is_made = bool(episodes) and all(each.status == "completed" for each in episodes)
        has_failed = await Task.first_in(True, {**inside, "status": "failed"})
        if not is_made and not has_failed:
            await delete(studio.store, Project, project.id)
    await studio.removed()


async def _finished(studio: Studio, project: Project) -> Film:
    inside = {"project_id": project.id}
    episodes = await Episode.all_in(True, inside, sort=[("episode_number", 1)])
    parts = [await _part(studio, each) for each in episodes]
    if not parts:
        raise Unfinished("the film was deleted while it was made")
    query, hits = await _search(project, episodes[0])
    return Film(
        project=await Project.one_in(True, project.id) or project,
        parts=parts,
        characters=await _cast(project),
        media=await Media.collection().count_documents(inside),
        cost=await cost_of(inside),
        query=query,
        hits=hits,
    )


async def _part(studio: Studio, episode: Episode) -> Part:
    """The episode's film, fetched. Raises Unfinished."""
    film = episode.metadata.final_video_id
    video = None if film is None else await Media.one_in(True, film)
    if video is None:
        raise Unfinished("the film was deleted while it was made")
    name = re.sub(r"[^\w]+", "-", episode.title.lower()).strip("-")[:60] or "film"
    folder = studio.settings.data / "films" / f"{name}-{episode.id}"
    folder.mkdir(parents=True)
    path = folder / "film.mp4"
    await studio.storage.get_file(video.storage_key, path)
    scenes = await Scene.collection().count_documents({"episode_id": episode.id})
    return Part(episode, scenes, path.resolve())


async def _cast(project: Project) -> list[str]:
    """Everybody, and in how many episodes they are to be seen or heard."""
    found = []
    for each in await Character.all_in(True, {"project_id": project.id}, sort=[("name", 1)]):
        named = {"$or": [{"character_ids": each.id}, {"script.dialogue.character_id": each.id}]}
        shown = await Scene.collection().distinct("episode_id", named)
        found.append(f"{each.name} ({len(shown)})")
    return found


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
        "episode_id": str(film.first.episode.id),
        "scenes": sum(each.scenes for each in film.parts),
        "media": film.media,
        "film_seconds": film.first.episode.metadata.duration,
        "wall_seconds": round(wall_seconds, 1),
        "cost": str(film.cost),
        "characters": film.characters,
        "episodes": [
            {
                "episode_id": str(each.episode.id),
                "title": each.episode.title,
                "mp4": str(each.path),
                "scenes": each.scenes,
                "film_seconds": each.episode.metadata.duration,
            }
            for each in film.parts
        ],
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
    title = escape(film.first.episode.title if len(film.parts) == 1 else film.project.title)
    made = Table("what", "made", title=title, title_justify="left")
    made.add_row("project", escape(f"{film.project.title} ({film.project.status})"))
    for each in film.parts:
        seconds = each.episode.metadata.duration or 0
        named = escape(f"{each.episode.title} ({each.episode.status})")
        made.add_row("episode", f"{named}, {each.scenes} scenes, {seconds:.1f} s")
    made.add_row("characters", escape(", ".join(film.characters)))
    made.add_row("media", str(film.media))
    made.add_row("made in", f"{wall_seconds:.1f} s")
    made.add_row("cost", f"{film.cost} USD")
    asked = f"Search: {escape(film.query)}"
    found = Table("score", "type", "what", title=asked, title_justify="left")
    for hit in film.hits:
        what = escape(hit.media["description"][:100])
        found.add_row(f"{hit.score:.2f}", hit.media["media_type"], what)
    return [made, found]
