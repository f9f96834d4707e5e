"""Templates as rows, out of one installation and into another: all of them or none."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError
from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.actor import Actor
from app.core.errors import ChangedMeanwhile, Refusal
from app.core.recording import Recorder
from app.production.templates import models, versions
from app.production.templates.content import CONTENT, TemplateContent, draft_of
from app.production.templates.errors import BadTemplate, Problem
from app.production.templates.versions import LABEL, add_in, put_in
from app.settings import Settings
from documents.base import NotUnique, Scope, StoredDocument, within
from documents.production import PromptTemplate
from documents.store import Store
from documents.values import Id

MOST_ROWS: Final = 1_000
MOST_PROBLEMS: Final = 100
TRIES: Final = 5
Given = Annotated[str, Field(pattern=LABEL)]


class TemplateRow(TemplateContent):
    """A version as it travels."""

    version: Annotated[int, Field(ge=1)] | None = None
    """Which version it was; those of a name are taken in the order of the rows."""
    labels: Annotated[list[Given], Field(max_length=20, default_factory=list)]


class BadRows(Refusal):
    """Some rows cannot be taken, so none was."""

    status, code = 422, "bad_rows"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a row."""

    row: int
    name: str
    version: int
    outcome: Literal["created", "unchanged"]


def row_of(template: PromptTemplate) -> dict[str, Any]:
    """The version as a row."""
    named = {*CONTENT, "version", "labels"}
    row: dict[str, Any] = template.model_dump(mode="json", include=named)
    return row


async def exported(
    scope: Scope, query: StoredDocument, limit: int = 0
) -> AsyncIterator[dict[str, Any]]:
    """The rows of all versions that the query finds within the scope, by name and version."""
    order = [("name", 1), ("version", 1)]
    found = PromptTemplate.collection().find(within(scope, query), sort=order, limit=limit)
    async for document in found:
        yield row_of(PromptTemplate.model_validate(document))


def drafts_of(
    rows: Sequence[Any], workspace_id: Id | None, settings: Settings
) -> list[tuple[TemplateRow, PromptTemplate]]:
    """The rows as checked templates, not written yet. Raises BadRows telling what each lacks."""
    drafts, problems = [], []
    for number, row in enumerate(rows):
        try:
            drafts.append(_draft(row, workspace_id, settings))
        except ValidationError as exc:
            for each in exc.errors(include_url=False, include_input=False, include_context=False):
                field = ".".join(map(str, (number, *each["loc"])))
                problems.append(Problem(field, each["type"], each["msg"]))
        except (BadTemplate, models.UnknownModel) as exc:
            for told in exc.members["errors"]:
                field = f"{number}.{told['field']}"
                problems.append(Problem(field, told["code"], told["detail"]))
    if problems:
        raise BadRows(
            f"{len({each.field.partition('.')[0] for each in problems})} of {len(rows)} rows "
            "cannot be taken, so none was.",
            errors=[each.located() for each in problems[:MOST_PROBLEMS]],
        )
    return drafts


async def take_in(
    store: Store,
    drafts: Sequence[tuple[TemplateRow, PromptTemplate]],
    actor: Actor,
    record: Recorder | None = None,
    *,
    dry: bool = False,
) -> list[Taken]:
    """Write the rows in one transaction; of a dry run nothing stays.

    A row that is there already, with the same number and content, makes no new version.
    """

    async def write(session: AsyncClientSession) -> list[Taken]:
        taken = [
            await _take(session, number, row, draft, actor, record)
            for number, (row, draft) in enumerate(drafts)
        ]
        if dry:
            await session.abort_transaction()
        return taken

    for _ in range(TRIES):
        try:
            return await store.in_transaction(write)
        except NotUnique:
            continue
    raise ChangedMeanwhile("Others keep adding versions of these templates; try again.")


async def _take(
    session: AsyncClientSession,
    number: int,
    row: TemplateRow,
    draft: PromptTemplate,
    actor: Actor,
    record: Recorder | None,
) -> Taken:
    there = await _same(session, row, draft)
    template = there or await add_in(session, draft, actor, record)
    for label in row.labels:
        template = await put_in(session, template, label, actor, record)
    outcome: Literal["created", "unchanged"] = "unchanged" if there else "created"
    return Taken(number, template.name, template.version, outcome)


async def _same(
    session: AsyncClientSession, row: TemplateRow, draft: PromptTemplate
) -> PromptTemplate | None:
    """The stored version with the number and content of the row, if there is one."""
    if row.version is None:
        return None
    query = {**versions.named(draft.workspace_id, draft.name), "version": row.version}
    there = await PromptTemplate.first_in(True, query, session)
    if there is None:
        return None
    same = all(getattr(there, name) == getattr(draft, name) for name in CONTENT)
    return there if same else None


def _draft(
    given: Any, workspace_id: Id | None, settings: Settings
) -> tuple[TemplateRow, PromptTemplate]:
    row = TemplateRow.model_validate(given)
    models.check(row.model, settings)
    return row, draft_of(row, workspace_id)
