"""Entries to seal, and a look at what became of them."""

import asyncio
from typing import Any

from app.audit import service
from app.audit.sealing import Sealer
from app.audit.verification import verify
from app.core.recording import Change
from documents.base import StoredDocument
from documents.films import Project
from documents.identity import AuditActor, AuditEntry
from documents.store import Store
from documents.values import Id
from tests.factories import valid

ACTOR = AuditActor(kind="user", id=Id())


def creation(workspace: Id | None, **given: Any) -> Change:
    """Somebody made a project in the workspace."""
    document = valid(Project, **given).stored() | {"workspace_id": workspace}
    return Change.of(ACTOR, Project, None, document)


async def made_entries(store: Store, workspace: Id | None, count: int) -> None:
    """So many unsealed entries."""
    changes = [creation(workspace, title=f"Project {number}") for number in range(count)]

    async def together(session: Any) -> None:
        await service.record(session, *changes)

    await store.in_transaction(together)


async def made_chain(store: Store, workspace: Id | None, count: int) -> list[StoredDocument]:
    """So many sealed entries, in their order."""
    await made_entries(store, workspace, count)
    await seal_all()
    return await chain_of(workspace)


async def seal_all() -> None:
    """Seal until nothing waits."""
    sealer = Sealer()
    while await unsealed():
        if not await sealer.seal():
            await asyncio.sleep(0.05)  # another one's lease


async def unsealed() -> int:
    return await AuditEntry.collection().count_documents({"sequence": None})


async def chain_of(workspace: Id | None) -> list[StoredDocument]:
    query = {"workspace_id": workspace, "sequence": {"$ne": None}}
    return await AuditEntry.collection().find(query, sort=[("sequence", 1)]).to_list()


async def problems(workspace: Id | None) -> list[tuple[str, int, int]]:
    """What is wrong with the chain."""
    return [(each.kind, each.sequence, each.until) for each in (await verify(workspace)).problems]
