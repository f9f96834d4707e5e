"""What the OpenAPI page says of all routes alike: their groups, and how a POST is repeated."""

from collections.abc import Mapping
from typing import Any, Final

from app.core.bodies import LARGEST_INTEGER
from app.core.errors import Invalid, documented
from app.core.idempotency import HEADER, KEPT_FOR, LONGEST_KEY, REFUSALS, REPLAYED

Page = dict[str, Any]

LINES: Final[Mapping[str, str]] = {
    "identity": "Accounts, sign-ins, API keys, workspaces and who belongs to them.",
    "audit": "Who changed what, and whether the books are whole.",
    "library": "The files of all lines.",
    "production": "Tasks, pipelines, prompts, costs and budgets.",
    "publishing": "What goes out to platforms.",
    "assistant": "Conversations with the assistant.",
    "telling": "Telling people and other systems what happened: notifications and webhooks.",
    "films": "Projects, episodes, characters and scenes.",
    "campaigns": "Videos and stories by plan.",
    "channels": "Long videos for music channels.",
    "ads": "Advertising clips from a product picture.",
    "factory": "Product dossiers, what is made of them, and what works.",
    "live": "Following the work as it goes on.",
    "health": "For those who run the installation.",
}
"""The groups in the order of the page; others follow."""
FRAMEWORKS: Final = "HTTPValidationError"
"""The answer that FastAPI describes, in whose place ours is given."""
UNSAID: Final[Page] = {"application/json": {"schema": {}}}
JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
IDEMPOTENCY_KEY: Final = {
    "name": HEADER,
    "in": "header",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_KEY,
        "pattern": "^[!-~]([ -~]*[!-~])?$",
    },
    "description": (
        "A word of your own for this request, say a UUID. Sent again with it within "
        f"{KEPT_FOR.total_seconds() / 3600:.0f} hours, the request runs once and is answered "
        f"as at first, with `{REPLAYED}: true`. Answers of 5xx are not kept."
    ),
}


def complete(page: Page) -> None:
    """Add to the page, in place, what no route says of itself."""
    used = {tag for each in operations(page) for tag in each.get("tags", ())}
    order = [*(name for name in LINES if name in used), *sorted(used - LINES.keys())]
    page["tags"] = [{"name": name, **_described(name)} for name in order]
    for each in operations(page):
        if FRAMEWORKS in str(each["responses"].get("422")):
            each["responses"] |= {str(name): told for name, told in documented(Invalid).items()}
        for answer in each["responses"].values():
            if answer.get("content") == UNSAID:
                # FastAPI's word for an answer of which the route says nothing.
                del answer["content"]
    _bound(page)
    for path in page["paths"].values():
        if "post" in path and path["post"].get("security"):
            _repeatable(path["post"])
        if content := path.get("patch", {}).get("requestBody", {}).get("content"):
            content.setdefault(MERGE_PATCH, content[JSON])


def operations(page: Page) -> list[dict[str, Any]]:
    """Every operation of the page."""
    return [each for path in page["paths"].values() for each in path.values()]


def _described(name: str) -> dict[str, str]:
    return {"description": LINES[name]} if name in LINES else {}


def _bound(part: Any) -> None:
    """Say of whole numbers how large they can be, where nothing smaller is said."""
    if isinstance(part, dict):
        if part.get("type") == "integer":
            part.setdefault("minimum", -LARGEST_INTEGER - 1)
            part.setdefault("maximum", LARGEST_INTEGER)
        for each in part.values():
            _bound(each)
    elif isinstance(part, list):
        for each in part:
            _bound(each)


def _repeatable(operation: dict[str, Any]) -> None:
    operation["parameters"] = [*operation.get("parameters", ()), IDEMPOTENCY_KEY]
    answers = operation["responses"]
    for status, refusal in documented(*REFUSALS).items():
        known = answers.setdefault(str(status), refusal)
        if known is not refusal:
            known["description"] = f"{known['description']} {refusal['description']}"
