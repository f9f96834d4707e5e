"""Prompt templates over HTTP, but for reading and listing them, which is plain."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core.access import reaches
from app.core.actor import Actor, CurrentActor, KeyVerb, demand
from app.core.answer import Answer, etag, public
from app.core.bodies import MOST_BYTES, StrictRoute, parsed
from app.core.errors import (
    ChangedMeanwhile,
    Invalid,
    MalformedBody,
    NotFound,
    TooLarge,
    documented,
    invalid,
)
from app.core.fields import Fields
from app.core.parts import CurrentParts
from app.core.reading import NDJSON
from app.core.resource import SIGNED_IN, WITH_BODY
from app.core.schemas import read_schema
from app.production import access
from app.production.templates import differences, masking, models, rendering, transfer, versions
from app.production.templates.content import TemplateContent, draft_of
from app.production.templates.errors import BadInputs, BadTemplate, NothingBefore, Problem
from app.production.templates.transfer import MOST_ROWS, BadRows
from app.production.templates.variables import bound
from app.production.templates.versions import LABEL, PRODUCTION
from documents.base import Scope
from documents.production import PromptTemplate
from documents.values import Id

router = APIRouter(prefix="/prompt-templates", tags=["production"], route_class=StrictRoute)
read: Final = read_schema(PromptTemplate)
FIELDS: Final = Fields(PromptTemplate)
COMMON: Final = documented(NotFound, Invalid, *SIGNED_IN)
WRITTEN: Final = documented(
    NotFound, BadTemplate, models.UnknownModel, ChangedMeanwhile, *WITH_BODY, *SIGNED_IN
)
GivenLabel = Annotated[str, Path(pattern=LABEL, examples=["production"])]
Place = Annotated[Id | None, Query(description="Without one: the templates shared with everybody.")]


class TemplateCreate(TemplateContent):
    """A new version: of a new name the first one, of a known name the next."""

    workspace_id: Id | None = Field(None, description="Null: shared with everybody; for admins.")


class RenderRequest(BaseModel):
    """Which version to fill in, and with what: one by its id, or by name and label or number."""

    model_config = ConfigDict(extra="forbid")

    template_id: Id | None = None
    name: Annotated[str, Field(max_length=255)] | None = None
    workspace_id: Id | None = None
    label: Annotated[str, Field(pattern=LABEL)] = PRODUCTION
    version: Annotated[int, Field(ge=1)] | None = None
    inputs: dict[str, Any] = {}


class Rendering(BaseModel):
    """What a call with these inputs would send."""

    template_id: Id
    name: str
    version: int
    model: str
    prompt: str
    characters: int
    kept_prompt: str = Field(description="What the record of a call would keep of it.")
    kept_inputs: dict[str, Any]


class ChangedValue(BaseModel):
    """A value in both versions; null where there is none."""

    model_config = ConfigDict(from_attributes=True)

    field: str
    before: Any
    after: Any


class TemplateDiff(BaseModel):
    """What two versions differ in."""

    model_config = ConfigDict(from_attributes=True)

    template: str = Field(description="A unified diff; empty where the text is the same.")
    variables: list[ChangedValue]
    output_schema: list[ChangedValue]
    fields: list[ChangedValue]


class LabelMoved(BaseModel):
    """A label came to a version."""

    label: str
    version: int
    taken_from: int | None
    at: datetime
    by: Id | None
    rolled_back: bool


class TakenRow(BaseModel):
    """What became of a row."""

    model_config = ConfigDict(from_attributes=True)

    row: int
    name: str
    version: int
    outcome: Literal["created", "unchanged"]


class Imported(BaseModel):
    """What became of the rows."""

    dry_run: bool
    rows: list[TakenRow]


@router.post(
    "",
    status_code=201,
    operation_id="create_prompt_template",
    response_model=read,
    responses=WRITTEN,
)
async def create_template(
    body: TemplateCreate, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Make a version. A version never changes; the same name again makes the next one."""
    _may_add(actor, body.workspace_id)
    models.check(body.model, parts.settings)
    try:
        draft = await asyncio.to_thread(draft_of, body, body.workspace_id)
    except ValidationError as exc:
        found = exc.errors(include_url=False, include_input=False, include_context=False)
        raise invalid({**each, "loc": ("body", *each["loc"])} for each in found) from None
    return _shown(await versions.add(parts.store, draft, actor, parts.record), 201)


