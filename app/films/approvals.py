"""Approving and rejecting scenes and films: each says so of exactly one version."""

from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.errors import WrongState
from app.core.revising import revise
from app.films.errors import OtherVersion
from documents.approval import Approval
from documents.base import StoredDocument
from documents.films import Episode
from documents.production import Task
from documents.scenes import Scene, SceneStatus
from documents.values import Id, now

MAKING: Final = {"kind": {"$regex": r"^films\."}, "status": {"$in": ["queued", "processing"]}}
"""Tasks that have still to change something of a film."""
NOT_YET: Final[dict[SceneStatus, str]] = {
    "pending": "it has not been made yet",
    "generating": "it is being made",
    "approved": "it is approved already",
    "failed": "making it has failed",
}


def approve_unseen(scene: Scene) -> None:
    """Approve the scene as it is by now, in place: whoever ordered it wanted no review."""
    current = Scene.model_validate(scene.stored())
    scene.approval = _approval(current, None, "")
    scene.production.status = "approved"


async def approve_scene(
    scene: Scene, by: Id, content_hash: str | None, note: str, session: AsyncClientSession
) -> Scene:
    """The scene, approved as it is.

    Raises WrongState unless it waits for a review, and OtherVersion where somebody else's content
    was looked at.
    """
    await _demand_review(scene, session)
    _compare(scene, content_hash)

    def approve(changed: Scene) -> None:
        changed.approval = _approval(scene, by, note)
        changed.production.status = "approved"
        changed.production.review_note = ""

    return await revise(scene, approve, session, by_person=True)


async def reject_scene(scene: Scene, note: str, session: AsyncClientSession) -> Scene:
    """The scene as one that is still to be made, with the reason; an approval is withdrawn.

    Raises WrongState where there is nothing to reject.
    """
    if scene.production.status != "approved":
        await _demand_review(scene, session)

    def reject(changed: Scene) -> None:
        changed.approval = None
        changed.production.status = "pending"
        changed.production.review_note = note

    return await revise(scene, reject, session, by_person=True)


async def approve_episode(
    episode: Episode, by: Id, content_hash: str | None, note: str, session: AsyncClientSession
) -> Episode:
    """The episode, its film and script approved as they are.

    Raises WrongState where no film is finished, and OtherVersion.
    """
    await _demand_film(episode, session)
    if episode.approval is not None:
        raise WrongState("The episode is approved already.")
    _compare(episode, content_hash)

    def approve(changed: Episode) -> None:
        changed.approval = _approval(episode, by, note)
        changed.status = "completed"
        changed.production.review_note = ""

    return await revise(episode, approve, session, by_person=True)


async def reject_episode(episode: Episode, note: str, session: AsyncClientSession) -> Episode:
    """The episode as one that is still being edited, with the reason. Raises WrongState."""
    await _demand_film(episode, session)

    def reject(changed: Episode) -> None:
        changed.approval = None
        changed.status = "editing"
        changed.production.review_note = note

    return await revise(episode, reject, session, by_person=True)


async def _demand_review(scene: Scene, session: AsyncClientSession) -> None:
    status = scene.production.status
    if status != "reviewing":
        raise WrongState(f"Scene {scene.scene_number} waits for no review: {NOT_YET[status]}.")
    await _demand_rest({"scene_id": scene.id}, session)


async def _demand_film(episode: Episode, session: AsyncClientSession) -> None:
    if episode.metadata.final_video_id is None:
        raise WrongState("The episode has no finished film yet: assemble it first.")
    await _demand_rest({"episode_id": episode.id}, session)


async def _demand_rest(about: StoredDocument, session: AsyncClientSession) -> None:
    """Nothing that would look or sound different in a moment can be judged."""
    if await Task.first_in(True, {**about, **MAKING}, session):
        raise WrongState("It is being made anew: wait until that is done, or cancel it.")


def _compare(record: Scene | Episode, content_hash: str | None) -> None:
    if content_hash is not None and content_hash != record.content_hash:
        raise OtherVersion(
            "It was changed meanwhile: look at it again.", content_hash=record.content_hash
        )


def _approval(record: Scene | Episode, by: Id | None, note: str) -> Approval:
    return Approval(
        content_hash=record.content_hash,
        revision=record.revision,
        at=now(),
        by=by,
        note=note,
    )
