"""A film project with what belongs to it, stored."""

from dataclasses import dataclass

from documents.films import Character, Episode, Project
from documents.identity import User, Workspace
from documents.library import Media
from documents.scenes import Scene
from documents.values import Id
from tests.factories.records import valid


@dataclass(frozen=True, slots=True)
class Film:
    """Everything of one small film."""

    user: User
    workspace: Workspace
    project: Project
    episode: Episode
    character: Character
    scenes: list[Scene]


async def make_user(**given: object) -> User:
    return await valid(User, **given).insert()


async def make_workspace(owner: User, **given: object) -> Workspace:
    members = [{"user_id": owner.id, "role": "owner"}]
    return await valid(Workspace, created_by=owner.id, members=members, **given).insert()


async def make_project(owner: User, workspace: Workspace, **given: object) -> Project:
    project = valid(Project, created_by=owner.id, workspace_id=workspace.id, **given)
    return await project.insert()


async def make_film(scenes: int = 2) -> Film:
    """A project with one episode, one character and these scenes."""
    user = await make_user()
    workspace = await make_workspace(user)
    project = await make_project(user, workspace)
    owned = {"project_id": project.id, "workspace_id": workspace.id}
    episode = await valid(Episode, **owned, episode_number=1).insert()
    character = await valid(Character, **owned, name="Fox").insert()
    made = [
        valid(
            Scene,
            **owned,
            episode_id=episode.id,
            scene_number=number,
            character_ids=[character.id],
            script={"dialogue": [{"character_id": character.id, "lines": "Look!"}]},
        )
        for number in range(1, scenes + 1)
    ]
    await Scene.insert_all(made)
    return Film(user, workspace, project, episode, character, made)


async def make_media(film: Film, **given: object) -> Media:
    """A media record of the film; its objects are named, not stored."""
    key = f"{film.workspace.id}/{Id()}"
    fields: dict[str, object] = {
        "workspace_id": film.workspace.id,
        "project_id": film.project.id,
        "storage_key": key,
        **given,
    }
    return await valid(Media, **fields).insert()
