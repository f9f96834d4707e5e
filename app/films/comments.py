"""Remarks on films: by members, and by guests who have a link."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.audit.service import tell
from app.core.actor import Actor
from app.core.errors import Invalid, NotFound, WrongState
from app.core.parts import Parts
from app.core.recording import Transaction, recorded
from app.films.access import PARTS
from app.films.errors import NoComments, TooManyComments
from app.films.review_links import keep_with_subject
from app.library.errors import LinkOver
from documents.base import Session, within
from documents.films import Episode, Project
from documents.identity import AuditActor, User
from documents.library import Media
from documents.reviews import ReviewComment, ReviewLink
from documents.scenes import Scene
from documents.values import Id

MOST_OF_A_LINK: Final = 1_000
MOST_OF_AN_EPISODE: Final = 10_000
GUEST: Final = AuditActor(kind="guest")


@dataclass(frozen=True, slots=True)
class Remark:
    """What somebody says, and where."""

    text: str
    time_code: float | None = None
    panel_number: int | None = None
    scene_id: Id | None = None


async def of_member(
    parts: Parts, actor: Actor, model: type[Episode] | type[Scene], key: Id, remark: Remark
) -> ReviewComment:
    """Keep the remark of somebody who sees the episode or scene.

    Raises NotFound, Invalid where there is no such place in it, and TooManyComments.
    """

    async def together(transaction: Transaction) -> ReviewComment:
        session = transaction.session
        query = within(PARTS.read(actor), {"_id": key})
        found: Episode | Scene | None = await model.first_in(True, query, session)
        if found is None:
            raise NotFound("There is no such record, or none that you may see.")
        user = await User.one_in(True, actor.id, session)
        who = {"created_by": actor.id, "author_name": user.name if user else "?"}
        comment = await _made(found, remark, who, session)
        await _insert(comment, {"episode_id": comment.episode_id}, MOST_OF_AN_EPISODE, session)
        await transaction.tell(ReviewComment, None, comment.stored())
        return comment

    comment = await recorded(parts, actor, together)
    await keep_with_subject(parts, comment)
    return comment


async def of_guest(
    parts: Parts, link: ReviewLink, author_name: str, remark: Remark
) -> ReviewComment:
    """Keep the remark of a guest.

    Raises NoComments, LinkOver, Invalid where there is no such place in what the link shows,
    WrongState where the project is put away, and TooManyComments.
    """
    if not link.may_comment:
        raise NoComments("This link is for looking only.")
    if link.scene_id is not None and remark.scene_id not in (None, link.scene_id):
        raise _not_there("scene_id", "is no scene that this link shows")

    async def together(session: AsyncClientSession) -> ReviewComment:
        # Written to, so that revoking it meanwhile conflicts, and that guests count one by one.
        if await ReviewLink.advance_one({"_id": link.id, "deleted_at": None}, {}, session) is None:
            raise LinkOver("The link was revoked; ask for a new one.")
        project = await Project.one_in(True, link.project_id, session)
        if project is not None and project.archived_at is not None:
            raise WrongState("The project is put away: nothing more is said about it.")
        subject = await subject_of(link, session)
        who = {"link_id": link.id, "author_name": author_name}
        comment = await _made(subject, remark, who, session)
        await _insert(comment, {"link_id": link.id}, MOST_OF_A_LINK, session)
        await tell(session, GUEST, None, comment)
        return comment

    comment = await parts.store.in_transaction(together)
    await keep_with_subject(parts, comment)
    return comment


async def subject_of(link: ReviewLink, session: Session = None) -> Episode | Scene:
    """What the link shows. Raises LinkOver where it was deleted."""
    found: Episode | Scene | None
    if link.scene_id is None:
        found = await Episode.one_in(True, link.episode_id, session)
    else:
        found = await Scene.one_in(True, link.scene_id, session)
    if found is None:
        raise LinkOver("What the link shows was deleted.")
    return found


async def _made(
    subject: Episode | Scene, remark: Remark, who: Mapping[str, Any], session: Session
) -> ReviewComment:
    scene = subject if isinstance(subject, Scene) else await _scene_of(subject, remark, session)
    about = scene or subject
    await _check_place(about, remark, session)
    return ReviewComment(
        project_id=subject.project_id,
        workspace_id=subject.workspace_id,
        episode_id=subject.episode_id if isinstance(subject, Scene) else subject.id,
        scene_id=scene and scene.id,
        text=remark.text,
        time_code=remark.time_code,
        panel_number=remark.panel_number,
        content_hash=about.content_hash,
        **who,
    )


async def _scene_of(episode: Episode, remark: Remark, session: Session) -> Scene | None:
    if remark.scene_id is None:
        return None
    query = {"_id": remark.scene_id, "episode_id": episode.id}
    scene = await Scene.first_in(True, query, session)
    if scene is None:
        raise _not_there("scene_id", "is no scene of this episode")
    return scene


async def _check_place(about: Episode | Scene, remark: Remark, session: Session) -> None:
    """Raise Invalid where the moment or the panel is not there."""
    if remark.panel_number is not None:
        if isinstance(about, Episode):
            raise _not_there("panel_number", "needs the scene that the panel is of: `scene_id`")
        if remark.panel_number not in {each.panel_number for each in about.storyboard.panels}:
            raise _not_there("panel_number", "is no panel of the scene")
    if remark.time_code is not None:
        end = await _end_of(about, session)
        if remark.time_code > end:
            raise _not_there("time_code", f"is behind the end, which is at {end:g} s")


async def _end_of(about: Episode | Scene, session: Session) -> float:
    """How long it is, in seconds: as rendered, else as planned."""
    if isinstance(about, Episode):
        return about.metadata.duration or 0
    if about.production.video_segment_id is not None:
        video = await Media.one_in(True, about.production.video_segment_id, session)
        if video is not None and video.technical_data.duration:
            return video.technical_data.duration
    return about.script.duration


async def _insert(
    comment: ReviewComment, among: Mapping[str, Any], most: int, session: AsyncClientSession
) -> None:
    there = ReviewComment.collection().count_documents(dict(among), limit=most, session=session)
    if await there >= most:
        raise TooManyComments(f"There are {most:,} comments already.")
    await comment.insert(session=session)


def _not_there(field: str, detail: str) -> Invalid:
    problem = {"location": "body", "field": field, "code": "not_there", "detail": detail}
    return Invalid(f"{field} {detail}.", errors=[problem])
