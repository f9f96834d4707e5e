"""The versions of a template: made one after the other, never changed, named by labels."""

from collections.abc import Mapping
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.actor import Actor
from app.core.errors import ChangedMeanwhile, NotFound
from app.core.recording import Change, Recorder
from app.production.templates.errors import BadTemplate, NothingBefore
from documents.base import NotUnique, Scope, Session, StoredDocument
from documents.production import LabelMove, PromptTemplate
from documents.store import Store
from documents.values import Id, now

PRODUCTION: Final = "production"
LABEL: Final = r"^[a-z][a-z0-9_-]{0,62}$"
TRIES: Final = 100
"""How many others may make a version of the same template at the same moment."""
MOST_MOVES: Final = 50
SHARED: Final = None
"""The workspace of templates that everybody may use."""


async def add(
    store: Store, draft: PromptTemplate, actor: Actor | None, record: Recorder | None = None
) -> PromptTemplate:
    """Write a checked template as the next version of its name.

    Whoever adds at the same time gets another number. Raises ChangedMeanwhile where too many do.
    """

    async def write(session: AsyncClientSession) -> PromptTemplate:
        return await add_in(session, draft, actor, record)

    for _ in range(TRIES):
        try:
            return await store.in_transaction(write)
        except NotUnique:
            continue
    raise ChangedMeanwhile("Others keep adding versions of this template; try again.")


async def add_in(
    session: AsyncClientSession,
    draft: PromptTemplate,
    actor: Actor | None,
    record: Recorder | None = None,
) -> PromptTemplate:
    """The same as part of a transaction. Raises NotUnique where another one came first."""
    number = await newest(draft.workspace_id, draft.name, session)
    fresh: dict[str, Any] = {"id": Id(), "version": number + 1, "labels": [], "label_moves": []}
    fresh |= {"created_at": now(), "updated_at": now(), "revision": 1}
    fresh["created_by"] = actor and actor.id
    template: PromptTemplate = draft.model_copy(update=fresh)
    await template.insert(session=session)
    if record is not None and actor is not None:
        change = Change.of(actor, PromptTemplate, None, template.stored())
        await record(session, change)
    return template


async def newest(workspace_id: Id | None, name: str, session: Session = None) -> int:
    """The highest version of this name; 0 where there is none."""
    found = await PromptTemplate.all_in(
        True, named(workspace_id, name), sort=[("version", -1)], limit=1, session=session
    )
    return found[0].version if found else 0


async def resolve(
    name: str, workspace_id: Id | None, *, label: str = PRODUCTION, version: int | None = None
) -> PromptTemplate:
    """The version of a template that a call shall use: by its number, else by a label.

    A workspace's own template goes before a shared one. Raises NotFound.
    """
    wanted: dict[str, Any] = {"labels": label} if version is None else {"version": version}
    places = {"$in": [*{workspace_id, SHARED}]}
    found = await PromptTemplate.all_in(True, {"name": name, **wanted, "workspace_id": places})
    if found:
        return next((each for each in found if each.workspace_id is not SHARED), found[0])
    told = f"label {label!r}" if version is None else f"version {version}"
    raise NotFound(f"There is no template {name[:64]!r} with {told}.")


async def put_label(
    store: Store,
    scope: Scope,
    key: Id,
    label: str,
    actor: Actor,
    record: Recorder | None = None,
) -> PromptTemplate:
    """Let a label name this version, and no other of the template. Raises NotFound."""

    async def move(session: AsyncClientSession) -> PromptTemplate:
        target = await _reached(scope, key, session)
        return await put_in(session, target, label, actor, record)

    return await store.in_transaction(move)


async def take_label(
    store: Store,
    scope: Scope,
    key: Id,
    label: str,
    actor: Actor,
    record: Recorder | None = None,
) -> PromptTemplate:
    """Take a label from this version. Raises NotFound, also where it does not have it."""

    async def take(session: AsyncClientSession) -> PromptTemplate:
        holder = await _reached(scope, key, session)
        if label not in holder.labels:
            raise NotFound(f"Version {holder.version} does not have the label {label!r}.")
        return await _written(session, holder, {"$pull": {"labels": label}}, actor, record)

    return await store.in_transaction(take)


