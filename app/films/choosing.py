"""Asking for another take of something, and choosing which take is shown."""

from collections.abc import Callable
from typing import Final

from app.core.errors import NotFound
from app.films.making_schemas import TakesWanted
from app.films.planning import Key, Wanted
from documents.scenes import Scene, StoryboardPanel
from documents.values import Id

NO_TAKE: Final = "There is no take with this number."


def wanted(scene: Scene, again: TakesWanted) -> Wanted:
    """Other takes of these parts of the scene. Raises NotFound for a part that is not there."""
    numbers = {panel.panel_number for panel in scene.storyboard.panels}
    if missing := [number for number in again.panels if number not in numbers]:
        raise NotFound(f"The scene has no panel {missing[0]}.")
    if missing := [place for place in again.lines if place >= len(scene.script.dialogue)]:
        raise NotFound(f"The scene has no line at place {missing[0]}.")
    keys: set[Key] = {("panel", scene.id, number) for number in again.panels}
    keys |= {("line", scene.id, place) for place in again.lines}
    keys |= {("music", scene.id)} if again.music else set()
    return Wanted(
        takes=frozenset(keys), scenes=frozenset({scene.id}), assemble=False, seed=again.seed
    )


def showing_panel(scene: Scene, number: int, take: int) -> Callable[[Scene], None]:
    """The change by which a panel shows another take. Raises NotFound."""
    media_id = _media_of(_panel(scene, number), take)

    def change(current: Scene) -> None:
        _panel(current, number).image_id = media_id

    return change


def showing_scene(scene: Scene, take: int) -> Callable[[Scene], None]:
    """The change by which a scene is shown as it was rendered once. Raises NotFound."""
    found = next((each for each in scene.production.takes if each.number == take), None)
    if found is None:
        raise NotFound(NO_TAKE)

    def change(current: Scene) -> None:
        current.production.video_segment_id = found.video_segment_id
        current.production.audio_track_id = found.audio_track_id
        current.production.chosen_take = take

    return change


def _panel(scene: Scene, number: int) -> StoryboardPanel:
    for panel in scene.storyboard.panels:
        if panel.panel_number == number:
            return panel
    raise NotFound(f"The scene has no panel {number}.")


def _media_of(panel: StoryboardPanel, take: int) -> Id:
    for each in panel.takes:
        if each.number == take:
            return each.media_id
    raise NotFound(NO_TAKE)
