"""Reviews of films: approving, rejecting, links for guests, and comments."""

from datetime import timedelta
from typing import Final

from fastapi import APIRouter, Response

from app.core.actor import Actor, CurrentActor, demand
from app.core.answer import Answer
from app.core.bodies import StrictRoute
from app.core.errors import Invalid, NotFound, WrongState, documented
from app.core.parts import CurrentParts, Parts
from app.core.recording import Transaction, recorded
from app.core.resource import SIGNED_IN, WITH_BODY
from app.core.revising import deed, within_reach
from app.core.schemas import read_schema
from app.core.showing import picked, shown
from app.films import approvals, comments
from app.films.access import APPROVALS, PARTS
from app.films.errors import OtherVersion, TooManyComments
from app.films.progress import refresh_project
from app.films.review_links import ReviewLinks, keep_with_subject
from app.films.review_schemas import (
    Approving,
    CommentGiven,
    EpisodeCommentGiven,
    LinkGiven,
    Rejecting,
    ReviewLinkMade,
)
from documents.films import Episode
from documents.reviews import ReviewComment, ReviewLink
from documents.scenes import Scene
from documents.values import Id, now

router = APIRouter(tags=["films"], route_class=StrictRoute)
JUDGING: Final = documented(NotFound, WrongState, OtherVersion, *WITH_BODY, *SIGNED_IN)
LINKING: Final = documented(NotFound, *WITH_BODY, *SIGNED_IN)
SAYING: Final = documented(NotFound, Invalid, TooManyComments, *WITH_BODY, *SIGNED_IN)
SCENE: Final = {200: {"model": read_schema(Scene)}, **JUDGING}
EPISODE: Final = {200: {"model": read_schema(Episode)}, **JUDGING}
LINK: Final = {201: {"model": ReviewLinkMade}, **LINKING}
COMMENT: Final = {201: {"model": read_schema(ReviewComment)}, **SAYING}


@router.post(
    "/scenes/{id}/approve", operation_id="approve_scene", response_model=None, responses=SCENE
)
async def approve_scene(
    id: Id, body: Approving, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Approves the scene as it is; any later edit voids it. Only what waits for a review can be."""

    async def work(scene: Scene, transaction: Transaction) -> Scene:
        return await approvals.approve_scene(
            scene, actor.id, body.content_hash, body.note, transaction.session
        )

    return await _judged(parts, await deed(parts, actor, Scene, APPROVALS, id, work))


@router.post(
    "/scenes/{id}/reject", operation_id="reject_scene", response_model=None, responses=SCENE
)
async def reject_scene(
    id: Id, body: Rejecting, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Sends the scene back with a note: it is to be edited or generated again.

    An approved one loses its approval.
    """

    async def work(scene: Scene, transaction: Transaction) -> Scene:
        return await approvals.reject_scene(scene, body.note, transaction.session)

    return await _judged(parts, await deed(parts, actor, Scene, APPROVALS, id, work))


@router.post(
    "/episodes/{id}/approve", operation_id="approve_episode", response_model=None, responses=EPISODE
)
async def approve_episode(
    id: Id, body: Approving, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Approves the finished film with its script; any later edit voids it."""

    async def work(episode: Episode, transaction: Transaction) -> Episode:
        return await approvals.approve_episode(
            episode, actor.id, body.content_hash, body.note, transaction.session
        )

    return await _judged(parts, await deed(parts, actor, Episode, APPROVALS, id, work))


@router.post(
    "/episodes/{id}/reject", operation_id="reject_episode", response_model=None, responses=EPISODE
)
async def reject_episode(
    id: Id, body: Rejecting, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Sends the finished film back to editing with a note; an approval is withdrawn."""

    async def work(episode: Episode, transaction: Transaction) -> Episode:
        return await approvals.reject_episode(episode, body.note, transaction.session)

    return await _judged(parts, await deed(parts, actor, Episode, APPROVALS, id, work))


@router.post(
    "/episodes/{id}/review-links",
    status_code=201,
    operation_id="create_episode_review_link",
    response_model=None,
    responses=LINK,
)
async def link_episode(
    id: Id, body: LinkGiven, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Whoever has its address sees the episode, until it expires or is deleted.

    `DELETE /review-links/{id}` revokes it. The address is answered this once.
    """

    async def linked(transaction: Transaction) -> ReviewLink:
        episode = await within_reach(Episode, PARTS, actor, id, transaction.session)
        return await _linked(episode, None, body, transaction)

    return await _made(parts, actor, await recorded(parts, _linking(actor), linked))


@router.post(
    "/scenes/{id}/review-links",
    status_code=201,
    operation_id="create_scene_review_link",
    response_model=None,
    responses=LINK,
)
async def link_scene(id: Id, body: LinkGiven, actor: CurrentActor, parts: CurrentParts) -> Response:
    """The same for one scene alone."""

    async def linked(transaction: Transaction) -> ReviewLink:
        scene = await within_reach(Scene, PARTS, actor, id, transaction.session)
        episode = await within_reach(Episode, PARTS, actor, scene.episode_id, transaction.session)
        return await _linked(episode, scene, body, transaction)

    return await _made(parts, actor, await recorded(parts, _linking(actor), linked))


@router.post(
    "/episodes/{id}/comments",
    status_code=201,
    operation_id="create_episode_comment",
    response_model=None,
    responses=COMMENT,
)
async def comment_on_episode(
    id: Id, body: EpisodeCommentGiven, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Says something about a moment of the film, about a panel of a scene, or about the whole.

    Whoever sees the episode may.
    """
    remark = comments.Remark(body.text, body.time_code, body.panel_number, body.scene_id)
    made = await comments.of_member(parts, _saying(actor), Episode, id, remark)
    return shown(made, 201)


@router.post(
    "/scenes/{id}/comments",
    status_code=201,
    operation_id="create_scene_comment",
    response_model=None,
    responses=COMMENT,
)
async def comment_on_scene(
    id: Id, body: CommentGiven, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Says something about a moment or a panel of the scene, or about the whole of it."""
    remark = comments.Remark(body.text, body.time_code, body.panel_number)
    made = await comments.of_member(parts, _saying(actor), Scene, id, remark)
    return shown(made, 201)


async def _judged(parts: Parts, record: Scene | Episode) -> Response:
    await refresh_project(record.project_id)
    await parts.wakeups.wake()
    return shown(record)


def _linking(actor: Actor) -> Actor:
    demand(actor, "write", ReviewLink.collection_name())
    return actor


def _saying(actor: Actor) -> Actor:
    demand(actor, "write", ReviewComment.collection_name())
    return actor


async def _linked(
    episode: Episode, scene: Scene | None, given: LinkGiven, transaction: Transaction
) -> ReviewLink:
    expires = now() + timedelta(seconds=given.seconds)
    link = ReviewLink(
        project_id=episode.project_id,
        workspace_id=episode.workspace_id,
        episode_id=episode.id,
        scene_id=scene and scene.id,
        created_by=transaction.actor.id,
        name=given.name,
        expires_at=expires.replace(microsecond=0),
        may_comment=given.may_comment,
    )
    await link.insert(session=transaction.session)
    await transaction.tell(ReviewLink, None, link.stored())
    return link


async def _made(parts: Parts, actor: Actor, link: ReviewLink) -> Response:
    await keep_with_subject(parts, link)
    url = ReviewLinks.of(parts.settings).address(link, parts.settings.public_url)
    return Answer({**picked(link), "url": url}, 201, {"Cache-Control": "no-store"})