@router.post(
    "/render",
    operation_id="render_prompt_template",
    responses=documented(NotFound, BadTemplate, BadInputs, *WITH_BODY, *SIGNED_IN),
)
async def render_template(body: RenderRequest, actor: CurrentActor) -> Rendering:
    """Fill a template in without calling anybody."""
    template = await _named(body, _scope(actor, "read"))
    values = bound(template.variable_defs, body.inputs)
    prompt = await rendering.rendered(template.template, values)
    return Rendering(
        template_id=template.id,
        name=template.name,
        version=template.version,
        model=template.model,
        prompt=prompt,
        characters=len(prompt),
        kept_prompt=masking.masked_prompt(prompt, values),
        kept_inputs=masking.masked(values),
    )


@router.get("/export", operation_id="export_prompt_templates", responses=COMMON)
async def export_templates(
    request: Request,
    actor: CurrentActor,
    workspace_id: Place = None,
    name: Annotated[str | None, Query(max_length=255)] = None,
) -> Response:
    """All versions, as the import takes them; with `Accept: application/x-ndjson` line by line."""
    query = {"workspace_id": workspace_id} | ({} if name is None else {"name": name})
    scope = _scope(actor, "read")
    if request.headers.get("accept", "").partition(";")[0].strip() == NDJSON:
        return StreamingResponse(_lines(scope, query), media_type=NDJSON)
    rows = [row async for row in transfer.exported(scope, query, MOST_ROWS + 1)]
    if len(rows) > MOST_ROWS:
        raise TooLarge(
            f"There are more than {MOST_ROWS:,} versions: name one template, or ask for {NDJSON}."
        )
    return Answer({"items": rows})


@router.get(
    "/{id}/diff",
    operation_id="diff_prompt_templates",
    responses=COMMON,
)
async def diff_templates(
    id: Id, actor: CurrentActor, with_: Annotated[Id, Query(alias="with")]
) -> TemplateDiff:
    """What changed from this version to the one that `with` names."""
    scope = _scope(actor, "read")
    before, after = await _one(scope, id), await _one(scope, with_)
    found = await asyncio.to_thread(differences.between, before, after)
    return TemplateDiff.model_validate(found)


@router.get("/{id}/labels", operation_id="list_prompt_template_labels", responses=COMMON)
async def list_label_moves(id: Id, actor: CurrentActor) -> list[LabelMoved]:
    """How labels moved among the versions of this template, newest first."""
    found = await versions.moves_of(_scope(actor, "read"), id)
    return [LabelMoved(version=version, **move.model_dump()) for version, move in found]


@router.put(
    "/{id}/labels/{label}",
    operation_id="label_prompt_template",
    response_model=read,
    responses=COMMON,
)
async def put_label(
    id: Id, label: GivenLabel, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Let a label name this version, and no other one of the template any more."""
    scope = _scope(actor, "write")
    return _shown(await versions.put_label(parts.store, scope, id, label, actor, parts.record))


@router.delete(
    "/{id}/labels/{label}",
    operation_id="unlabel_prompt_template",
    response_model=read,
    responses=COMMON,
)
async def take_label(
    id: Id, label: GivenLabel, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Take a label from this version."""
    scope = _scope(actor, "write")
    return _shown(await versions.take_label(parts.store, scope, id, label, actor, parts.record))


@router.post(
    "/{id}/labels/{label}/rollback",
    operation_id="roll_back_prompt_template",
    response_model=read,
    responses=COMMON | documented(NothingBefore),
)
async def roll_back(
    id: Id, label: GivenLabel, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Move a label back to the version that had it before; once more goes further back."""
    scope = _scope(actor, "write")
    return _shown(await versions.roll_back(parts.store, scope, id, label, actor, parts.record))


uploads = APIRouter(prefix="/prompt-templates", tags=["production"])
"""Takes JSON Lines too, which strict routes don't."""


@uploads.post(
    "/import",
    operation_id="import_prompt_templates",
    responses=documented(
        *(NotFound, Invalid, MalformedBody, TooLarge, BadRows, ChangedMeanwhile), *SIGNED_IN
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"type": "object"}},
                NDJSON: {"schema": {"type": "string"}},
            },
        }
    },
)
async def import_templates(
    request: Request,
    actor: CurrentActor,
    parts: CurrentParts,
    workspace_id: Place = None,
    dry_run: bool = False,
) -> Imported:
    """Take rows of an export, all or none: `{"items": […]}`, a plain list, or a row a line."""
    _may_add(actor, workspace_id)
    rows = _rows(await _body(request))
    drafts = await asyncio.to_thread(transfer.drafts_of, rows, workspace_id, parts.settings)
    taken = await transfer.take_in(parts.store, drafts, actor, parts.record, dry=dry_run)
    return Imported(dry_run=dry_run, rows=[TakenRow.model_validate(each) for each in taken])


