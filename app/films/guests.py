"""What guests with a link see: a film or a scene of it, without what is the studio's own affair."""

from collections.abc import Callable
from typing import Final

from app.core.parts import Parts
from app.films.captions import captions_of
from app.films.comments import MOST_OF_A_LINK, subject_of
from app.films.review_links import PATH, ReviewLinks
from app.films.review_schemas import (
    GuestComment,
    GuestComments,
    Reviewed,
    ReviewedLine,
    ReviewedPanel,
    ReviewedScene,
)
from app.library.downloads import FIELDS
from app.library.errors import LinkOver
from documents.base import StoredDocument, within
from documents.films import Character, Episode, Project
from documents.library import Media
from documents.reviews import ReviewComment, ReviewLink
from documents.scenes import Scene
from documents.values import Id

IN_SCENES: Final = (
    "storyboard.panels.image_id",
    "script.dialogue.audio_id",
    "production.video_segment_id",
)
"""Where a scene names the media that guests see or hear."""
Address = Callable[[Id | None], str | None]


async def reviewed(parts: Parts, link: ReviewLink) -> Reviewed:
    """What the link shows. Raises LinkOver where it was deleted."""
    subject = await subject_of(link)
    episode = await Episode.one_in(True, link.episode_id)
    project = await Project.one_in(True, link.project_id)
    if episode is None or project is None:
        raise LinkOver("What the link shows was deleted.")
    if isinstance(subject, Scene):
        scenes = [subject]
    else:
        query = {"episode_id": episode.id}
        scenes = await Scene.all_in(True, query, sort=[("scene_number", 1)])
    names = {each.id: each.name for each in await _cast(scenes)}
    query_string = ReviewLinks.of(parts.settings).query(link)

    def address(key: Id | None) -> str | None:
        return None if key is None else f"{PATH}/{link.id}/media/{key}?{query_string}"

    if isinstance(subject, Scene):
        status: str = subject.production.status
        duration: float | None = subject.script.duration
    else:
        status, duration = subject.status, subject.metadata.duration
    is_whole = link.scene_id is None
    captions = await captions_of(episode) if is_whole else []
    return Reviewed(
        name=link.name,
        expires_at=link.expires_at,
        may_comment=link.may_comment,
        project_title=project.title,
        episode_title=episode.title,
        logline=episode.synopsis.logline,
        status=status,
        approved=subject.approval is not None,
        content_hash=subject.content_hash,
        duration=duration,
        film_url=address(episode.metadata.final_video_id) if is_whole else None,
        thumbnail_url=address(episode.metadata.thumbnail_id) if is_whole else None,
        caption_urls=[url for each in captions if (url := address(each.id))],
        scenes=[_scene(each, names, address) for each in scenes],
    )


async def media_for(link: ReviewLink, key: Id) -> StoredDocument | None:
    """What is needed to send a file that the link shows; None where it shows no such file."""
    if not await _shows(link, key):
        return None
    query = within(True, {"_id": key, "project_id": link.project_id, "quarantine": None})
    return await Media.collection().find_one(query, dict.fromkeys(FIELDS, 1))


async def comments_of(link: ReviewLink) -> GuestComments:
    """What was said by this link: guests of others do not see it."""
    found = await ReviewComment.all_in(
        True, {"link_id": link.id}, sort=[("_id", 1)], limit=MOST_OF_A_LINK
    )
    return GuestComments(data=[guest_comment(each) for each in found])


def guest_comment(comment: ReviewComment) -> GuestComment:
    """The comment as guests see it."""
    return GuestComment.model_validate(comment.model_dump(include={*GuestComment.model_fields}))


async def _shows(link: ReviewLink, key: Id) -> bool:
    scenes: StoredDocument = {"$or": [{name: key} for name in IN_SCENES]}
    if link.scene_id is not None:
        query = within(scenes, {"_id": link.scene_id})
        return await Scene.collection().find_one(query, {"_id": 1}) is not None
    episode = await Episode.one_in(True, link.episode_id)
    if episode is None:
        return False
    own = {episode.metadata.final_video_id, episode.metadata.thumbnail_id}
    if key in own or key in {each.id for each in await captions_of(episode)}:
        return True
    query = within(scenes, {"episode_id": link.episode_id})
    return await Scene.collection().find_one(query, {"_id": 1}) is not None


async def _cast(scenes: list[Scene]) -> list[Character]:
    keys = {line.character_id for scene in scenes for line in scene.script.dialogue} - {None}
    return await Character.all_in(True, {"_id": {"$in": [*keys]}})


def _scene(scene: Scene, names: dict[Id, str], address: Address) -> ReviewedScene:
    return ReviewedScene(
        id=scene.id,
        scene_number=scene.scene_number,
        title=scene.title,
        action=scene.script.action,
        status=scene.production.status,
        approved=scene.approval is not None,
        content_hash=scene.content_hash,
        duration=scene.script.duration,
        video_url=address(scene.production.video_segment_id),
        dialogue=[
            ReviewedLine(
                character=names.get(line.character_id) if line.character_id else None,
                lines=line.lines,
                emotion=line.emotion,
                timing=line.timing,
                audio_url=address(line.audio_id),
            )
            for line in scene.script.dialogue
        ],
        panels=[
            ReviewedPanel(
                panel_number=panel.panel_number,
                description=panel.description,
                camera_angle=panel.camera_angle,
                image_url=address(panel.image_id),
            )
            for panel in scene.storyboard.panels
        ],
    )
