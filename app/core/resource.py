"""The plain routes of a collection, from one line of declaration."""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool, create_model

from app.core.access import ACCESS, Access
from app.core.actor import CurrentActor, ScopeMissing
from app.core.bodies import StrictRoute
from app.core.bulk import DeletedEach, NotCreated
from app.core.errors import (
    BadQuery,
    ChangedMeanwhile,
    InUse,
    Invalid,
    MalformedBody,
    NotFound,
    NotSignedIn,
    Outdated,
    TakenAlready,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
    documented,
)
from app.core.examples import SOME_ID, change_example, create_example
from app.core.fields import Fields
from app.core.holding import Holding
from app.core.including import SERVED, Served
from app.core.parameters import list_parameters, read_parameters
from app.core.parts import CurrentParts
from app.core.query import Listing
from app.core.reading import NDJSON, Reading
from app.core.schemas import change_schema, create_schema, read_schema
from app.core.writing import MOST_AT_ONCE, Limit, Writing
from documents.base import Record
from documents.values import Id

Verb: TypeAlias = Literal["list", "read", "create", "change", "delete", "bulk"]
READ_ONLY: Final[tuple[Verb, ...]] = ("list", "read")
PLAIN: Final[tuple[Verb, ...]] = (*READ_ONLY, "create", "change", "delete", "bulk")
SIGNED_IN: Final = (NotSignedIn, ScopeMissing, Unavailable)
WITH_BODY: Final = (MalformedBody, TooLarge, UnsupportedMediaType, Invalid)


