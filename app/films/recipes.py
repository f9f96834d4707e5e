"""What decides how the parts of a film look and sound, from records alone.

A made file keeps the digest of its recipe. Where the records of today give another one, the file is
out of date; no clock and no list of edits is needed to know it. See `app.library.recipes`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from app.library.recipes import recipe_of
from documents.films import Character, Episode, Project
from documents.scenes import DialogueLine, Scene, StoryboardPanel
from documents.values import Id

SILENT_PANEL_SECONDS: Final = 4.0
Cast = Mapping[Id, Character]
WHOLE_SECONDS: Final = 10
"""Music is made in lengths of so many seconds, so that a longer line mostly leaves it as it is."""


def panel_recipe(project: Project, scene: Scene, panel: StoryboardPanel, cast: Cast) -> str:
    """Of the picture of a panel: what it shows, where, who is in it, in which style."""
    shown = {
        "description": panel.description,
        "camera_angle": panel.camera_angle or "wide",
        "figures": [_figure(each) for each in members(cast, panel.character_ids)],
    }
    return recipe_of("panel", {**shown, **_place(scene), **_frame(project), **_style(project)})


def line_recipe(line: DialogueLine, cast: Cast, language: str) -> str:
    """Of the sound of a line: the words, who says them with which voice, and how."""
    speaker = cast.get(line.character_id) if line.character_id else None
    return recipe_of(
        "line",
        {
            "words": line.lines,
            "emotion": line.emotion,
            "speaker": speaker and speaker.name,
            "voice": speaker and speaker.voice_profile.voice_id,
            "characteristics": speaker and speaker.voice_profile.voice_characteristics,
            "language": language,
        },
    )


def music_recipe(scene: Scene) -> str:
    """Of the music of a scene: its place and mood, and about how long it lasts."""
    return recipe_of("music", {**_place(scene), "seconds": music_seconds(scene)})


def music_seconds(scene: Scene) -> int:
    """How much music is made for the scene; what is too much is faded out."""
    return max(1, math.ceil(scene_seconds(scene) / WHOLE_SECONDS)) * WHOLE_SECONDS


def scene_seconds(scene: Scene) -> float:
    """How long the scene lasts; where nobody speaks or says so, its panels are looked at."""
    silent = max(len(scene.storyboard.panels), 1) * SILENT_PANEL_SECONDS
    return scene.script.duration or silent


def segment_recipe(project: Project, scene: Scene) -> str:
    """Of a rendered scene: its pictures and sounds, and when each of them comes."""
    pictures = [[each.image_id, each.starts_at_line] for each in scene.storyboard.panels]
    lines = [[each.audio_id, each.timing, each.lines] for each in scene.script.dialogue]
    parts = {"pictures": pictures, "lines": lines, "music": scene.production.music_id}
    return recipe_of(
        "segment", {**parts, "duration": round(scene_seconds(scene), 3), **_frame(project)}
    )


def film_recipe(episode: Episode, scenes: Sequence[Scene]) -> str:
    """Of an episode's film: its scenes as they are rendered, in their order."""
    parts = [[each.production.video_segment_id, each.production.audio_track_id] for each in scenes]
    return recipe_of("film", {"scenes": parts, "title": episode.title})


def members(cast: Cast, keys: Iterable[Id]) -> list[Character]:
    """Those of the cast who are there."""
    return [cast[key] for key in keys if key in cast]


def _figure(character: Character) -> dict[str, Any]:
    look = character.visual_design
    return {
        "name": character.name,
        "description": character.description,
        "palette": look.color_palette,
        "design": look.final_design_id,
    }


def _place(scene: Scene) -> dict[str, Any]:
    return {"location": scene.location, "time": scene.time_of_day, "mood": scene.mood}


def _frame(project: Project) -> dict[str, Any]:
    settings = project.project_settings
    return {"aspect_ratio": settings.aspect_ratio, "quality": settings.quality_tier}


def _style(project: Project) -> dict[str, Any]:
    return {"styles": project.style_reference_ids}
