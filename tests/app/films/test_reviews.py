"""Guests review by a link, without an account; members comment beside them."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from app.core.parts import Parts
from documents.films import Episode, Project
from documents.identity import AuditEntry
from documents.library import Media
from documents.reviews import ReviewComment, ReviewLink
from documents.scenes import Scene
from documents.values import Id, now
from tests.app.library.support import png, sent
from tests.app.support import API, World, as_, codes

CONTENT = png(10_000, seed=3)
HELLO = {"author_name": "Ann", "text": "Lovely!"}


@pytest.fixture
async def picture(http: httpx.AsyncClient, world: World, scene: Scene) -> Any:
    """A picture that is really there, in the place of the panel's."""
    made = await sent(http, world, CONTENT, filename="panel.png")
    fields = {"project_id": world.project.id, "scene_id": scene.id}
    key = Id(made["id"])
    await Media.collection().update_one({"_id": key}, {"$set": fields})
    shown = {"storyboard.panels.0.image_id": key}
    await Scene.advance_one({"_id": scene.id}, {"$set": shown})
    return made


async def made(http: httpx.AsyncClient, world: World, path: str, **given: Any) -> Any:
    body = {"name": "The client", **given}
    answer = await http.post(f"{API}/{path}/review-links", json=body, headers=as_(world.editor))
    assert answer.status_code == 201, answer.text
    return answer.json()


def address(link: Any, below: str = "") -> str:
    """The link's address, or one below it, without the server's name."""
    parts = urlsplit(link["url"])
    return f"{parts.path}{below}?{parts.query}"


async def test_a_guest_sees_what_is_to_be_reviewed(
    http: httpx.AsyncClient, world: World, episode: Episode, picture: Any
) -> None:
    link = await made(http, world, f"episodes/{episode.id}")
    answer = await http.get(address(link))
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    shown = answer.json()
    assert (shown["project_title"], shown["episode_title"]) == ("The Fox", "Pilot")
    assert (shown["name"], shown["may_comment"], shown["duration"]) == ("The client", True, 60.0)
    assert shown["film_url"] is not None
    [scene] = shown["scenes"]
    assert (scene["title"], scene["status"]) == ("Dawn", "reviewing")
    assert scene["dialogue"][0]["character"] == "Reynard"
    assert "ours" not in answer.text
    assert str(world.workspace.id) not in answer.text
    image = await http.get(scene["panels"][0]["image_url"])
    assert (image.status_code, image.content) == (200, CONTENT)
    ranged = await http.get(scene["panels"][0]["image_url"], headers={"Range": "bytes=5-9"})
    assert (ranged.status_code, ranged.content) == (206, CONTENT[5:10])
    head = await http.head(scene["panels"][0]["image_url"])
    assert head.headers["content-length"] == str(len(CONTENT))


async def test_a_link_to_a_scene_shows_that_alone(
    http: httpx.AsyncClient, world: World, episode: Episode, scene: Scene, picture: Any
) -> None:
    link = await made(http, world, f"scenes/{scene.id}")
    shown = (await http.get(address(link))).json()
    assert [each["id"] for each in shown["scenes"]] == [str(scene.id)]
    assert (shown["film_url"], shown["content_hash"]) == (
        None,
        shown["scenes"][0]["content_hash"],
    )
    film = address(link, f"/media/{episode.metadata.final_video_id}")
    assert codes(await http.get(film)) == (404, "not_found")
    assert (await http.get(address(link, f"/media/{picture['id']}"))).status_code == 200


async def test_only_what_is_in_use_is_shown(
    http: httpx.AsyncClient, world: World, episode: Episode, panel: Media, picture: Any
) -> None:
    """Takes that nobody chose, and all other files of the studio, are its own affair."""
    link = await made(http, world, f"episodes/{episode.id}")
    for key in (panel.id, world.media.id, Id()):
        assert codes(await http.get(address(link, f"/media/{key}"))) == (404, "not_found")


@pytest.mark.parametrize(("part", "other"), [("expires=", "expires=9"), ("/review/", "")])
async def test_nothing_in_it_can_be_changed(
    http: httpx.AsyncClient, world: World, episode: Episode, part: str, other: str
) -> None:
    given = address(await made(http, world, f"episodes/{episode.id}"))
    if other:
        changed = given.replace(part, other)
    else:
        changed = given.replace(given.split(part)[1][:24], str(Id()))
    assert codes(await http.get(changed)) == (404, "not_found")
    assert codes(await http.get(f"{API}/review/{Id()}")) == (422, "invalid")


