"""Access: a rule says what of a collection an actor reaches; the answer narrows the query.

These are the rules of the table "Who reads and writes". Each domain puts its own together in its
`access.py`. A rule for creating is asked about the new record itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from app.core.actor import Actor
from documents.base import Scope
from documents.identity import MemberRole
from documents.values import Id

Rule: TypeAlias = Callable[[Actor], Scope]

EVERY_MEMBER: Final[tuple[MemberRole, ...]] = ("owner", "editor", "viewer")
EDITORS: Final[tuple[MemberRole, ...]] = ("owner", "editor")
OWNERS: Final[tuple[MemberRole, ...]] = ("owner",)


def nobody(_: Actor) -> Scope:
    """Services only."""
    return False


def everybody(_: Actor) -> Scope:
    """Whoever is signed in."""
    return True


def admins(actor: Actor) -> Scope:
    """The keepers of the installation."""
    return actor.is_admin


def oneself(actor: Actor) -> Scope:
    """One's own account."""
    return actor.is_admin or {"_id": actor.id}


def own(actor: Actor) -> Scope:
    """What belongs to one user alone, admins included; to his API key, what of it lies in the
    workspace of the key."""
    mine = {"user_id": actor.id}
    return mine if actor.key is None else {**mine, "workspace_id": {"$in": [*actor.workspaces]}}


def workspace_of(*roles: MemberRole) -> Rule:
    """The workspaces in which the actor has one of these roles."""

    def rule(actor: Actor) -> Scope:
        return actor.is_admin or {"_id": {"$in": actor.member_as(*roles)}}

    return rule


def in_workspace_of(*roles: MemberRole) -> Rule:
    """What lies in a workspace in which the actor has one of these roles."""

    def rule(actor: Actor) -> Scope:
        return actor.is_admin or either(_in_workspaces(actor, *roles))

    return rule


def in_project(project_field: str, *roles: MemberRole) -> Rule:
    """The same, and what belongs to a project that the actor makes or helps to make."""

    def rule(actor: Actor) -> Scope:
        shared = _among(project_field, actor.projects)
        return actor.is_admin or either(_in_workspaces(actor, *roles), shared)

    return rule


def own_project(actor: Actor) -> Scope:
    """Projects of one's workspaces, and those that one made while a member of theirs."""
    made = _in_workspaces(actor, *EVERY_MEMBER, created_by=actor.id)
    return actor.is_admin or either(_in_workspaces(actor, *OWNERS), made)


def own_drafts(actor: Actor) -> Scope:
    """What lies in one's workspaces; editors: the drafts that they made."""
    drafts = _in_workspaces(actor, *EDITORS, created_by=actor.id, status="draft")
    return actor.is_admin or either(_in_workspaces(actor, *OWNERS), drafts)


def in_workspace_or_shared(actor: Actor) -> Scope:
    """What lies in one's workspaces or, without a workspace, is shared with everybody."""
    # A test for null itself would match missing fields too, which no one index interval holds.
    shared = {"workspace_id": {"$type": "null"}}
    return actor.is_admin or either(_in_workspaces(actor, *EVERY_MEMBER), shared)


def accounts(actor: Actor) -> Scope:
    """The books of the workspaces that one owns; producers: of all that they are members of."""
    return actor.is_admin or either(_in_workspaces(actor, *_keepers(actor)))


def costs(actor: Actor) -> Scope:
    """The books, and for who may change a subject the rows about it."""
    of_subjects = _in_workspaces(actor, *EDITORS, **{"subject.collection": {"$ne": "workspaces"}})
    shared = _among("project_id", actor.projects)
    books = _in_workspaces(actor, *_keepers(actor))
    return actor.is_admin or either(books, of_subjects, shared)


def either(*branches: Mapping[str, Any] | None) -> Scope:
    """What one of the branches reaches; those that reach nothing are left out.

    The store merges the branches of an `$or` in the order of an index, but not empty ones.
    """
    left = [each for each in branches if each is not None]
    return {"$or": left} if len(left) > 1 else left[0] if left else False


@dataclass(frozen=True, slots=True)
class Access:
    """Who does what with the records of a collection."""

    read: Rule
    create: Rule = nobody
    change: Rule = nobody
    delete: Rule = nobody
    name: Rule | None = None
    """What others may refer to; without it, what they may read."""
    by: str = "workspace_id"
    """The field that the filters of the rules name first: indexes have to hold it."""

    def may_name(self, actor: Actor) -> Scope:
        """What this actor's records may refer to."""
        return (self.name or self.read)(actor)


SHARED: Final = Access(
    read=in_workspace_of(*EVERY_MEMBER),
    create=in_workspace_of(*EDITORS),
    change=in_workspace_of(*EDITORS),
    delete=own_drafts,
)
"""Campaigns, channels, ads, the factory, and what hangs on them."""
ACCESS: Final[dict[str, Access]] = {}
"""By collection; each resource adds its own."""


def reaches(scope: Scope, document: Mapping[str, Any]) -> bool:
    """Whether the document is within the scope: what the store would say of the same filter."""
    if isinstance(scope, bool):
        return scope
    return all(_holds(name, test, document) for name, test in scope.items())


def _holds(name: str, test: Any, document: Mapping[str, Any]) -> bool:
    if name == "$or":
        return any(reaches(each, document) for each in test)
    value: Any = document
    for step in name.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    values = value if isinstance(value, list) else [value]
    match test:
        case {"$in": among}:
            return any(each in among for each in values)
        case {"$ne": other}:
            return other not in values
    return test in values


def _keepers(actor: Actor) -> tuple[MemberRole, ...]:
    return EVERY_MEMBER if actor.role == "producer" else OWNERS


def _in_workspaces(actor: Actor, *roles: MemberRole, **more: Any) -> dict[str, Any] | None:
    among = _among("workspace_id", actor.member_as(*roles))
    return among and among | more


def _among(name: str, keys: Sequence[Id]) -> dict[str, Any] | None:
    return {name: {"$in": [*keys]}} if keys else None
