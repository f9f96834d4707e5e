"""The steps by which a film is made."""

from typing import Final

from app.core.kinds import Parameters, TaskKind
from documents.values import Id


class WriteScreenplay(Parameters):
    """Of the part of a text that the episode tells."""

    episode_id: Id
    seed: int = 0
    target_seconds: float | None = None


class Develop(Parameters):
    """`source_id` is the media record of the idea or story."""

    project_id: Id
    source_id: Id
    episodes: int
    seed: int = 0
    write_scripts: bool = True
    as_it_is: bool = False
    """The text is told as it is, however short it is."""


class DesignCharacter(Parameters):
    """Without `new` the picture of before is taken where nothing has changed that decides it."""

    character_id: Id
    seed: int = 0
    new: bool = False


class VoiceCharacter(Parameters):
    """With `voice_id` that voice; with `recast` whichever suits; else the one they have."""

    character_id: Id
    voice_id: str | None = None
    recast: bool = False
    seed: int = 0


class CompareCharacter(Parameters):
    character_id: Id


class CountAppearances(Parameters):
    project_id: Id


class DrawPanel(Parameters):
    """A take above 1 asks for another picture where the same was asked for before."""

    scene_id: Id
    panel_number: int
    seed: int = 0
    take: int = 1


class VoiceScene(Parameters):
    """Lines without a sound are spoken, and those at the places `renew`; the others stay.

    A take above 1 asks for another way of saying those lines.
    """

    scene_id: Id
    renew: tuple[int, ...] = ()
    seed: int = 0
    take: int = 1


class ScoreScene(Parameters):
    scene_id: Id
    seed: int = 0
    take: int = 1


class RenderScene(Parameters):
    scene_id: Id
    auto_approve: bool = False


class AssembleEpisode(Parameters):
    episode_id: Id


class RefreshProject(Parameters):
    project_id: Id


class ExportProject(Parameters):
    project_id: Id


WRITE_SCREENPLAY: Final = TaskKind(
    "films.write_screenplay", "script_generation", WriteScreenplay, queue="io"
)
DEVELOP: Final = TaskKind("films.develop", "script_generation", Develop, queue="io")
DESIGN_CHARACTER: Final = TaskKind(
    "films.design_character", "image_generation", DesignCharacter, queue="io"
)
VOICE_CHARACTER: Final = TaskKind(
    "films.voice_character", "audio_generation", VoiceCharacter, queue="io"
)
COMPARE_CHARACTER: Final = TaskKind(
    "films.compare_character", "maintenance", CompareCharacter, queue="cpu"
)
COUNT_APPEARANCES: Final = TaskKind(
    "films.count_appearances", "maintenance", CountAppearances, queue="light"
)
DRAW_PANEL: Final = TaskKind("films.draw_panel", "image_generation", DrawPanel, queue="io")
VOICE_SCENE: Final = TaskKind("films.voice_scene", "audio_generation", VoiceScene, queue="io")
SCORE_SCENE: Final = TaskKind("films.score_scene", "audio_generation", ScoreScene, queue="io")
RENDER_SCENE: Final = TaskKind(
    "films.render_scene", "scene_assembly", RenderScene, queue="cpu", timeout_seconds=1800
)
ASSEMBLE_EPISODE: Final = TaskKind(
    "films.assemble_episode", "render", AssembleEpisode, queue="cpu", timeout_seconds=3600
)
REFRESH_PROJECT: Final = TaskKind("films.refresh_project", "maintenance", RefreshProject)
EXPORT_PROJECT: Final = TaskKind(
    "films.export_project", "render", ExportProject, queue="cpu", timeout_seconds=3600
)
