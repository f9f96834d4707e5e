"""Approving and rejecting: always of one version, and void as soon as that is changed."""

from typing import Any

import httpx
import pytest

from app.core.deletion import delete
from app.core.revising import revise_one
from app.films.kinds import RENDER_SCENE, RenderScene
from app.production import tasks
from app.production.tasks import Ownership, new_task
from documents.films import Episode, Project
from documents.identity import AuditEntry, User
from documents.library import Media
from documents.scenes import Scene
from documents.store import Store
from documents.values import Id
from tests.app.films.conftest import film_of
from tests.app.support import API, World, as_, codes


async def post(http: httpx.AsyncClient, user: User, path: str, **body: Any) -> httpx.Response:
    return await http.post(f"{API}/{path}", json=body, headers=as_(user))


async def read(http: httpx.AsyncClient, user: User, path: str) -> Any:
    """As the store has it: no model is built for an answer."""
    answer = await http.get(f"{API}/{path}", headers=as_(user))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def approved(http: httpx.AsyncClient, world: World, path: str) -> Any:
    answer = await post(http, world.editor, f"{path}/approve")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_approval_names_what_it_is_about(
    http: httpx.AsyncClient, world: World, scene: Scene
) -> None:
    body = {"content_hash": scene.content_hash, "note": "Lovely."}
    answer = await post(http, world.editor, f"scenes/{scene.id}/approve", **body)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown["production"]["status"] == "approved"
    assert shown["revision"] == scene.revision + 1
    given = shown["approval"]
    assert given["by"] == str(world.editor.id)
    assert (given["content_hash"], given["note"]) == (scene.content_hash, "Lovely.")
    assert await read(http, world.viewer, f"scenes/{scene.id}") == shown
    project = await Project.one_in(True, world.project.id)
    assert project is not None
    assert project.progress.overall_progress > 0


async def test_its_audit_entry_names_the_version(
    http: httpx.AsyncClient, world: World, scene: Scene
) -> None:
    await approved(http, world, f"scenes/{scene.id}")
    patched = {"mood": "gloomy"}
    await http.patch(f"{API}/scenes/{scene.id}", json=patched, headers=as_(world.editor))
    first, second = await AuditEntry.all_in(True, {"subject.id": scene.id}, sort=[("_id", 1)])
    assert first.before is not None
    assert first.after is not None
    assert first.before["approval"] is None
    assert first.after["approval"]["content_hash"] == scene.content_hash
    assert first.after["approval"]["revision"] == scene.revision
    assert second.before is not None
    assert second.after is not None
    assert second.before["approval"]["revision"] == scene.revision
    assert second.after["approval"] is None
    assert second.before["content_hash"] == scene.content_hash
    assert second.after["content_hash"] != scene.content_hash


@pytest.mark.parametrize("status", ["pending", "generating", "approved", "failed"])
async def test_only_what_waits_for_a_review_is_approved(
    http: httpx.AsyncClient, world: World, scene: Scene, status: str
) -> None:
    await Scene.advance_one({"_id": scene.id}, {"$set": {"production.status": status}})
    answer = await post(http, world.editor, f"scenes/{scene.id}/approve")
    assert codes(answer) == (409, "wrong_state")
    stored = await Scene.one_in(True, scene.id)
    assert stored is not None
    assert (stored.approval, stored.production.status) == (None, status)


async def test_nothing_is_approved_while_it_is_made_anew(
    http: httpx.AsyncClient, world: World, scene: Scene, episode: Episode
) -> None:
    owner = Ownership(
        workspace_id=world.workspace.id,
        project_id=world.project.id,
        episode_id=episode.id,
        scene_id=scene.id,
    )
    await tasks.add([new_task(RENDER_SCENE, RenderScene(scene_id=scene.id), owner)])
    for path in (f"scenes/{scene.id}", f"episodes/{episode.id}"):
        for verb, body in (("approve", {}), ("reject", {"note": "No."})):
            answer = await post(http, world.editor, f"{path}/{verb}", **body)
            assert codes(answer) == (409, "wrong_state")


async def test_another_version_than_the_one_looked_at_is_not_approved(
    http: httpx.AsyncClient, world: World, scene: Scene
) -> None:
    patched = {"mood": "gloomy"}
    await http.patch(f"{API}/scenes/{scene.id}", json=patched, headers=as_(world.editor))
    body = {"content_hash": scene.content_hash}
    answer = await post(http, world.editor, f"scenes/{scene.id}/approve", **body)
    assert codes(answer) == (409, "changed_meanwhile")
    present = (await read(http, world.editor, f"scenes/{scene.id}"))["content_hash"]
    assert answer.json()["content_hash"] == present
    body = {"content_hash": present}
    assert (await post(http, world.editor, f"scenes/{scene.id}/approve", **body)).is_success


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Dusk"},
        {"script": {"action": "A crow."}},
        {"script": {"dialogue": [{"lines": "Run!"}]}},
        {"storyboard": {"panels": [{"panel_number": 1, "description": "Closer."}]}},
        {"time_of_day": "night"},
    ],
    ids=lambda each: "-".join(each),
)
async def test_any_edit_voids_it(
    http: httpx.AsyncClient, world: World, scene: Scene, change: Any
) -> None:
    await approved(http, world, f"scenes/{scene.id}")
    path = f"{API}/scenes/{scene.id}"
    answer = await http.patch(path, json=change, headers=as_(world.editor))
    assert answer.status_code == 200, answer.text
    shown = await read(http, world.viewer, f"scenes/{scene.id}")
    assert (shown["approval"], shown["production"]["status"]) == (None, "reviewing")
    assert shown["content_hash"] == answer.json()["content_hash"] != scene.content_hash


