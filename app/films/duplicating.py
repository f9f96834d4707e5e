"""Copies of whole projects: new records over the same stored files."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.access import reaches
from app.core.actor import Actor, demand
from app.core.errors import NotFound
from app.core.parts import Parts
from app.core.recording import Transaction, recorded
from app.films.access import PROJECTS
from app.films.captions import CAPTIONS
from app.films.errors import ProjectTooLarge
from app.identity.limits import check_episode_limit, check_project_limit
from app.library.urls import content_url, thumbnail_url
from documents.base import Record, StoredDocument, refusals, within
from documents.films import Character, Episode, Project
from documents.library import Media
from documents.references import ReferencePath, references
from documents.reviews import ScriptVersion
from documents.scenes import Scene
from documents.values import Id, now

MOST: Final = 10_000
"""Records of a project that is copied: they are written in one transaction."""
AT_ONCE: Final = 500
TREE: Final[tuple[type[Record], ...]] = (Project, Episode, Character, Scene, ScriptVersion, Media)
Documents: TypeAlias = dict[type[Record], list[StoredDocument]]


async def duplicate(parts: Parts, actor: Actor, project_id: Id, title: str | None) -> Project:
    """A copy of the project for the actor: episodes, characters, scenes, and the media in use.

    Approvals, comments, links and takes that nobody chose stay with the original. Raises NotFound
    where the actor does not see it or may make no project beside it, LimitReached, and
    ProjectTooLarge.
    """
    demand(actor, "write", Project.collection_name())

    async def together(transaction: Transaction) -> Project:
        session = transaction.session
        found = within(PROJECTS.read(actor), {"_id": project_id})
        source = await Project.first_in(True, found, session)
        if source is None or not reaches(PROJECTS.create(actor), source.stored()):
            raise NotFound("There is no such project, or you may make none beside it.")
        # Written to, so that its deletion meanwhile conflicts: that would take the files away.
        await Project.advance_one({"_id": source.id}, {}, session)
        await check_project_limit(session, source.workspace_id)
        documents = await _tree_of(source, session)
        copies = _copied(documents, source, actor.id, title)
        project: Project = Project.model_validate(copies[Project][0])
        await project.insert(session=session)
        await check_episode_limit(session, project.id, len(copies[Episode]))
        for model in TREE[1:]:
            await _insert(model, copies[model], session)
        await transaction.tell(Project, None, project.stored())
        return project

    return await recorded(parts, actor, together)


async def _tree_of(project: Project, session: AsyncClientSession) -> Documents:
    """What is copied, as the store has it. Raises ProjectTooLarge."""
    inside = {"project_id": project.id}
    found: Documents = {Project: [project.stored()]}
    for model in (Episode, Character, Scene):
        found[model] = await _rows(model, inside, session)
    versions = [
        {"episode_id": each["_id"], "version": each["script"]["version"]} for each in found[Episode]
    ]
    found[ScriptVersion] = await _rows(ScriptVersion, {"$or": versions or [{"_id": None}]}, session)
    used = _used(found)
    captions = await _rows(Media, {**inside, **CAPTIONS}, session)
    others = {"_id": {"$in": [*used - {each["_id"] for each in captions}]}}
    found[Media] = [*captions, *await _rows(Media, {**inside, **others}, session)]
    if (count := sum(map(len, found.values()))) > MOST:
        raise ProjectTooLarge(
            f"The project has {count:,} records; up to {MOST:,} are copied at once.", most=MOST
        )
    return found


async def _rows(
    model: type[Record], query: Mapping[str, Any], session: AsyncClientSession
) -> list[StoredDocument]:
    found = model.collection().find(within(True, query), limit=MOST + 1, session=session)
    return await found.to_list()


def _used(found: Documents) -> set[Id]:
    """The media that the records name, but for takes that are not shown."""
    return {
        key
        for model, documents in found.items()
        for path in references(model)
        if path.reference.to == "media" and not _may_be_left(path)
        for document in documents
        for key in path.ids(document)
    }


def _copied(documents: Documents, source: Project, by: Id, title: str | None) -> Documents:
    """The records under new ids, naming each other."""
    ids = {
        model.collection_name(): {each["_id"]: Id() for each in documents[model]} for model in TREE
    }
    moment = now()
    copies: Documents = {
        model: [_copy(model, each, ids, moment) for each in documents[model]] for model in TREE
    }
    [project] = copies[Project]
    project |= {
        "created_by": by,
        "collaborator_ids": [],
        "archived_at": None,
        "title": title or f"{source.title[:240]} (copy)",
    }
    return copies


def _copy(
    model: type[Record], document: StoredDocument, ids: Mapping[str, Mapping[Id, Id]], at: datetime
) -> StoredDocument:
    """One record as a new one. Approvals are of the original: nobody has looked at this one."""
    for path in references(model):
        known = ids.get(path.reference.to, {})
        if path.reference.to == "media" and _may_be_left(path):
            path.without(document, path.ids(document) - known.keys())
        path.renamed(document, known)
    key = ids[model.collection_name()][document["_id"]]
    document |= {"_id": key, "created_at": at, "updated_at": at, "revision": 1, "imported_from": []}
    if model is Media:
        document["url"] = content_url(key)
        if document["thumbnail_url"] is not None:
            document["thumbnail_url"] = thumbnail_url(key)
    elif "approval" in model.model_fields:
        document["approval"] = None
        if model is Scene and document["production"]["status"] == "approved":
            document["production"]["status"] = "reviewing"
        record: Record = model.model_validate(document)
        return record.stored()
    return document


def _may_be_left(path: ReferencePath) -> bool:
    """Whether the reference is to takes that nobody chose, or to what a file was made of."""
    return "takes" in path.field.steps or "input_ids" in path.field.steps


async def _insert(
    model: type[Record], documents: Sequence[StoredDocument], session: AsyncClientSession
) -> None:
    with refusals(model.collection_name()):
        for start in range(0, len(documents), AT_ONCE):
            await model.collection().insert_many(
                documents[start : start + AT_ONCE], session=session
            )
