"""Refusals, and how everything that goes wrong is answered: problem+json (RFC 9457).

`code` is stable and meant for programs, `detail` for people. An answer of 5xx never shows
what happened inside; the request id in it leads to the log.
"""

import logging
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from pymongo.errors import ConnectionFailure, ExecutionTimeout
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.methods import methods_at
from app.core.request_ids import request_id
from app.core.storage import StorageError
from documents.base import BrokenCheck, NotUnique
from documents.deletion import StillReferenced
from documents.references import MissingReference

PROBLEM_JSON: Final = "application/problem+json"
logger = logging.getLogger(__name__)


class FieldProblem(BaseModel):
    """What is wrong with one field of a request."""

    location: str = Field(examples=["body"])
    field: str = Field(examples=["script.duration"])
    code: str = Field(examples=["missing"])
    detail: str = Field(examples=["Field required"])


class Problem(BaseModel):
    """An answer to a request that could not be served."""

    type: str = Field(examples=["urn:backlot:problem:not_found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    code: str = Field(examples=["not_found"])
    detail: str
    request_id: str
    errors: list[FieldProblem] | None = None
    allowed: list[str] | None = None


class Refusal(Exception):
    """Something the caller can act on; anything else is a bug and answers 500."""

    status: ClassVar[int]
    code: ClassVar[str]
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.members = members


class BadQuery(Refusal):
    """The query string asks for what this list does not offer."""

    status, code = 400, "bad_query"


class MalformedBody(Refusal):
    """The body is not the JSON that it says it is."""

    status, code = 400, "malformed_body"


class NotSignedIn(Refusal):
    """There is no good token with the request."""

    status, code = 401, "not_signed_in"
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class NotFound(Refusal):
    """There is no such thing, or none that the caller may know of."""

    status, code = 404, "not_found"


class InUse(Refusal):
    """Something that stays holds on to what should go."""

    status, code = 409, "in_use"


class WrongState(Refusal):
    """The record is in no state for this."""

    status, code = 409, "wrong_state"


class TakenAlready(Refusal):
    """Another record already holds these values."""

    status, code = 409, "not_unique"


class ChangedMeanwhile(Refusal):
    """Others write the record so often that this change found no gap."""

    status, code = 409, "conflict"


class Outdated(Refusal):
    """The record is not in the revision that `If-Match` names."""

    status, code = 412, "outdated"


class TooLarge(Refusal):
    """The request holds more than is taken at once."""

    status, code = 413, "too_large"


class UnsupportedMediaType(Refusal):
    """The body is of a kind that is not understood here."""

    status, code = 415, "unsupported_media_type"


class Invalid(Refusal):
    """The request is understood, but its values cannot be taken."""

    status, code = 422, "invalid"


class Unavailable(Refusal):
    """A part that the answer needs is away for the moment."""

    status, code = 503, "unavailable"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "2"}


def documented(*refusals: type[Refusal]) -> dict[int | str, dict[str, Any]]:
    """These refusals as a route's `responses`, for the OpenAPI page."""
    by_status: dict[int | str, list[type[Refusal]]] = {}
    for each in refusals:
        by_status.setdefault(each.status, []).append(each)
    return {
        status: {
            "description": " ".join(f"`{each.code}`: {each.__doc__}" for each in same),
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, same in by_status.items()
    }


def refusal_for(error: Exception) -> Refusal | None:
    """What the documents' and servers' own exceptions mean to a caller."""
    match error:
        case Refusal():
            return error
        case NotUnique():
            return TakenAlready(
                f"There already is one with the same {' and '.join(error.fields)}.",
                errors=[_about(field, "not_unique", "is taken") for field in error.fields],
            )
        case BrokenCheck():
            return Invalid("The values break a check of the collection.")
        case MissingReference():
            return Invalid(
                f"{error.field} names nothing within reach.",
                errors=[_about(error.field, "missing_reference", "names nothing within reach")],
            )
        case StillReferenced():
            return InUse(
                f"{error.collection}.{error.field} still holds on to it; "
                "take it out there, or delete that first."
            )
        case ConnectionFailure() | ExecutionTimeout() | StorageError():
            logger.warning("a part is away: %s", error)
            return Unavailable("A server behind this one does not answer; try again soon.")
    return None


def field_problems(errors: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """pydantic's findings without their inputs, which may hold secrets."""
    found = []
    for each in errors:
        context: Mapping[str, Any] = each.get("ctx") or {}
        steps = [*each["loc"], *(context[name] for name in ("field",) if name in context)]
        location, path = str(steps[0]) if steps else "body", steps[1:]
        found.append(
            {
                "location": location,
                "field": ".".join(str(step) for step in path),
                "code": str(each["type"]),
                "detail": str(each["msg"]),
            }
        )
    return found


def invalid(errors: Iterable[Mapping[str, Any]]) -> Invalid:
    """The refusal of values that pydantic refuses."""
    problems = field_problems(errors)
    named = ", ".join(dict.fromkeys(each["field"] for each in problems if each["field"]))
    detail = f"These cannot be taken: {named}." if named else "The values cannot be taken."
    return Invalid(detail, errors=problems)


def problem(
    status: int, code: str, detail: str, headers: Mapping[str, str] | None = None, **members: Any
) -> Response:
    """A problem+json answer."""
    body = {
        "type": f"urn:backlot:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": request_id(),
        **members,
    }
    return Response(orjson.dumps(body), status, {**(headers or {})}, PROBLEM_JSON)


def refused(refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that tells of a refusal; with `headers` beside those of its class."""
    known = {**refusal.headers, **(headers or {})}
    return problem(refusal.status, refusal.code, str(refusal), known, **refusal.members)


def answer_to(error: Exception) -> Response | None:
    """The answer to an error on the caller's side or of a part behind us; None for a bug."""
    match error:
        case RequestValidationError():
            return refused(invalid(error.errors()))
        case HTTPException():
            code = FRAMEWORK_CODES.get(error.status_code, "refused")
            return problem(error.status_code, code, f"{error.detail}.", error.headers)
    refusal = refusal_for(error)
    return None if refusal is None else refused(refusal)


KNOWN: Final[tuple[type[Exception], ...]] = (
    Refusal,
    NotUnique,
    BrokenCheck,
    MissingReference,
    StillReferenced,
    ConnectionFailure,
    ExecutionTimeout,
    StorageError,
)


def install(app: FastAPI) -> None:
    """Answer every error of the application as a problem."""
    for kind in (*KNOWN, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _answered)


class UnexpectedErrors:
    """The outermost handler: a bug is logged whole and answered with nothing of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and answer 500 for what nobody caught."""
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            # The last door: whatever it is, the client is told that it is ours, and no more.
            if begun or scope["type"] != "http":
                raise
            logger.exception("%s %s failed", scope["method"], scope["path"])
            detail = "Something went wrong on our side; the request id leads to its trace."
            await problem(500, "internal_error", detail)(scope, receive, send)


async def _answered(request: Request, error: Exception) -> Response:
    if _may_be_no_method(error):
        methods = methods_at(request.app, request.scope["path"])
        if methods and request.method not in methods:
            error = HTTPException(405, headers={"Allow": ", ".join(sorted(methods))})
    answer = answer_to(error)
    assert answer is not None
    return answer


FRAMEWORK_CODES: Final[Mapping[int, str]] = {
    400: "malformed_request",
    404: "not_found",
    405: "method_not_allowed",
}


def _may_be_no_method(error: Exception) -> bool:
    """Whether the path may not take the method: it is said so, or does not fit the route."""
    match error:
        case HTTPException():
            return error.status_code == 405
        case RequestValidationError():
            return any(each["loc"][:1] == ("path",) for each in error.errors())
    return False


def _about(field: str, code: str, detail: str) -> dict[str, str]:
    return {"location": "body", "field": field, "code": code, "detail": detail}
