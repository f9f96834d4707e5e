"""The query parameters of lists and reads, as the OpenAPI page tells them."""

from typing import Any, Final, TypeAlias

from app.core.query import MOST, MOST_CHOICES, USUAL, Listing

Parameter: TypeAlias = dict[str, Any]

FIELDS: Final[Parameter] = {
    "name": "fields",
    "in": "query",
    "schema": {"type": "string"},
    "description": "Only these, separated by commas; dots lead into sub-documents.",
}
IF_NONE_MATCH: Final[Parameter] = {
    "name": "If-None-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "An `ETag` from before: 304 where nothing has changed since.",
}


def read_parameters() -> list[Parameter]:
    """What reading one record takes."""
    return [FIELDS, IF_NONE_MATCH]


def list_parameters(listing: Listing) -> list[Parameter]:
    """What this list takes."""
    sorts = sorted("id" if each == "_id" else each for each in listing.sorts)
    served = "; ".join(f"`{each}`" for each in listing.allowed("scoped"))
    paging = [
        FIELDS,
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


def _filter(listing: Listing, name: str) -> Parameter:
    field, operator = listing.names[name]
    if operator == "in":
        return _parameter(
            name, {"type": "string"}, f"Up to {MOST_CHOICES} values, separated by commas."
        )
    schema = listing.filters[field].values.json_schema()
    schema.pop("description", None)
    return _parameter(name, schema, "")


def _parameter(name: str, schema: dict[str, Any], description: str) -> Parameter:
    described = {"description": description} if description else {}
    return {"name": name, "in": "query", "schema": schema, **described}
