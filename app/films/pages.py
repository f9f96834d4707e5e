"""Scenes as pages of a screenplay, and pages as scenes."""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Final, TypeAlias

from app.films.casting import Cast
from app.films.fountain import NEUTRAL, Script, ScriptScene, Speech
from app.films.fountain_text import one_line
from app.films.timing import LINE_PAUSE, SCENE_PAUSE, scene_seconds
from documents.films import Episode
from documents.scenes import (
    DialogueLine,
    Scene,
    SceneScript,
    Storyboard,
    StoryboardPanel,
)
from documents.values import Id

LINES_A_PANEL: Final = 2
MOST_PANELS: Final = 12
LONGEST_DESCRIPTION: Final = 600
LineKey: TypeAlias = tuple[Id | None, str, str]


def script_of(scenes: Iterable[Scene], cast: Cast, title_page: Sequence[tuple[str, str]]) -> Script:
    """The screenplay that these scenes, in their order, are."""
    return Script(tuple(page_of(scene, cast) for scene in scenes), tuple(title_page))


def page_of(scene: Scene, cast: Cast) -> ScriptScene:
    """The scene as a screenplay has it; its title is the heading."""
    return ScriptScene(
        heading=scene.title,
        number=str(scene.scene_number),
        action=scene.script.action,
        speeches=tuple(
            Speech(cast.name_of(line.character_id), line.lines, line.emotion or NEUTRAL)
            for line in scene.script.dialogue
        ),
    )


def new_scene(episode: Episode, page: ScriptScene, number: int, cast: Cast) -> Scene:
    """A scene that the script has and the episode had not, with a first storyboard."""
    scene = Scene(
        project_id=episode.project_id,
        workspace_id=episode.workspace_id,
        episode_id=episode.id,
        scene_number=number,
        title=_title(page.heading) or f"Scene {number}",
    )
    _move(scene, page)
    rewrite(scene, page, cast)
    scene.storyboard = Storyboard(panels=_panels(scene))
    return scene


def rewrite(scene: Scene, page: ScriptScene, cast: Cast) -> None:
    """Make the scene what the page says.

    What the page says as before stays as it is: a line keeps its recording, and a panel stays with
    the line with which it came into the picture.
    """
    if page.heading and one_line(page.heading).casefold() != one_line(scene.title).casefold():
        scene.title = _title(page.heading)
        _move(scene, page)
    before = scene.script.dialogue
    lines = [_line(each, cast) for each in page.speeches]
    if one_line(scene.script.action) != one_line(page.action):
        scene.script.action = page.action
    if before and [*map(line_key, before)] == [*map(line_key, lines)]:
        return
    scene.script.dialogue = _with_recordings(before, lines)
    places = _places(before, lines)
    for panel in scene.storyboard.panels:
        panel.starts_at_line = places[min(panel.starts_at_line, len(before))]
    spoke, speak = ([each.character_id for each in side] for side in (before, lines))
    left = [key for key in scene.character_ids if key in speak or key not in spoke]
    scene.character_ids = [*dict.fromkeys([*left, *filter(None, speak)])]
    scene.script.duration = seconds_of(scene.script)


def seconds_of(script: SceneScript) -> float:
    """How long a scene plays: measured where there are recordings, else estimated."""
    told = [each.lines for each in script.dialogue if each.audio_duration is None]
    heard = [each.audio_duration for each in script.dialogue if each.audio_duration is not None]
    if not heard:
        return scene_seconds(script.action, told)
    rest = scene_seconds("", told) if told else SCENE_PAUSE
    return round(rest + sum(heard) + LINE_PAUSE * len(heard), 2)


def line_key(line: DialogueLine) -> LineKey:
    """The same for lines that sound the same."""
    return line.character_id, one_line(line.lines), line.emotion


def _title(heading: str) -> str:
    return one_line(heading)[:255].strip()


def _move(scene: Scene, page: ScriptScene) -> None:
    """Where and when the page's heading says that it plays."""
    if page.location is not None:
        place = page.location.lower() if page.location.isupper() else page.location
        scene.location = place[:255]
    if page.time_of_day is not None:
        scene.time_of_day = page.time_of_day


def _line(speech: Speech, cast: Cast) -> DialogueLine:
    return DialogueLine(
        character_id=cast.id_of(speech.speaker), lines=speech.text, emotion=speech.emotion[:255]
    )


def _with_recordings(
    before: Sequence[DialogueLine], lines: Sequence[DialogueLine]
) -> list[DialogueLine]:
    known: dict[LineKey, deque[DialogueLine]] = defaultdict(deque)
    for each in before:
        known[line_key(each)].append(each)
    return [known[key].popleft() if known[key := line_key(each)] else each for each in lines]


def _places(before: Sequence[DialogueLine], lines: Sequence[DialogueLine]) -> list[int]:
    """For each line of before, and for the end, where in the new lines it is now."""
    last = max(0, len(lines) - 1)
    places = [last] * (len(before) + 1)
    matcher = SequenceMatcher(
        None, [*map(line_key, before)], [*map(line_key, lines)], autojunk=False
    )
    for _, start, end, new_start, new_end in matcher.get_opcodes():
        for at in range(start, end):
            place = min(new_start + at - start, max(new_start, new_end - 1))
            places[at] = min(place, last)
    return places


def _panels(scene: Scene) -> list[StoryboardPanel]:
    """One that shows the place, and one for every few lines, on who speaks there."""
    lines = scene.script.dialogue
    about = scene.script.action or (lines[0].lines if lines else scene.title)
    panels = [
        StoryboardPanel(
            panel_number=1,
            description=about[:LONGEST_DESCRIPTION],
            camera_angle="wide",
            character_ids=scene.character_ids[:3],
        )
    ]
    for at in range(LINES_A_PANEL, len(lines), LINES_A_PANEL):
        if len(panels) == MOST_PANELS:
            break
        line = lines[at]
        panels.append(
            StoryboardPanel(
                panel_number=len(panels) + 1,
                description=line.lines[:LONGEST_DESCRIPTION],
                camera_angle="close-up" if line.character_id else "medium",
                character_ids=[line.character_id] if line.character_id else [],
                starts_at_line=at,
            )
        )
    return panels
