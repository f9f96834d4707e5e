"""A project with its whole tree, in one question to the store and without a model built."""

from typing import Any, Final

from app.core.answer import public
from app.core.errors import NotFound
from app.core.parts import Parts
from app.library.urls import content_url, thumbnail_url
from documents.base import Scope, StoredDocument, within
from documents.films import Character, Episode, Project
from documents.scenes import Scene
from documents.values import Id

PROJECT: Final = ("title", "status", "progress", "episode_count", "archived_at", "revision")
LIVING: Final = {"$match": {"deleted_at": None}}


def _where(found: str, items: str) -> StoredDocument:
    """How many of the items have this field."""
    return {"$size": {"$filter": {"input": items, "cond": {"$gt": [f"$$this.{found}", None]}}}}


SCENE: Final[StoredDocument] = {
    "episode_id": 1,
    "scene_number": 1,
    "title": 1,
    "status": "$production.status",
    "approved": {"$gt": ["$approval", None]},
    "duration": "$script.duration",
    "panels": {"$size": "$storyboard.panels"},
    "drawn_panels": _where("image_id", "$storyboard.panels"),
    "lines": {"$size": "$script.dialogue"},
    "voiced_lines": _where("audio_id", "$script.dialogue"),
    "picture": {
        "$ifNull": [{"$first": "$storyboard.panels.image_id"}, "$production.video_segment_id"]
    },
}
EPISODE: Final[StoredDocument] = {
    "episode_number": 1,
    "title": 1,
    "logline": "$synopsis.logline",
    "status": 1,
    "approved": {"$gt": ["$approval", None]},
    "scene_count": "$production.scene_count",
    "completed_scenes": "$production.completed_scenes",
    "duration": "$metadata.duration",
    "film": "$metadata.final_video_id",
    "picture": "$metadata.thumbnail_id",
}
CHARACTER: Final[StoredDocument] = {
    "name": 1,
    "has_voice": {"$gt": ["$voice_profile.voice_id", None]},
    "picture": "$visual_design.final_design_id",
}


async def tree_of(parts: Parts, scope: Scope, project_id: Id) -> StoredDocument:
    """The project and all that is in it, as it is answered. Raises NotFound out of the scope."""
    source = parts.reading[Project.collection_name()]
    cursor = await source.aggregate(stages(within(scope, {"_id": project_id})))
    found = await cursor.to_list()
    if not found:
        raise NotFound("There is no such record, or none that you may see.")
    return _shaped(found[0])


def stages(query: StoredDocument) -> list[StoredDocument]:
    """The question: the project, and flat lists of what is in it, each in its order."""
    return [
        {"$match": query},
        _inside(Episode, EPISODE, {"episode_number": 1}),
        _inside(Scene, SCENE, {"scene_number": 1}),
        _inside(Character, CHARACTER, {"name": 1}),
        {"$project": dict.fromkeys((*PROJECT, "episodes", "scenes", "characters"), 1)},
    ]


def _inside(model: type[Any], shown: StoredDocument, order: StoredDocument) -> StoredDocument:
    return {
        "$lookup": {
            "from": model.collection_name(),
            "localField": "_id",
            "foreignField": "project_id",
            "pipeline": [LIVING, {"$project": shown}, {"$sort": order}],
            "as": model.collection_name(),
        }
    }


def _shaped(project: StoredDocument) -> StoredDocument:
    """Scenes below their episodes, pictures by their addresses, and everything counted."""
    scenes, episodes = project.pop("scenes"), project.pop("episodes")
    characters = project.pop("characters")
    counts = {
        "episodes": len(episodes),
        "scenes": len(scenes),
        "approved_scenes": sum(each["approved"] for each in scenes),
        "panels": sum(each["panels"] for each in scenes),
        "lines": sum(each["lines"] for each in scenes),
        "characters": len(characters),
        "films": sum(each["film"] is not None for each in episodes),
    }
    below: dict[Id, list[StoredDocument]] = {each["_id"]: [] for each in episodes}
    for scene in scenes:
        below.get(scene.pop("episode_id"), []).append(_pictured(scene))
    for episode in episodes:
        episode["scenes"] = below[episode["_id"]]
        film = episode.pop("film")
        episode["film_url"] = None if film is None else content_url(film)
    return {
        **public(project),
        "counts": counts,
        "episodes": [_pictured(each) for each in episodes],
        "characters": [_pictured(each) for each in characters],
    }


def _pictured(row: StoredDocument) -> StoredDocument:
    picture = row.pop("picture", None)
    row["thumbnail_url"] = None if picture is None else thumbnail_url(picture)
    return public(row)
