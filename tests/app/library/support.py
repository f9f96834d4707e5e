"""Files for the tests of the library, and a sender of them."""

import hashlib
from typing import Any

import httpx

from tests.app.support import API, World, as_

PNG = b"\x89PNG\r\n\x1a\n"
TEXT = b"Once upon a time, a fox looked for a wife.\n"


def png(size: int = 5_000, seed: int = 0) -> bytes:
    """Bytes that begin like a picture, and are different for each seed."""
    block = hashlib.sha256(str(seed).encode()).digest()
    return (PNG + block * (size // 32 + 1))[:size]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def announced(world: World, content: bytes, **given: Any) -> dict[str, Any]:
    """What is said of this content before it comes."""
    return {
        "workspace_id": str(world.workspace.id),
        "project_id": str(world.project.id),
        "filename": "fox.png",
        "filesize": len(content),
        "mime_type": "image/png",
        "sha256": sha256(content),
        **given,
    }


async def begun(http: httpx.AsyncClient, world: World, content: bytes, **given: Any) -> Any:
    """An upload of this content, begun by the editor."""
    body = announced(world, content, **given)
    answer = await http.post(f"{API}/uploads", json=body, headers=as_(world.editor))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def put(link: dict[str, Any], content: bytes) -> int:
    """Send this to a link, from outside; the status of the store's answer."""
    async with httpx.AsyncClient() as outside:
        answer = await outside.put(link["url"], content=content, headers=link["headers"])
    return answer.status_code


async def complete(http: httpx.AsyncClient, world: World, upload: Any) -> httpx.Response:
    path = f"{API}/uploads/{upload['id']}/complete"
    return await http.post(path, headers=as_(world.editor))


async def sent(http: httpx.AsyncClient, world: World, content: bytes, **given: Any) -> Any:
    """The media record of a file that went through the API."""
    upload = await begun(http, world, content, by="api", **given)
    path = f"{API}/uploads/{upload['id']}/content"
    answer = await http.put(path, content=content, headers=as_(world.editor))
    assert answer.status_code == 200, answer.text
    return answer.json()
