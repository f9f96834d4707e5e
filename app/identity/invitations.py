"""Inviting people to a workspace by mail."""

from datetime import timedelta
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.audit.service import tell
from app.core.access import OWNERS, in_workspace_of
from app.core.actor import Actor
from app.core.errors import NotFound
from app.identity.errors import AlreadyAnswered, AlreadyMember, Full, TokenRefused, WrongAccount
from app.identity.parts import IdentityParts
from app.identity.secrets import digest, new_secret
from app.identity.workspaces import owners, shared_workspace
from app.mail import templates
from app.mail.mailer import Mail
from documents.base import raised, within
from documents.identity import AuditActor, Invitation, Member, MemberRole, User, Workspace
from documents.store import Store
from documents.values import Id, now

GOOD_FOR: Final = timedelta(days=7)
MOST_MEMBERS: Final = 500
NOBODY: Final = AuditActor(kind="user")
"""Whoever reads the invited address; an invitation can be declined without an account."""


async def invite(
    store: Store, identity: IdentityParts, actor: Actor, key: Id, email: str, role: MemberRole
) -> tuple[Invitation, Mail]:
    """An invitation, and the mail that carries it, which has to be sent yet.

    Raises NotFound, PersonalWorkspace, AlreadyMember, TooManyAttempts, or NotUnique while another
    invitation to the same address is open.
    """
    workspace = await shared_workspace(owners(actor), key)
    ids = [each.user_id for each in workspace.members]
    if await User.first_in(True, {"email": email, "_id": {"$in": ids}}) is not None:
        raise AlreadyMember("Whoever has this address is a member already.")
    await identity.throttle.check_mail(email, by=str(actor.id))
    token = new_secret()
    invitation = Invitation(
        workspace_id=key,
        created_by=actor.id,
        email=email,
        role=role,
        token_hash=digest(token),
        expires_at=now() + GOOD_FOR,
    )

    async def together(session: AsyncClientSession) -> None:
        expired = {"workspace_id": key, "email": email, "expires_at": {"$lte": now()}}
        await Invitation.collection().update_many(
            {**expired, "status": "pending"}, _answer("revoked"), session=session
        )
        await invitation.insert(session=session)
        await tell(session, actor, None, invitation)

    await store.in_transaction(together)
    host = await User.one_in(True, actor.id)
    mail = templates.invitation(
        email,
        host.name if host else "Somebody",
        workspace.name,
        role,
        token,
        identity.settings.public_url,
        GOOD_FOR,
    )
    return invitation, mail


async def accept(store: Store, actor: Actor, token: str) -> Workspace:
    """Join the workspace; an account with another address is refused.

    Raises TokenRefused, WrongAccount, AlreadyAnswered, AlreadyMember, Full.
    """

    async def together(session: AsyncClientSession) -> Workspace:
        invitation = await _open(token, session)
        user = await User.one_in(True, actor.id, session)
        if user is None or user.email != invitation.email:
            raise WrongAccount("The invitation went to another address than your account's.")
        await _answered(actor, invitation, "accepted", session)
        if user.email_verified_at is None:
            # Who holds the token has read the mail.
            verified = {"$set": {"email_verified_at": now()}}
            await User.advance_one({"_id": user.id}, verified, session)
        return await _joined(actor, invitation, user.id, session)

    return await store.in_transaction(together)


async def decline(store: Store, token: str) -> None:
    """Turn the invitation down; this needs no account. Raises TokenRefused, AlreadyAnswered."""

    async def together(session: AsyncClientSession) -> None:
        await _answered(NOBODY, await _open(token, session), "declined", session)

    await store.in_transaction(together)


async def revoke(store: Store, actor: Actor, key: Id) -> None:
    """Take an open invitation back. Raises NotFound, AlreadyAnswered."""

    async def together(session: AsyncClientSession) -> None:
        invitation = await Invitation.one_in(in_workspace_of(*OWNERS)(actor), key, session)
        if invitation is None:
            raise NotFound("There is no such invitation, or none that you may revoke.")
        await _answered(actor, invitation, "revoked", session)

    await store.in_transaction(together)


async def _open(token: str, session: AsyncClientSession) -> Invitation:
    found = await Invitation.first_in(True, {"token_hash": digest(token)}, session)
    if found is None or (found.status == "pending" and found.expires_at <= now()):
        raise TokenRefused("The invitation is unknown or expired; ask for a new one.")
    return found


async def _answered(
    actor: Actor | AuditActor, invitation: Invitation, status: str, session: AsyncClientSession
) -> None:
    query = {"_id": invitation.id, "status": "pending"}
    answered = await Invitation.write_one(query, _set(status), session)
    if answered is None:
        raise AlreadyAnswered("The invitation was accepted, declined or revoked before.")
    await tell(session, actor, invitation, answered)


async def _joined(
    actor: Actor, invitation: Invitation, user: Id, session: AsyncClientSession
) -> Workspace:
    before = await Workspace.one_in(True, invitation.workspace_id, session)
    member = Member(user_id=user, role=invitation.role).model_dump()
    room = {f"members.{MOST_MEMBERS - 1}": {"$exists": False}}
    query = {"_id": invitation.workspace_id, "members.user_id": {"$ne": user}, **room}
    update = {"$push": {"members": member}}
    joined = await Workspace.write_one(within(True, query), update, session)
    if joined is not None:
        await tell(session, actor, before, joined)
        return joined
    if before is None:
        raise TokenRefused("The workspace of this invitation is gone.")
    if user in {each.user_id for each in before.members}:
        raise AlreadyMember("You are a member of this workspace already.")
    raise Full(f"A workspace has at most {MOST_MEMBERS} members.")


def _set(status: str) -> dict[str, Any]:
    return {"$set": {"status": status, "answered_at": now()}}


def _answer(status: str) -> dict[str, Any]:
    return raised(_set(status))