async def test_after_its_end_it_is_over(
    http: httpx.AsyncClient, world: World, episode: Episode, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await made(http, world, f"episodes/{episode.id}", seconds=60)
    monkeypatch.setattr("app.library.signatures.now", lambda: now() + timedelta(seconds=61))
    film = f"/media/{episode.metadata.final_video_id}"
    for below in ("", "/comments", film):
        assert codes(await http.get(address(link, below))) == (410, "link_over")
    answer = await http.post(address(link, "/comments"), json=HELLO)
    assert codes(answer) == (410, "link_over")


async def test_deleting_it_revokes_it(
    http: httpx.AsyncClient, world: World, episode: Episode
) -> None:
    link = await made(http, world, f"episodes/{episode.id}")
    path = f"{API}/review-links/{link['id']}"
    assert codes(await http.delete(path, headers=as_(world.viewer))) == (404, "not_found")
    assert (await http.delete(path, headers=as_(world.editor))).status_code == 204
    assert codes(await http.get(address(link))) == (410, "link_over")
    assert codes(await http.post(address(link, "/comments"), json=HELLO)) == (410, "link_over")


@pytest.mark.parametrize("gone", ["scenes", "episodes", "projects"])
async def test_it_ends_with_what_it_shows(
    http: httpx.AsyncClient, world: World, scene: Scene, episode: Episode, gone: str
) -> None:
    link = await made(http, world, f"scenes/{scene.id}")
    await http.post(address(link, "/comments"), json=HELLO)
    keys = {"scenes": scene.id, "episodes": episode.id, "projects": world.project.id}
    path = f"{API}/{gone}/{keys[gone]}"
    assert (await http.delete(path, headers=as_(world.owner))).status_code == 204
    assert codes(await http.get(address(link))) == (410, "link_over")
    assert codes(await http.post(address(link, "/comments"), json=HELLO)) == (410, "link_over")
    assert await ReviewLink.collection().count_documents({}) == 0
    assert await ReviewComment.collection().count_documents({}) == 0


async def test_guests_comment(
    http: httpx.AsyncClient, world: World, scene: Scene, episode: Episode
) -> None:
    link = await made(http, world, f"episodes/{episode.id}")
    other = await made(http, world, f"episodes/{episode.id}")
    said = {**HELLO, "scene_id": str(scene.id), "panel_number": 1, "time_code": 3.5}
    answer = await http.post(address(link, "/comments"), json=said)
    assert answer.status_code == 201, answer.text
    whole = await http.post(address(link, "/comments"), json={**HELLO, "time_code": 59})
    found = (await http.get(address(link, "/comments"))).json()["data"]
    assert found == [answer.json(), whole.json()]
    assert (found[0]["author_name"], found[0]["time_code"]) == ("Ann", 3.5)
    assert found[0]["content_hash"] == scene.content_hash
    assert found[1]["content_hash"] == episode.content_hash
    assert (await http.get(address(other, "/comments"))).json()["data"] == []
    stored = await ReviewComment.all_in(True, {})
    assert {(each.link_id, each.created_by) for each in stored} == {(Id(link["id"]), None)}
    entry = await AuditEntry.first_in(True, {"subject.id": stored[0].id})
    assert entry is not None
    assert (entry.actor.kind, entry.workspace_id) == ("guest", world.workspace.id)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"panel_number": 1}, "panel_number"),
        ({"panel_number": 2, "scene_id": "the scene"}, "panel_number"),
        ({"time_code": 60.5}, "time_code"),
        ({"time_code": 13, "scene_id": "the scene"}, "time_code"),
        ({"scene_id": "0123456789abcdef01234567"}, "scene_id"),
        ({"time_code": -1}, "time_code"),
        ({"text": ""}, "text"),
        ({"text": "x" * 10_001}, "text"),
        ({"author_name": ""}, "author_name"),
    ],
)
async def test_a_comment_is_on_something_that_is_there(
    http: httpx.AsyncClient, world: World, scene: Scene, episode: Episode, given: Any, field: str
) -> None:
    link = await made(http, world, f"episodes/{episode.id}")
    if given.get("scene_id") == "the scene":
        given = {**given, "scene_id": str(scene.id)}
    answer = await http.post(address(link, "/comments"), json={**HELLO, **given})
    assert codes(answer) == (422, "invalid")
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert await ReviewComment.collection().count_documents({}) == 0


async def test_a_link_to_a_scene_takes_no_comment_on_another(
    http: httpx.AsyncClient, world: World, scene: Scene
) -> None:
    other = scene.model_copy(update={"id": Id(), "scene_number": 2})
    await other.insert()
    link = await made(http, world, f"scenes/{scene.id}")
    answer = await http.post(address(link, "/comments"), json={**HELLO, "scene_id": str(other.id)})
    assert codes(answer) == (422, "invalid")
    own = {**HELLO, "scene_id": str(scene.id)}
    assert (await http.post(address(link, "/comments"), json=own)).status_code == 201


