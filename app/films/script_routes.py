"""Scripts: written, compared and restored, with the scenes that follow them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import APIRouter, Query

from app.core.actor import Actor, CurrentActor, demand
from app.core.bodies import StrictRoute
from app.core.deletion import finish
from app.core.errors import ChangedMeanwhile, InUse, Invalid, NotFound, WrongState, documented
from app.core.parts import CurrentParts, Parts
from app.core.recording import Transaction
from app.core.resource import SIGNED_IN, WITH_BODY
from app.core.revising import deed
from app.films import access, scripts
from app.films.appearances import count_soon
from app.films.errors import OtherVersion, UnusableScript
from app.films.planning import Wanted, plan
from app.films.pricing import priced
from app.films.schemas_script import (
    CharacterNamed,
    SceneNamed,
    ScenesFollowed,
    ScriptDiff,
    ScriptGiven,
    ScriptRestored,
    ScriptSaved,
    VersionsTold,
    VersionTold,
)
from app.films.scripts import Followed
from app.films.state import state_of
from app.production.templates.differences import text_differences
from documents.films import Episode, Project
from documents.reviews import ScriptVersion
from documents.values import Id

router = APIRouter(prefix="/episodes", tags=["films"], route_class=StrictRoute)
WRITING: Final = documented(
    *(NotFound, WrongState, InUse, ChangedMeanwhile, OtherVersion, UnusableScript),
    *WITH_BODY,
    *SIGNED_IN,
)
READING: Final = documented(NotFound, Invalid, *SIGNED_IN)
Version = Annotated[int, Query(ge=1, le=2**53)]


@router.put("/{id}/script", operation_id="write_script", responses=WRITING)
async def write_script(
    id: Id, body: ScriptGiven, actor: CurrentActor, parts: CurrentParts
) -> ScriptSaved:
    """Makes this Fountain text the newest version of the script, and the scenes follow it.

    Each scene of the text is matched with the scene that it was; of that only what differs is
    changed, so that a line that says the same keeps its recording. Scenes that the text leaves out
    are deleted, with all that was made for them; who speaks and is not known yet becomes a
    character.
    """
    script = await asyncio.to_thread(scripts.checked, body.content)

    async def work(episode: Episode, transaction: Transaction) -> Followed:
        return await scripts.write_script(
            episode,
            body.content,
            script,
            transaction,
            base_version=body.base_version,
            note=body.note,
        )

    return await _followed(parts, actor, id, work)


@router.post("/{id}/script/restore", operation_id="restore_script", responses=WRITING)
async def restore_script(
    id: Id, body: ScriptRestored, actor: CurrentActor, parts: CurrentParts
) -> ScriptSaved:
    """Writes an earlier version once more, as the newest one."""

    async def work(episode: Episode, transaction: Transaction) -> Followed:
        return await scripts.restore_script(episode, body.version, transaction)

    return await _followed(parts, actor, id, work)


@router.get("/{id}/scripts", operation_id="list_versions_of_script", responses=READING)
async def list_versions(
    id: Id,
    actor: CurrentActor,
    parts: CurrentParts,
    limit: Annotated[int, Query(ge=1, le=100)] = 100,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> VersionsTold:
    """The versions of the script, newest first, without their texts; `before` turns the page."""
    await _check_readable(actor, id)
    older = {} if before is None else {"version": {"$lt": before}}
    found = await ScriptVersion.all_in(
        True, {"episode_id": id, **older}, sort=[("version", -1)], limit=limit
    )
    return VersionsTold(data=[VersionTold.model_validate(each) for each in found])


@router.get("/{id}/script/diff", operation_id="diff_script", responses=READING)
async def diff_script(
    id: Id,
    first: Annotated[Version, Query(alias="from")],
    second: Annotated[Version, Query(alias="to")],
    actor: CurrentActor,
    parts: CurrentParts,
) -> ScriptDiff:
    """What changed from one version to the other."""
    await _check_readable(actor, id)
    old = await scripts.version_of(id, first)
    new = await scripts.version_of(id, second)
    names = (f"version {each.version}" for each in (old, new))
    diff = await asyncio.to_thread(text_differences, old.content, new.content, *names)
    return ScriptDiff.between(old, new, diff)


async def _check_readable(actor: Actor, key: Id) -> None:
    """Raise NotFound where the actor may not see the episode."""
    demand(actor, "read", Episode.collection_name())
    if await Episode.one_in(access.PARTS.read(actor), key) is None:
        raise NotFound("There is no such record, or none that you may see.")


async def _followed(
    parts: Parts,
    actor: Actor,
    key: Id,
    work: Callable[[Episode, Transaction], Awaitable[Followed]],
) -> ScriptSaved:
    """Do it in one transaction, and tell what has become of the scenes."""
    outcomes: list[Followed] = []

    async def together(episode: Episode, transaction: Transaction) -> Episode:
        outcomes.append(await work(episode, transaction))
        return outcomes[-1].episode

    await deed(parts, actor, Episode, access.PARTS, key, together)
    followed = outcomes[-1]  # those before it were run again
    await finish(parts.store, followed.gone)
    await count_soon(parts.store, followed.episode.project_id)
    await parts.wakeups.wake()
    return await saved(parts, followed)


async def saved(parts: Parts, followed: Followed) -> ScriptSaved:
    """What is answered about a script that was written, and about what is to do now."""
    script, episode = followed.episode.script, followed.episode
    project = await Project.one_in(True, episode.project_id)
    steps = plan(await state_of(project, [episode.id]), Wanted(outdated=True)) if project else []
    return ScriptSaved(
        episode_id=followed.episode.id,
        version=script.version,
        word_count=script.word_count,
        estimated_duration=script.estimated_duration,
        language=script.language,
        scenes=ScenesFollowed(
            changed=[*map(SceneNamed.of, followed.changed)],
            added=[*map(SceneNamed.of, followed.added)],
            removed=[*map(SceneNamed.of, followed.removed)],
            renumbered=[*map(SceneNamed.of, followed.renumbered)],
        ),
        characters_added=[*map(CharacterNamed.of, followed.characters)],
        to_do=await priced(parts, episode.workspace_id, steps),
    )