async def _body(request: Request) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            raise TooLarge(f"A body holds at most {MOST_BYTES:,} bytes.")
    return bytes(content)


def _rows(content: bytes) -> Sequence[Any]:
    """The rows of a JSON body, or of JSON Lines. Raises MalformedBody, TooLarge."""
    lines = [line for line in content.splitlines() if line.strip()]
    try:
        whole = parsed(content)
    except MalformedBody:
        if len(lines) < 2 or not lines[0].rstrip().endswith(b"}"):
            raise
        whole = [_line(number, line) for number, line in enumerate(lines, 1)]
    if isinstance(whole, dict):
        whole = whole["items"] if whole.keys() == {"items"} else [whole]
    if not isinstance(whole, list) or not whole:
        raise MalformedBody("Send a list of rows, or one row a line.")
    if len(whole) > MOST_ROWS:
        raise TooLarge(f"An import takes at most {MOST_ROWS:,} rows at once.")
    return whole


def _line(number: int, line: bytes) -> Any:
    try:
        return parsed(line)
    except MalformedBody as exc:
        raise MalformedBody(f"Line {number}: {exc}") from None


async def _lines(scope: Scope, query: dict[str, Any]) -> AsyncIterator[bytes]:
    async for row in transfer.exported(scope, query):
        yield orjson.dumps(row) + b"\n"


def _scope(actor: Actor, verb: KeyVerb) -> Scope:
    demand(actor, verb, PromptTemplate.collection_name())
    rules = access.TEMPLATES
    return (rules.read if verb == "read" else rules.change)(actor)


def _may_add(actor: Actor, workspace_id: Id | None) -> None:
    demand(actor, "write", PromptTemplate.collection_name())
    if not reaches(access.TEMPLATES.create(actor), {"workspace_id": workspace_id}):
        raise NotFound("There is no such workspace, or you may not add templates to it.")


async def _one(scope: Scope, key: Id) -> PromptTemplate:
    found = await PromptTemplate.one_in(scope, key)
    if found is None:
        raise NotFound("There is no such template, or none that you may see.")
    return found


async def _named(body: RenderRequest, scope: Scope) -> PromptTemplate:
    if (body.template_id is None) == (body.name is None):
        detail = "Name a version by `template_id`, or a template by `name`."
        raise Invalid(detail, errors=[Problem("template_id", "unnamed", detail).located()])
    if body.template_id is not None:
        return await _one(scope, body.template_id)
    assert body.name is not None
    if body.workspace_id is not None and not reaches(scope, {"workspace_id": body.workspace_id}):
        raise NotFound("There is no such workspace, or none that you may see.")
    found = await versions.resolve(
        body.name, body.workspace_id, label=body.label, version=body.version
    )
    return await _one(scope, found.id)


def _shown(template: PromptTemplate, status: int = 200) -> Response:
    """As the plain routes answer it."""
    document = public(FIELDS.picked(template.stored()))
    return Answer(document, status, {"ETag": etag(template.revision)})
