"""Scenes put in another order, and one scene made two: the script follows."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from app.core.errors import WrongState
from app.core.recording import Transaction
from app.core.revising import revise
from app.films.casting import Cast
from app.films.errors import NoSuchLine, NotAllScenes
from app.films.fountain import Script, parsed, written
from app.films.fountain_pages import Pages, pages_of
from app.films.numbering import renumber, scenes_of
from app.films.pages import script_of, seconds_of
from app.films.scene_matching import say_the_same
from app.films.scripts import add_version, check_at_rest, check_open
from documents.films import Episode
from documents.scenes import (
    DialogueLine,
    Scene,
    SceneProduction,
    SceneScript,
    Storyboard,
    StoryboardPanel,
)
from documents.values import Id

Arrange: TypeAlias = Callable[[Sequence[str], Script], Sequence[str]]
"""From the pages of a script before, and the script as its scenes are now, the pages now."""


@dataclass(frozen=True, slots=True)
class Halves:
    """A scene that was made two, and the episode as it is then."""

    first: Scene
    second: Scene
    episode: Episode


async def reorder(episode: Episode, order: Sequence[Id], transaction: Transaction) -> Episode:
    """Number the scenes in this order. Raises NotAllScenes and WrongState."""
    session = transaction.session
    await check_open(episode.project_id, session)
    scenes = await scenes_of(episode.id, session)
    if len(order) != len(scenes) or {*order} != {each.id for each in scenes}:
        raise NotAllScenes(
            f"The episode has {len(scenes)} scenes: name each of them once, in the new order."
        )
    await renumber(scenes, {key: number for number, key in enumerate(order, start=1)}, session)
    await _tell_moved(scenes, await scenes_of(episode.id, session), transaction)
    places = {each.id: at for at, each in enumerate(scenes)}

    def moved(pages: Sequence[str], _: Script) -> list[str]:
        return [pages[places[key]] for key in order]

    note = "Scenes in another order"
    return await _write_again(episode, len(scenes), moved, transaction, note)


async def split(scene: Scene, at_line: int, title: str | None, transaction: Transaction) -> Halves:
    """Make two scenes of one, the second of which begins with this line.

    The numbers of those that come after it go up by one. Panels go with the lines that they show.
    What was rendered of the whole is of neither, and an approval is void. Raises NoSuchLine and
    WrongState.
    """
    session = transaction.session
    await check_open(scene.project_id, session)
    await check_at_rest([scene.id], scene.project_id, session, queued=True)
    lines = scene.script.dialogue
    if not 0 < at_line < len(lines):
        raise NoSuchLine(
            f"The scene has {len(lines)} lines: it can be split before the second or a later one."
        )
    episode = await Episode.first_in(True, {"_id": scene.episode_id}, session)
    if episode is None:
        raise WrongState("The episode of the scene was deleted.")
    before = await scenes_of(scene.episode_id, session)
    moved = {
        each.id: each.scene_number + 1 for each in before if each.scene_number > scene.scene_number
    }
    await renumber(before, moved, session)
    second = _second_half(scene, at_line, title)

    def shorten(first: Scene) -> None:
        first.script = SceneScript(action=scene.script.action, dialogue=lines[:at_line])
        first.storyboard = Storyboard(panels=_panels(scene, 0, at_line))
        _settle(first, scene)
        first.production = SceneProduction()

    first = await revise(scene, shorten, session, by_person=True)
    await second.insert(session=session)
    await transaction.tell(Scene, None, second.stored())
    others = [each for each in before if each.id != scene.id]
    await _tell_moved(others, await scenes_of(episode.id, session), transaction)
    place = next(at for at, each in enumerate(before) if each.id == scene.id)

    def parted(pages: Sequence[str], script: Script) -> list[str]:
        halves = (written(Script((each,))) for each in script.scenes[place : place + 2])
        return [*pages[:place], *halves, *pages[place + 1 :]]

    note = f"Scene {scene.scene_number} made two"
    after = await _write_again(episode, len(before), parted, transaction, note)
    await transaction.tell(Episode, episode.stored(), after.stored())
    return Halves(first, second, after)


def _second_half(scene: Scene, at_line: int, title: str | None) -> Scene:
    lines = scene.script.dialogue
    second = Scene(
        project_id=scene.project_id,
        workspace_id=scene.workspace_id,
        episode_id=scene.episode_id,
        scene_number=scene.scene_number + 1,
        title=title or scene.title,
        script=SceneScript(dialogue=_from(lines, at_line)),
        storyboard=Storyboard(panels=_panels(scene, at_line, len(lines))),
        location=scene.location,
        time_of_day=scene.time_of_day,
        mood=scene.mood,
    )
    _settle(second, scene)
    settled: Scene = Scene.model_validate(second.stored())
    return settled


def _from(lines: Sequence[DialogueLine], start: int) -> list[DialogueLine]:
    """The lines from there on, heard as long after the start of their scene as the first was."""
    shift = (lines[start].timing or 0.0) - (lines[0].timing or 0.0)
    return [
        each.model_copy(
            update={
                "timing": None if each.timing is None else max(0.0, round(each.timing - shift, 6))
            }
        )
        for each in lines[start:]
    ]


def _panels(scene: Scene, start: int, end: int) -> list[StoryboardPanel]:
    """The panels of these lines; what was in the picture at the first of them stays in it."""
    ordered = sorted(
        scene.storyboard.panels, key=lambda each: (each.starts_at_line, each.panel_number)
    )
    inside = [each for each in ordered if start <= each.starts_at_line < end]
    earlier = [each for each in ordered if each.starts_at_line < start]
    if earlier and not (inside and inside[0].starts_at_line == start):
        inside.insert(0, earlier[-1])
    numbered = (
        enumerate(inside, start=1) if start else ((each.panel_number, each) for each in inside)
    )
    return [
        each.model_copy(
            update={
                "panel_number": number,
                "starts_at_line": max(0, each.starts_at_line - start),
            }
        )
        for number, each in numbered
    ]


def _settle(half: Scene, whole: Scene) -> None:
    """Who is in this half of the scene, and how long it plays."""
    spoke = {each.character_id for each in whole.script.dialogue}
    speak = {each.character_id for each in half.script.dialogue}
    half.character_ids = [key for key in whole.character_ids if key in speak or key not in spoke]
    half.script.duration = seconds_of(half.script)


async def _tell_moved(
    before: Sequence[Scene], after: Sequence[Scene], transaction: Transaction
) -> None:
    numbers = {each.id: each for each in after}
    moved = [
        (each.stored(), numbers[each.id].stored())
        for each in before
        if numbers[each.id].scene_number != each.scene_number
    ]
    if moved:
        await transaction.tell_all(Scene, moved)


async def _write_again(
    episode: Episode, count: int, arrange: Arrange, transaction: Transaction, note: str
) -> Episode:
    """The script as the scenes are now, as a new version.

    Where its own text, of so many scenes, says the same once its pages are arranged anew, that is
    taken with all that the writer has put between the lines; else it is written from the scenes.
    """
    session, content = transaction.session, episode.script.content
    scenes = await scenes_of(episode.id, session)
    cast = await Cast.of(episode.project_id, episode.workspace_id, session)
    script = script_of(scenes, cast, parsed(content).title_page)
    text = await asyncio.to_thread(_arranged, content, count, arrange, script)
    return await add_version(
        episode,
        text or written(script),
        round(sum(each.script.duration for each in scenes), 2),
        session,
        transaction=transaction,
        note=note,
    )


def _arranged(content: str, count: int, arrange: Arrange, script: Script) -> str | None:
    """The text with its pages in another order, if it then says what the script does."""
    pages = pages_of(content)
    if pages is None or len(pages.scenes) != count:
        return None
    text = Pages(pages.front, tuple(arrange(pages.scenes, script))).text
    return text if say_the_same(parsed(text).scenes, script.scenes) else None
