"""Access: a rule says what of a collection an actor reaches; the answer narrows the query.

These are the rules of the table "Who reads and writes". Each domain puts its own together in its
`access.py`. A rule for creating is asked about the new record itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from app.core.actor import Actor
from documents.base import Scope
from documents.identity import MemberRole

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
    """What belongs to one user alone, admins included."""
    return {"user_id": actor.id}


def workspace_of(*roles: MemberRole) -> Rule:
    """The workspaces in which the actor has one of these roles."""

    def rule(actor: Actor) -> Scope:
        return actor.is_admin or {"_id": {"$in": actor.member_as(*roles)}}

    return rule


def in_workspace_of(*roles: MemberRole) -> Rule:
    """What lies in a workspace in which the actor has one of these roles."""

    def rule(actor: Actor) -> Scope:
        return actor.is_admin or _in_workspaces(actor, *roles)

    return rule


def in_project(project_field: str, *roles: MemberRole) -> Rule:
    """The same, and what belongs to a project that the actor makes or helps to make."""

    def rule(actor: Actor) -> Scope:
        if actor.is_admin:
            return True
        scope = _in_workspaces(actor, *roles)
        if not actor.projects:
            return scope
        return {"$or": [scope, {project_field: {"$in": [*actor.projects]}}]}

    return rule


def own_project(actor: Actor) -> Scope:
    """Projects of one's workspaces, and those that one made while a member of theirs."""
    if actor.is_admin:
        return True
    made = {"created_by": actor.id, **_in_workspaces(actor, *EVERY_MEMBER)}
    return {"$or": [_in_workspaces(actor, *OWNERS), made]}


def own_drafts(actor: Actor) -> Scope:
    """What lies in one's workspaces; editors: the drafts that they made."""
    if actor.is_admin:
        return True
    drafts = {"created_by": actor.id, "status": "draft", **_in_workspaces(actor, *EDITORS)}
    return {"$or": [_in_workspaces(actor, *OWNERS), drafts]}


def in_workspace_or_shared(actor: Actor) -> Scope:
    """What lies in one's workspaces or, without a workspace, is shared with everybody."""
    return actor.is_admin or {"workspace_id": {"$in": [*actor.workspaces, None]}}


def accounts(actor: Actor) -> Scope:
    """The books of the workspaces that one owns; producers: of all that they are members of."""
    roles = EVERY_MEMBER if actor.role == "producer" else OWNERS
    return actor.is_admin or _in_workspaces(actor, *roles)


def costs(actor: Actor) -> Scope:
    """The books, and for who may change a subject the rows about it."""
    books = accounts(actor)
    if isinstance(books, bool):
        return books
    of_subjects = {
        **_in_workspaces(actor, *EDITORS),
        "subject.collection": {"$ne": "workspaces"},
    }
    shared = [{"project_id": {"$in": [*actor.projects]}}] if actor.projects else []
    return {"$or": [books, of_subjects, *shared]}


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


def _in_workspaces(actor: Actor, *roles: MemberRole) -> dict[str, Any]:
    return {"workspace_id": {"$in": actor.member_as(*roles)}}
