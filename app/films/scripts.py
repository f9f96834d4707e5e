"""Scripts of episodes: each writing is a version, and the scenes of the episode follow it."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.deletion import delete_within
from app.core.errors import NotFound, WrongState
from app.core.recording import Transaction
from app.core.revising import revise
from app.films.casting import Cast
from app.films.errors import OtherVersion, UnusableScript
from app.films.fountain import Script, ScriptScene, parsed
from app.films.numbering import renumber, scenes_of
from app.films.pages import new_scene, page_of, rewrite
from app.films.progress import refresh_episode
from app.films.scene_matching import matched
from app.films.timing import scene_seconds, words_in
from documents.base import Session, StoredDocument
from documents.deletion import Tree
from documents.films import Character, Episode, EpisodeScript, Project
from documents.production import Task
from documents.reviews import ScriptVersion
from documents.scenes import Scene
from documents.values import Id

MOST_SCENES: Final = 500
MOST_LINES: Final = 500
"""Of one scene."""


@dataclass(slots=True)
class Followed:
    """What a script has changed about the scenes."""

    episode: Episode
    changed: list[Scene] = field(default_factory=list)
    added: list[Scene] = field(default_factory=list)
    removed: list[Scene] = field(default_factory=list)
    renumbered: list[Scene] = field(default_factory=list)
    """Those that say the same under another number."""
    characters: list[Character] = field(default_factory=list)
    """Who speaks and was not known before."""
    gone: Tree = field(default_factory=dict)
    """For `finish`, when the transaction is through."""


def checked(content: str) -> Script:
    """The screenplay that the text is. Raises UnusableScript."""
    script = parsed(content)
    if not script.scenes:
        raise UnusableScript(
            "Nothing happens in this script: write at least a scene heading, such as "
            "'INT. KITCHEN - DAY', and below it what is seen or said."
        )
    if len(script.scenes) > MOST_SCENES:
        raise UnusableScript(
            f"The script has {len(script.scenes):,} scenes, and an episode takes {MOST_SCENES}: "
            "make several episodes of it."
        )
    for number, scene in enumerate(script.scenes, start=1):
        if len(scene.speeches) > MOST_LINES:
            raise UnusableScript(
                f"Scene {number} has {len(scene.speeches):,} speeches, and a scene takes "
                f"{MOST_LINES}: put headings between them."
            )
    return script


async def write_script(
    episode: Episode,
    content: str,
    script: Script,
    transaction: Transaction,
    *,
    base_version: int | None = None,
    note: str = "",
    restored_from: int | None = None,
) -> Followed:
    """Make `content`, of which `script` was read, the newest version, and the scenes follow.

    Raises WrongState, and OtherVersion where the script is not in the version that it is based
    on.
    """
    await check_open(episode.project_id, transaction.session)
    if base_version is not None and base_version != episode.script.version:
        raise OtherVersion(
            f"The script is in version {episode.script.version} by now, and this change is based "
            f"on version {base_version}: read it again.",
            version=episode.script.version,
        )
    followed = await _follow(episode, script, transaction)
    lengths = [
        scene_seconds(each.action, [line.text for line in each.speeches]) for each in script.scenes
    ]
    followed.episode = await add_version(
        episode,
        content,
        round(sum(lengths), 2),
        transaction.session,
        transaction=transaction,
        note=note,
        restored_from=restored_from,
    )
    return followed


async def restore_script(episode: Episode, version: int, transaction: Transaction) -> Followed:
    """Write an earlier version once more, as the newest one. Raises NotFound and WrongState."""
    found = await version_of(episode.id, version, transaction.session)
    script = await asyncio.to_thread(checked, found.content)
    return await write_script(
        episode, found.content, script, transaction, restored_from=version, note=found.note
    )


async def add_version(
    episode: Episode,
    content: str,
    seconds: float,
    session: AsyncClientSession,
    *,
    transaction: Transaction | None = None,
    note: str = "",
    restored_from: int | None = None,
    language: str | None = None,
) -> Episode:
    """Put a script in the place of the one before, which stays as a version.

    Without a `transaction` of somebody's the script was generated. The scenes are the caller's.
    """
    by = None if transaction is None else transaction.actor.id
    known = await ScriptVersion.first_in(
        True, {"episode_id": episode.id, "version": episode.script.version}, session
    )
    versions: list[ScriptVersion] = []
    if known is None and episode.script.content:
        # It is from before there were versions.
        versions.append(_version(episode, episode.script, None))
    version = episode.script.version + 1 if known or versions else episode.script.version
    script = EpisodeScript(
        content=content,
        version=version,
        word_count=words_in(content),
        estimated_duration=seconds,
        language=language or episode.script.language,
    )
    newest = _version(episode, script, by)
    newest.note, newest.restored_from = note, restored_from
    versions.append(newest)
    await ScriptVersion.insert_all(versions, session)
    if transaction is not None:
        await transaction.tell_all(ScriptVersion, [(None, each.stored()) for each in versions])

    def change(record: Episode) -> None:
        record.script = script
        if record.status == "planning":
            record.status = "scripting"

    await revise(episode, change, session, by_person=transaction is not None)
    await refresh_episode(episode.id, session)
    current = await Episode.first_in(True, {"_id": episode.id}, session)
    assert current is not None  # the transaction has just written it
    return current


async def version_of(episode_id: Id, version: int, session: Session = None) -> ScriptVersion:
    """This version of the script. Raises NotFound."""
    query = {"episode_id": episode_id, "version": version}
    found = await ScriptVersion.first_in(True, query, session)
    if found is None:
        raise NotFound(f"The script has no version {version}.")
    return found


async def check_open(project_id: Id, session: Session = None) -> None:
    """Raise WrongState where the project is put away."""
    project = await Project.first_in(True, {"_id": project_id}, session)
    if project is not None and project.archived_at is not None:
        raise WrongState("The project is archived: bring it back first.")


def _version(episode: Episode, script: EpisodeScript, by: Id | None) -> ScriptVersion:
    return ScriptVersion(
        project_id=episode.project_id,
        workspace_id=episode.workspace_id,
        episode_id=episode.id,
        created_by=by,
        version=script.version,
        content=script.content,
        word_count=script.word_count,
        estimated_duration=script.estimated_duration,
    )


async def _follow(episode: Episode, script: Script, transaction: Transaction) -> Followed:
    """Make the scenes those of the script."""
    session = transaction.session
    before = await scenes_of(episode.id, session)
    cast = await Cast.of(episode.project_id, episode.workspace_id, session)
    old = [page_of(each, cast) for each in before]
    found = await asyncio.to_thread(matched, old, script.scenes)
    kept = {before[at].id: index + 1 for index, at in found.items()}
    followed = Followed(episode, removed=[each for each in before if each.id not in kept])
    if gone := {each.id for each in followed.removed}:
        await check_at_rest(gone, episode.project_id, session, queued=True)
        followed.gone = await delete_within(Scene, gone, session)
    # What pointed at the removed ones has just been cleared.
    present = {each.id: each for each in await scenes_of(episode.id, session)}
    await renumber([*present.values()], kept, session)
    for index, page in enumerate(script.scenes):
        if index not in found:
            followed.added.append(new_scene(episode, page, index + 1, cast))
    written = [
        await _rewritten(present[before[at].id], script.scenes[index], cast, session)
        for index, at in sorted(found.items())
    ]
    followed.characters = cast.added
    await Character.insert_all(cast.added, session)
    await Scene.insert_all(followed.added, session)
    numbered = {each.id: each for each in await scenes_of(episode.id, session)}
    for scene, is_changed in written:
        after = numbered[scene.id]
        if is_changed:
            followed.changed.append(after)
        elif after.scene_number != scene.scene_number:
            followed.renumbered.append(after)
    await check_at_rest([each.id for each in followed.changed], episode.project_id, session)
    await _tell(followed, before, transaction)
    return followed


async def _rewritten(
    scene: Scene, page: ScriptScene, cast: Cast, session: AsyncClientSession
) -> tuple[Scene, bool]:
    """The scene as it was, and whether it is another one now."""
    after = await revise(scene, lambda each: rewrite(each, page, cast), session, by_person=True)
    return scene, after is not scene


async def check_at_rest(
    scenes: Collection[Id], project_id: Id, session: AsyncClientSession, *, queued: bool = False
) -> None:
    """Raise WrongState where a worker is at one of these scenes, or with `queued` will be."""
    if not scenes:
        return
    status = {"$in": ["queued", "processing"]} if queued else "processing"
    query = {"project_id": project_id, "status": status, "scene_id": {"$in": [*scenes]}}
    if await Task.first_in(True, query, session):
        raise WrongState(
            "A scene that this changes or leaves out is being made: wait until that is done, or "
            "cancel it first."
        )


async def _tell(followed: Followed, before: Sequence[Scene], transaction: Transaction) -> None:
    stored: dict[Id, StoredDocument] = {each.id: each.stored() for each in before}
    changes: list[tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]] = []
    changes += [(stored[each.id], each.stored()) for each in followed.changed]
    changes += [(stored[each.id], each.stored()) for each in followed.renumbered]
    changes += [(None, each.stored()) for each in followed.added]
    changes += [(stored[each.id], None) for each in followed.removed]
    if changes:
        await transaction.tell_all(Scene, changes)
    if followed.characters:
        made = [(None, each.stored()) for each in followed.characters]
        await transaction.tell_all(Character, made)