async def test_a_link_may_be_for_looking_only(
    http: httpx.AsyncClient, world: World, episode: Episode
) -> None:
    link = await made(http, world, f"episodes/{episode.id}", may_comment=False)
    answer = await http.post(address(link, "/comments"), json=HELLO)
    assert codes(answer) == (403, "no_comments")


async def test_of_a_project_that_is_put_away_nothing_more_is_said(
    http: httpx.AsyncClient, world: World, episode: Episode
) -> None:
    link = await made(http, world, f"episodes/{episode.id}")
    await Project.advance_one({"_id": world.project.id}, {"$set": {"archived_at": now()}})
    assert (await http.get(address(link))).status_code == 200
    answer = await http.post(address(link, "/comments"), json=HELLO)
    assert codes(answer) == (409, "wrong_state")


async def test_there_is_an_end_to_what_is_said(
    http: httpx.AsyncClient, world: World, episode: Episode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.films.comments.MOST_OF_A_LINK", 1)
    link = await made(http, world, f"episodes/{episode.id}")
    assert (await http.post(address(link, "/comments"), json=HELLO)).status_code == 201
    answer = await http.post(address(link, "/comments"), json=HELLO)
    assert codes(answer) == (409, "too_many_comments")


async def test_only_editors_let_guests_in(
    http: httpx.AsyncClient, world: World, scene: Scene, parts: Parts
) -> None:
    for path in (f"scenes/{scene.id}", f"episodes/{world.episode.id}"):
        for user in (world.viewer, world.stranger):
            body = {"name": "The client"}
            answer = await http.post(f"{API}/{path}/review-links", json=body, headers=as_(user))
            assert codes(answer) == (404, "not_found")
    assert await ReviewLink.collection().count_documents({}) == 0
    link = await made(http, world, f"scenes/{scene.id}")
    listed = await http.get(f"{API}/review-links", headers=as_(world.editor))
    assert [each["id"] for each in listed.json()["data"]] == [link["id"]]
    assert "signature" not in listed.text
    assert (await http.get(f"{API}/review-links", headers=as_(world.viewer))).json()["data"] == []


async def test_members_comment_and_settle_what_was_said(
    http: httpx.AsyncClient, world: World, scene: Scene, episode: Episode
) -> None:
    said = {"text": "Closer.", "panel_number": 1}
    path = f"{API}/scenes/{scene.id}/comments"
    answer = await http.post(path, json=said, headers=as_(world.viewer))
    assert answer.status_code == 201, answer.text
    comment = answer.json()
    assert (comment["author_name"], comment["created_by"]) == ("viewer", str(world.viewer.id))
    assert comment["content_hash"] == scene.content_hash
    body = {"text": "Good.", "scene_id": str(scene.id), "time_code": 2}
    above = f"{API}/episodes/{episode.id}/comments"
    assert (await http.post(above, json=body, headers=as_(world.editor))).status_code == 201
    for refused in (path, above):
        answer = await http.post(refused, json={"text": "Hi."}, headers=as_(world.stranger))
        assert codes(answer) == (404, "not_found")
    asked = {"scene_id": str(scene.id)}
    listed = await http.get(f"{API}/review-comments", params=asked, headers=as_(world.viewer))
    assert len(listed.json()["data"]) == 2
    own = f"{API}/review-comments/{comment['id']}"
    settled = await http.patch(own, json={"resolved": True}, headers=as_(world.editor))
    assert settled.json()["resolved"] is True
    reworded = await http.patch(own, json={"text": "Worse."}, headers=as_(world.editor))
    assert codes(reworded) == (422, "invalid")
    assert (await http.delete(own, headers=as_(world.editor))).status_code == 204


async def test_a_comment_keeps_the_version_that_it_is_about(
    http: httpx.AsyncClient, world: World, scene: Scene
) -> None:
    path = f"{API}/scenes/{scene.id}"
    said = {"text": "Darker."}
    comment = (await http.post(f"{path}/comments", json=said, headers=as_(world.viewer))).json()
    await http.patch(path, json={"time_of_day": "night"}, headers=as_(world.editor))
    present = (await http.get(path, headers=as_(world.viewer))).json()["content_hash"]
    kept = await http.get(f"{API}/review-comments/{comment['id']}", headers=as_(world.viewer))
    assert kept.json()["content_hash"] == scene.content_hash != present