async def test_notes_are_no_edit(http: httpx.AsyncClient, world: World, scene: Scene) -> None:
    before = await approved(http, world, f"scenes/{scene.id}")
    panels = before["storyboard"]["panels"]
    noted = [
        {
            **{name: panels[0][name] for name in ("panel_number", "image_id", "character_ids")},
            "notes": "for the next one",
        }
    ]
    path = f"{API}/scenes/{scene.id}"
    body = {"storyboard": {"panels": noted}}
    answer = await http.patch(path, json=body, headers=as_(world.editor))
    assert answer.json()["approval"] == before["approval"]


async def test_a_character_who_is_deleted_voids_it(
    http: httpx.AsyncClient, world: World, scene: Scene
) -> None:
    await approved(http, world, f"scenes/{scene.id}")
    path = f"{API}/characters/{world.character.id}"
    assert (await http.delete(path, headers=as_(world.editor))).status_code == 200
    shown = await read(http, world.viewer, f"scenes/{scene.id}")
    assert shown["character_ids"] == []
    assert (shown["approval"], shown["production"]["status"]) == (None, "reviewing")
    assert shown["content_hash"] != scene.content_hash
    body = {"content_hash": shown["content_hash"]}
    assert (await post(http, world.editor, f"scenes/{scene.id}/approve", **body)).is_success


async def test_rendering_it_again_voids_it(
    http: httpx.AsyncClient, world: World, scene: Scene, store: Store
) -> None:
    await approved(http, world, f"scenes/{scene.id}")

    def render(changed: Scene) -> None:
        changed.production.video_segment_id = Id()

    await store.in_transaction(lambda session: revise_one(Scene, scene.id, render, session))
    shown = await read(http, world.viewer, f"scenes/{scene.id}")
    assert (shown["approval"], shown["production"]["status"]) == (None, "reviewing")


async def test_a_rejected_scene_is_to_be_made_again(
    http: httpx.AsyncClient, world: World, scene: Scene
) -> None:
    path = f"scenes/{scene.id}"
    assert codes(await post(http, world.editor, f"{path}/reject")) == (422, "invalid")
    answer = await post(http, world.editor, f"{path}/reject", note="Too dark.")
    production = answer.json()["production"]
    assert (production["status"], production["review_note"]) == ("pending", "Too dark.")
    assert codes(await post(http, world.editor, f"{path}/reject", note="!")) == (409, "wrong_state")
    assert codes(await post(http, world.editor, f"{path}/approve")) == (409, "wrong_state")


async def test_an_approval_can_be_withdrawn(
    http: httpx.AsyncClient, world: World, scene: Scene
) -> None:
    await approved(http, world, f"scenes/{scene.id}")
    answer = await post(http, world.editor, f"scenes/{scene.id}/reject", note="After all, no.")
    assert answer.json()["approval"] is None
    assert answer.json()["production"]["status"] == "pending"


async def test_an_episode_needs_its_film(
    http: httpx.AsyncClient, world: World, scene: Scene
) -> None:
    for verb, body in (("approve", {}), ("reject", {"note": "No."})):
        answer = await post(http, world.editor, f"episodes/{world.episode.id}/{verb}", **body)
        assert codes(answer) == (409, "wrong_state")


async def test_an_episode_is_approved_with_its_film(
    http: httpx.AsyncClient, world: World, episode: Episode
) -> None:
    path = f"episodes/{episode.id}"
    shown = await approved(http, world, path)
    assert shown["approval"]["content_hash"] == episode.content_hash
    assert codes(await post(http, world.editor, f"{path}/approve")) == (409, "wrong_state")
    film = await film_of(world, "second.mp4")
    values = {"$set": {"metadata.final_video_id": film}}
    await Episode.advance_one({"_id": episode.id}, values)
    body = {"content_hash": episode.content_hash}
    answer = await post(http, world.editor, f"{path}/approve", **body)
    assert codes(answer) == (409, "changed_meanwhile")


async def test_a_new_title_voids_the_approval_of_an_episode(
    http: httpx.AsyncClient, world: World, episode: Episode
) -> None:
    await approved(http, world, f"episodes/{episode.id}")
    path = f"{API}/episodes/{episode.id}"
    await http.patch(path, json={"title": "Another"}, headers=as_(world.editor))
    assert (await read(http, world.viewer, f"episodes/{episode.id}"))["approval"] is None


async def test_the_deletion_of_its_film_voids_the_approval(
    http: httpx.AsyncClient, world: World, episode: Episode, store: Store
) -> None:
    await approved(http, world, f"episodes/{episode.id}")
    assert episode.metadata.final_video_id is not None
    await delete(store, Media, episode.metadata.final_video_id)
    shown = await read(http, world.viewer, f"episodes/{episode.id}")
    assert (shown["metadata"]["final_video_id"], shown["approval"]) == (None, None)


async def test_a_rejected_episode_is_edited_again(
    http: httpx.AsyncClient, world: World, episode: Episode
) -> None:
    await approved(http, world, f"episodes/{episode.id}")
    answer = await post(http, world.editor, f"episodes/{episode.id}/reject", note="The end drags.")
    shown = answer.json()
    assert (shown["status"], shown["approval"]) == ("editing", None)
    assert shown["production"]["review_note"] == "The end drags."


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("owner", 200),
        ("editor", 200),
        ("collaborator", 200),
        ("producer", 200),
        ("viewer", 404),
        ("stranger", 404),
    ],
)
async def test_who_may_approve(
    http: httpx.AsyncClient, world: World, scene: Scene, who: str, status: int
) -> None:
    answer = await post(http, getattr(world, who), f"scenes/{scene.id}/approve")
    assert answer.status_code == status
