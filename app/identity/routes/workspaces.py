"""Workspaces, their members and invitations."""

from fastapi import APIRouter, Response
from starlette.background import BackgroundTask

from app.core.answer import Answer
from app.core.bodies import StrictRoute
from app.core.errors import Invalid, NotFound, TakenAlready, documented
from app.core.parts import CurrentParts, Parts
from app.core.resource import Resource
from app.core.schemas import read_schema
from app.identity import invitations
from app.identity.errors import (
    AlreadyAnswered,
    AlreadyMember,
    Full,
    LastOwner,
    NotEmpty,
    PersonalWorkspace,
    TokenRefused,
    TooManyAttempts,
    WrongAccount,
)
from app.identity.parts import CurrentIdentity, CurrentPerson
from app.identity.resources import INVITATIONS, WORKSPACES
from app.identity.routes.common import BAD_BODY, NOTHING, PERSON, done
from app.identity.schemas import (
    InvitationGiven,
    Members,
    RoleGiven,
    TokenGiven,
    WorkspaceGiven,
)
from app.identity.workspaces import (
    change_role,
    delete_workspace,
    make_workspace,
    members_of,
    remove_member,
)
from app.mail.mailer import send_or_log
from documents.identity import Invitation, Workspace
from documents.values import Id

router = APIRouter(tags=["identity"], route_class=StrictRoute)


@router.post(
    "/workspaces",
    summary="Make a workspace",
    status_code=201,
    operation_id="create_workspaces",
    response_model=None,
    responses={201: {"model": read_schema(Workspace)}, **documented(*PERSON, *BAD_BODY)},
)
async def create(body: WorkspaceGiven, actor: CurrentPerson, parts: CurrentParts) -> Response:
    """One to share; whoever makes it is its first owner, whose tier counts."""
    workspace = await make_workspace(parts.store, actor, body.name)
    return await _shown(WORKSPACES, workspace.id, parts, 201)


@router.delete(
    "/workspaces/{id}",
    summary="Delete a workspace",
    operation_id="delete_workspaces",
    responses=documented(NotFound, PersonalWorkspace, NotEmpty, Invalid, *PERSON),
    **NOTHING,
)
async def delete(id: Id, actor: CurrentPerson, parts: CurrentParts) -> Response:
    """For its owners, once it is empty."""
    await delete_workspace(parts.store, actor, id)
    return done()


@router.get(
    "/workspaces/{id}/members",
    summary="List members",
    operation_id="list_members",
    response_model=None,
    responses={200: {"model": Members}, **documented(NotFound, Invalid, *PERSON)},
)
async def list_members(id: Id, actor: CurrentPerson) -> Response:
    """Everybody in the workspace, in the order in which they came."""
    return Answer({"data": await members_of(actor, id)})


@router.patch(
    "/workspaces/{id}/members/{user_id}",
    summary="Change a member's role",
    operation_id="change_member",
    responses=documented(NotFound, PersonalWorkspace, LastOwner, *PERSON, *BAD_BODY),
    **NOTHING,
)
async def change_member(
    id: Id, user_id: Id, body: RoleGiven, actor: CurrentPerson, parts: CurrentParts
) -> Response:
    """For owners; the last owner stays one."""
    await change_role(parts.store, actor, id, user_id, body.role)
    return done()


@router.delete(
    "/workspaces/{id}/members/{user_id}",
    summary="Remove a member",
    operation_id="remove_member",
    responses=documented(NotFound, PersonalWorkspace, LastOwner, Invalid, *PERSON),
    **NOTHING,
)
async def delete_member(id: Id, user_id: Id, actor: CurrentPerson, parts: CurrentParts) -> Response:
    """For owners. The member's API keys to the workspace are revoked."""
    await remove_member(parts.store, actor, id, user_id)
    return done()


@router.post(
    "/workspaces/{id}/leave",
    summary="Leave a workspace",
    operation_id="leave_workspace",
    responses=documented(NotFound, PersonalWorkspace, LastOwner, Invalid, *PERSON),
    **NOTHING,
)
async def leave(id: Id, actor: CurrentPerson, parts: CurrentParts) -> Response:
    """The last owner can't."""
    await remove_member(parts.store, actor, id, actor.id)
    return done()


@router.post(
    "/workspaces/{id}/invitations",
    summary="Invite somebody",
    status_code=201,
    operation_id="invite",
    response_model=None,
    responses={
        201: {"model": read_schema(Invitation)},
        **documented(
            *(NotFound, PersonalWorkspace, AlreadyMember, TakenAlready, TooManyAttempts),
            *PERSON,
            *BAD_BODY,
        ),
    },
)
async def invite(
    id: Id,
    body: InvitationGiven,
    actor: CurrentPerson,
    parts: CurrentParts,
    identity: CurrentIdentity,
) -> Response:
    """For owners; a mail carries the invitation, which is good for seven days."""
    invitation, mail = await invitations.invite(
        parts.store, identity, actor, id, body.email, body.role
    )
    answer = await _shown(INVITATIONS, invitation.id, parts, 201)
    answer.background = BackgroundTask(send_or_log, identity.mailer, mail)
    return answer


@router.post(
    "/invitations/accept",
    summary="Accept an invitation",
    operation_id="accept_invitation",
    response_model=None,
    responses={
        200: {"model": read_schema(Workspace)},
        **documented(
            *(TokenRefused, WrongAccount, AlreadyAnswered, AlreadyMember, Full),
            *PERSON,
            *BAD_BODY,
        ),
    },
)
async def accept(body: TokenGiven, actor: CurrentPerson, parts: CurrentParts) -> Response:
    """By the token of the mail, with the account of the address that it went to."""
    workspace = await invitations.accept(parts.store, actor, body.token)
    return await _shown(WORKSPACES, workspace.id, parts)


@router.post(
    "/invitations/decline",
    summary="Decline an invitation",
    operation_id="decline_invitation",
    responses=documented(TokenRefused, AlreadyAnswered, *BAD_BODY),
    **NOTHING,
)
async def decline(body: TokenGiven, parts: CurrentParts) -> Response:
    """By the token of the mail; this needs no account."""
    await invitations.decline(parts.store, body.token)
    return done()


@router.delete(
    "/invitations/{id}",
    summary="Revoke an invitation",
    operation_id="revoke_invitation",
    responses=documented(NotFound, AlreadyAnswered, Invalid, *PERSON),
    **NOTHING,
)
async def revoke(id: Id, actor: CurrentPerson, parts: CurrentParts) -> Response:
    """For owners of the workspace, as long as it is open."""
    await invitations.revoke(parts.store, actor, id)
    return done()


async def _shown(resource: Resource, key: Id, parts: Parts, status: int = 200) -> Response:
    reading, fields = resource.reading, resource.listing.fields.plain
    return Answer(reading.shown(await reading.fetched(parts, True, key, fields)), status)
