"""A project as it stands, read in a handful of queries: what plans and verdicts are made from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from documents.base import Session
from documents.films import Character, Episode, Project
from documents.library import Media
from documents.scenes import Scene
from documents.values import Id


@dataclass(frozen=True, slots=True)
class FilmState:
    """A project with what belongs to it."""

    project: Project
    episodes: Sequence[Episode]
    """By number."""
    scenes: Mapping[Id, Sequence[Scene]]
    """Of these episodes, each by number."""
    cast: Mapping[Id, Character]
    recipes: Mapping[Id, str | None]
    """Of the files in use; None for a file that somebody brought, which is never out of date. A
    file that is not among them is not there any more."""

    def there(self, media_id: Id | None) -> bool:
        """Whether the file is there."""
        return media_id is not None and media_id in self.recipes

    def outdated(self, media_id: Id | None, recipe: str) -> bool:
        """Whether the file is there, and was made by another recipe than this."""
        made_by = None if media_id is None else self.recipes.get(media_id)
        return made_by is not None and made_by != recipe


async def state_of(
    project: Project, episode_ids: Iterable[Id] | None = None, session: Session = None
) -> FilmState:
    """The project with these episodes, or with all."""
    query = {"project_id": project.id}
    wanted = query if episode_ids is None else {**query, "_id": {"$in": [*episode_ids]}}
    order = [("episode_number", 1)]
    episodes = await Episode.all_in(True, wanted, sort=order, session=session)
    keys = {"episode_id": {"$in": [each.id for each in episodes]}}
    found = await Scene.all_in(True, keys, sort=[("scene_number", 1)], session=session)
    scenes: dict[Id, list[Scene]] = {each.id: [] for each in episodes}
    for scene in found:
        scenes[scene.episode_id].append(scene)
    cast = {each.id: each for each in await Character.all_in(True, query, session=session)}
    used = used_by(episodes, found, cast.values())
    return FilmState(project, episodes, scenes, cast, await _recipes(used, session))


def used_by(
    episodes: Iterable[Episode], scenes: Iterable[Scene], cast: Iterable[Character]
) -> set[Id]:
    """The files that these records show or let hear."""
    keys: set[Id | None] = {each.metadata.final_video_id for each in episodes}
    for scene in scenes:
        made = scene.production
        keys |= {made.video_segment_id, made.audio_track_id, made.music_id}
        keys |= {panel.image_id for panel in scene.storyboard.panels}
        keys |= {line.audio_id for line in scene.script.dialogue}
    for character in cast:
        keys |= {character.visual_design.final_design_id, character.voice_profile.audio_sample_id}
    return {key for key in keys if key is not None}


async def _recipes(keys: set[Id], session: Session) -> dict[Id, str | None]:
    if not keys:
        return {}
    query = {"_id": {"$in": [*keys]}, "deleted_at": None}
    rows = Media.collection().find(query, {"generation_metadata.recipe": 1}, session=session)
    return {row["_id"]: (row.get("generation_metadata") or {}).get("recipe") async for row in rows}
