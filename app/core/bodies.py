"""JSON bodies, read strictly: what is ambiguous or cannot be stored is refused, not guessed at."""

import json
import math
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute

from app.core.errors import MalformedBody, TooLarge, UnsupportedMediaType
from app.core.idempotency import asks_who, once

MOST_BYTES: Final = 8 * 1024 * 1024
DEEPEST: Final = 64
LARGEST_INTEGER: Final = 2**63 - 1
MEDIA_TYPES: Final = ("application/json", "application/merge-patch+json")


class StrictRequest(Request):
    """A request whose JSON body has been read and checked before a route sees it."""

    content: bytes = b""
    parsed: Any = None

    async def read(self) -> None:
        """Read the body. Raises TooLarge, UnsupportedMediaType or MalformedBody."""
        chunks, size = [], 0
        async for chunk in self.stream():
            size += len(chunk)
            if size > MOST_BYTES:
                raise TooLarge(f"A body holds at most {MOST_BYTES:,} bytes.")
            chunks.append(chunk)
        self.content = b"".join(chunks)
        if self.content:
            media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
            if media_type not in MEDIA_TYPES:
                raise UnsupportedMediaType(f"Send one of {', '.join(MEDIA_TYPES)}.")
            self.parsed = parsed(self.content)

    async def body(self) -> bytes:
        """The bytes as they came."""
        return self.content

    async def json(self) -> Any:
        """What they say."""
        return self.parsed


class StrictRoute(APIRoute):
    """A route that reads its JSON body by these rules, and runs a repeated POST once."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler, behind our reading of the body and of `Idempotency-Key`."""
        handler = super().get_route_handler()
        reads = self.body_field is not None
        repeats = "POST" in (self.methods or ()) and asks_who(self.dependant)
        if not (reads or repeats):
            return handler

        async def strict(request: Request) -> Response:
            content = b""
            if reads:
                request = checked = StrictRequest(request.scope, request.receive)
                await checked.read()
                content = checked.content
            return await (once(request, content, handler) if repeats else handler(request))

        return strict


def parsed(content: bytes) -> Any:
    """The value of a JSON text in UTF-8. Raises MalformedBody.

    Beyond what the grammar forbids, refused are: a name twice in one object, NaN and infinities,
    integers beyond 64 bits, halves of surrogate pairs, and nesting deeper than 64.
    """
    try:
        text = content.decode()
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_integer,
            parse_float=_float,
        )
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError as exc:
        raise MalformedBody("The body is not valid UTF-8, or holds half a character.") from exc
    except RecursionError as exc:
        raise MalformedBody(f"The body is nested more than {DEEPEST} deep.") from exc
    except json.JSONDecodeError as exc:
        raise MalformedBody(f"Not JSON at character {exc.pos}: {exc.msg}.") from exc
    if content.count(b"[") + content.count(b"{") > DEEPEST and _too_deep(value, DEEPEST):
        raise MalformedBody(f"The body is nested more than {DEEPEST} deep.")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedBody(f"{twice[:64]!r} is named twice in one object.")
    return found


def _constant(name: str) -> Any:
    raise MalformedBody(f"{name} is not a JSON number.")


def _integer(digits: str) -> int:
    if len(digits) > 20 or abs(number := int(digits)) > LARGEST_INTEGER:
        raise MalformedBody(f"{digits[:24]} is beyond 64 bits; send it as a string.")
    return number


def _float(digits: str) -> int | float:
    number = float(digits)
    if not math.isfinite(number):
        raise MalformedBody(f"{digits[:24]} is too large for a number.")
    # To JSON 14.0 is a whole number.
    is_whole = number.is_integer() and abs(number) <= LARGEST_INTEGER
    return int(number) if is_whole else number


def _too_deep(value: Any, left: int) -> bool:
    if isinstance(value, dict):
        return left == 0 or any(_too_deep(each, left - 1) for each in value.values())
    if isinstance(value, list):
        return left == 0 or any(_too_deep(each, left - 1) for each in value)
    return False