async def roll_back(
    store: Store,
    scope: Scope,
    key: Id,
    label: str,
    actor: Actor,
    record: Recorder | None = None,
) -> PromptTemplate:
    """Move a label back to the version that had it before; doing it again goes further back.

    `key` is any version of the template. Raises NotFound, or NothingBefore.
    """

    async def move(session: AsyncClientSession) -> PromptTemplate:
        some = await _reached(scope, key, session)
        holder = await _holder(some, label, session)
        if holder is None:
            raise NotFound(f"No version of {some.name[:64]!r} has the label {label!r}.")
        before = _came_from(holder, label)
        query = {**named(some.workspace_id, some.name), "version": before}
        target = before and await PromptTemplate.first_in(True, query, session)
        if not target:
            raise NothingBefore(f"No version had the label {label!r} before this one.")
        return await put_in(session, target, label, actor, record, rolled_back=True)

    return await store.in_transaction(move)


async def put_in(
    session: AsyncClientSession,
    target: PromptTemplate,
    label: str,
    actor: Actor | None,
    record: Recorder | None = None,
    *,
    rolled_back: bool = False,
) -> PromptTemplate:
    """Let a label name this version as part of a transaction."""
    if label in target.labels:
        return target
    holder = await _holder(target, label, session)
    if holder is not None:
        await _written(session, holder, {"$pull": {"labels": label}}, actor, record)
    move = LabelMove(
        label=label,
        at=now(),
        by=actor and actor.id,
        taken_from=holder and holder.version,
        rolled_back=rolled_back,
    )
    moves = {"$each": [move.model_dump()], "$slice": -MOST_MOVES}
    update = {"$addToSet": {"labels": label}, "$push": {"label_moves": moves}}
    return await _written(session, target, update, actor, record)


async def moves_of(scope: Scope, key: Id) -> list[tuple[int, LabelMove]]:
    """How labels moved among the versions of the template, newest first. Raises NotFound."""
    some = await _reached(scope, key, None)
    versions = await PromptTemplate.all_in(
        True, {**named(some.workspace_id, some.name), "label_moves.0": {"$exists": True}}
    )
    found = [(each.version, move) for each in versions for move in each.label_moves]
    return sorted(found, key=lambda pair: pair[1].at, reverse=True)


def named(workspace_id: Id | None, name: str) -> StoredDocument:
    """The query for all versions of a template."""
    return {"workspace_id": workspace_id, "name": name}


async def _reached(scope: Scope, key: Id, session: Session) -> PromptTemplate:
    found = await PromptTemplate.one_in(scope, key, session)
    if found is None:
        raise NotFound("There is no such template, or none that you may label.")
    return found


async def _holder(
    template: PromptTemplate, label: str, session: AsyncClientSession
) -> PromptTemplate | None:
    query = {**named(template.workspace_id, template.name), "labels": label}
    return await PromptTemplate.first_in(True, query, session)


def _came_from(holder: PromptTemplate, label: str) -> int | None:
    """From which version the label was moved forward to this one."""
    forward = [
        each.taken_from
        for each in holder.label_moves
        if each.label == label and not each.rolled_back
    ]
    return forward[-1] if forward else None


async def _written(
    session: AsyncClientSession,
    template: PromptTemplate,
    update: Mapping[str, Any],
    actor: Actor | None,
    record: Recorder | None,
) -> PromptTemplate:
    changed = await PromptTemplate.write_one({"_id": template.id}, update, session)
    if changed is None:
        raise BadTemplate("The version was deleted meanwhile.")
    if record is not None and actor is not None:
        change = Change.of(actor, PromptTemplate, template.stored(), changed.stored())
        await record(session, change)
    return changed
