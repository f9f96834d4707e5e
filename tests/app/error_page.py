"""The list of docs/errors.md, written by `python -m tests.app.error_page`."""

import importlib
import pkgutil
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Final

import app
from app.core.errors import FRAMEWORK_CODES, Refusal

PAGE: Final = Path(__file__).parents[2] / "docs" / "errors.md"
BY_THE_FRAMEWORK: Final = {
    "malformed_request": "The request cannot be read at all.",
    "not_found": "There is no such route.",
    "method_not_allowed": "The route does not know this method.",
}
UNEXPECTED: Final = "A fault of ours. Nothing of it is shown; the request id leads to its trace."
HEAD: Final = """\
# Errors

Every refusal is `application/problem+json` (RFC 9457):

```json
{
  "type": "urn:backlot:problem:invalid",
  "title": "Unprocessable Entity",
  "status": 422,
  "code": "invalid",
  "detail": "These cannot be taken: title.",
  "request_id": "8f14e45fceea467a9e2f6d0b7a1c2d3e",
  "errors": [
    {"location": "body", "field": "title", "code": "missing", "detail": "Field required"}
  ]
}
```

`code` is stable and meant for programs; `detail` is for people and may change. `errors` names the
fields at fault, with dots into sub-documents and numbers into lists. `allowed` names what would
have been taken. The codes of fields are those of pydantic, such as `missing`, `string_too_short`,
`literal_error` and `extra_forbidden`, and ours: `server_owned` (written by the server only),
`fixed` (given once, when the record is made), `missing_reference` (names nothing within reach),
`foreign_reference` (names a record of another workspace, project or episode), `not_unique` and
`empty_name`.

| status | code | when |
|---|---|---|
"""


def refusals() -> list[type[Refusal]]:
    """Every kind of refusal that a module of the application declares."""
    for module in pkgutil.walk_packages(app.__path__, "app."):
        importlib.import_module(module.name)
    return [*_below(Refusal)]


def page() -> str:
    """The whole page."""
    rows = {(each.status, each.code, _meaning(each)) for each in refusals()}
    for status, code in FRAMEWORK_CODES.items():
        if not any(code == known for _, known, _ in rows):
            rows.add((status, code, BY_THE_FRAMEWORK[code]))
    rows.add((HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", UNEXPECTED))
    lines = (f"| {int(status)} | `{code}` | {meaning} |" for status, code, meaning in sorted(rows))
    return HEAD + "\n".join(lines) + "\n"


def _below(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for each in kind.__subclasses__():
        if "code" in vars(each) and each.__module__.startswith("app."):
            yield each
        yield from _below(each)


def _meaning(kind: type[Refusal]) -> str:
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


if __name__ == "__main__":
    PAGE.write_text(page())
