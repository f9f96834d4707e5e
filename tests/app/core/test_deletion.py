"""Deleting over the whole graph: cascade, clear and restrict, small trees and large ones."""

import pytest

from app.core.deletion import PURGE_TREE, REMOVE_OBJECTS, delete
from documents.deletion import SMALL, StillReferenced, purge_batches, remove
from documents.factory import ABTest, AssembledContent, ProductDossier, PublishedContent
from documents.films import Character, Episode, Project
from documents.identity import Workspace
from documents.ledger import GenerationCost
from documents.library import Media
from documents.production import Task
from documents.scenes import Scene
from documents.store import Store
from tests.factories import valid
from tests.factories.films import make_film, make_media, make_user, make_workspace


async def test_cascade_takes_the_whole_tree_and_asks_for_the_files(store: Store) -> None:
    film = await make_film(scenes=3)
    media = await make_media(film, scene_id=film.scenes[0].id)

    assert await delete(store, Project, film.project.id) == 7

    for model in (Project, Episode, Character, Scene, Media):
        assert await model.collection().count_documents({}) == 0
    tasks = await Task.all_in(True, {"kind": REMOVE_OBJECTS.name})
    assert [task.input.parameters["keys"] for task in tasks] == [[media.storage_key]]
    assert await Workspace.collection().count_documents({}) == 1


async def test_clear_empties_fields_lists_and_embedded_documents(store: Store) -> None:
    film = await make_film(scenes=1)
    await delete(store, Character, film.character.id)

    scene = await Scene.one_in(True, film.scenes[0].id)
    assert scene is not None
    assert scene.character_ids == []
    assert [line.character_id for line in scene.script.dialogue] == [None]
    assert scene.script.dialogue[0].lines == "Look!"
    assert scene.revision == 2


async def test_clear_drops_the_list_item_whose_id_must_not_be_empty(store: Store) -> None:
    film = await make_film(scenes=1)
    relation = {"character_id": film.character.id, "relationship_type": "rival"}
    goat = await valid(
        Character,
        project_id=film.project.id,
        workspace_id=film.workspace.id,
        profile={"relationships": [relation]},
    ).insert()

    await delete(store, Character, film.character.id)

    left = await Character.one_in(True, goat.id)
    assert left is not None
    assert left.profile.relationships == []


async def test_restrict_keeps_everything(store: Store) -> None:
    film = await make_film()
    with pytest.raises(StillReferenced) as refused:
        await delete(store, Workspace, film.workspace.id)
    assert refused.value.collection == "projects"
    assert await Workspace.one_in(True, film.workspace.id) is not None


async def test_ledger_outlives_its_project(store: Store) -> None:
    film = await make_film()
    cost = await valid(
        GenerationCost, workspace_id=film.workspace.id, project_id=film.project.id
    ).insert()
    await delete(store, Project, film.project.id)
    row = await GenerationCost.one_in(True, cost.id)
    assert row is not None
    assert (row.workspace_id, row.project_id) == (film.workspace.id, None)


@pytest.mark.parametrize("status", ["running", "completed"])
async def test_a_running_test_holds_its_variants(status: str, store: Store) -> None:
    user = await make_user()
    workspace = await make_workspace(user)
    owned = {"workspace_id": workspace.id}
    dossier = await valid(ProductDossier, **owned, created_by=user.id).insert()
    content = await valid(AssembledContent, **owned, dossier_id=dossier.id).insert()
    post = await valid(PublishedContent, **owned, assembled_content_id=content.id).insert()
    test = await valid(
        ABTest, **owned, created_by=user.id, status=status, winner_id=post.id
    ).insert()

    if status == "running":
        with pytest.raises(StillReferenced):
            await delete(store, ProductDossier, dossier.id)
        assert await PublishedContent.one_in(True, post.id) is not None
    else:
        await delete(store, ProductDossier, dossier.id)
        left = await ABTest.one_in(True, test.id)
        assert left is not None
        assert left.winner_id is None


async def test_large_tree_is_out_of_sight_at_once_and_purged_later(store: Store) -> None:
    film = await make_film(scenes=SMALL + 50)

    await delete(store, Project, film.project.id)

    assert await Project.one_in(True, film.project.id) is None
    assert await Scene.all_in(True, {"project_id": film.project.id}, limit=1) == []
    assert await Scene.collection().count_documents({}) == SMALL + 50
    [purge] = await Task.all_in(True, {"kind": PURGE_TREE.name})
    assert purge.input.parameters == {"collection": "projects", "id": film.project.id}

    batches = await purge_batches(Project, film.project.id)
    first = next(batches)  # and then the purging worker is killed
    await store.in_transaction(lambda session: remove(first, session))
    assert await Project.collection().count_documents({}) == 1
    for batch in await purge_batches(Project, film.project.id):
        await remove(batch)

    for model in (Project, Episode, Character, Scene):
        assert await model.collection().count_documents({}) == 0


async def test_deleting_what_is_gone_deletes_nothing(store: Store) -> None:
    film = await make_film(scenes=1)
    await delete(store, Project, film.project.id)
    before = await Task.collection().count_documents({})
    assert await delete(store, Project, film.project.id) == 0
    assert await Task.collection().count_documents({}) == before