class Resource:
    """Lists, reads and writes the records of one document class, as far as `verbs` says.

    `filters` and `sorts` must be served by indexes of the class; which of them go together
    follows from its indexes. `line` groups the routes in the documentation, where `name` is the
    word for the records if the path's is taken. `limit` says how many there may be. `cached` ones
    are held in memory as they are answered by id and by `include=` (ADR 0013).
    """

    def __init__(
        self,
        model: type[Record],
        *,
        path: str,
        line: str,
        access: Access,
        filters: Iterable[str] = (),
        sorts: Iterable[str] = (),
        verbs: Iterable[Verb] = READ_ONLY,
        limit: Limit | None = None,
        cached: bool = False,
        name: str = "",
    ) -> None:
        self.model, self.path, self.access = model, path, access
        self.name = name or path.replace("/", "_").replace("-", "_")
        self.verbs = frozenset(verbs)
        fields = Fields(model)
        self.listing = Listing(model, by=access.by, filters=filters, sorts=sorts, fields=fields)
        holding = Holding(model, fields) if cached else None
        self.reading = Reading(model, access, self.listing, holding)
        self.writing = Writing(model, access, fields, limit)
        ACCESS[model.collection_name()] = access
        SERVED[model.collection_name()] = Served(access, fields, holding)
        self._limited = (limit.refusal,) if limit else ()
        self.router = APIRouter(prefix=f"/{path}", tags=[line], route_class=StrictRoute)
        self._add_routes()

    def _add_routes(self) -> None:
        """In an order in which no fixed path is taken for an id."""
        add: Mapping[Verb, Callable[[str], None]] = {
            "list": self._add_list,
            "create": self._add_create,
            "bulk": self._add_bulk,
            "read": self._add_read,
            "change": self._add_change,
            "delete": self._add_delete,
        }
        for verb, adder in add.items():
            if verb in self.verbs:
                adder(self.name)

    def _add_list(self, many: str) -> None:
        read = read_schema(self.model)
        page = create_model(
            f"{self.model.__name__}Page",
            data=(list[read], ...),  # type: ignore[valid-type]
            next=(str | None, ...),
            count=(int | None, None),
        )

        async def list_records(
            request: Request, actor: CurrentActor, parts: CurrentParts
        ) -> Response:
            return await self.reading.listed(request, actor, parts)

        self._route(
            "",
            list_records,
            operation_id=f"list_{many}",
            summary=f"List {_words(many)}",
            responses={
                200: {"content": {NDJSON: {"schema": {"type": "string"}}}, "model": page},
                **documented(BadQuery, *SIGNED_IN),
            },
            openapi_extra={"parameters": list_parameters(self.listing)},
        )

    def _add_read(self, many: str) -> None:
        async def read_record(
            id: Id, request: Request, actor: CurrentActor, parts: CurrentParts
        ) -> Response:
            return await self.reading.one(id, request, actor, parts)

        self._route(
            "/{id}",
            read_record,
            operation_id=f"read_{many}",
            summary=f"Read one of the {_words(many)}",
            responses={
                200: {"model": read_schema(self.model)},
                304: {"description": "Still in the revision that `If-None-Match` names."},
                **documented(BadQuery, NotFound, Invalid, *SIGNED_IN),
            },
            openapi_extra={"parameters": read_parameters(self.listing)},
        )

    def _add_create(self, many: str) -> None:
        async def create_record(
            body: BaseModel, request: Request, actor: CurrentActor, parts: CurrentParts
        ) -> Response:
            return await self.writing.create(body, request, actor, parts)

        schema = create_schema(self.model)
        create_record.__annotations__["body"] = schema
        self._route(
            "",
            create_record,
            methods=["POST"],
            status_code=201,
            operation_id=f"create_{many}",
            summary=f"Make one of the {_words(many)}",
            responses={
                201: {"model": read_schema(self.model)},
                **documented(NotFound, TakenAlready, *self._limited, *WITH_BODY, *SIGNED_IN),
            },
            openapi_extra=_body(create_example(schema)),
        )

    def _add_change(self, many: str) -> None:
        async def change_record(
            id: Id, body: BaseModel, request: Request, actor: CurrentActor, parts: CurrentParts
        ) -> Response:
            """A JSON merge patch (RFC 7396): what is not named stays as it is."""
            return await self.writing.change(id, body, request, actor, parts)

        schema = change_schema(self.model)
        change_record.__annotations__["body"] = schema
        self._route(
            "/{id}",
            change_record,
            methods=["PATCH"],
            operation_id=f"change_{many}",
            summary=f"Change one of the {_words(many)}",
            responses={
                200: {"model": read_schema(self.model)},
                **documented(
                    NotFound, TakenAlready, ChangedMeanwhile, Outdated, *WITH_BODY, *SIGNED_IN
                ),
            },
            openapi_extra={"parameters": [IF_MATCH], **_body(change_example(schema))},
        )

    def _add_delete(self, many: str) -> None:
        async def delete_record(
            id: Id, request: Request, actor: CurrentActor, parts: CurrentParts
        ) -> Response:
            """What belongs to it goes too; what must not lose it keeps it (409 `in_use`)."""
            return await self.writing.delete(id, request, actor, parts)

        self._route(
            "/{id}",
            delete_record,
            methods=["DELETE"],
            status_code=204,
            operation_id=f"delete_{many}",
            summary=f"Delete one of the {_words(many)}",
            responses=documented(NotFound, InUse, Outdated, Invalid, *SIGNED_IN),
            openapi_extra={"parameters": [IF_MATCH]},
        )

    def _add_bulk(self, many: str) -> None:
        made = _object(
            self.model,
            "Bulk",
            data=list[read_schema(self.model)],  # type: ignore[misc]
            refused=(list[NotCreated] | None, None),
        )
        together = (StrictBool, True)

        async def create_records(
            body: BaseModel, actor: CurrentActor, parts: CurrentParts
        ) -> Response:
            """All of them or none; with `all_or_nothing` false each by itself, and `refused` says
            which were not made, and why."""
            return await self.writing.create_all(body, actor, parts)

        async def delete_records(
            body: BaseModel, actor: CurrentActor, parts: CurrentParts
        ) -> Response:
            """All of them or none, each with what belongs to it; with `all_or_nothing` false each
            by itself, and the answer says which were not deleted, and why."""
            return await self.writing.delete_all(body, actor, parts)

        if "create" in self.verbs:
            items = _bounded(list[create_schema(self.model)])  # type: ignore[misc]
            create_records.__annotations__["body"] = _object(
                self.model, "BulkCreate", items=items, all_or_nothing=together
            )
            self._route(
                "/bulk",
                create_records,
                methods=["POST"],
                status_code=201,
                operation_id=f"bulk_create_{many}",
                summary=f"Make up to {MOST_AT_ONCE} {_words(many)}",
                responses={
                    201: {"model": made},
                    **documented(NotFound, TakenAlready, *self._limited, *WITH_BODY, *SIGNED_IN),
                },
                openapi_extra=_body({"items": [create_example(create_schema(self.model))]}),
            )
        if "delete" in self.verbs:
            ids = _object(self.model, "BulkDelete", ids=_bounded(list[Id]), all_or_nothing=together)
            delete_records.__annotations__["body"] = ids
            self._route(
                "/bulk-delete",
                delete_records,
                methods=["POST"],
                status_code=204,
                operation_id=f"bulk_delete_{many}",
                summary=f"Delete up to {MOST_AT_ONCE} {_words(many)}",
                responses={
                    200: {"model": DeletedEach},
                    **documented(NotFound, InUse, *WITH_BODY, *SIGNED_IN),
                },
                openapi_extra=_body({"ids": [SOME_ID]}),
            )

    def _route(self, path: str, endpoint: Callable[..., Any], **described: Any) -> None:
        self.router.add_api_route(path, endpoint, response_model=None, **described)


IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "The `ETag` on which the request is based; another one answers 412.",
}


def _body(example: Any) -> dict[str, Any]:
    """An example of the request body."""
    return {"requestBody": {"content": {"application/json": {"example": example}}}}


def _object(model: type[Record], kind: str, **fields: Any) -> type[BaseModel]:
    """A schema with these fields; those that are not required come with their default."""
    given = {
        name: each if isinstance(each, tuple) else (each, ...) for name, each in fields.items()
    }
    return create_model(f"{model.__name__}{kind}", __config__=ConfigDict(extra="forbid"), **given)  # type: ignore[call-overload, no-any-return]


def _bounded(kind: Any) -> Any:
    return Annotated[kind, Field(min_length=1, max_length=MOST_AT_ONCE)]


def _words(name: str) -> str:
    return name.replace("_", " ")
