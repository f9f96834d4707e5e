"""What papers say of an episode: plain data, which Typst sets."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from documents.films import Episode, Project
from documents.scenes import DialogueLine, Scene, StoryboardPanel
from documents.values import Id

NARRATOR: Final = "Narrator"
LONGEST_CARD: Final = 1_200
"""Characters of a text beside a picture: a card has to fit on a page."""


def screenplay_of(
    project: Project, episode: Episode, scenes: Iterable[Scene], names: Mapping[Id, str]
) -> dict[str, Any]:
    """The script, scene by scene, with who says what."""
    return {
        **_cover(project, episode),
        "scenes": [
            {
                "heading": _heading(each),
                "action": each.script.action,
                "lines": [_line(line, names) for line in each.script.dialogue],
            }
            for each in scenes
        ],
    }


def storyboard_of(
    project: Project, episode: Episode, scenes: Iterable[Scene], pictures: Mapping[Id, str]
) -> dict[str, Any]:
    """The panels, scene by scene, each with its picture where there is one."""
    return {
        **_cover(project, episode),
        "scenes": [
            {
                "heading": _heading(each),
                "panels": [_panel(panel, pictures) for panel in each.storyboard.panels],
            }
            for each in scenes
        ],
    }


def _cover(project: Project, episode: Episode) -> dict[str, Any]:
    return {
        "title": episode.title,
        "project": project.title,
        "logline": episode.synopsis.logline,
    }


def _heading(scene: Scene) -> str:
    return f"{scene.scene_number}  {scene.title}"


def _line(line: DialogueLine, names: Mapping[Id, str]) -> dict[str, Any]:
    speaker = names.get(line.character_id, "") if line.character_id else NARRATOR
    emotion = "" if line.emotion == "neutral" else line.emotion
    return {"speaker": speaker, "emotion": emotion, "words": line.lines}


def _panel(panel: StoryboardPanel, pictures: Mapping[Id, str]) -> dict[str, Any]:
    angle = f" · {panel.camera_angle}" if panel.camera_angle else ""
    return {
        "heading": f"{panel.panel_number}{angle}",
        "picture": pictures.get(panel.image_id) if panel.image_id else None,
        "description": _short(panel.description),
        "notes": _short(panel.notes),
    }


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_CARD else f"{text[:LONGEST_CARD]}…"
