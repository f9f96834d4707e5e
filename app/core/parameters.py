"""The query parameters of lists and reads, as the OpenAPI page tells them."""

from typing import Any, Final, TypeAlias

from app.core.query import MOST, MOST_CHOICES, USUAL, Listing
from app.core.searching import LONGEST, PATTERN, SHORTEST
from app.core.searching import PARAMETER as SEARCH

Parameter: TypeAlias = dict[str, Any]


def _choices(items: dict[str, Any], most: int | None = None) -> dict[str, Any]:
    """Values of one parameter, separated by commas."""
    bounds = {"minItems": 1} if most is None else {"minItems": 1, "maxItems": most}
    schema = {"type": "array", "items": items, **bounds}
    return {"schema": schema, "style": "form", "explode": False}


FIELDS: Final[Parameter] = {
    "name": "fields",
    "in": "query",
    **_choices({"type": "string", "minLength": 1}),
    "description": "Only these, separated by commas; dots lead into sub-documents.",
}
IF_NONE_MATCH: Final[Parameter] = {
    "name": "If-None-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "An `ETag` from before: 304 where nothing has changed since.",
}


def read_parameters(listing: Listing) -> list[Parameter]:
    """What reading one record takes."""
    return [FIELDS, *_include(listing), IF_NONE_MATCH]


def list_parameters(listing: Listing) -> list[Parameter]:
    """What this list takes."""
    sorts = sorted("id" if each == "_id" else each for each in listing.sorts)
    served = "; ".join(f"`{each}`" for each in listing.allowed("scoped"))
    paging = [
        FIELDS,
        *_include(listing),
        *_search(listing),
        _parameter(
            "sort",
            {"type": "string", "enum": [*sorts, *(f"-{each}" for each in sorts)]},
            f"`-` sorts downwards. Filters and sorts that go together: {served}.",
        ),
        _parameter(
            "limit", {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}, ""
        ),
        _parameter("after", {"type": "string"}, "The `next` of the page before."),
        _parameter("count", {"type": "boolean", "default": False}, "Also count all of the list."),
    ]
    return paging + [_filter(listing, name) for name in listing.names]


def _include(listing: Listing) -> list[Parameter]:
    """`include=`, which names references without their `_id`."""
    if not (names := listing.including.names):
        return []
    return [
        {
            "name": "include",
            "in": "query",
            **_choices({"type": "string", "enum": names}),
            "description": "Records to answer along with each row, separated by commas. Each "
            "stands in the row under this name; null, or left out of a list, where it is not "
            "yours to see.",
        }
    ]


def _search(listing: Listing) -> list[Parameter]:
    if not listing.searched:
        return []
    fields = ", ".join(f"`{each}`" for each in listing.searched)
    return [
        _parameter(
            SEARCH,
            {
                "type": "string",
                "minLength": SHORTEST,
                "maxLength": LONGEST,
                "pattern": PATTERN,
            },
            f"Words to look for in {fields}: any of them, best match first; "
            '`"…"` keeps words together and `-word` leaves rows out. '
            "Goes with exact filters, not with `sort` or ranges.",
        )
    ]


def _filter(listing: Listing, name: str) -> Parameter:
    field, operator = listing.names[name]
    schema = _flat(listing.filters[field].values.json_schema())
    if operator == "in":
        description = f"Up to {MOST_CHOICES} values, separated by commas."
        choices = _choices(schema, MOST_CHOICES)
        return {"name": name, "in": "query", **choices, "description": description}
    return _parameter(name, schema, "")


def _flat(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema by itself: no definitions beside it, and no null, which nobody can ask for."""
    definitions = schema.pop("$defs", {})
    for each in schema.pop("anyOf", ()):
        if each.get("type") != "null":
            name = each.get("$ref", "").rpartition("/")[2]
            schema |= definitions.get(name, each)
    schema.pop("description", None)
    return schema


def _parameter(name: str, schema: dict[str, Any], description: str) -> Parameter:
    described = {"description": description} if description else {}
    return {"name": name, "in": "query", "schema": schema, **described}
