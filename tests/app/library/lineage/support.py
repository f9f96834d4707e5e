"""Files that are made of each other."""

from typing import Any

import httpx

from documents.identity import User
from documents.library import GenerationMetadata, Media
from tests.app.support import API, World, as_
from tests.factories.records import valid


async def made_of(world: World, *inputs: Media, **given: Any) -> Media:
    """A file of the studio's project that was made of these."""
    place = {"workspace_id": world.workspace.id, "project_id": world.project.id}
    how = {name: given.pop(name) for name in GenerationMetadata.model_fields if name in given}
    made = GenerationMetadata(input_ids=[each.id for each in inputs], **how)
    return await valid(Media, **{**place, "generation_metadata": made, **given}).insert()


async def asked(
    http: httpx.AsyncClient, user: User, media: Media, what: str, **query: Any
) -> dict[str, Any]:
    path = f"{API}/media/{media.id}/{what}"
    answer = await http.get(path, params=query, headers=as_(user))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(*media: Media) -> list[str]:
    return [str(each.id) for each in media]
