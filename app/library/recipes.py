"""Recipes: digests of all that decided what a made file shows or sounds like."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from app.core.answer import dumps


def recipe_of(what: str, values: Mapping[str, Any]) -> str:
    """The digest of these values, whatever their order; `what` names what is made by them.

    Seed and take stay out of it: another take of the same is not out of date.
    """
    # Once more by way of plain JSON, whose keys can be sorted.
    plain = orjson.loads(dumps({"what": what, **values}))
    content = orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(content, digest_size=16).hexdigest()
